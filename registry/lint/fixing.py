"""What `--fix` can do without asking: each change is one that the author would make without thinking.

Files keep every other byte: a value is replaced where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from registry.home import write_atomically
from registry.lint.linter import chosen
from registry.lint.subject import DocumentPath, Subject, load_subjects
from registry.template.folder_format import TEMPLATE_FILE
from registry.template.octopus import property_text
from registry.text.json_document import JsonDocument


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file that was, or would be, written, and the rules it breaks no longer."""

    file: Path
    rules: tuple[str, ...]


def fix(paths: Iterable[Path], ignore: Collection[str] = (), *, dry_run: bool = False) -> list[Fixed]:
    """Fix what can be fixed safely in the templates at and below `paths`.

    Raises NotFound where there is nothing at a path, Invalid for a rule that doesn't exist.
    """
    rules = [rule for rule in chosen(ignore) if rule.fixable]
    done: list[Fixed] = []
    for subject in load_subjects(paths)[0]:
        broken = {rule.id for rule in rules if any(rule.problems(subject))}
        files = _fixed_json(subject, subject.json, broken) if subject.json else _fixed_folder(subject, broken)
        for file, (content, fixed) in files.items():
            if not dry_run:
                write_atomically(file, content)
            done.append(Fixed(file, tuple(sorted(fixed))))
    return done


Files = dict[Path, tuple[bytes, set[str]]]


def _fixed_json(subject: Subject, document: JsonDocument, broken: set[str]) -> Files:
    if not broken:
        return {}
    scalars: dict[DocumentPath, str | int] = {}
    if "blank-in-name" in broken:
        scalars["Name",] = subject.template.name.strip()
    if "version-not-raised" in broken:
        scalars["Version",] = _next_version(subject)
    if "default-not-text" in broken:
        scalars |= _text_defaults(subject)
    if "line-ends" in broken:
        scalars |= {
            script.path: _one_kind_of_line_end(script.text, script.syntax) for script in subject.scripts
        }
    text = document.replaced(scalars)
    mark = "\ufeff" if document.byte_order_mark and "byte-order-mark" not in broken else ""
    return {subject.path: ((mark + text).encode(), broken)}


def _text_defaults(subject: Subject) -> dict[DocumentPath, str | int]:
    """Numbers and truth values as text; an object there needs a person."""
    defaults = ((number, item.get("DefaultValue")) for number, item in enumerate(subject.value["Parameters"]))
    return {
        ("Parameters", number, "DefaultValue"): property_text(default) or ""
        for number, default in defaults
        if isinstance(default, bool | int | float)
    }


def _fixed_folder(subject: Subject, broken: set[str]) -> Files:
    files: Files = {}
    if "line-ends" in broken:
        for script in subject.scripts:
            text = _one_kind_of_line_end(script.text, script.syntax)
            if script.file and text != script.text:
                files[Path(script.file)] = (text.encode(), {"line-ends"})
    data = (subject.files or {})[TEMPLATE_FILE]
    text = data.decode()
    fixed: set[str] = set()
    if "version-not-raised" in broken:
        text = _replaced_at(text, subject.position(("Version",)), r"\d+", str(_next_version(subject)))
        fixed.add("version-not-raised")
    if "blank-in-name" in broken:
        text = _replaced_at(text, subject.position(("Name",)), r"([\"']).*\1", subject.template.name.strip())
        fixed.add("blank-in-name")
    if text != data.decode():
        files[subject.path / TEMPLATE_FILE] = (text.encode(), fixed)
    return files


def _replaced_at(text: str, position: tuple[int, int], pattern: str, new: str) -> str:
    """The text with what stands at a place replaced; unchanged where something else stands there."""
    lines = text.splitlines(keepends=True)
    line, column = position[0] - 1, position[1] - 1
    head, tail = lines[line][:column], lines[line][column:]
    lines[line] = head + re.sub(rf"\A{pattern}", lambda found: _in_quotes_of(found[0], new), tail, count=1)
    return "".join(lines)


def _in_quotes_of(old: str, new: str) -> str:
    quote = old[0] if old[0] in "\"'" else ""
    return f"{quote}{new}{quote}"


def _next_version(subject: Subject) -> int:
    committed = (subject.committed or {}).get("Version")
    return int(committed or 0) + 1


def _one_kind_of_line_end(text: str, syntax: str) -> str:
    """LF, but the kind that most lines have where Windows line ends do no harm."""
    plain = text.replace("\r\n", "\n")
    windows = text.count("\r\n")
    if syntax in ("Bash", "Python") or 2 * windows <= text.count("\n"):
        return plain
    return plain.replace("\n", "\r\n")
