"""`treadle config show`: every setting that holds here, and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import click
from click.shell_completion import CompletionItem

from registry.cli.complete import completing
from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import COOL_DOWN_VARIABLE, json_option, paged
from registry.cli.output import print_json, print_table
from registry.project.cool_down import DEFAULT_DAYS

DEFAULT = "default"

_SECRETS = ("TREADLE_GIT_PASSWORD", "TREADLE_KEY")


@dataclass(frozen=True, slots=True)
class Setting:
    """`origin` is a file, the name of an environment variable or option, or `default`; `value` None: not set."""

    name: str
    value: str | int | float | bool | None
    origin: str


@completing
def _complete_setting(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    return [setting.name for setting in _settings(context, os.environ)]


@click.group(cls=Group)
def config() -> None:
    """Look at the settings: of the environment, the project and the user."""


@config.command("show")
@click.argument("name", required=False, shell_complete=_complete_setting)
@click.option("--origin", is_flag=True, help="Say where each comes from.")
@json_option
@pass_context
@paged
def show_config(context: Context, name: str | None, origin: bool, as_json: bool) -> None:
    """Show the settings that hold here, or those whose name begins with NAME.

    An option wins over an environment variable, that over treadle.yaml, that over your own settings file. Secrets are
    not shown.
    """
    from registry.errors import NotFound
    from registry.suggest import suggest

    every = list(_settings(context, os.environ))
    found = [setting for setting in every if name is None or f"{setting.name}.".startswith(f"{name}.")]
    if not found:
        known = suggest(name or "", [setting.name for setting in every])
        raise NotFound("setting-not-found", f'there is no setting "{name}"', known)
    if as_json:
        print_json([asdict(setting) for setting in found])
        return
    heads = ("SETTING", "VALUE", "ORIGIN") if origin else ("SETTING", "VALUE")
    print_table(heads, [(one.name, _shown(one.value), one.origin)[: len(heads)] for one in found])


def _settings(context: Context, environ: Mapping[str, str]) -> Iterator[Setting]:
    project = context.project()
    file = str(project.file) if project else DEFAULT
    yield Setting("home", str(context.home.path), _from(environ, "TREADLE_HOME", "XDG_DATA_HOME"))
    yield Setting(
        "settings_file", str(context.home.config_file), _from(environ, "TREADLE_HOME", "XDG_CONFIG_HOME")
    )
    key_file = environ.get("TREADLE_KEY_FILE") or str(context.home.key_file)
    yield Setting("key_file", key_file, _from(environ, "TREADLE_KEY_FILE", "TREADLE_HOME", "XDG_CONFIG_HOME"))
    yield Setting("project", str(project.file) if project else None, file)
    library = project.library if project else None
    yield Setting("library", str(library or context.home.library), file if library else DEFAULT)
    yield from _cool_down(project.cool_down if project else None, file, environ)
    yield from _sources(context, environ)
    yield from _run_settings(environ)
    yield Setting("color", context.color, _from(environ, "NO_COLOR") if "NO_COLOR" in environ else DEFAULT)
    yield Setting("pager", environ.get("PAGER"), _from(environ, "PAGER"))
    for variable in ("TREADLE_GIT_USER", *_SECRETS):
        if environ.get(variable):
            value = "********" if variable in _SECRETS else environ[variable]
            yield Setting(variable.removeprefix("TREADLE_").lower(), value, variable)


def _cool_down(of_project: float | None, file: str, environ: Mapping[str, str]) -> Iterator[Setting]:
    if environ.get(COOL_DOWN_VARIABLE):
        yield Setting("cool_down", environ[COOL_DOWN_VARIABLE], COOL_DOWN_VARIABLE)
    elif of_project is not None:
        yield Setting("cool_down", of_project, file)
    else:
        yield Setting("cool_down", DEFAULT_DAYS, DEFAULT)


def _sources(context: Context, environ: Mapping[str, str]) -> Iterator[Setting]:
    from registry.project.source_settings import COMMUNITY_SOURCE, COMMUNITY_VARIABLE, source_definitions

    for name, source in source_definitions(context.home, context.project(), environ).items():
        origin = str(source.defined_in) if source.defined_in else DEFAULT
        replaced = name == COMMUNITY_SOURCE and environ.get(COMMUNITY_VARIABLE)
        yield Setting(f"sources.{name}.git", source.url, COMMUNITY_VARIABLE if replaced else origin)
        yield Setting(f"sources.{name}.ref", source.ref, origin)
        yield Setting(f"sources.{name}.path", source.folder, origin)


def _run_settings(environ: Mapping[str, str]) -> Iterator[Setting]:
    from runner.app import in_ci
    from runner.runs.limits import ARTIFACT_VARIABLES, KEEP_RUNS, OUTPUT_VARIABLES, read_limits

    limits = read_limits(environ)
    for variable, field in OUTPUT_VARIABLES.items():
        yield Setting(_limit(variable), getattr(limits.output, field), _from(environ, variable))
    for variable, field in ARTIFACT_VARIABLES.items():
        yield Setting(_limit(variable), getattr(limits.artifacts, field), _from(environ, variable))
    yield Setting("keep_runs", limits.keep_runs, _from(environ, KEEP_RUNS))
    yield Setting("ci", in_ci(environ), _from(environ, "CI"))


def _limit(variable: str) -> str:
    return "limits." + variable.removeprefix("TREADLE_MAX_").lower()


def _from(environ: Mapping[str, str], *variables: str) -> str:
    return next((variable for variable in variables if environ.get(variable)), DEFAULT)


def _shown(value: str | int | float | bool | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
