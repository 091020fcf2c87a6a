"""`treadle`: the root command, its options, and the one place where errors become exit codes.

Commands are imported when they are called, so that `--help`, `--version` and completion cost little more than
Python itself.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from registry.cli.context import Context
from registry.errors import NotFound, UserError

CANCELLED = 130
OUR_FAULT = 3

# Sections in the order of a first day with Treadle: name -> (module:attribute, one line).
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Templates": {
        "search": ("registry.cli.search:search", "Find templates in all sources."),
        "show": ("registry.cli.show:show_command", "Describe a template: parameters, script, versions."),
        "import": ("registry.cli.import_:import_command", "Copy templates into the library."),
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
        "patch": ("registry.cli.patch:patch", "Change other people's templates, and keep the change."),
        "source": ("registry.cli.source:source", "Manage where templates come from."),
    },
    "Processes and runs": {
        "init": ("runner.cli.init:init", "Start a project."),
        "plan": ("runner.cli.plan:plan", "Show what a run would do; create nothing."),
        "lock": ("runner.cli.lock:lock", "Pin the exact content of every template in use."),
        "verify": ("registry.cli.verify:verify_command", "Find altered bytes in mirrors, library and lock."),
        "run": ("runner.cli.run:run_command", "Run a process in an environment."),
        "runs": ("runner.cli.runs:runs", "Look at earlier and live runs."),
        "outdated": ("runner.cli.outdated:outdated", "List steps whose template has a newer version."),
        "update": ("runner.cli.update:update", "Bring steps to newer versions of their templates."),
        "expand": ("runner.cli.expand:expand_command", "Evaluate a text with #{...} in it."),
    },
    "Machine": {
        "image": ("runner.cli.image:image", "Build and list worker images."),
        "doctor": ("runner.cli.doctor:doctor", "Check that everything Treadle needs is there."),
        "completion": ("runner.cli.completion:completion", "Print a shell completion script."),
    },
}


class LazyCommands(click.Group):
    """A group whose commands are imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for section in COMMANDS.values():
            if cmd_name in section:
                module, attribute = section[cmd_name][0].split(":")
                command = getattr(importlib.import_module(module), attribute)
                return command if isinstance(command, click.Command) else None
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            from difflib import get_close_matches

            close = get_close_matches(name, self.list_commands(ctx), n=1)
            ctx.fail(f'no command "{name}"' + (f' (did you mean "{close[0]}"?)' if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in section.items()])


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "TREADLE"},
    epilog="Start with: treadle source sync, treadle search slack, treadle init.",
)
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Work as if started in DIR.",
)
@click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Verbose lines too.")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR is respected as well).")
@click.version_option(None, "--version", package_name="treadle", message="treadle %(version)s")
@click.pass_context
def cli(ctx: click.Context, directory: Path | None, quiet: bool, verbose: bool, no_color: bool) -> None:
    """Deployment step templates from git, run as processes in containers."""
    if directory is not None:
        os.chdir(directory)
    plain = no_color or "NO_COLOR" in os.environ
    ctx.color = False if plain else None
    ctx.obj = Context.from_environment(_here(), quiet=quiet, verbose=verbose, no_color=plain)
    _clear_up(ctx.obj)


def _clear_up(context: Context) -> None:
    """Remove what killed runs left behind, whatever the command is. Where there was none, a look at a folder."""
    if not context.home.runs_with_containers():
        return
    from runner.app import clear_up

    for run in clear_up(context.home):
        if not context.quiet:
            click.echo(f"Cleared up after run {run}, which did not end by itself.", err=True)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise NotFound("no-directory", "the folder that you are in is gone", hint="cd to another") from None


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, by default with the process's arguments; always ends in SystemExit."""
    try:
        status = cli.main(arguments, prog_name="treadle", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UserError as error:
        from registry.cli.problems import show_error

        show_error(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Cancelled.", err=True)
        sys.exit(CANCELLED)
    except BrokenPipeError:
        # The reader went away (`treadle search x | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        from registry.cli.problems import show_crash

        show_crash(error)
        sys.exit(OUR_FAULT)


if __name__ == "__main__":
    main()
