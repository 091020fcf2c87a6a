from __future__ import annotations

import json
from pathlib import Path

from registry.resources import schema_file
from runner.project import Variable
from runner.variables.sources.kinds import KINDS, complaints, label, source_of
from runner.variables.sources.reader import SourceReader


def test_the_schema_has_every_kind_with_its_options_and_no_other() -> None:
    keys = set(json.loads(schema_file("project").read_text())["$defs"]["from"]["properties"])
    assert keys == {key for kind in KINDS.values() for key in (kind.key, *kind.options)}


def test_every_kind_is_documented() -> None:
    page = (Path(__file__).parents[4] / "docs/variables.md").read_text()
    assert [
        key for kind in KINDS.values() for key in (kind.key, *kind.options) if f"`{key}`" not in page
    ] == []


def test_exactly_one_kind_is_named() -> None:
    assert [one.code for one in complaints({"env": "A", "file": "b"})] == ["source-kind"]
    assert [one.code for one in complaints({})] == ["source-kind"]
    assert list(complaints({"env": "A"})) == []


def test_a_source_says_what_it_is() -> None:
    assert label(source_of({"env": "HOOK"})) == "environment variable HOOK"
    assert label(source_of({"file": "key.pem"})) == "file key.pem"


def test_a_source_is_read_once_for_a_plan(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("1")
    reader = SourceReader(tmp_path, {}, lambda: ())
    variable, source = Variable("V", ()), source_of({"file": "count"})
    first = reader(variable, source)
    (tmp_path / "count").write_text("2")
    assert (first, reader(variable, source)) == ("1", "1")
