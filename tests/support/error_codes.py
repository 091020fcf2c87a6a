"""The codes that the source gives to errors, problems and warnings, read from the source itself.

A code is a literal that reaches a parameter or field named `code`, the first argument of a `UserError` kind, or
the first of what a function returns beside a message.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT_ERROR = "UserError"
DIFFERENCE = "Difference"
"""What `treadle diff` reports: its codes are those of differences, not of errors."""
_PARAMETER = "code"
_WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SEVERAL_WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


@dataclass(frozen=True)
class Codes:
    """Literal codes, and patterns of those that are put together (`unknown-{kind}`)."""

    literal: frozenset[str]
    patterns: frozenset[str]

    def know(self, code: str) -> bool:
        return code in self.literal or any(re.fullmatch(pattern, code) for pattern in self.patterns)


def error_codes(*folders: Path) -> Codes:
    """The codes of everything but differences."""
    return _codes([module for module in _modules(folders) if not _defines(module, DIFFERENCE)])


def difference_codes(*folders: Path) -> Codes:
    """The codes of the differences between two versions."""
    return _codes([module for module in _modules(folders) if _defines(module, DIFFERENCE)])


def _modules(folders: tuple[Path, ...]) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for folder in folders for path in sorted(folder.rglob("*.py"))]


def _defines(module: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in ast.walk(module))


def _codes(modules: list[ast.Module]) -> Codes:
    kinds = {name: {0} for name in _error_kinds(modules)}
    everywhere: dict[str, set[int]] = {}
    for module in modules:
        _merge(everywhere, {name: at for name, at in _makers(module).items() if not name.startswith("_")})
    literal: set[str] = set()
    patterns: set[str] = set()
    for module in modules:
        # Another function may have the name of one that takes a code: there, a single word proves nothing.
        for value in _given(module, everywhere | _makers(module)):
            _note(value, _SEVERAL_WORDS, literal, patterns)
        for value in _given(module, kinds):
            _note(value, _WORDS, literal, patterns)
        literal.update(_returned(module))
    return Codes(frozenset(literal), frozenset(patterns))


def _merge(makers: dict[str, set[int]], more: dict[str, set[int]]) -> None:
    for name, places in more.items():
        makers.setdefault(name, set()).update(places)


def _makers(module: ast.Module) -> dict[str, set[int]]:
    """Functions and dataclasses that take a code, with its place among the arguments."""
    found: dict[str, set[int]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name != "__init__":
            names = _fields(node) if isinstance(node, ast.ClassDef) else _parameters(node)
            if _PARAMETER in names:
                found.setdefault(node.name, set()).add(names.index(_PARAMETER))
    return found


def _fields(node: ast.ClassDef) -> list[str]:
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    plain = [item for item in fields if "ClassVar" not in ast.unparse(item.annotation)]
    return [ast.unparse(item.target) if _is_text(item.annotation) else "" for item in plain]


def _parameters(node: ast.FunctionDef) -> list[str]:
    arguments = node.args.posonlyargs + node.args.args
    if arguments and arguments[0].arg in ("self", "cls"):
        arguments = arguments[1:]
    # Those that are given by name only have no place: behind all others, no call reaches them by place.
    arguments = arguments + node.args.kwonlyargs
    return [item.arg if item.annotation and _is_text(item.annotation) else "" for item in arguments]


def _is_text(annotation: ast.expr) -> bool:
    return ast.unparse(annotation) == "str"


def _error_kinds(modules: list[ast.Module]) -> set[str]:
    classes = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    kinds = {ROOT_ERROR}
    while True:
        more = {node.name for node in classes if _bases(node) & kinds and not _own_arguments(node)} - kinds
        if not more:
            return kinds
        kinds |= more


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases}


def _own_arguments(node: ast.ClassDef) -> bool:
    return any(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in node.body)


def _given(module: ast.Module, makers: dict[str, set[int]]) -> Iterator[ast.expr]:
    """What is given as a code: to a maker, by name to anything, to a variable or a default of that name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            places = makers.get(_called(node), set())
            yield from (node.args[place] for place in places if place < len(node.args))
            yield from (item.value for item in node.keywords if item.arg == _PARAMETER)
            if _called(node) == "__init__":
                yield from node.args[:1]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from (item for item in node.exc.args[:1] if _SEVERAL_WORDS.fullmatch(_constant(item)))
        elif isinstance(node, ast.Assign) and any(ast.unparse(at) == _PARAMETER for at in node.targets):
            yield node.value


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _constant(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _note(value: ast.expr, words: re.Pattern[str], literal: set[str], patterns: set[str]) -> None:
    if isinstance(value, ast.IfExp):
        _note(value.body, words, literal, patterns)
        _note(value.orelse, words, literal, patterns)
    elif words.fullmatch(_constant(value)):
        literal.add(_constant(value))
    elif isinstance(value, ast.JoinedStr):
        pattern = "".join(re.escape(_constant(part)) or "[a-z-]+" for part in value.values)
        if re.match(r"[a-z]+\\-", pattern):
            patterns.add(pattern)


def _returned(module: ast.Module) -> Iterator[str]:
    """Codes beside their messages, in pairs that are returned or kept in a table."""
    for node in ast.walk(module):
        if isinstance(node, ast.Tuple) and len(node.elts) in (2, 3):
            first, second = node.elts[:2]
            told = isinstance(second, ast.JoinedStr | ast.Lambda | ast.Attribute | ast.Name)
            if _SEVERAL_WORDS.fullmatch(_constant(first)) and (told or " " in _constant(second)):
                yield _constant(first)
