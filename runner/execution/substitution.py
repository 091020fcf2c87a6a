"""From an action and its values to what its script is given: everything evaluated, files substituted.

The rules of substitution are Octopus's: scripts always, files in the work directory when the action enables the
feature and names them; errors are told, and fail the action only when it asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from registry.template import octopus as properties
from runner.bootstrap import ScriptRequest, Syntax
from runner.engine.base import Container
from runner.model import Level
from runner.octostache.files import substitute
from runner.plan import PlannedAction
from runner.variables.binding import Bound, telling

_NOTHING: Mapping[str, str] = {}
_FEATURE = "Octopus.Features.SubstituteInFiles"
_ENABLED = "Octopus.Action.EnabledFeatures"
_FILES = "Octopus.Action.SubstituteInFiles.TargetFiles"
_ENCODING = "Octopus.Action.SubstituteInFiles.OutputEncoding"
_WARN_NO_MATCH = "Octopus.Action.SubstituteInFiles.EnableNoMatchWarning"


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """What a script finds around it beside its variables; see `runner.bootstrap.ScriptRequest`.

    `examine` looks at the container after the script has ended. `certificates` are the contents of the files that
    actions name as `ca`, by their paths.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    examine: Callable[[Container], None] | None = None
    certificates: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A script ready to run, what to tell about it, and why it must not run, if so.

    `secrets` are what expressions in script and files came to that read a secret.
    """

    request: ScriptRequest
    notes: tuple[tuple[Level, str], ...] = ()
    complaint: str | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class _Files:
    """Files after substitution; `secret` are those that read something sensitive."""

    contents: Mapping[str, bytes]
    secret: frozenset[str] = frozenset()
    notes: tuple[tuple[Level, str], ...] = ()
    errors: tuple[str, ...] = ()
    derived: frozenset[str] = field(default=frozenset(), repr=False)


def prepare_request(
    action: PlannedAction, bound: Bound, around: ScriptContext, environment: Mapping[str, str] = _NOTHING
) -> Prepared:
    """The action's script with all it needs; `environment` is what its step says. Raises OctostacheError."""
    scope = bound.scope
    own = {file.path: file.content for file in action.files}
    programs = {file.path for file in action.files if file.executable}
    script = scope.evaluate(action.script, halt_on_error=False)
    files = _substituted({**own, **around.files}, bound)
    errors = ([f"in the script: {script.error}"] if script.error else []) + list(files.errors)
    request = ScriptRequest(
        syntax=Syntax(action.syntax),
        body=script.text if script.text is not None else action.script,
        variables=bound.texts(),
        parameters=scope.get(properties.SCRIPT_PARAMETERS),
        files=files.contents,
        programs=around.programs | programs,
        secret_files=files.secret,
        environment={**environment, **around.environment},
        fail_fast=action.fail_fast,
        windows_aliases=action.aliases == "windows",
        ca=around.certificates.get(action.ca) if action.ca else None,
        log_environment=not scope.get_flag(properties.SUPPRESS_ENVIRONMENT),
    )
    must_not_fail = scope.get_flag(properties.FAIL_ON_SUBSTITUTION)
    return Prepared(
        request,
        (*files.notes, *((Level.VERBOSE, f"Substitution {error}") for error in errors)),
        f"substitution failed {'; '.join(errors)}" if errors and must_not_fail else None,
        telling((*script.secret_results, *files.derived)),
    )


def _substituted(files: Mapping[str, bytes], bound: Bound) -> _Files:
    """The files with those substituted that the action names, if it does."""
    scope = bound.scope
    if _FEATURE not in scope.get_strings(_ENABLED):
        return _Files(files)
    contents, secret, derived = dict(files), set(), set[str]()
    notes: list[tuple[Level, str]] = []
    errors: list[str] = []
    for pattern in scope.get_paths(_FILES):
        names = list(_matching(pattern, files))
        if not names and scope.get_flag(_WARN_NO_MATCH, default=True):
            notes.append((Level.WARNING, f'No file matches "{pattern}" for substitution.'))
        for name in names:
            done = substitute(files[name], scope, scope.get(_ENCODING))
            contents[name] = done.content
            derived.update(done.evaluation.secret_results)
            if done.evaluation.error:
                errors.append(f'in "{name}": {done.evaluation.error}')
            if any(read.casefold() in bound.sensitive_names for read in done.evaluation.reads):
                secret.add(name)
    return _Files(contents, frozenset(secret), tuple(notes), tuple(errors), frozenset(derived))


def _matching(pattern: str, names: Mapping[str, bytes]) -> Iterator[str]:
    """The names that a glob of Octopus's means: `*` within a folder, `**` across, `{a,b}`."""
    from wcmatch import glob

    flags = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB
    for name in names:
        if not name.endswith("/") and glob.globmatch(
            name, pattern.removeprefix("./"), flags=flags, limit=1000
        ):
            yield name
