"""`treadle search`, `show` and `import`."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, parameter, template

PARAMETERS = [
    parameter("Url", Label="Address", HelpText="Where to post.", DefaultValue="http://localhost"),
    parameter("Key", control="Sensitive"),
]


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project whose source `ours` has been synced."""
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\nlibrary: {git: ./library}\n"})
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({"hello.json": template("Say - Hello", 1)})
    repository.commit({"hello.json": template("Say - Hello", 2, "echo hi\n", Parameters=PARAMETERS)})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def test_search_prints_aligned_lines_into_a_pipe(project: ProjectTree) -> None:
    done = project.treadle("search", "say", "hello", "--source", "ours")
    assert done.stdout.splitlines() == [
        "REFERENCE   VERSION  SCRIPT  RUNS  NAME",
        "ours/hello        2  bash    yes   Say - Hello",
    ]
    assert (done.exit_code, done.stderr) == (0, "")


def test_search_as_json(project: ProjectTree) -> None:
    (hit,) = project.treadle("search", "hello", "--source", "ours", "--json").json
    assert hit["reference"] == "ours/hello"
    assert (hit["version"], hit["syntaxes"], hit["category"]) == (2, ["bash"], "testing")


def test_search_tells_what_it_did_not_find_or_ask(project: ProjectTree) -> None:
    done = project.treadle("search", "nothing-like-it")
    assert done.exit_code == 0
    assert 'No template matches "nothing-like-it"' in done.stderr
    assert "Run: treadle source sync community" in done.stderr
    assert (
        project.treadle("search", "x", "--source", "ousr").stderr.splitlines()[1]
        == '  hint: Did you mean "ours"?'
    )


def test_show_describes_a_template(project: ProjectTree) -> None:
    done = project.treadle("show", "ours/hello")
    assert done.stdout == (
        "Say - Hello\n"
        "ours/hello@2 · Octopus.Script · bash · category testing\n"
        "Runs on: Linux\n"
        "\n"
        "What Say - Hello does.\n"
        "\n"
        "Parameters\n"
        "  Url  SingleLineText · default: http://localhost\n"
        "    Address\n"
        "    Where to post.\n"
        "  Key  Sensitive\n"
        "\n"
        "2 versions: treadle show ours/hello --versions\n"
    )
    assert "Version 2 is the latest." in project.treadle("show", "ours/hello@1").stdout


def test_show_prints_the_script_and_nothing_else(project: ProjectTree) -> None:
    assert project.treadle("show", "ours/hello", "--script").stdout == "echo hi\n"


def test_show_lists_the_versions(project: ProjectTree) -> None:
    lines = project.treadle("show", "ours/hello", "--versions").stdout.splitlines()
    assert lines[-3].split() == ["VERSION", "DATE", "BLOB", "COMMIT", "VARIANTS", "AUTHOR"]
    repository = SourceRepository(project.root / "ours")
    assert lines[-2].split()[2:] == [repository.blob("hello.json")[:7], repository.head()[:10], "-", "Tests"]


def test_show_as_json_has_everything(project: ProjectTree) -> None:
    shown = project.treadle("show", "ours/hello@1", "--json").json
    assert (shown["version"], shown["latest"], shown["deleted"]) == (1, 2, False)
    assert shown["scripts"] == {"script": "echo hello\n"}
    assert [item["version"] for item in shown["versions"]] == [2, 1]
    assert set(shown["versions"][0]) == {
        "version",
        "slug",
        "blob",
        "commit",
        "author",
        "date",
        "variants",
        "notices",
    }
    assert (shown["runnable"], shown["obstacle"], shown["readme"], shown["tests"]) == (True, None, None, [])
    two = project.treadle("show", "ours/hello", "--json").json
    assert [(item["name"], item["type"], item["sensitive"]) for item in two["parameters"]] == [
        ("Url", "SingleLineText", False),
        ("Key", "Sensitive", True),
    ]


