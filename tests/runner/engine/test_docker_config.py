"""Docker's own files, as the docker command reads them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from runner.engine.base import EngineError
from runner.engine.docker_config import DEFAULT_HOST, current_context, registry_login


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def configure(folder: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "config.json").write_text(text)


def add_context(folder: Path, name: str, meta: Any) -> Path:
    number = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts" / "meta" / number / "meta.json"
    path.parent.mkdir(parents=True)
    path.write_text(meta if isinstance(meta, str) else json.dumps(meta))
    return folder / "contexts" / "tls" / number / "docker"


def meta(**endpoint: Any) -> Any:
    return {"Name": "away", "Metadata": {}, "Endpoints": {"docker": endpoint}}


@pytest.mark.parametrize(
    "content",
    [{}, {"currentContext": ""}, {"currentContext": "default"}, [], "{", {"currentContext": 3}, "null"],
)
def test_without_a_usable_word_it_is_the_default(folder: Path, content: Any) -> None:
    configure(folder, content)
    assert current_context().host == DEFAULT_HOST


def test_a_context_needs_no_config_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_context(folder, "away", meta(Host="tcp://h:1"))
    monkeypatch.setenv("DOCKER_CONTEXT", "away")
    assert current_context().host == "tcp://h:1"


def test_a_context_has_its_own_certificates(folder: Path) -> None:
    tls = add_context(folder, "away", meta(Host="tcp://h:1", SkipTLSVerify=True))
    tls.mkdir(parents=True)
    (tls / "ca.pem").write_text("x")
    configure(folder, {"currentContext": "away"})
    context = current_context()
    assert (context.tls, context.verify) == ({"ca": str(tls / "ca.pem")}, False)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", json.dumps({"Endpoints": {"docker": []}}), "[" * 100_000]
)
def test_a_damaged_context_is_told(folder: Path, content: str) -> None:
    add_context(folder, "away", content)
    configure(folder, {"currentContext": "away"})
    with pytest.raises(EngineError, match='The Docker context "away" cannot be read'):
        current_context()


def test_a_login_is_that_of_its_registry(folder: Path) -> None:
    login = base64.b64encode(b"bob:hunter2").decode()
    configure(folder, {"auths": {"https://r.example.test": {"auth": login}, "other": {"auth": "bad!!"}}})
    assert registry_login("r.example.test").values["password"] == "hunter2"
    assert registry_login("elsewhere.test").values == {}


@pytest.mark.parametrize(
    "content",
    [
        {"credsStore": "no-such-helper"},
        {"credHelpers": {"r.example.test": "no-such-helper"}},
        {"credHelpers": []},
        {"auths": {"r.example.test": {"auth": "bad!!"}}},
        {"auths": {"r.example.test": {"auth": 3}}},
        {"auths": {"r.example.test": []}},
        {"auths": [1]},
    ],
)
def test_a_login_that_cannot_be_read_is_none_with_a_reason(folder: Path, content: Any) -> None:
    configure(folder, content)
    login = registry_login("r.example.test")
    if content == {"credHelpers": []}:
        assert (login.values, login.complaint) == ({}, None)
        return
    assert login.values == {}
    assert f'{folder}/config.json" has for "r.example.test" cannot be read' in str(login.complaint)


@pytest.mark.parametrize("content", ["{", "[]", "null", '"x"', ""])
def test_a_broken_config_file_means_no_login(folder: Path, content: str) -> None:
    configure(folder, content)
    login = registry_login("r.example.test")
    assert (login.values, login.complaint) == ({}, None)
