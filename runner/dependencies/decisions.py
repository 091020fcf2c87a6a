"""What an update cannot decide alone, as a file that a person fills in.

The values of a step that may no longer be right are listed with the reason and what stands there now. Whoever has
set them says `apply: true`; what is not decided stays in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from registry.errors import Invalid, NotFound
from registry.home import write_atomically
from registry.model import Problem, Reference
from registry.text.document import decode_utf8, problem_at
from registry.text.yaml_document import YamlDocument, dump_yaml, load_yaml
from runner.dependencies.status import StepUpdate
from runner.dependencies.uses import StepPlace
from runner.documents import text

DECISIONS_FILE = "treadle.update.yaml"
_VERSION = 1
_KEYS = frozenset({"process", "step", "uses", "becomes", "apply", "values"})
_HEAD = """\
# These updates need a decision. Set the values, say `apply: true`, and run:
#   treadle update --resolve {name}
# A value of "" gives the parameter an empty text. Leave out what you don't want to update.
version: 1
updates:
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the file: the step it is about, the template before and after, the values to give."""

    process: Path
    step: str
    uses: str
    becomes: Reference
    apply: bool
    values: Mapping[str, str | None]


def write_decisions(
    file: Path, updates: Sequence[StepUpdate], made: Mapping[StepPlace, Decision] = MappingProxyType({})
) -> None:
    """Write what has to be decided about these updates; `made` is what somebody has decided, or begun to."""
    body = "".join(_entry(update, file.parent, made.get(update.use.place)) for update in updates)
    write_atomically(file, (_HEAD.format(name=file.name) + body).encode())


def _entry(update: StepUpdate, folder: Path, made: Decision | None) -> str:
    where = update.target.provenance
    about = {
        "process": update.use.file.relative_to(folder).as_posix(),
        "step": update.use.step,
        "uses": str(update.use.reference),
        "becomes": f"{where.source}/{where.slug}@{where.version}",
        "apply": made is not None and made.apply,
    }
    chosen = made.values if made else {}
    values = _values_asked(update, chosen) if update.merge.questions else _values(chosen)
    lines = [f"# {obstacle}" for obstacle in update.merge.obstacles]
    lines += [*dump_yaml(about).splitlines(), *(["values:"] if values else []), *values]
    return "".join(
        f"  {'- ' if place == 0 else '  '}{line}\n" for place, line in enumerate(_head_first(lines))
    )


def _values_asked(update: StepUpdate, chosen: Mapping[str, str | None]) -> list[str]:
    lines: list[str] = []
    for question in update.merge.questions:
        # A secret that stands in clear somewhere is not copied.
        proposed = None if question.parameter.sensitive else question.proposed
        value = chosen.get(question.parameter.name, proposed)
        lines += [f"  # {question.reason}", *_value(question.parameter.name, value)]
    return lines


def _values(chosen: Mapping[str, str | None]) -> list[str]:
    return [line for name, value in chosen.items() for line in _value(name, value)]


def _value(name: str, value: str | None) -> list[str]:
    return [f"  {line}" for line in dump_yaml({name: value}).replace(": null\n", ":\n").splitlines()]


def _head_first(lines: Sequence[str]) -> list[str]:
    """The dash of a list stands before a key, never before a comment."""
    first = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    return [lines[first], *lines[:first], *lines[first + 1 :]]


def read_decisions(file: Path) -> list[Decision]:
    """The decisions in `file`. Raises NotFound, Invalid with all problems."""
    if not file.is_file():
        raise NotFound("file-not-found", f'there is no file "{file}"')
    document = load_yaml(decode_utf8(file.read_bytes(), str(file)), str(file))
    value = document.value if isinstance(document.value, dict) else {}
    if value.get("version") != _VERSION or not isinstance(value.get("updates"), list):
        hint = "Write it again: `treadle update --all`."
        raise Invalid("decisions-invalid", f'"{file}" is not a file of decisions about updates', hint)
    problems: list[Problem] = []
    found = [_read(raw, place, document, problems) for place, raw in enumerate(value["updates"])]
    if problems:
        raise Invalid("decisions-invalid", f'"{file}" cannot be used yet', problems=problems)
    return [decision for decision in found if decision]


def _read(raw: Any, place: int, document: YamlDocument, problems: list[Problem]) -> Decision | None:
    values = raw.get("values") if isinstance(raw, dict) else None
    texts = [raw.get(key) for key in ("process", "step", "uses", "becomes")] if isinstance(raw, dict) else []
    good = bool(texts) and all(isinstance(item, str) for item in texts) and set(raw) <= _KEYS
    if not good or not isinstance(values, dict | None) or not isinstance(raw.get("apply"), bool):
        problems.append(
            _problem(document, (place,), "this is not a decision: keep its keys as they were written")
        )
        return None
    try:
        becomes = Reference.parse(raw["becomes"])
    except ValueError as error:
        problems.append(_problem(document, (place, "becomes"), str(error)))
        return None
    given = {name: text(item) for name, item in (values or {}).items()}
    for name in (name for name, item in given.items() if item is None and raw["apply"]):
        message = f'step "{raw["step"]}" needs a value for "{name}"'
        problems.append(
            _problem(document, (place, "values", name), message, 'Give one; "" is an empty text.')
        )
    return Decision(
        Path(document.file).parent / raw["process"], raw["step"], raw["uses"], becomes, raw["apply"], given
    )


def _problem(
    document: YamlDocument, path: Iterable[str | int], message: str, hint: str | None = None
) -> Problem:
    return problem_at(document, ("updates", *path), message, "decisions-invalid", hint)
