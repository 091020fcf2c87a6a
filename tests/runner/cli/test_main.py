from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from runner.cli.main import COMMANDS, cli
from tests.conftest import MakeProject
from tests.support.project import ProjectTree

NAMES = [name for section in COMMANDS.values() for name in section]
HEAVY = ("docker", "jsonschema", "rich", "yaml", "regex", "markdown_it", "sqlite3", "jinja2")


@pytest.fixture
def empty(make_project: MakeProject) -> ProjectTree:
    return make_project({})


def test_help_lists_every_command_by_section(empty: ProjectTree) -> None:
    done = empty.treadle("--help")
    assert done.exit_code == 0
    for title, section in COMMANDS.items():
        assert f"{title}:" in done.stdout
        for name, (_, line) in section.items():
            # A long line is wrapped.
            assert f"  {name} " in done.stdout
            assert line.split()[0] in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_offered_is_there_and_explains_itself(empty: ProjectTree, name: str) -> None:
    done = empty.treadle(name, "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    module, attribute = next(section[name][0] for section in COMMANDS.values() if name in section).split(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.help


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, set[str]]]:
    """All commands below one, by what a user types, and their options."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _leaves(below, f"{path} {name}".strip())
    else:
        yield path, {option for parameter in command.params for option in parameter.opts}


def test_every_listing_has_json_and_every_change_a_dry_run() -> None:
    """`plan` is the dry run of what runs; `source sync` changes a cache only."""
    running = {"run", "runs resume", "runs retry", "runs intervene", "try"}
    reading = {"search", "show", "validate", "test", "diff", "usage", "plan", "verify", "outdated", "expand"}
    reading |= {"doctor", "log", "graph", "config show", "source list", "source sync", "image list"}
    reading |= {"vars list", "vars explain", "vars key list"}
    reading |= {f"runs {what}" for what in ("list", "show", "logs", "artifacts")}
    for path, options in _leaves(cli, ""):
        if path not in running | {"completion", "help"}:
            assert ("--json" if path in reading else "--dry-run") in options, path


def test_help_and_version_import_nothing_heavy() -> None:
    program = (
        "import sys\nfrom runner.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print('IMPORTED', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    for arguments in (["--help"], ["--version"], ["completion", "bash"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "IMPORTED []", arguments


def test_planning_does_not_import_docker(empty: ProjectTree) -> None:
    empty.write({"deploy.yaml": {"steps": [{"name": "A", "run": "x"}]}})
    program = (
        "import sys\nfrom runner.cli.main import main\n"
        "try:\n    main(['plan', 'deploy', '--json'])\nexcept SystemExit:\n    pass\n"
        "assert 'docker' not in sys.modules and 'rich' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=empty.root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_that_is_gone_is_told(empty: ProjectTree, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = f"cd {gone} && rmdir {gone} && exec {Path(sys.executable).with_name('treadle')} plan deploy"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "error[no-directory]: the folder that you are in is gone\n  hint: Change to another.\n"
    )


def test_ctrl_c_is_cancelled(empty: ProjectTree, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.app.run_service", interrupt)
    done = empty.treadle("plan", "deploy")
    assert (done.exit_code, done.stderr) == (130, "\nCancelled.\n")


def test_a_reader_that_went_away_is_nobody_to_complain_to(empty: ProjectTree) -> None:
    steps = [{"name": f"Step {number}", "run": "x"} for number in range(500)]
    empty.write({"deploy.yaml": {"steps": steps}})
    program = f"{Path(sys.executable).with_name('treadle')} plan deploy --json | head -1"
    done = subprocess.run(["sh", "-c", program], cwd=empty.root, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    "command", ["plan deploy", "plan deploy --json", "validate .", "--help", "plan --help"]
)
def test_a_reader_that_went_away_makes_no_failure(empty: ProjectTree, command: str) -> None:
    empty.write({"deploy.yaml": {"steps": [{"name": "A", "run": "x"}]}})
    program = [str(Path(sys.executable).with_name("treadle")), *command.split()]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(program, cwd=empty.root, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_late_ctrl_c_does_not_change_how_a_cancelled_command_ends() -> None:
    program = (
        "import atexit, os, signal, runner.cli.main as program\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "program._run = lambda arguments: program.CANCELLED\n"
        "program.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")
