"""What the documentation promises: examples, keys, codes, links and commands, compared with the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.resources import schema_file
from runner.documents import read_process, read_project
from tests.conftest import MakeProject
from tests.support.commands import all_options, misfit, shown_commands, shown_options
from tests.support.error_codes import difference_codes, error_codes

CHECKOUT = Path(__file__).parents[1]
DOCS = CHECKOUT / "docs"
SOURCES = (CHECKOUT / "registry", CHECKOUT / "runner")
PAGES = sorted([*DOCS.glob("*.md"), *CHECKOUT.glob("*.md")])
_OTHER_TOOLS = {"--rebase", "--rm"}
"""Options that the pages name, of git and docker."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(name: str) -> list[str]:
    """The YAML documents in a page."""
    found = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    return [block for block in found if "version: 1" in block]


# --- examples


@pytest.mark.parametrize("text", blocks("processes.md"))
def test_examples_of_processes_are_right(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(text)
    assert read_process(path, tmp_path).steps


@pytest.mark.parametrize("text", [*blocks("projects.md"), *blocks("variables.md")])
def test_examples_of_projects_are_right(tmp_path: Path, text: str) -> None:
    named = re.match(r"# \.\./shared/(.*)\n", text)
    path = tmp_path / (named[1] if named else "treadle.yaml")
    path.write_text(text)
    if named:  # a variable set, which a project includes
        path = tmp_path / "treadle.yaml"
        path.write_text(f"version: 1\nvariable_sets: [{named[1]}]\n")
    assert read_project(path, tmp_path).variables


def test_the_first_process_can_be_planned(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_HOOK", "https://chat.example.com/hook")
    project = make_project(
        {"treadle.yaml": blocks("projects.md")[0], "deploy.yaml": blocks("processes.md")[0]}
    )
    done = project.treadle("plan", "deploy", "-e", "Production", "--strict")
    assert (done.exit_code, done.stderr) == (0, "")


# --- keys


@pytest.mark.parametrize(
    ("page", "schema", "part"),
    [
        ("processes.md", "process", None),
        ("processes.md", "process", "step"),
        ("processes.md", "process", "container"),
        ("projects.md", "project", None),
        ("projects.md", "project", "target"),
        ("variables.md", "project", "variable"),
        ("variables.md", "project", "scoped"),
    ],
)
def test_every_key_is_documented(page: str, schema: str, part: str | None) -> None:
    rules = json.loads(schema_file(schema).read_text())
    text = (DOCS / page).read_text()
    keys = (rules["$defs"][part] if part else rules)["properties"]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_key_of_a_later_version_is_documented() -> None:
    later = json.loads(schema_file("process").read_text())["$defs"]["step"]["x-not-yet"]
    text = (DOCS / "processes.md").read_text()
    assert [key for key in later if f"`{key}`" not in text] == []


# --- codes


def codes_in_tables(page: str) -> list[str]:
    """The codes in the first column of a page's tables."""
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / page).read_text(), re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row)]


def test_every_error_code_is_documented() -> None:
    documented = {*codes_in_tables("errors.md"), *codes_in_tables("lint.md")}
    assert sorted(error_codes(*SOURCES).literal - documented) == []


def test_every_documented_error_code_exists() -> None:
    known = error_codes(*SOURCES)
    assert [code for code in codes_in_tables("errors.md") if not known.know(code)] == []


def test_a_code_is_noticed_however_it_reaches_its_error(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "class Closed(UserError): ...\n"
        "def report(message: str, code: str) -> Problem: ...\n"
        "def other(words: str) -> None: ...\n"
        "def act(kind: str) -> tuple[str, str]:\n"
        "    report('a message', 'passed-on')\n"
        "    other('not-a-code')\n"
        "    Problem('a message', code='by-name')\n"
        "    if kind:\n"
        "        raise Closed('shut' if kind else 'half-shut', 'a message')\n"
        "    raise Closed(f'unknown-{kind}', 'a message')\n"
        "    return 'in-a-pair', 'a message'\n"
    )
    found = error_codes(tmp_path)
    assert found.literal == {"passed-on", "by-name", "shut", "half-shut", "in-a-pair"}
    assert found.know("unknown-step")


def test_every_code_of_a_difference_is_documented() -> None:
    text = (DOCS / "registry.md").read_text()
    assert [code for code in sorted(difference_codes(*SOURCES).literal) if f"`{code}`" not in text] == []


# --- links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[str, str]]:
    """File (empty for the page itself) and anchor (empty for none) of every link into the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            yield file, anchor


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for file, anchor in links(page):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


@every_page
def test_every_path_of_the_repository_exists(page: Path) -> None:
    code = re.findall(
        r"[` ]((?:registry|runner|schemas|tests|bench|scripts|docs|examples)/[\w./-]*)", page.read_text()
    )
    assert [path for path in code if not (CHECKOUT / path.rstrip(".")).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = {CHECKOUT / "README.md"}
    waiting = list(reached)
    while waiting:
        page = waiting.pop()
        found = {(page.parent / file).resolve() for file, _ in links(page) if file.endswith(".md")} - reached
        reached |= found
        waiting += found
    assert sorted(set(DOCS.glob("*.md")) - reached) == []


# --- commands


@every_page
def test_every_command_exists(page: Path) -> None:
    shown = list(shown_commands(page.read_text()))
    assert {command: problem for command in shown if (problem := misfit(command))} == {}


@every_page
def test_every_option_exists(page: Path) -> None:
    if page.name == "script-contract.md":
        return  # The options there belong to a script's helper functions.
    known = all_options() | _OTHER_TOOLS
    assert sorted(set(shown_options(page.read_text())) - known) == []


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("treadle plan deploy -e Test --var Release=1.4", None),
        ("treadle export REF --format bundle", None),
        ("treadle runs logs [RUN] [-f]", None),
        ("treadle plam deploy", 'no command "plam"'),
        ("treadle plan deploy --enviroment Test", 'no option "--enviroment"'),
        ("treadle plan deploy release", 'nothing takes "release"'),
        ("treadle export REF --format zip", '"--format" does not offer "zip"'),
    ],
)
def test_a_wrong_command_is_noticed(command: str, problem: str | None) -> None:
    assert misfit(command) == problem
