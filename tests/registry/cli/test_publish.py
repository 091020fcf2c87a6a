"""`treadle publish` and `treadle diff`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from registry.cli.compare import diff
from registry.cli.context import Context
from registry.cli.publish import publish_command
from registry.home import Home
from registry.template.files import unpack_file
from tests.support.repository import parameter, template

ID = "9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "treadle.yaml").write_text("library: {git: ./library}\n")
    return Context(tmp_path, Home.at(tmp_path / "home"), color=False)


def _run(context: Context, command: Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=context, catch_exceptions=False)


def _draft(context: Context, body: str, **more: object) -> str:
    file = context.directory / "hello.json"
    file.write_bytes(template("Say - Hello", 1, body, Id=ID, **more))
    return str(file)


def test_publish_tells_the_version_and_the_change(context: Context) -> None:
    assert (
        "Published library/hello@1.\n" in _run(context, publish_command, _draft(context, "echo one\n")).stdout
    )
    draft = _draft(context, "set -e\necho one\n", Parameters=[parameter("Hello.Url")])
    tried = _run(context, publish_command, draft, "--dry-run")
    assert "Would publish library/hello@2 (was 1).\nNeeds input\n" in tried.stdout
    done = json.loads(_run(context, publish_command, draft, "--json").stdout)
    assert (done["reference"], done["previous"], done["comparison"]["class"]) == (
        "library/hello@2",
        1,
        "needs input",
    )
    assert [item["code"] for item in done["comparison"]["differences"]] == [
        "parameter-added-without-default",
        "error-handling-changed",
        "script-changed",
    ]


def test_diff_tells_the_meaning_first_and_the_text_second(context: Context) -> None:
    _run(context, publish_command, _draft(context, "echo one\n"))
    _run(context, publish_command, _draft(context, "echo one\nexit 3\n"))
    told = _run(context, diff, "library/hello@1", "library/hello@2").stdout.splitlines()
    assert told[:3] == [
        "Behaviour changed",
        '  behaviour changed: errors may end it differently: "exit with an error" is new (suspected)',
        "  compatible: the script changed",
    ]
    assert told[3:8] == [
        "--- library/hello@1: script.sh",
        "+++ library/hello@2: script.sh",
        "@@ -1 +1,2 @@",
        " echo one",
        "+exit 3",
    ]
    short = _run(context, diff, "library/hello@1", "library/hello@2", "--summary").stdout.splitlines()
    assert short == told[:3]
    data = json.loads(_run(context, diff, "library/hello@1", "library/hello@2", "--json").stdout)
    assert (data["old"]["reference"], data["class"]) == ("library/hello@1", "behaviour changed")
    assert len(data["new"]["blob"]) == 40


def test_diff_of_a_version_with_itself_says_so(context: Context) -> None:
    _run(context, publish_command, _draft(context, "echo one\n"))
    told = _run(context, diff, "library/hello@1", "library/hello").stdout
    assert told == "Compatible\n  nothing changed but the version\n"


def test_publish_tells_commit_place_and_next_step(context: Context) -> None:
    told = _run(context, publish_command, _draft(context, "echo one\n")).stdout.splitlines()
    assert told[0] == "Published library/hello@1."
    assert told[1].startswith("Commit ")
    assert told[1].endswith(f" in {context.directory / 'library'}.")
    assert told[2] == "Use it with: uses: library/hello@1"


def test_publishing_what_did_not_change_is_no_error(context: Context) -> None:
    draft = _draft(context, "echo one\n")
    _run(context, publish_command, draft)
    again = _run(context, publish_command, draft)
    assert (again.exit_code, again.stdout) == (0, "Nothing changed: this is library/hello@1 already.\n")
    data = json.loads(_run(context, publish_command, draft, "--json").stdout)
    assert (data["changed"], data["reference"], data["comparison"]) == (False, "library/hello@1", None)
    tried = json.loads(_run(context, publish_command, draft, "--dry-run", "--json").stdout)
    assert (tried["changed"], tried["commit"]) == (False, None)


def test_what_changed_beside_the_template_is_named(context: Context) -> None:
    folder = context.directory / "hello"
    unpack_file(Path(_draft(context, "echo one\n")), folder)
    _run(context, publish_command, str(folder))
    (folder / "README.md").write_text("How to.\n")
    assert "Compatible: only README.md changed.\n" in _run(context, publish_command, str(folder)).stdout
