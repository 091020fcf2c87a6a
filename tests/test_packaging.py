"""The wheel carries everything: installed in a clean virtualenv, it works from a folder that isn't a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], CHECKOUT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`treadle` in a virtualenv that has the wheel, and the checkout's dependencies but not the checkout."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    dependencies = sysconfig.get_path("purelib")
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    python = folder / "bin" / "python"
    _run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", str(wheel)],
        folder,
    )
    return folder / "bin" / "treadle"


def test_the_wheel_holds_schemas_templates_and_container_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("schemas", "templates-library"):
        for file in (CHECKOUT / folder).rglob("*"):
            if file.is_file():
                assert f"registry/data/{folder}/{file.relative_to(CHECKOUT / folder).as_posix()}" in names
    for name in (
        "runner/engine/receiver.sh",
        "runner/engine/worker/Dockerfile",
        "runner/bootstrap/start.sh",
        "runner/engine/worker_kubectl/Dockerfile",
        "registry/site/pages/index.html.jinja",
        "registry/template/powershell/tables/linux.txt",
        "registry/template/powershell/tables/windows.toml",
        "registry/site/pages/style.css",
    ):
        assert name in names
    skeletons = [*CHECKOUT.glob("registry/**/*.j2"), *CHECKOUT.glob("runner/**/*.j2")]
    assert {path.parent.parent.name for path in skeletons} == {"template", "documents"}
    assert {path.relative_to(CHECKOUT).as_posix() for path in skeletons} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_the_installed_program_reads_its_templates(program: Path, tmp_path: Path) -> None:
    found = json.loads(_treadle(program, tmp_path, "show", "builtin/sleep", "--json"))
    assert found["name"] == "Treadle - Sleep"


def test_the_installed_program_begins_templates_and_projects(program: Path, tmp_path: Path) -> None:
    _treadle(program, tmp_path, "init", "shop")
    _treadle(program, tmp_path, "new", "notify-team", "--syntax", "python")
    _treadle(program, tmp_path, "validate", "shop", "notify-team")


def test_the_installed_program_plans_with_its_schemas(program: Path, tmp_path: Path) -> None:
    (tmp_path / "wait.yaml").write_text("version: 1\nsteps:\n  - {name: Nap, uses: builtin/sleep}\n")
    plan = json.loads(_treadle(program, tmp_path, "plan", "wait", "--json"))
    assert [step["name"] for step in plan["steps"]] == ["Nap"]
    assert plan["steps"][0]["actions"][0]["template"]["source"] == "builtin"


def _treadle(program: Path, folder: Path, *arguments: str) -> str:
    return _run([str(program), *arguments], folder, TREADLE_HOME=str(folder / "home"))


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
