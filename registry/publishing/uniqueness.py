"""What only one template of the library can have: its slug, its title, its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.errors import Conflict
from registry.index.database import Index, SourceState


@dataclass(frozen=True, slots=True)
class Identity:
    """One template's claim; `owner` names the template, for messages."""

    slug: str
    name: str
    guid: str
    owner: str


def check_unique(claim: Identity, others: Iterable[Identity]) -> None:
    for other in others:
        if other.slug.casefold() == claim.slug.casefold():
            what = f'the name "{claim.slug}"'
        elif other.name.casefold() == claim.name.casefold():
            what = f'the title "{claim.name}"'
        elif claim.guid and other.guid.casefold() == claim.guid.casefold():
            what = f"the id {claim.guid}"
        else:
            continue
        raise Conflict(
            "template-clash",
            f"{claim.owner} and {other.owner} both have {what}",
            hint="Nothing was written. A library holds one template of each name, title and id.",
        )


def library_identities(index: Index, state: SourceState | None) -> list[Identity]:
    """The claims of all templates that the library has."""
    entries = index.entries(state.id) if state else []
    return [Identity(item.slug, item.name, item.guid, f'the library\'s "{item.slug}"') for item in entries]
