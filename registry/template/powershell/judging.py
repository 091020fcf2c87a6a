"""Where a PowerShell script can run, from what it uses and what exists where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.template.platform import Evidence, Platform, Verdict
from registry.template.powershell.grammar import ScriptUnreadError
from registry.template.powershell.parsed import Command, Mention, ParsedScript, Reach
from registry.template.powershell.script import read_script
from registry.template.powershell.tables import Kind, Names, Tables, tables

Place = Command | Mention
"""Something at a line, with its reach."""

_MAX_LINES = 10
_MAX_EVIDENCE = 40
_MAX_NAME = 120
_MAX_JSON_DEPTH = 100
_MAX_UNREAD = 0.25
_CMDLET = re.compile(r"[A-Za-z]+-[A-Za-z]\w*\Z")
_SUFFIX = re.compile(r"\.(?:exe|cmd|bat)\Z", re.IGNORECASE)
_PROGRAM_WITHIN = re.compile(r"(?<![\w.-])([\w.-]+\.exe)\b", re.IGNORECASE)
_DRIVE = re.compile(r"(?<![\w-])([A-Za-z]{2,}):(?=[\\/:]|\Z)")
_FIRST_WORD = re.compile(r"\s*(?:[&.]\s+)?[\"']?([^\s\"']+)[\"']?(?=\s|\Z)")
_REQUIREMENT = re.compile(r"-(\w+)\s+([^-]*(?:-(?!\w+\s)[^-]*)*)")
_MODULE = re.compile(r"[A-Za-z][\w.-]*")
_STARTS = frozenset({"start-process", "invoke-expression", "get-command"})
_IMPORTS = frozenset({"import-module", "add-pssnapin", "asnp"})


def judge(text: str) -> Verdict:
    """Where a script can run. One that cannot be read within the limits is unknown."""
    try:
        script = read_script(text)
    except ScriptUnreadError as error:
        return Verdict(
            Platform.UNKNOWN, reasons=(Evidence("unread", "a script that cannot be read", str(error)),)
        )
    return _Judge(script, tables()).verdict()


@dataclass(frozen=True, slots=True)
class _Sign:
    """One use of something, with the kind that it belongs to."""

    kind: str
    what: str
    name: str
    line: int
    reach: Reach
    decides: bool = True
    powershell_5: bool = False


@dataclass(slots=True)
class _Judge:
    """Weighs one script."""

    script: ParsedScript
    tables: Tables
    signs: list[_Sign] = field(default_factory=list)
    tools: dict[str, int] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        for command in self.script.commands:
            self._command(command)
        self._mentioned()
        decisive = [sign for sign in self.signs if sign.decides and sign.reach <= Reach.BRANCH]
        remarks = _evidence(sign for sign in self.signs if not sign.decides and sign.reach <= Reach.BRANCH)
        tools = tuple(sorted(self.tools, key=lambda tool: self.tools[tool]))
        if decisive:
            needs_5 = all(sign.powershell_5 for sign in decisive)
            return Verdict(Platform.WINDOWS_ONLY, tools, _evidence(decisive), remarks, needs_5)
        if doubts := self._unread() or self._named_by_inputs():
            return Verdict(Platform.UNKNOWN, tools, doubts, remarks)
        return Verdict(Platform.LINUX_WITH_TOOLS if tools else Platform.LINUX, tools, (), remarks)

    def _unread(self) -> tuple[Evidence, ...]:
        """Where too much of a script is not what the grammar takes for PowerShell."""
        if self.script.unread <= _MAX_UNREAD:
            return ()
        lines = tuple(dict.fromkeys(error.line for error in self.script.errors))[:_MAX_LINES]
        return (Evidence("unread", "a script that cannot be read", "its syntax", lines),)

    def _named_by_inputs(self) -> tuple[Evidence, ...]:
        """Programs that a value of the step names: nobody knows whether they exist on Linux."""
        for command in self.script.commands:
            if command.target.lower().lstrip("$") in self.script.inputs and command.reach <= Reach.BRANCH:
                self._note("named-by-input", "a program that an input names", command, command.target)
        return _evidence(sign for sign in self.signs if sign.kind == "named-by-input")

    # --- commands

    def _command(self, command: Command) -> None:
        name, folded = command.name, command.name.lower()
        if not name:
            self._programs(command, command.target)
        elif folded not in self.script.functions:
            self._foreign(command)
        else:
            for argument in (*command.arguments, *(value for _, value in command.parameters if value)):
                if argument.lower() in self.tables.tools:
                    self._need(argument.lower(), command)

    def _foreign(self, command: Command) -> None:
        """A command that is not the script's own."""
        name, folded, tables = command.name, command.name.lower(), self.tables
        canonical = tables.linux_aliases.get(folded, folded).lower()
        if canonical in tables.linux:
            self._check_parameters(command, canonical)
            if canonical in _IMPORTS:
                self._imported(command)
            if canonical in _STARTS:
                self._programs(command, command.value("filepath", "command", "name") or "")
        elif folded in tables.octopus:
            return
        if self._known("commands", name, command) or canonical in tables.linux:
            if folded in _IMPORTS:
                self._imported(command)
        elif meant := tables.windows_aliases.get(folded):
            self._windows_alias(command, meant)
        elif _CMDLET.match(name) and folded not in tables.tools:
            self._note("unknown-command", "an unknown command", command, name, decides=False)
        else:
            self._program(command, name, invoked=True)

    def _check_parameters(self, command: Command, canonical: str) -> None:
        """What a command that Linux has is asked to do."""
        for given, value in command.parameters:
            shown = f"{command.name} -{given} {value or ''}".rstrip()
            if any(_begins(name, given) for name in self.tables.windows_parameters.get(canonical, ())):
                self._note("parameter", "a parameter that Linux lacks", command, shown)
            for wanted in self.tables.parameters_5.get(canonical, ()):
                name, _, meant = wanted.partition("=")
                if _begins(name, given) and (not meant or (value or "").lower() == meant.lower()):
                    self._note(
                        "parameter", "a parameter that PowerShell 7 lacks", command, shown, powershell_5=True
                    )
        depth = command.value("depth") if canonical == "convertto-json" else None
        if depth and depth.isdecimal() and int(depth) > _MAX_JSON_DEPTH:
            what = "a depth of JSON that PowerShell 7 refuses"
            self._note("json-depth", what, command, f"{command.name} -Depth {depth}", powershell_5=True)

    def _imported(self, command: Command) -> None:
        for text in self._values(command.value("name", "assembly") or ""):
            for module in re.split(r"[,\s]+", text):
                name = (
                    re.split(r"[\\/]", module)[-1].removesuffix(".psd1").removesuffix(".psm1").strip("\"'()@")
                )
                self._known("modules", name, command)

    def _windows_alias(self, command: Command, meant: str) -> None:
        """An alias of Windows: Linux has a program of that name, or nothing, and letter case counts there."""
        shown = f"{command.name} (= {meant} on Windows)"
        if meant.lower() not in self.tables.linux and self._known("commands", meant, command, shown):
            return
        if command.name in self.tables.alike and not command.parameters:
            what = "an alias of Windows, a program on Linux"
            self._note("windows-alias", what, command, shown, decides=False)
        else:
            self._note("windows-alias", "an alias that only Windows has", command, shown, powershell_5=True)

    # --- programs

    def _programs(self, at: Place, text: str) -> None:
        for value in self._values(text):
            self._program(at, value)

    def _values(self, text: str) -> tuple[str, ...]:
        """A text, or for a variable those that it is set to."""
        name = text.strip("(\"' )")
        if name.startswith("$") and name[1:].isidentifier():
            return tuple(mention.text for mention in self.script.values.get(name[1:].lower(), ()))
        return (text,)

    def _program(self, at: Place, text: str, *, invoked: bool = False) -> None:
        """A program by its name, its path, or a command line that begins with it."""
        found = None if _SUFFIX.search(text.rstrip()) else _FIRST_WORD.match(text)
        name = re.split(r"[\\/]", found[1] if found else text)[-1].strip()
        base = _SUFFIX.sub("", name).lower()
        suffixed = base != name.lower()
        if self._known_program(at, name, base):
            return
        if base in self.tables.tools and not (suffixed and "\\" in text):
            self._need(base, at)
        elif suffixed:
            self._note("windows-program", "a program for Windows", at, name)
        elif invoked and base not in self.tables.always:
            self._note("unknown-command", "an unknown command", at, name, decides=False)

    def _known_program(self, at: Place, name: str, base: str) -> bool:
        """Whether a table knows a program by its name, or without the suffix; if so, it is noted."""
        for spelled in (name, base):
            if len(spelled) <= _MAX_NAME and spelled in self.tables.any["programs"]:
                kinds = (
                    kind for kind in self.tables.kinds if spelled in kind.names.get("programs", _NO_NAMES)
                )
                self._of_kind(next(kinds), at, name)
                return True
        return False

    # --- what is mentioned

    def _mentioned(self) -> None:
        script = self.script
        for mention in script.types:
            self._known("types", mention.text, mention)
        for mention in script.members:
            self._known("members", mention.text, mention)
        for mention in script.environment:
            self._known("environment", mention.text, mention)
            if mention.text == "Path":
                what = "the path under a name that is empty on Linux"
                self._note("environment-case", what, mention, "$env:Path", decides=False)
        for mention in script.texts:
            self._text(mention)
        for mention in script.required:
            self._required(mention)
        for mention in script.values.get(".filename", ()):
            self._program(mention, mention.text)

    def _required(self, mention: Mention) -> None:
        """What the script says that it cannot do without."""
        for parameter, values in _REQUIREMENT.findall(mention.text):
            if _begins("PSEdition", parameter) and values.strip().lower() == "desktop":
                self._note(
                    "edition",
                    "a demand for Windows PowerShell",
                    mention,
                    "-PSEdition Desktop",
                    powershell_5=True,
                )
            elif _begins("PSSnapin", parameter):
                self._note("snap-in", "a snap-in", mention, f"-PSSnapin {values.strip()}", powershell_5=True)
            elif _begins("Modules", parameter):
                for module in _MODULE.findall(values):
                    self._known("modules", module, mention)

    def _text(self, mention: Mention) -> None:
        text = mention.text
        if text.lower() == ".exe":
            self._note("windows-program", "a program for Windows", mention, "the name of one ends in .exe")
        for drive in _DRIVE.findall(text) if ":" in text else ():
            self._known("drives", drive, mention, f"{drive}:")
        self._known("assemblies", text.partition(",")[0].strip(), mention)
        self._known("texts", text, mention)
        for program in _PROGRAM_WITHIN.findall(text) if ".exe" in text.lower() else ():
            self._known_program(mention, program, program[: -len(".exe")])

    # --- what it is

    def _known(self, facet: str, name: str, at: Place, shown: str | None = None) -> bool:
        """Whether a table knows a name; if so, it is noted."""
        if (len(name) > _MAX_NAME and facet != "texts") or name not in self.tables.any[facet]:
            return False
        for kind in self.tables.kinds:
            if name in kind.names.get(facet, _NO_NAMES):
                self._of_kind(kind, at, shown or name)
                return True
        for bringer in self.tables.bringers:
            if name in bringer.names.get(facet, _NO_NAMES):
                self._need(bringer.tool, at)
                return True
        return False

    def _of_kind(self, kind: Kind, at: Place, name: str) -> None:
        decides = kind.decides and (kind.on_branches or at.reach is Reach.ALWAYS)
        self._note(kind.id, kind.what, at, name, decides=decides, powershell_5=kind.powershell_5)

    def _need(self, tool: str, at: Place) -> None:
        if at.reach is not Reach.UNCALLED:
            self.tools.setdefault(tool, at.line)

    def _note(
        self, kind: str, what: str, at: Place, name: str, *, decides: bool = True, powershell_5: bool = False
    ) -> None:
        self.signs.append(_Sign(kind, what, name, at.line, at.reach, decides, powershell_5))


_NO_NAMES = Names(())


def _begins(parameter: str, given: str) -> bool:
    """Whether PowerShell takes what is given for a parameter: any beginning of its name will do."""
    return bool(given) and parameter.lower().startswith(given.lower())


def _evidence(signs: Iterable[_Sign]) -> tuple[Evidence, ...]:
    """The same thing at several lines as one."""
    lines: dict[tuple[str, str, str], dict[int, None]] = {}
    for sign in signs:
        lines.setdefault((sign.kind, sign.what, sign.name[:_MAX_NAME]), {})[sign.line] = None
    found = (Evidence(*key, tuple(sorted(at)[:_MAX_LINES])) for key, at in lines.items())
    return tuple(sorted(found, key=lambda item: item.lines))[:_MAX_EVIDENCE]
