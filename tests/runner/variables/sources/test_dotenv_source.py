from __future__ import annotations

from pathlib import Path

from runner.variables.sources.kinds import label, source_of
from tests.runner.variables.sources.reading import read
from tests.support.problems import refusal


def test_an_entry_is_found_by_the_variables_name_or_by_its_own(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("Token=a\nDB_PASSWORD='b c'\n")
    assert read({"dotenv": ".env"}, tmp_path, name="Token") == "a"
    assert read({"dotenv": ".env", "name": "DB_PASSWORD"}, tmp_path, name="Db.Password") == "b c"
    assert label(source_of({"dotenv": ".env", "name": "DB_PASSWORD"})) == "DB_PASSWORD in .env"


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("Tokn=a\n")
    (tmp_path / "bad.env").write_text("Token\n")
    at = f'"{tmp_path}'
    assert refusal(lambda: read({"dotenv": ".env"}, tmp_path, name="Token")) == [
        f'{at}/.env" has no entry "Token" [dotenv-entry] > Did you mean "Tokn"?'
    ]
    assert refusal(lambda: read({"dotenv": "nope"}, tmp_path)) == [
        f'there is no file {at}/nope" [variable-file]'
    ]
    assert refusal(lambda: read({"dotenv": "bad.env"}, tmp_path)) == [
        f'{at}/bad.env": line 1: expected NAME=value [dotenv-invalid] > Write one NAME=value a line.'
    ]
