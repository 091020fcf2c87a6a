"""`treadle`: the root command, its options, and the one place where errors become exit codes.

Commands are imported when they are called, so that `--help`, `--version` and completion cost little more than
Python itself.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

import click

from registry.cli.group import Group, global_options
from registry.cli.output import echo, finish_output, start_output
from registry.errors import Unavailable, UserError

if TYPE_CHECKING:
    from registry.cli.context import Context

CANCELLED = 130
OUR_FAULT = 3

# Sections in the order of a first day with Treadle: name -> (module:attribute, one line).
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Templates": {
        "search": ("registry.cli.search:search", "Find templates in all sources."),
        "show": ("registry.cli.show:show_command", "Describe a template: parameters, script, versions."),
        "import": ("runner.cli.import_:import_command", "Copy templates into the library."),
        "export": ("runner.cli.export:export", "Hand templates and processes on."),
        "new": ("registry.cli.new:new", "Begin a template, new or as a copy."),
        "validate": ("runner.cli.validate:validate", "Check templates, processes and projects."),
        "lint": ("registry.cli.lint:lint_command", "Check templates against the rules of good ones."),
        "test": ("runner.cli.test:test", "Run the tests of templates in containers."),
        "pack": ("registry.cli.pack:pack_command", "Turn a template folder into Octopus JSON."),
        "unpack": ("registry.cli.pack:unpack_command", "Turn Octopus JSON into a template folder."),
        "publish": (
            "registry.cli.publish:publish_command",
            "Commit the next version of a template to the library.",
        ),
        "usage": ("registry.cli.usage:usage", "List who uses a template."),
        "deprecate": ("registry.cli.deprecation:deprecate", "Say that a template should no longer be used."),
        "revoke": ("registry.cli.deprecation:revoke", "Say that a template must not run."),
        "remove": ("registry.cli.remove:remove_command", "Take a template out of the library."),
        "diff": ("registry.cli.compare:diff", "Tell what changed between two versions, and what it means."),
        "log": ("registry.cli.log:log", "List the changes of a template, version by version."),
        "patch": ("registry.cli.patch:patch", "Change other people's templates, and keep the change."),
        "source": ("registry.cli.source:source", "Manage where templates come from."),
        "index": ("registry.cli.index:index", "Build a web site of the catalog."),
    },
    "Processes and runs": {
        "init": ("runner.cli.init:init", "Start a project."),
        "add": ("runner.cli.add:add", "Add a step that uses a template to a process."),
        "process": ("runner.cli.process:process", "Edit the steps of a process."),
        "graph": ("runner.cli.graph:graph", "Draw a process: its steps, and who reads whose outputs."),
        "plan": ("runner.cli.plan:plan", "Show what a run would do; create nothing."),
        "lock": ("runner.cli.lock:lock", "Pin the exact content of every template in use."),
        "verify": ("registry.cli.verify:verify_command", "Find altered bytes in mirrors, library and lock."),
        "run": ("runner.cli.run:run_command", "Run a process in an environment."),
        "try": ("runner.cli.try_:try_command", "Run one template once, with nothing written down."),
        "runs": ("runner.cli.runs:runs", "Look at earlier and live runs."),
        "outdated": ("runner.cli.outdated:outdated", "List steps whose template has a newer version."),
        "update": ("runner.cli.update:update", "Bring steps to newer versions of their templates."),
        "vars": ("runner.cli.vars:vars_group", "List, explain, set and seal variables."),
        "expand": ("runner.cli.expand:expand_command", "Evaluate a text with #{...} in it."),
    },
    "Machine": {
        "image": ("runner.cli.image:image", "Build and list worker images."),
        "config": ("runner.cli.config:config", "Show the settings that hold here, and their origins."),
        "doctor": ("runner.cli.doctor:doctor", "Check that everything Treadle needs is there."),
        "completion": ("runner.cli.completion:completion", "Print a shell completion script."),
        "help": ("runner.cli.help:help_command", "Explain a command."),
    },
}


class LazyCommands(Group):
    """The commands of `COMMANDS`, each imported on first use."""

    elsewhere = {  # noqa: RUF012 - as declared by Group
        **dict.fromkeys(("list", "ls"), ("source list", "runs list", "image list")),
        **dict.fromkeys(("sync", "fetch"), ("source sync",)),
        "build": ("image build", "index build"),
        "logs": ("runs logs",),
        "install": ("import",),
        "deploy": ("run",),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for section in COMMANDS.values():
            if cmd_name in section and cmd_name not in self.commands:
                module, attribute = section[cmd_name][0].split(":")
                self.add_command(getattr(importlib.import_module(module), attribute), cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            self.fail_unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in section.items()])


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        echo(f"treadle {version('treadle')}")
        ctx.exit()


@click.group(
    cls=LazyCommands,
    context_settings={"auto_envvar_prefix": "TREADLE"},
    add_help_option=False,
    epilog="Start with: treadle source sync, treadle search slack, treadle init.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Deployment step templates from git, run as processes in containers."""
    from registry.cli.context import WHEN_READY  # help does without it

    ctx.meta[WHEN_READY] = _clear_up


