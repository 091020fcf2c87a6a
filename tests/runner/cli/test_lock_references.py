"""What references mean with a lock and without, from the source's commits to the plan."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import Outcome, ProjectTree
from tests.support.repository import SourceRepository, parameter, template

FILE = "greet.json"


def greet(version: int, said: str = "hello", *more: dict[str, Any]) -> bytes:
    """A version of the template; it says the version, and `said`."""
    parameters = [parameter("greet_Name", DefaultValue="world"), *more]
    return template("Greet", version, f"echo {version} {said}", Parameters=parameters)


class Shop:
    """A project whose source "team" has one template."""

    def __init__(self, project: ProjectTree) -> None:
        self.project = project
        self.templates = SourceRepository.create(project.root / "templates")

    def commit(self, content: bytes) -> str:
        """The blob of a new version, which the mirror has then, too."""
        self.templates.commit({FILE: content})
        assert self.project.treadle("source", "sync", "team").exit_code == 0
        return self.templates.blob(FILE)

    def uses(self, *references: str) -> None:
        steps = [{"name": reference, "uses": reference} for reference in references]
        self.project.write({"deploy.yaml": {"steps": steps}})

    def plan(self, *arguments: str) -> Outcome:
        return self.project.treadle("plan", "deploy", "--json", *arguments)

    def said(self, *arguments: str) -> list[str]:
        """The script of every step."""
        done = self.plan(*arguments)
        assert done.exit_code == 0, done.stderr
        return [action["script"] for step in done.json["steps"] for action in step["actions"]]

    def lock(self, *arguments: str) -> Outcome:
        done = self.project.treadle("lock", *arguments)
        assert done.exit_code == 0, done.stderr
        return done


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.delenv("CI", raising=False)
    shop = Shop(make_project({"treadle.yaml": {"sources": {"team": {"git": "./templates"}}}}))
    shop.commit(greet(1))
    return shop


def test_open_references_stop_where_the_interface_breaks(shop: Shop) -> None:
    shop.commit(greet(2))
    shop.commit(greet(3, "hello", parameter("greet_Color", DefaultValue="red")))
    shop.uses("team/greet@1+", "team/greet@2+", "team/greet@1", "team/greet")
    assert shop.said() == ["echo 3 hello", "echo 3 hello", "echo 1 hello", "echo 3 hello"]
    shop.commit(greet(4, "hello", parameter("greet_Place")))
    assert shop.said()[:2] == ["echo 3 hello"] * 2
    shop.commit(greet(5))
    assert shop.said()[:2] == ["echo 5 hello"] * 2


def test_a_lock_holds_all_but_latest(shop: Shop) -> None:
    shop.uses("team/greet@1+", "team/greet", "team/greet@latest")
    shop.lock()
    shop.commit(greet(2))
    assert shop.said() == ["echo 1 hello", "echo 1 hello", "echo 2 hello"]
    assert shop.said("--locked") == shop.said()
    assert "up to date" in shop.lock().stdout
    shop.lock("--renew")
    assert shop.said("--locked") == ["echo 2 hello"] * 3


def test_two_contents_of_one_number_are_told_apart(shop: Shop) -> None:
    shop.uses("team/greet@1")
    shop.lock()
    first = shop.templates.blob(FILE)
    second = shop.commit(greet(1, "altered"))
    assert shop.said("--locked") == ["echo 1 hello"]
    shop.lock("--renew")
    assert shop.said("--locked") == ["echo 1 altered"]
    references = [f"team/greet@1:{blob[:7]}" for blob in (first, second)]
    shop.uses(*references)
    assert shop.said() == ["echo 1 hello", "echo 1 altered"]
    locked = shop.lock("--json").json["templates"]
    assert [locked[reference]["blob"] for reference in references] == [first, second]
    assert shop.project.treadle("verify").exit_code == 0


def test_a_variant_that_never_was_is_refused(shop: Shop) -> None:
    shop.uses("team/greet@1:0123456")
    done = shop.plan()
    assert done.exit_code == 2
    assert '"team/greet" has no content "0123456" under version 1' in done.stderr
    assert shop.templates.blob(FILE)[:7] in done.stderr
