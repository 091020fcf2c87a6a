"""What the processes of a share bundle will need where it arrives: variables, roles, environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateCopy
from registry.errors import Invalid
from registry.model import Problem, Reference, StepTemplate, path_text
from registry.project.lock_file import LOCK_FILE, read_lock
from registry.sharing.bundle import Bundle, NeededVariable, Needs
from registry.sharing.export_bundle import draft_bundle
from registry.template.octopus import SCRIPT_BODY
from runner.documents import read_process, read_project
from runner.model import Action, InlineScript, Manual, Process, TemplateUse
from runner.octostache import OctostacheError, variable_names
from runner.project import Project, Scope

_WHOLE = re.compile(r"\s*#\{\s*([^{}|\[\]]+?)\s*\}\s*")
_READ_BY_SCRIPT = re.compile(
    r"""get_octopusvariable\s*\(?\s*(["'])(?P<function>[^"'#$]+)\1"""
    r"""|\$?OctopusParameters\[\s*(["'])(?P<dictionary>[^"'#$]+)\3\s*\]""",
    re.IGNORECASE,
)
_OTHERS = ("octopus.", "env:")
"""What a run defines itself."""


def make_bundle(
    catalog: Catalog,
    directory: Path,
    project_file: Path | None,
    files: Sequence[Path],
    references: Sequence[Reference] = (),
) -> tuple[Bundle, tuple[Problem, ...]]:
    """The bundle of these process files and templates, as treadle.lock pins them, and warnings for its maker.

    Raises as `read_process`, `read_project` and `draft_bundle`; Invalid for a process that gives a secret in clear.
    """
    project = read_project(project_file, directory)
    processes = [read_process(path, directory) for path in files]
    folder = project_file.parent if project_file else directory
    draft = draft_bundle(catalog, files, references, read_lock(folder / LOCK_FILE))
    _refuse_clear_secrets(processes, draft.copies)
    return draft.bundle(project.name, _needs(processes, project, draft.copies)), draft.warnings


def _refuse_clear_secrets(processes: Sequence[Process], copies: Mapping[Reference, TemplateCopy]) -> None:
    """Raises Invalid for values of sensitive parameters that stand in a process in clear."""
    problems = [
        Problem(
            f'{action.label} gives the sensitive "{name}" in clear',
            "plain-secret",
            path_text((*action.at, "with", name)),
            "Make it a sensitive variable of the project, and give #{ITS.NAME}.",
            file=process.file,
        )
        for process in processes
        for action in process.actions
        if isinstance(action.does, TemplateUse)
        for name, value in action.does.values.items()
        if value and "#{" not in value and _is_sensitive(name, copies[action.does.reference])
    ]
    if problems:
        message = f"{problems[0].file}: {problems[0].message}"
        raise Invalid("plain-secret", message, problems[0].hint, problems)


def _is_sensitive(name: str, copy: TemplateCopy) -> bool:
    parameter = copy.document.template.parameter(name)
    return parameter is not None and parameter.sensitive


# --- needs


@dataclass
class _Reads:
    """Variables that are read, by their names without case, as first written."""

    names: dict[str, str] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)

    def add(self, names: Iterable[str], own: Iterable[str], *, secret: bool = False) -> None:
        """Take down what neither the step (`own`) nor a run defines."""
        known = {name.casefold() for name in own}
        for name in names:
            folded = name.casefold()
            if folded in known or folded.startswith(_OTHERS):
                continue
            self.names.setdefault(folded, name)
            if secret:
                self.secret.add(folded)


def _needs(processes: Sequence[Process], project: Project, copies: Mapping[Reference, TemplateCopy]) -> Needs:
    reads = _Reads()
    steps = [step for process in processes for step in process.steps]
    actions = [action for step in steps for action in step.actions]
    rules = [*(step.rules for step in steps), *(action.rules for action in actions)]
    for action in actions:
        _read_by(action, copies, reads)
    reads.add((name for one in rules for name in names_in(one.when)), ())
    filters = [one.filters for one in rules]
    environments = [name for one in filters for name in (*one.environments, *one.exclude_environments)]
    return Needs(
        tuple(_variable(name, project, reads) for name in sorted(reads.names)),
        tuple(sorted({role for step in steps for role in step.roles})),
        tuple(sorted(set(environments))),
    )


def _variable(folded: str, project: Project, reads: _Reads) -> NeededVariable:
    known = next((item for item in project.variables if item.name.casefold() == folded), None)
    if known is None:
        return NeededVariable(reads.names[folded], folded in reads.secret)
    if known.sensitive or folded in reads.secret:
        return NeededVariable(known.name, sensitive=True)
    plain = (item.value for item in known.values if item.scope == Scope() and item.source is None)
    return NeededVariable(known.name, False, next(plain, None))


def _read_by(action: Action, copies: Mapping[Reference, TemplateCopy], reads: _Reads) -> None:
    reads.add((name for text in action.properties.values() for name in names_in(text)), ())
    if isinstance(action.does, InlineScript):
        reads.add([*names_in(action.does.body), *names_read_by(action.does.body)], ())
    elif isinstance(action.does, Manual):
        reads.add(names_in(action.does.instructions), ())
    else:
        _read_by_template(action.does, copies[action.does.reference].document.template, reads)


def _read_by_template(use: TemplateUse, template: StepTemplate, reads: _Reads) -> None:
    own = [parameter.name for parameter in template.parameters]
    for name, value in use.values.items():
        parameter = template.parameter(name)
        secret = parameter is not None and parameter.sensitive and _WHOLE.fullmatch(value or "") is not None
        reads.add(names_in(value or ""), (), secret=secret)
    given = {name.casefold() for name in use.values}
    for parameter in template.parameters:
        if parameter.name.casefold() not in given:
            reads.add(names_in(parameter.default or ""), own)
    script = template.properties.get(SCRIPT_BODY) or ""
    reads.add([*names_in(script), *names_read_by(script)], own)


def names_in(text: str) -> list[str]:
    """The variables that the expressions of a text name, each once; none where it cannot be parsed."""
    try:
        return variable_names(text)
    except OctostacheError:
        return []


def names_read_by(script: str) -> list[str]:
    """The variables that a script asks for by a literal name."""
    found = (match["function"] or match["dictionary"] for match in _READ_BY_SCRIPT.finditer(script))
    return list(dict.fromkeys(found))
