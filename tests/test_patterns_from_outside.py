"""Text from outside becomes a pattern in one place only; everywhere else patterns stand in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_OUR_OWN = {
    r"f'\\A{pattern}'": "from a rule of lint",
    r"f'\\blint: allow {self.id}\\b'": "from a rule of lint",
    "'|'.join((fnmatch.translate(_escaped(name)) for name in names)) or '(?!)'": "from our tables of PowerShell",
    "schema_pattern": "from our JSON schemas",
}
"""Computed patterns, as `ast` writes them, that hold nothing from outside, and where they come from instead."""
_COMPILING = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}


def test_no_text_from_outside_is_compiled_by_re() -> None:
    computed = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call.args[0])}"
        for package in ("registry", "runner")
        for path in (ROOT / package).rglob("*.py")
        for call in _calls_of_re(ast.parse(path.read_text(encoding="utf-8")))
        if not _is_written_out(call.args[0]) and ast.unparse(call.args[0]) not in OF_OUR_OWN
    ]

    assert computed == [], "use registry.text.patterns.compile_untrusted, or add the expression above"


def test_a_pattern_from_a_variable_would_be_noticed() -> None:
    code = "def f(p):\n    re.fullmatch(p, 'x')\n    re.search(f'a{p}', 'x')\n    re.search('a' + re.escape(p), 'x')"
    found = [
        ast.unparse(call.args[0])
        for call in _calls_of_re(ast.parse(code))
        if not _is_written_out(call.args[0])
    ]

    assert found == ["p", "f'a{p}'"]


def _calls_of_re(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls inside functions: what is compiled when a module is imported is not from outside."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "re"
                    and node.func.attr in _COMPILING
                ):
                    yield node


def _is_written_out(node: ast.expr) -> bool:
    """Whether a pattern is made of literals, constants and escaped texts only."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.IfExp(body=one, orelse=other):
            return _is_written_out(one) and _is_written_out(other)
        case ast.JoinedStr(values=parts):
            return all(map(_is_written_out, parts))
        case ast.FormattedValue(value=value):
            return _is_written_out(value)
        case ast.BinOp(left=left, right=right):
            return _is_written_out(left) and _is_written_out(right)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="escape")):
            return True
    return False
