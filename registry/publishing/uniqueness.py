"""What only one template of the library can have: its slug, its title, its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.errors import Conflict
from registry.index.database import Index, SourceState
from registry.index.entry import Entry

# For a second template of its own, with another id and title.
_COPY = "For a template of its own that begins as a copy: `treadle new SLUG --from {ref}`."


@dataclass(frozen=True, slots=True)
class Identity:
    """One template's claim; `owner` names the template, for messages, `reference` is where it comes from."""

    slug: str
    name: str
    guid: str
    owner: str
    reference: str = ""

    def is_same(self, other: Identity) -> bool:
        """Whether both are one template: the same slug and id."""
        return (self.slug, self.guid.casefold()) == (other.slug, other.guid.casefold())


def check_unique(claim: Identity, others: Iterable[Identity]) -> None:
    for other in others:
        if other.slug.casefold() == claim.slug.casefold():
            what, hint = f'the name "{claim.slug}"', "Take another name with --as."
        elif other.name.casefold() == claim.name.casefold():
            what, hint = f'the title "{claim.name}"', _COPY
        elif claim.guid and other.guid.casefold() == claim.guid.casefold():
            what, hint = f"the id {claim.guid}", _COPY
        else:
            continue
        raise Conflict(
            "template-clash",
            f"{claim.owner} and {other.owner} both have {what}",
            hint=f"Nothing was written. {hint.format(ref=claim.reference or 'REF')}",
        )


def library_identities(index: Index, state: SourceState | None) -> list[Identity]:
    """The claims of all templates that the library has."""
    return [identity_of(entry) for entry in (index.entries(state.id) if state else [])]


def identity_of(entry: Entry) -> Identity:
    """The claim of a template that the library has."""
    return Identity(entry.slug, entry.name, entry.guid, f'the library\'s "{entry.slug}"')
