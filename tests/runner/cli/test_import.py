"""What `import` tells of the processes in a share bundle, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

MORE: dict[str, Any] = {"network": "host", "user": "0", "capabilities": ["SYS_ADMIN"]}
STEP = {"name": "Look", "run": "id"}


@pytest.fixture
def receiver(make_project: MakeProject) -> ProjectTree:
    """A project with a bundle of `deploy.yaml` in it, whose step asks for `MORE`, and of nothing else."""
    project = make_project({"treadle.yaml": {}, "deploy.yaml": {"steps": [{**STEP, "container": MORE}]}})
    assert project.treadle("export", "deploy.yaml", "-o", "shop.tar.gz").exit_code == 0
    (project.root / "deploy.yaml").unlink()
    return project


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--force",), ("--json",)])
def test_a_bundle_that_asks_for_more_is_refused_with_a_list(
    receiver: ProjectTree, options: tuple[str, ...]
) -> None:
    done = receiver.treadle("import", "shop.tar.gz", *options)
    assert done.exit_code == 2
    if "--json" in options:
        assert done.json["error"]["code"] == "bundle-asks-for-more"
    else:
        assert done.stdout == ""
    assert "deploy.yaml:6:7:" in done.stderr
    assert 'step "Look" asks for: network host, root, SYS_ADMIN [asks-for-more]' in done.stderr
    assert "--allow" in done.stderr
    assert not (receiver.root / "deploy.yaml").exists()


def test_what_was_allowed_is_listed_all_the_same(receiver: ProjectTree) -> None:
    done = receiver.treadle("import", "shop.tar.gz", "--allow")
    assert done.exit_code == 0
    assert 'step "Look" asks for: network host, root, SYS_ADMIN' in done.stderr
    assert (receiver.root / "deploy.yaml").exists()
    (asked,) = receiver.treadle("import", "shop.tar.gz", "--allow", "--json").json["asks_for"]
    assert asked["message"] == 'step "Look" asks for: network host, root, SYS_ADMIN'


def test_a_bundle_within_the_defaults_needs_no_leave(make_project: MakeProject) -> None:
    less = {"network": "none", "read_only": True}
    project = make_project({"treadle.yaml": {}, "deploy.yaml": {"steps": [{**STEP, "container": less}]}})
    project.treadle("export", "deploy.yaml", "-o", "shop.tar.gz")
    done = project.treadle("import", "shop.tar.gz", "--json")
    assert (done.exit_code, done.json["asks_for"]) == (0, [])