@pytest.mark.parametrize(
    "text", ["hello@x", "..", "ours/", "ours/../x", "ours/hello@x", "ours/hello@1:zz", "a/b/c"]
)
def test_what_is_no_reference_is_told(text: str, project: ProjectTree) -> None:
    done = project.treadle("show", text)
    assert done.exit_code == 2
    assert done.complaint.splitlines() == [
        f'error: "{text}" is not a template reference',
        "  hint: Write SOURCE/NAME, or SOURCE/NAME@12 for an exact version.",
    ]


@pytest.mark.parametrize("version", ["", "@1", "@latest", "@1+"])
def test_a_source_can_be_left_out_where_only_one_has_the_template(project: ProjectTree, version: str) -> None:
    assert project.treadle("show", f"hello{version}") == project.treadle("show", f"ours/hello{version}")


def test_of_several_sources_with_the_template_none_is_taken(project: ProjectTree) -> None:
    assert project.treadle("import", "hello@1").stdout.startswith("Imported ours/hello@1 as library/hello.")
    done = project.treadle("show", "hello@2")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        'error[reference-ambiguous]: "hello" is a template of 2 sources',
        "  hint: Say which: library/hello@2, ours/hello@2.",
    ]


@pytest.mark.parametrize(
    ("slug", "hint"),
    [("helo", 'Did you mean "ours/hello"?'), ("qqqq", "Look for it with `treadle search qqqq`.")],
)
def test_a_template_that_no_source_has_is_looked_for_in_all(
    project: ProjectTree, slug: str, hint: str
) -> None:
    done = project.treadle("show", slug)
    assert done.exit_code == 2
    assert done.complaint.splitlines() == [f'error: no source has a template "{slug}"', f"  hint: {hint}"]


@pytest.mark.parametrize(
    "command", [("usage", "hello"), ("diff", "hello@1", "hello@2"), ("new", "x", "--from", "hello")]
)
def test_every_command_takes_a_template_by_its_slug(project: ProjectTree, command: tuple[str, ...]) -> None:
    assert project.treadle(*command).exit_code == 0


def test_import_tells_what_it_wrote(project: ProjectTree) -> None:
    tried = project.treadle("import", "ours/hello@1", "--dry-run")
    assert tried.stdout.splitlines() == [
        "Would import ours/hello@1 as library/hello.",
        "  hello/script.sh",
        "  hello/template.yaml",
    ]
    done = project.treadle("import", "ours/hello@1")
    commit = SourceRepository(project.root / "library").head()
    assert done.stdout.splitlines() == [
        "Imported ours/hello@1 as library/hello.",
        f"Commit {commit[:10]} in the library. Use it with: uses: library/hello",
    ]
    assert project.treadle("import", "ours/hello@1").stdout == (
        "library/hello is ours/hello@1 already: nothing to do.\n"
    )
    assert project.treadle("import", "ours/hello").stdout.startswith("Updated library/hello to ours/hello@2.")
    as_json = project.treadle("import", "ours/hello", "--json").json
    assert (as_json["commit"], as_json["templates"][0]["status"]) == (None, "unchanged")
    assert "Imported from ours/hello@2." in project.treadle("show", "library/hello").stdout


def test_import_under_another_name(project: ProjectTree) -> None:
    assert project.treadle("import", "ours/hello", "--as", "greet").exit_code == 0
    assert (project.root / "library/greet/template.yaml").is_file()
    done = project.treadle("import", "ours/hello", "builtin/sleep", "--as", "x")
    assert (done.exit_code, "only a single template" in done.stderr) == (2, True)


def test_an_older_version_is_called_a_downgrade(project: ProjectTree) -> None:
    project.treadle("import", "ours/hello@2")
    tried = project.treadle("import", "ours/hello@1", "--dry-run")
    assert "Would downgrade library/hello from 2 to the older ours/hello@1." in tried.stdout
    done = project.treadle("import", "ours/hello@1", "--json").json["templates"][0]
    assert (done["status"], done["previous"], done["downgrade"]) == ("updated", 2, True)


def test_a_second_copy_clashes_and_the_hint_says_what_to_do(project: ProjectTree) -> None:
    project.treadle("import", "ours/hello")
    refused = project.treadle("import", "ours/hello", "--as", "other")
    assert 'both have the title "Say - Hello"' in refused.stderr
    assert "treadle new SLUG --from ours/hello" in refused.stderr
