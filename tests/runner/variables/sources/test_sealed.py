from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import Invalid, NotFound
from runner.variables.sealing import SealingKey
from runner.variables.sources.kinds import complaints, label, source_of
from runner.variables.sources.sealed import seal_value
from tests.runner.variables.sources.reading import read

KEY = SealingKey(bytes(range(32)))


def test_a_value_opens_under_its_own_name_only(tmp_path: Path) -> None:
    raw = {"sealed": seal_value(KEY, "Db.Password", "s3cret")}
    assert read(raw, tmp_path, name="DB.PASSWORD", keys=[KEY]) == "s3cret"
    with pytest.raises(Invalid):
        read(raw, tmp_path, name="Log.Level", keys=[KEY])


def test_without_its_key_the_value_is_not_there(tmp_path: Path) -> None:
    raw = {"sealed": seal_value(KEY, "V", "s3cret")}
    with pytest.raises(NotFound) as caught:
        read(raw, tmp_path, keys=[SealingKey.new()])
    assert caught.value.code == "key-missing"


def test_it_shows_its_key_and_not_its_text() -> None:
    raw = {"sealed": seal_value(KEY, "V", "s3cret")}
    assert label(source_of(raw)) == f"sealed with key {KEY.id}"
    assert list(complaints(raw)) == []
    assert [one.code for one in complaints({"sealed": "s3cret"})] == ["sealed-unreadable"]
