"""What a PowerShell script uses, as its grammar reads it: commands, types, texts, variables, and where they stand.

Nothing here knows what exists where; that is for `registry.template.powershell.judging`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, TypeVar

from registry.template.powershell.grammar import MAX_TEXT, Node, ScriptTree, parse
from registry.template.powershell.parsed import Command, Mention, ParsedScript, Reach

_MAX_ERRORS = 20
_MAX_VARIABLES = 3
# Conditions that ask which system, or which PowerShell, this is.
_PLATFORM = re.compile(
    r"\$\{?(?:global:)?Is(?:Windows|Linux|MacOS|CoreCLR)\b|variable:Is(?:Windows|Linux)|\bPSEdition\b|\bOSVersion\b"
    r"|\bOSPlatform\b|\$env:OS\b",
    re.IGNORECASE,
)
_BRANCHES = frozenset(
    {
        "catch_clause",
        "else_clause",
        "elseif_clause",
        "switch_statement",
        "ternary_expression",
        "trap_statement",
    }
)
# A variable of the environment, or a function as a value.
_DRIVE_VARIABLE = re.compile(
    r"\$\{?(?P<drive>env|function):(?:(?:global|script|local):)?(?P<name>[^}]+)", re.IGNORECASE
)
_ASSIGNED = re.compile(r"\$\{?(?:\w+:)?(\w+)\}?\s*\Z")
_ASSIGNED_MEMBER = re.compile(r"\.(\w+)\s*\Z")
_REQUIRES = re.compile(r"#requires\s+(.*)", re.IGNORECASE)
_USING = re.compile(r"using\s+(module|assembly)\s+(\S+)", re.IGNORECASE)
_STEP_VALUE = re.compile(r"=\s*\$OctopusParameters\s*\[[^\]]*\]\s*\Z", re.IGNORECASE)
_TYPE_NAME = re.compile(r"[A-Za-z_][\w.+]*")
# What the grammar takes for a command: a word of the language behind an error, a number, what Octostache fills in.
_NO_COMMAND = re.compile(r"(?:else|elseif|until|finally|catch|_+|\d[\d.*]*(?:\$\w+)?)\Z", re.IGNORECASE)
_TEXTS = frozenset({"string_literal", "generic_token", "path_command_name"})
_SILENT = re.compile(r"(?:Write-\w+|echo)\Z", re.IGNORECASE)


def read_script(text: str) -> ParsedScript:
    """Read a script. Raises ScriptUnreadError where it is beyond the limits."""
    return _Reader(parse(text)).read()


@dataclass(frozen=True, slots=True)
class _Scope:
    """A part of the text up to the byte `end`, with what holds inside of it: of what is around it as well.

    variables: those that what stands here is assigned to, the innermost ones
    """

    end: int
    reach: Reach = Reach.ALWAYS
    function: str = ""
    silent: bool = False
    variables: tuple[str, ...] = ()


_TOP = _Scope(-1)


@dataclass(slots=True)
class _Reader:
    """Walks the tree once, in the order of the text, without recursion: nesting costs memory only."""

    tree: ScriptTree
    scopes: list[_Scope] = field(default_factory=list)
    branches: list[tuple[int, int, Reach]] = field(default_factory=list)
    commands: list[tuple[Command, str]] = field(default_factory=list)
    mentions: dict[str, list[tuple[Mention, str]]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    values: dict[str, list[tuple[Mention, str]]] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    errors: list[Mention] = field(default_factory=list)
    unread: int = 0
    unread_to: int = 0

    def read(self) -> ParsedScript:
        for node in self.tree.nodes(_KINDS):
            while self.branches and self.branches[0][0] <= node.start_byte:
                _, end, reach = heappop(self.branches)
                self._close(node)
                self._push(end, reach=reach)
            self._close(node)
            self._enter(node, node.type)
        called = self._called()
        return ParsedScript(
            commands=tuple(_reached(item, function, called) for item, function in self.commands),
            functions=frozenset(self.functions),
            types=self._found("type", called),
            texts=self._found("text", called),
            members=self._found("member", called),
            environment=self._found("environment", called),
            values={name: _seen(texts, called) for name, texts in self.values.items()},
            inputs=frozenset(self.inputs),
            required=self._found("required", called),
            errors=tuple(self.errors),
            unread=self.unread / max(len(self.tree.source), 1),
        )

    # --- one node

    def _enter(self, node: Node, kind: str) -> None:
        if kind in _BRANCHES:
            self._open(node, reach=Reach.BRANCH)
        elif kind == "ERROR" or node.is_missing:
            self._note_error(node)
        elif handler := _HANDLERS.get(kind):
            handler(self, node)

    def _close(self, node: Node) -> None:
        """Leave the scopes that end before a node."""
        while self.scopes and node.start_byte >= self.scopes[-1].end:
            self.scopes.pop()

    def _open(self, node: Node, **what: Any) -> None:
        self._push(node.end_byte, **what)

    def _push(
        self,
        end: int,
        *,
        reach: Reach = Reach.ALWAYS,
        function: str = "",
        silent: bool = False,
        variable: str | None = None,
    ) -> None:
        around = self._scope
        variables = around.variables if variable is None else (variable, *around.variables)[:_MAX_VARIABLES]
        reach, function = max(reach, around.reach), function or around.function
        self.scopes.append(_Scope(end, reach, function, silent or around.silent, variables))

    @property
    def _scope(self) -> _Scope:
        return self.scopes[-1] if self.scopes else _TOP

    def _if(self, node: Node) -> None:
        """The branches of an `if`: what asks for the system in one condition makes them all branches by system."""
        clauses = [node, *(part for part in _descend(node, "elseif_clauses") if part.type == "elseif_clause")]
        conditions = [condition for part in clauses if (condition := part.child_by_field_name("condition"))]
        platform = any(_PLATFORM.search(self._text(condition)) for condition in conditions)
        reach = Reach.PLATFORM if platform else Reach.BRANCH
        for part in node.named_children:
            if part.type in ("statement_block", "elseif_clauses", "else_clause"):
                heappush(self.branches, (part.start_byte, part.end_byte, reach))

    def _function(self, node: Node) -> None:
        name = next((self._text(part) for part in node.named_children if part.type == "function_name"), "")
        name = name.rpartition(":")[2].lower()
        self.functions.add(name)
        self._open(node, function=name)

    def _assignment(self, node: Node) -> None:
        left = self._text(node.named_children[0]) if node.named_children else ""
        if found := _ASSIGNED.search(left):
            self._open(node, variable=found[1].lower())
            if _STEP_VALUE.search(self._text(node)):
                self.inputs.add(found[1].lower())
        elif found := _ASSIGNED_MEMBER.search(left):
            self._open(node, variable=f".{found[1].lower()}")

    def _type(self, node: Node) -> None:
        for name in _TYPE_NAME.findall(self._text(node)):
            self._mention("type", name, node)

    def _variable(self, node: Node) -> None:
        found = _DRIVE_VARIABLE.match(self._text(node))
        if found:
            kind = "environment" if found["drive"].lower() == "env" else "text"
            self._mention(kind, found["name"], node)

    def _required(self, node: Node) -> None:
        """A `#requires`, which the grammar takes for a comment but at the head, or a `using`."""
        text = self._text(node)
        if found := _REQUIRES.match(text):
            self._mention("required", found[1], node)
        elif found := _USING.match(text):
            module = found[1].lower() == "module"
            self._mention(
                "required" if module else "text", f"-Modules {found[2]}" if module else found[2], node
            )

    def _member(self, node: Node) -> None:
        self._mention("member", self._text(node), node)

    def _written(self, node: Node) -> None:
        """A string or a word: noted unless it is for people only, and for the variable that it goes into."""
        text = _unquoted(self._text(node))
        for variable in self._scope.variables:
            self.values.setdefault(variable, []).append((self._at(text, node), self._scope.function))
        if not self._scope.silent:
            self._mention("text", text, node)

    def _command(self, node: Node) -> None:
        name, target = self._command_name(node)
        if _NO_COMMAND.match(name):
            return
        elements = next((part for part in node.named_children if part.type == "command_elements"), None)
        parameters, arguments = self._elements(elements)
        command = Command(name, node.start_point[0] + 1, self._scope.reach, target, parameters, arguments)
        self.commands.append((command, self._scope.function))
        if _SILENT.match(name):
            self._open(node, silent=True)
        if name.lower() == "new-object" and (made := command.value("typename")):
            self._mention("type", made.partition("(")[0].strip("[]"), node)

    def _flow(self, node: Node) -> None:
        """What is thrown is for people."""
        if self._text(node, 5).lower() == "throw":
            self._open(node, silent=True)

    def _note_error(self, node: Node) -> None:
        if node.end_byte > self.unread_to:
            self.unread += node.end_byte - max(node.start_byte, self.unread_to)
            self.unread_to = node.end_byte
        if len(self.errors) < _MAX_ERRORS:
            said = self._text(node).strip().split("\n")[0][:60] or node.type
            self.errors.append(self._at(said, node))

    def _mention(self, kind: str, text: str, node: Node) -> None:
        self.mentions.setdefault(kind, []).append((self._at(text, node), self._scope.function))

    def _at(self, text: str, node: Node) -> Mention:
        return Mention(text, node.start_point[0] + 1, self._scope.reach)

    # --- where it is

    def _called(self) -> frozenset[str]:
        """Functions that run when the script does: those that are called, or named in a text; "" is all else."""
        calls: dict[str, set[str]] = {}
        for command, function in self.commands:
            calls.setdefault(function, set()).add(command.name.lower())
        for mention, function in self.mentions.get("text", ()):
            calls.setdefault(function, set()).add(mention.text.lower())
        called, waiting = {""}, [""]
        while waiting:
            fresh = (calls.get(waiting.pop(), set()) & self.functions) - called
            called |= fresh
            waiting += fresh
        return frozenset(called)

    def _found(self, kind: str, called: frozenset[str]) -> tuple[Mention, ...]:
        return _seen(self.mentions.get(kind, ()), called)

    def _command_name(self, node: Node) -> tuple[str, str]:
        """The name of a command, and what names it where that is not a plain text."""
        for part in node.named_children:
            if part.type == "command_name":
                return _plain_name(self._text(part)), ""
            if part.type == "command_name_expr":
                inner = part.named_children[0] if part.named_children else part
                text = _unquoted(self._text(inner))
                constant = (
                    inner.type in ("command_name", "path_command_name", "string_literal") and "$" not in text
                )
                return (_plain_name(text), "") if constant else ("", text)
        return "", ""

    def _elements(self, node: Node | None) -> tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]:
        """Parameters with their values, and the other arguments."""
        parameters: list[tuple[str, str | None]] = []
        arguments: list[str] = []
        waiting = False
        for part in node.named_children if node else ():
            if part.type in ("command_argument_sep", "redirection"):
                continue
            text = self._text(part)
            if part.type == "command_parameter":
                parameters.append((text.lstrip("-").rstrip(":"), None))
            elif waiting:
                parameters[-1] = (parameters[-1][0], _unquoted(text))
            else:
                arguments.append(_unquoted(text))
            waiting = part.type == "command_parameter"
        return tuple(parameters), tuple(arguments)

    def _text(self, node: Node, limit: int = MAX_TEXT) -> str:
        return self.tree.text(node, limit)


_HANDLERS: Mapping[str, Callable[[_Reader, Node], None]] = {
    "if_statement": _Reader._if,
    "function_statement": _Reader._function,
    "assignment_expression": _Reader._assignment,
    "flow_control_statement": _Reader._flow,
    "type_literal": _Reader._type,
    "variable": _Reader._variable,
    "comment": _Reader._required,
    "requires_statement": _Reader._required,
    "using_statement": _Reader._required,
    "member_name": _Reader._member,
    "command": _Reader._command,
    **dict.fromkeys(_TEXTS, _Reader._written),
}
_KINDS = frozenset({*_BRANCHES, *_HANDLERS})


def _descend(node: Node, kind: str) -> list[Node]:
    return [part for group in node.named_children if group.type == kind for part in group.named_children]


def _plain_name(text: str) -> str:
    """Without the module before it: `Microsoft.PowerShell.Utility\\Write-Host`."""
    name = _unquoted(text)
    found = re.fullmatch(r"[A-Za-z][\w.]*\\([A-Za-z]+-\w+)", name)
    return found[1] if found else name


def _unquoted(text: str) -> str:
    text = text.strip()
    if text[:2] in ('@"', "@'") and text[-2:] in ('"@', "'@"):
        return text[2:-2].strip("\r\n")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


Found = TypeVar("Found", Command, Mention)


def _reached(item: Found, function: str, called: frozenset[str]) -> Found:
    return item if function in called else replace(item, reach=Reach.UNCALLED)


def _seen(mentions: Iterable[tuple[Mention, str]], called: frozenset[str]) -> tuple[Mention, ...]:
    return tuple(_reached(item, function, called) for item, function in mentions)
