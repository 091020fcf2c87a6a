"""`uses: ./folder`: a template of the project itself that nobody has published."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    project = make_project(
        {"treadle.yaml": {}, "deploy.yaml": {"steps": [{"name": "A", "uses": "./steps/hello"}]}}
    )
    assert project.treadle("new", "hello", "--syntax", "bash", "-o", "steps/hello").exit_code == 0
    return project


def test_is_planned_with_the_version_of_the_folder(shop: ProjectTree) -> None:
    done = shop.treadle("plan", "deploy")
    assert done.exit_code == 0, done.stderr
    assert "./steps/hello (Bash, local folder, unpublished)" in done.stdout
    (action,) = shop.treadle("plan", "deploy", "--json").json["steps"][0]["actions"]
    assert (action["template"]["source"], action["template"]["version"]) == (".", 1)


def test_is_what_lies_there_now(shop: ProjectTree) -> None:
    script = shop.root / "steps/hello/script.sh"
    script.write_text("echo CHANGED\n")
    assert "CHANGED" in shop.treadle("plan", "deploy", "-v").stdout


def test_is_found_from_a_folder_below(shop: ProjectTree) -> None:
    shop.write({"below/own.yaml": {"steps": [{"name": "A", "uses": "./steps/hello"}]}})
    assert shop.treadle("-C", "below", "plan", "own").exit_code == 0


def test_is_validated_with_its_values(shop: ProjectTree) -> None:
    shop.write({"bad.yaml": {"steps": [{"name": "A", "uses": "./steps/hello", "with": {"Nope": "1"}}]}})
    done = shop.treadle("validate", "bad.yaml")
    assert (done.exit_code, "[unknown-parameter]" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("uses", "code"),
    [
        ("./nope", "template-not-found"),
        ("./../hello", "bad-reference"),
        ("./", "bad-reference"),
        ("./link", "file-outside"),
    ],
)
def test_must_be_a_template_inside_of_the_project(shop: ProjectTree, uses: str, code: str) -> None:
    outside = shop.root.parent / "outside"
    outside.mkdir()
    (outside / "template.yaml").write_text("schema: 1")
    (shop.root / "link").symlink_to(outside)
    shop.write({"bad.yaml": {"steps": [{"name": "A", "uses": uses}]}})
    done = shop.treadle("plan", "bad")
    assert (done.exit_code, f"[{code}]" in done.stderr) == (2, True)


def test_that_has_problems_is_told(shop: ProjectTree) -> None:
    shop.write({"steps/hello/template.yaml": "schema: 1\nname: Hello\n"})
    done = shop.treadle("plan", "deploy")
    assert (done.exit_code, "./steps/hello" in done.stderr) == (2, True)


def test_is_not_locked_and_not_shared(shop: ProjectTree) -> None:
    locked = shop.treadle("lock")
    assert locked.exit_code == 0
    assert "./steps/hello  is a folder of the project, and is not locked" in locked.stdout
    assert shop.treadle("plan", "deploy", "--locked").exit_code == 0
    done = shop.treadle("export", "deploy.yaml", "-o", "shop.tar.gz")
    assert (done.exit_code, "nobody has published" in done.stderr) == (2, True)
    assert not (shop.root / "shop.tar.gz").exists()


def test_changes_of_a_published_template_that_are_not_published_are_told(shop: ProjectTree) -> None:
    shop.write({"treadle.yaml": {"library": {"git": "./library"}}})
    assert shop.treadle("publish", "steps/hello", "--as", "hello").exit_code == 0
    shop.write({"deploy.yaml": {"steps": [{"name": "A", "uses": "library/hello"}]}})
    assert "unpublished" not in shop.treadle("plan", "deploy").stderr
    script = shop.root / "library/hello/script.sh"
    script.write_text(script.read_text() + "echo more\n")
    assert "library/hello has unpublished changes, which do not run [unpublished-changes]" in (
        shop.treadle("plan", "deploy").stderr
    )
