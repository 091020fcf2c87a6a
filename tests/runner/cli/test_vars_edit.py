"""`treadle vars set`, `encrypt` and `key`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.variables.sealing import SealingKey
from tests.conftest import MakeProject
from tests.support.project import Outcome, ProjectTree

SECRET = "correct-horse-battery-staple"
PROJECT = """\
# The shop.
version: 1
environments: {Test: {}, Production: {}}
targets:
  web-1: {environments: [Test, Production], roles: [web-server]}
variables:
  # Where it lives.
  Site.Host: test.example.com   # default
  Mode: {value: fast, scopes: [{value: slow, environment: Production}]}
  Db.Password:
    sensitive: true
    from: {env: DB_PASSWORD}    # for now
    scopes:
      # production has its own
      - {from: {file: pw.txt}, environment: Production}
"""


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    tree = make_project({"treadle.yaml": PROJECT, "secret": f"{SECRET}\n"})
    assert tree.treadle("vars", "key", "new").exit_code == 0
    return tree


def text(shop: ProjectTree) -> str:
    return (shop.root / "treadle.yaml").read_text()


def changed(shop: ProjectTree) -> list[tuple[str, str]]:
    """The lines that differ from the project at first, sealed texts written as SEALED."""
    now = re.sub(r"v1\.[0-9a-f]{12}\.[A-Za-z0-9_-]+", "SEALED", text(shop)).splitlines()
    before = PROJECT.splitlines()
    return [("-", line) for line in before if line not in now] + [
        ("+", line) for line in now if line not in before
    ]


def value(shop: ProjectTree, name: str, *arguments: str) -> str:
    """What a name comes to."""
    done = shop.treadle("vars", "explain", name, *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return str(done.json["value"])


def opened(shop: ProjectTree, environment: str) -> bool:
    """Whether a plan finds the password."""
    steps = [{"name": "A", "run": "echo '#{if Db.Password == \"" + SECRET + "\"}right#{/if}'"}]
    shop.write({"deploy.yaml": {"steps": steps}})
    done = shop.treadle("plan", "deploy", "-e", environment, "--json")
    assert done.exit_code == 0, done.stderr
    assert SECRET not in done.stdout
    found = done.json["steps"][0]["actions"][0]["variables"]
    return [one["value"] for one in found if one["name"] == "Db.Password"] == ["********"]


class TestSet:
    def test_a_new_variable(self, shop: ProjectTree) -> None:
        assert shop.treadle("vars", "set", "Lane", "left: right").stdout == "treadle.yaml: Lane set.\n"
        assert changed(shop) == [("+", '  Lane: "left: right"')]

    def test_another_value_keeps_comments(self, shop: ProjectTree) -> None:
        shop.treadle("vars", "set", "site.host", "new.example.com")
        assert changed(shop) == [
            ("-", "  Site.Host: test.example.com   # default"),
            ("+", "  Site.Host: new.example.com   # default"),
        ]

    def test_a_value_for_a_place_joins_the_one_for_everywhere(self, shop: ProjectTree) -> None:
        shop.treadle(
            "vars", "set", "Site.Host", "www.example.com", "-e", "Production", "--role", "web-server"
        )
        assert value(shop, "Site.Host", "-e", "Test") == "test.example.com"
        assert value(shop, "Site.Host", "-e", "Production", "--target", "web-1") == "www.example.com"

    def test_the_value_of_the_same_scope_is_replaced(self, shop: ProjectTree) -> None:
        shop.treadle("vars", "set", "Mode", "steady", "-e", "PRODUCTION")
        assert changed(shop)[-1] == (
            "+",
            "  Mode: {value: fast, scopes: [{value: steady, environment: Production}]}",
        )
        shop.treadle("vars", "set", "Mode", "odd", "-e", "Test")
        assert changed(shop)[-1][1].endswith(", {value: odd, environment: Test}]}")

    def test_a_secret_is_sealed_and_never_taken_from_the_command_line(self, shop: ProjectTree) -> None:
        refused = shop.treadle("vars", "set", "Db.Password", SECRET)
        assert refused.exit_code == 2
        assert "secret-on-command-line" in refused.stderr
        assert text(shop) == PROJECT
        done = shop.treadle("vars", "set", "Db.Password", "@secret")
        assert done.stdout == "treadle.yaml: Db.Password sealed.\n"
        assert changed(shop) == [
            ("-", "    from: {env: DB_PASSWORD}    # for now"),
            ("+", "    from: {sealed: SEALED}    # for now"),
        ]
        assert SECRET not in text(shop)
        assert opened(shop, "Test")

    def test_for_a_place_only(self, shop: ProjectTree) -> None:
        shop.treadle("vars", "set", "Db.Password", "-", "-e", "Test", stdin=f"{SECRET}\n")
        assert changed(shop) == [("+", "      - {from: {sealed: SEALED}, environment: Test}")]
        assert opened(shop, "Test")

    def test_a_new_secret(self, shop: ProjectTree) -> None:
        shop.treadle("vars", "set", "Token", "@secret", "--sensitive")
        assert changed(shop) == [("+", "  Token: {sensitive: true, from: {sealed: SEALED}}")]

    def test_what_would_leave_a_secret_in_clear_is_refused(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "set", "Mode", "@secret", "--sensitive", "-e", "Test")
        assert done.exit_code == 2
        assert "plain-secret" in done.stderr
        assert "treadle vars encrypt" in done.stderr
        assert text(shop) == PROJECT

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["Site.Host", "x", "-e", "Tset"], "unknown-environment"),
            (["Site.Host", "x", "--role", "db"], "unknown-role"),
            (["Site.Host"], "value-missing"),
            (["Site.Host", "@nope"], "variable-file"),
        ],
    )
    def test_bad_input_changes_nothing(self, shop: ProjectTree, arguments: list[str], code: str) -> None:
        done = shop.treadle("vars", "set", *arguments)
        assert done.exit_code == 2
        assert code in done.stderr
        assert text(shop) == PROJECT

    def test_a_dry_run_changes_nothing(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "set", "Token", "@secret", "--sensitive", "--dry-run")
        assert done.stdout == "treadle.yaml: Token would be sealed.\n"
        assert text(shop) == PROJECT

    def test_without_a_project_or_a_key_it_says_what_to_do(self, make_project: MakeProject) -> None:
        tree = make_project({"secret": SECRET})
        assert "no-project-file" in tree.treadle("vars", "set", "A", "b").stderr
        tree.write({"treadle.yaml": "version: 1\n"})
        done = tree.treadle("vars", "set", "A", "@secret", "--sensitive")
        assert done.exit_code == 2
        assert "treadle vars key new" in done.stderr


class TestEncrypt:
    def in_clear(self, shop: ProjectTree) -> None:
        shop.write(
            {
                "treadle.yaml": "version: 1\n"
                "environments: {Test: {}}\n"
                "variable_sets: [set.yaml]\n"
                "variables:\n"
                f"  Password: {{sensitive: true, value: {SECRET}, "
                "scopes: [{value: other-secret, environment: Test}]}\n"
                "  Plain: text  # stays\n"
                "  Pin: 1234\n",
                "set.yaml": f"version: 1\nvariables: {{Shared: {{sensitive: true, value: {SECRET}}}}}\n",
            }
        )

    def test_every_value_in_clear_is_sealed_in_sets_too(self, shop: ProjectTree) -> None:
        self.in_clear(shop)
        done = shop.treadle("vars", "encrypt")
        assert done.stdout == "treadle.yaml: Password sealed.\nset.yaml: Shared sealed.\n"
        whole = text(shop) + (shop.root / "set.yaml").read_text()
        assert SECRET not in whole
        assert "other-secret" not in whole
        assert "Plain: text  # stays" in whole
        assert shop.treadle("vars", "encrypt").stdout == "There was nothing to do.\n"

    def test_a_named_variable_becomes_a_secret(self, shop: ProjectTree) -> None:
        self.in_clear(shop)
        assert shop.treadle("vars", "encrypt", "pin").stdout == "treadle.yaml: Pin sealed.\n"
        assert "  Pin: {sensitive: true, from: {sealed: v1." in text(shop)

    def test_an_unknown_name_is_told(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "encrypt", "Db.Pasword")
        assert done.exit_code == 2
        assert 'Did you mean "Db.Password"?' in done.stderr


class TestKeys:
    def sealed(self, shop: ProjectTree) -> None:
        shop.treadle("vars", "set", "Db.Password", "@secret")

    def test_who_has_the_key_opens_what_others_sealed(self, shop: ProjectTree, tmp_path: Path) -> None:
        self.sealed(shop)
        key = (shop.home / "keys").read_text().splitlines()[-1]
        colleague = ProjectTree(shop.root, tmp_path / "colleague", shop.monkeypatch)
        shop.write({"deploy.yaml": {"steps": [{"name": "A", "run": "echo '#{Db.Password}'"}]}})
        refused = colleague.treadle("run", "deploy", "-e", "Test")
        assert refused.exit_code == 2
        assert "key-missing" in refused.stderr
        assert colleague.treadle("plan", "deploy", "-e", "Test").exit_code == 0
        assert colleague.treadle("vars", "key", "add", stdin=f"{key}\n").exit_code == 0
        assert opened(colleague, "Test")

    def test_a_rotation_seals_everything_anew(self, shop: ProjectTree) -> None:
        self.sealed(shop)
        before, keys = text(shop), self.keys(shop)
        assert shop.treadle("vars", "key", "rotate", "--dry-run").exit_code == 0
        assert (text(shop), self.keys(shop)) == (before, keys)
        done = shop.treadle("vars", "key", "rotate")
        assert done.stdout == "treadle.yaml: Db.Password sealed with a new key.\n"
        assert text(shop) != before
        new, old = self.keys(shop)
        assert (old["key"], old["variables"]) == (keys[0]["key"], [])
        assert (new["state"], new["variables"]) == ("current", ["Db.Password"])
        assert opened(shop, "Test")

    def test_a_rotation_without_all_keys_changes_nothing(self, shop: ProjectTree) -> None:
        self.sealed(shop)
        before = text(shop)
        (shop.home / "keys").unlink()
        shop.treadle("vars", "key", "new")
        keys = self.keys(shop)
        done = shop.treadle("vars", "key", "rotate")
        assert done.exit_code == 2
        assert 'variable "Db.Password": it is sealed with the key' in done.stderr
        assert (text(shop), self.keys(shop)) == (before, keys)
        assert keys[-1]["state"] == "missing"

    def test_a_new_value_is_sealed_with_the_key_that_the_project_uses(self, shop: ProjectTree) -> None:
        self.sealed(shop)
        shop.treadle("vars", "key", "new")
        shop.treadle("vars", "set", "Token", "@secret", "--sensitive")
        assert [one["variables"] for one in self.keys(shop)] == [[], ["Db.Password", "Token"]]

    def test_keys_come_from_the_environment_too(
        self, shop: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TREADLE_KEY", SealingKey.new().text)
        self.sealed(shop)
        assert opened(shop, "Test")
        refused = shop.treadle("vars", "key", "new")
        assert refused.exit_code == 2
        assert "key-in-environment" in refused.stderr

    def test_a_key_is_never_shown(self, shop: ProjectTree) -> None:
        secret = (shop.home / "keys").read_text().split("v1.")[-1].strip()
        said = [shop.treadle("vars", "key", *words) for words in (["new"], ["list"], ["list", "--json"])]
        assert not any(secret in done.stdout + done.stderr for done in said)

    def test_what_is_not_a_key_is_refused(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "key", "add", stdin="hello")
        assert done.exit_code == 2
        assert "key-invalid" in done.stderr

    def keys(self, shop: ProjectTree) -> Any:
        done: Outcome = shop.treadle("vars", "key", "list", "--json")
        return done.json["keys"]


def test_changes_at_once_all_arrive(shop: ProjectTree) -> None:
    environ = {**os.environ, "TREADLE_HOME": str(shop.home)}
    names = [f"New.{number}" for number in range(4)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "runner", "vars", "set", name, "x"], cwd=shop.root, env=environ
        )
        for name in names
    ]
    assert [one.wait() for one in running] == [0] * len(names)
    assert sorted(changed(shop)) == [("+", f"  {name}: x") for name in names]
