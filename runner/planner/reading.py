"""What a step reads: variables that are not there, that are spelt otherwise, or that nothing reads at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from registry.compatibility.script_reads import script_reads, without_comments
from registry.errors import NotFound, UserError
from registry.model import Severity
from registry.suggest import did_you_mean
from registry.template.octopus import SCRIPT_BODY
from runner.actions.script import ScriptAction
from runner.model import Action, InlineScript
from runner.plan import PlannedFile, PlannedValue
from runner.planner.choices import Inputs
from runner.planner.findings import Findings
from runner.project import Project
from runner.variables.names import name_in
from runner.variables.readers import ReadingText, is_read, mentions
from runner.variables.system import is_of_a_step, known_at_run_time


def reading_texts(
    action: Action,
    script: ScriptAction,
    parameters: Iterable[PlannedValue],
    files: Iterable[PlannedFile] = (),
) -> list[ReadingText]:
    """Every text that an action evaluates or runs, but for variables that others read.

    A file that goes along may be sourced by the script, or have its expressions replaced.
    """
    return [
        *(ReadingText(text) for text in action.env.values()),
        *(
            ReadingText(file.content.decode(errors="replace"), script.syntax)
            for file in files
            if b"octopus" in file.content or b"#{" in file.content
        ),
        ReadingText(script.body, script.syntax),
        *(ReadingText(value.text) for value in parameters if value.text),
        *(ReadingText(text) for name, text in script.properties.items() if not name.startswith(SCRIPT_BODY)),
    ]


@dataclass(frozen=True, slots=True)
class NameJudge:
    """Says of expressions that came to nothing whether something will define them.

    `earlier` are the steps and actions that have ended by then,
    `unset` are variables without a value here, `absent` parameters without a value; both folded.
    """

    earlier: Collection[str]
    unset: Collection[str]
    absent: Collection[str]

    @classmethod
    def of(
        cls,
        earlier: Collection[str],
        variables: Iterable[PlannedValue],
        parameters: Iterable[PlannedValue],
    ) -> NameJudge:
        return cls(
            earlier,
            frozenset(value.name.casefold() for value in variables if value.unset),
            frozenset(value.name.casefold() for value in parameters if value.text is None),
        )

    def undefined(self, missing: Iterable[str]) -> tuple[str, ...]:
        """Those of the expressions that nothing will define."""
        return tuple(token for token in missing if not self._is_known(name_in(token)))

    def _is_known(self, name: str) -> bool:
        """What steps read of each other was checked with the names of the process."""
        folded = name.casefold()
        return (
            folded in self.unset
            or folded in self.absent
            or is_of_a_step(name)
            or known_at_run_time(name, self.earlier)
        )


def check_spelling(
    action: Action, script: ScriptAction, values: Sequence[PlannedValue], findings: Findings
) -> None:
    """The names that a script asks for in another case: it wants the exact spelling."""
    inline = isinstance(action.does, InlineScript)
    at = (*action.at, "run" if inline else "uses")
    spelling = {value.name.casefold(): value.name for value in values}
    exact = {value.name for value in values}
    for name in sorted(script_reads(without_comments(script.body), script.syntax).names - exact):
        known = spelling.get(name.casefold())
        begin = f'{action.label}: the script reads "{name}"'
        if known is not None:
            message = f'{begin}, but the name is "{known}": it gets nothing'
            hint = "Scripts read names in their exact case." + (f' Write "{known}".' if inline else "")
            findings.warning(at, "variable-case", message, hint)
        elif inline and not name.casefold().startswith(("octopus.", "env:")):
            question = did_you_mean(name, [other for other in exact if not other.startswith("Octopus.")])
            if question is not None:
                findings.warning(at, "unknown-variable", f"{begin}, which nothing defines", question)


def check_unset(
    variables: Collection[PlannedValue],
    texts: Sequence[ReadingText],
    errors: Mapping[str, UserError],
    findings: Findings,
    *,
    allowed: bool,
) -> None:
    """The variables whose source is not there, as far as an action may read them.

    `errors` says why, by `PlannedValue.unset`. `allowed`: this is a plan only, for which they need not be there.
    """
    contents = {value.name: value.text for value in variables}
    for value in variables:
        if value.unset and is_read(value.name, texts, contents):
            error = errors[value.unset]
            message = f'variable "{value.name}": {error.message}'
            missing = allowed and isinstance(error, NotFound)
            severity = Severity.WARNING if missing else Severity.ERROR
            hint = f"A run needs it. {error.hint}" if missing and error.hint else error.hint
            findings.variable(value.name, error.code, message, hint, severity)


@dataclass
class ReadTexts:
    """All that the steps of a process read; `unknown`: one of them could not be looked at."""

    texts: list[ReadingText] = field(default_factory=list)
    unknown: bool = False

    def check_inputs(self, inputs: Inputs, project: Project, findings: Findings) -> None:
        """The variables of the command line that nothing reads: a slip, mostly."""
        if self.unknown or any(text.dynamic for text in self.texts):
            return
        defined = {variable.name.casefold(): variable.name for variable in project.variables}
        values = [value.value for variable in project.variables for value in variable.values if value.value]
        for name in inputs.variables:
            if inputs.origins.get(name, "").startswith("--var-file") or name.casefold() in defined:
                continue  # files of variables serve many processes
            if is_read(name, self.texts, {}) or any(mentions(text, name) for text in values):
                continue
            hint = did_you_mean(name, defined.values()) or "Look at its spelling, or leave it out."
            findings.warning(("steps",), "unread-variable", f'--var "{name}": nothing reads it', hint)
