"""The worker image: what is in it, and when it is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry.cli.context import Context
from registry.home import Home
from runner.cli.image import image
from runner.engine.base import ContainerSpec, EngineError
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import (
    IMAGES,
    POWERSHELL,
    WORKER,
    WorkerImage,
    context_digest,
    context_tar,
    image_named,
    image_with,
    worker_reference,
)
from tests.support.engine import Bench, Program
from tests.support.second_engine import second_engine

TOOLS = "bash python3 pip curl wget jq git openssl unzip rsync ps sh"
PACKAGES = "jsonschema requests httplib2 PyYAML"
CA_BUNDLE = b"/etc/ssl/certs/ca-certificates.crt\n"
MOST_BYTES = 220_000_000


def test_the_same_files_make_the_same_context() -> None:
    assert context_tar() == context_tar()
    assert len(context_digest()) == 64


@pytest.mark.parametrize("ours", IMAGES.values(), ids=list(IMAGES))
def test_every_image_has_its_files_and_says_what_it_brings(ours: WorkerImage) -> None:
    files = {path.name: path for path in ours.context_files()}
    assert "FROM ${BASE}" in files["Dockerfile"].read_text("utf-8")
    assert image_named(ours.reference) is ours
    assert ours.brings or ours is POWERSHELL
    assert ours.tools >= WORKER.tools


def test_the_smallest_image_with_some_tools() -> None:
    assert image_with({"git", "jq"}) is WORKER
    assert image_with({"git", "az"}) is IMAGES["azure-cli"]
    assert image_with({"az", "aws"}) is None


def invoke(context: Context, *arguments: str) -> str:
    result = CliRunner().invoke(image, arguments, obj=context, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("project")
    return Context(folder, Home.at(folder / "home"), color=False)


@pytest.mark.docker
def test_a_current_image_is_not_built_again(context: Context, docker_engine: DockerEngine) -> None:
    assert docker_engine.images.is_current(WORKER)
    assert invoke(context, "build").startswith(f"{worker_reference()} is current: sha256:")
    assert invoke(context, "build", "--dry-run") == "The image is current.\n"


@pytest.mark.docker
def test_a_base_that_is_named_is_built_on(context: Context, docker_engine: DockerEngine) -> None:
    assert (
        invoke(context, "build", "--base", "treadle.invalid/nope:1", "--dry-run")
        == "The image would be built.\n"
    )
    before = docker_engine.images.known.facts(worker_reference()).image.id
    with pytest.raises(EngineError, match=r"treadle\.invalid/nope:1"):
        invoke(context, "build", "--base", "treadle.invalid/nope:1")
    assert docker_engine.images.known.facts(worker_reference()).image.id == before


@pytest.mark.docker
def test_an_engine_without_the_image_builds_it(docker_engine: DockerEngine, tmp_path: Path) -> None:
    said: list[str] = []
    with second_engine(tmp_path) as endpoint, DockerEngine(endpoint) as engine:
        image = engine.ensure_image(worker_reference(), said.append)
        assert engine.images.is_current(WORKER)
        bench = Bench(engine, ContainerSpec(worker_reference(), {}))
        assert bench.run(Program("id -un")).stdout == b"treadle\n"
    assert image.environment["HOME"] == "/treadle/home"
    assert [line for line in said if line.startswith("Building treadle/worker:")]


@pytest.mark.docker
def test_images_are_listed(context: Context, docker_engine: DockerEngine) -> None:
    assert f"{worker_reference()}  " in invoke(context, "list")
    listed = {one["reference"]: one for one in json.loads(invoke(context, "list", "--json"))}
    assert listed[worker_reference()]["current"]
    assert listed[worker_reference()]["size"] < MOST_BYTES
    assert {one["name"] for one in listed.values()} >= set(IMAGES)
    not_built = [one for one in listed.values() if not one["built"]]
    assert all((one["id"], one["current"]) == (None, False) for one in not_built)
    table = invoke(context, "list")
    assert all(f"treadle image build {one['name']}" in table for one in not_built)


@pytest.mark.docker
def test_scripts_find_their_tools(worker_bench: Bench) -> None:
    missing = f"for tool in {TOOLS}; do command -v $tool >/dev/null || echo $tool; done"
    assert worker_bench.run(Program(f"{missing}; ls /etc/ssl/certs/ca-certificates.crt")).stdout == CA_BUNDLE


@pytest.mark.docker
@pytest.mark.parametrize("user", ["1000", "0", "4321:4321"])
@pytest.mark.parametrize("read_only", [False, True])
def test_pip_is_content_with_what_is_there(worker_bench: Bench, user: str, read_only: bool) -> None:
    setup = 'from setuptools import setup; setup(name="mine", version="1", py_modules=["mine"])'
    script = f"""
    set -e
    pip install --quiet {PACKAGES}
    mkdir mine && cd mine && echo 'print("imported")' >mine.py && echo '{setup}' >setup.py
    pip install --quiet --no-index --no-build-isolation . && cd / && python3 -c 'import mine'
    """
    outcome = worker_bench.run(Program(script), user=user, read_only=read_only, network="none")
    assert (outcome.stdout, outcome.exit.code) == (b"imported\n", 0), outcome.stderr


@pytest.mark.docker
def test_a_user_without_rights_is_the_default(worker_bench: Bench) -> None:
    assert worker_bench.run(Program("id -u; id -un")).stdout == b"1000\ntreadle\n"