cli.params[:0] = global_options(shown=True)


def _clear_up(context: Context) -> None:
    """Remove what killed runs left behind, whatever the command is. Where there was none, a look at a folder.

    No command waits long for an engine that it may not even need.
    """
    from runner.runs.engine_notes import noted_runs

    if not noted_runs(context.home.runs):
        return
    from runner.app import clear_up_soon

    for run in clear_up_soon(context.home):
        if not context.quiet:
            echo(f"Cleared up after run {run}, which did not end by itself.", err=True)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, by default with the process's arguments; always ends in SystemExit."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    _prepare_streams()
    start_output(colours="NO_COLOR" not in os.environ)
    try:
        status = _run(given)
        finish_output()
        if status == CANCELLED and arguments is None:
            _cancel_no_more()
        sys.exit(status)
    except BrokenPipeError:
        # The reader went away (`treadle search x | head`): nobody is left to tell.
        _give_up_output()
        sys.exit(0)
    except Unavailable:
        # Raised while an error was told: the error output cannot be written either.
        _give_up_output()
        sys.exit(OUR_FAULT)


def _cancel_no_more() -> None:
    """One Ctrl-C more than needed, while this process ends, does not change how it ended."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(arguments: list[str]) -> int:
    """The command line's exit code, its error told. Raises BrokenPipeError, Unavailable."""
    error: UserError
    try:
        if os.environ.get("_TREADLE_COMPLETE"):
            from runner.cli.completion import complete

            return complete(cli)
        return _invoke(arguments)
    except click.ClickException as refused:
        from registry.cli.problems import usage_error

        error = usage_error(refused)
    except UserError as known:
        error = known
    except (KeyboardInterrupt, click.Abort):
        echo("Cancelled.", err=True)
        return CANCELLED
    except BrokenPipeError:
        raise
    except Exception as defect:
        from registry.cli.problems import crash_error

        error = crash_error(defect)
    _tell(error, arguments)
    return OUR_FAULT if error.code == "internal-error" else error.exit_code


def _invoke(arguments: list[str]) -> int:
    """Run the command; once more where the index was damaged, which is a cache and can be built again."""
    try:
        return _call(arguments)
    except Exception as error:
        from registry.index.connection import IndexDamagedError

        if not isinstance(error, IndexDamagedError):
            raise
        error.discard()
        echo(f"The index {error.path} was damaged: it is built again.", err=True)
    try:
        return _call(arguments)
    except IndexDamagedError as error:
        hint = "Check that disk, or point TREADLE_HOME elsewhere."
        raise Unavailable("index-unusable", f"{error}, though it was just built again", hint) from error


def _call(arguments: list[str]) -> int:
    """As click's own `main`, which would make exit code 1 of a reader that went away. Raises BrokenPipeError."""
    try:
        with cli.make_context("treadle", list(arguments)) as ctx:
            status = cli.invoke(ctx)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (EOFError, KeyboardInterrupt) as error:
        echo(err=True)  # away from what was typed
        raise click.Abort from error
    return status if isinstance(status, int) else 0


def _tell(error: UserError, arguments: Sequence[str]) -> None:
    """An error on stderr; on stdout, too, where JSON was asked for."""
    from registry.cli.problems import print_error_json, show_error

    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    events = "--progress=json" in options or ("--progress", "json") in pairwise(options)
    try:
        show_error(error)
        if error.code == "output-not-written":
            _give_up_output()
        elif events or "--json" in options:
            print_error_json(error, as_line=events)
    except BrokenPipeError:
        _give_up_output()  # it failed all the same: the exit code has to say so


def _prepare_streams() -> None:
    """Streams that are closed become empty ones, and characters that they cannot hold are replaced."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # Held open, so that no file of ours gets the number of a standard stream.
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
        elif isinstance(stream, TextIOWrapper) and number > 0:
            stream.reconfigure(errors="replace")


def _give_up_output() -> None:
    """Let nothing more reach stdout and stderr, Python's own last flush included."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
