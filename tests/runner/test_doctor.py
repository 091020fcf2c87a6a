from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.home import Home
from runner.doctor import CheckResult, DoctorCheck, EngineProbe, diagnose
from runner.engine.base import EngineError, EngineInfo

Usage = namedtuple("Usage", "total used free")


def look(tmp_path: Path, *engines: EngineProbe) -> dict[str, DoctorCheck]:
    home = Home.at(tmp_path / "home")
    checks = diagnose(home, lambda: Catalog.open(home, None), engines)
    return {check.name: check for check in checks}


def probe(info: EngineInfo | None, current: bool = True, archive: str | None = None) -> EngineProbe:
    def check() -> EngineInfo:
        if info is None:
            raise EngineError("engine-unreachable", "no answer", hint="Start it.")
        return info

    return EngineProbe("engine", check, lambda: current, lambda: current, archive)


def test_without_engines_there_is_still_something_to_look_at(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert list(found) == ["git", "home", "disk", "source builtin", "source library", "source community"]
    assert found["source builtin"].finding is CheckResult.OK


def test_an_engine_and_its_image(tmp_path: Path) -> None:
    found = look(tmp_path, probe(EngineInfo("docker", "27.0", storage="overlay2")))
    told = (
        "docker answers, version 27.0; "
        "the disk that actions take (storage driver overlay2) is watched, not limited by the engine"
    )
    assert found["engine"] == DoctorCheck("engine", CheckResult.OK, told)
    assert found["worker image on engine"].finding is CheckResult.OK


def test_an_image_that_is_missing_is_built_when_it_is_needed(tmp_path: Path) -> None:
    check = look(tmp_path, probe(EngineInfo("docker", "27.0"), current=False))["worker image on engine"]
    assert check.finding is CheckResult.WARNING
    assert check.hint is not None
    assert "treadle image build" in check.hint


def test_powershell_is_told_of_with_the_way_there(tmp_path: Path) -> None:
    info, name = EngineInfo("docker", "27.0"), "PowerShell on engine"
    assert look(tmp_path, probe(info))[name].finding is CheckResult.OK
    missing = look(tmp_path, probe(info, current=False))[name]
    assert missing.finding is CheckResult.WARNING
    assert missing.hint is not None
    assert "with PowerShell 7.6.6 from GitHub" in missing.hint
    assert "`treadle image build powershell --archive FILE`." in missing.hint
    (tmp_path / "archive").touch()
    named = look(tmp_path, probe(info, current=False, archive=str(tmp_path / "archive")))[name]
    assert f'builds it from "{tmp_path / "archive"}"' in str(named.hint)
    wrong = look(tmp_path, probe(info, current=False, archive=str(tmp_path / "nothing")))[name]
    assert wrong.finding is CheckResult.BROKEN
    assert f'"{tmp_path / "nothing"}", which is not a file' in wrong.detail


def test_a_rootless_engine_ignores_limits(tmp_path: Path) -> None:
    check = look(tmp_path, probe(EngineInfo("docker", "27.0", rootless=True)))["engine"]
    assert check.finding is CheckResult.WARNING


def test_of_an_engine_that_does_not_answer_nothing_else_is_asked(tmp_path: Path) -> None:
    found = look(tmp_path, probe(None))
    assert found["engine"] == DoctorCheck("engine", CheckResult.BROKEN, "no answer", "Start it.")
    assert "worker image on engine" not in found


@pytest.mark.parametrize(
    ("free", "finding"),
    [(50 << 20, CheckResult.BROKEN), (500 << 20, CheckResult.WARNING), (5 << 30, CheckResult.OK)],
)
def test_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, finding: CheckResult) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    assert look(tmp_path)["disk"].finding is finding


@pytest.mark.parametrize(
    ("version", "finding"),
    [("2.30.9", CheckResult.BROKEN), ("2.31.0", CheckResult.OK), ("10.1", CheckResult.OK)],
)
def test_git_must_be_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, finding: CheckResult
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho git version {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    assert look(tmp_path)["git"].finding is finding
