"""Substitution in files of any encoding."""

import codecs

import pytest

from runner.octostache import Variables
from runner.octostache.files import substitute

EURO = Variables({"Sign": "€", "Asian": "日", "Letter": "ő"})


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_unicode_files_keep_encoding_and_mark(encoding: str, mark: bytes) -> None:
    result = substitute(mark + "é #{Sign}\r\n".encode(encoding), EURO)

    assert result.content == mark + "é €\r\n".encode(encoding)


def test_what_is_no_utf8_is_windows_1252_with_its_holes() -> None:
    result = substitute(b"caf\xe9 \x81 #{Sign}", EURO)

    assert result.content == b"caf\xe9 \x81 \x80"
    assert not result.replaced_characters


def test_a_text_that_windows_1252_cannot_hold_becomes_utf8() -> None:
    result = substitute(b"caf\xe9 #{Asian}", EURO)

    assert result.content == "café 日".encode()
    assert result.replaced_characters


def test_an_output_encoding_may_be_asked_for() -> None:
    assert substitute("é#{Sign}".encode(), EURO, "utf-16").content == codecs.BOM_UTF16_LE + "é€".encode(
        "utf-16-le"
    )
    assert substitute("é#{Letter}😀".encode(), EURO, "windows-1252").content == b"\xe9o??"
    assert substitute(b"#{Sign}", EURO, "no-such-encoding").content == "€".encode()
    assert substitute(b"#{Sign}", EURO, "base64").content == "€".encode()


def test_what_does_not_parse_stays_and_the_rest_is_replaced() -> None:
    result = substitute(b"#{dog\n#{Sign} #{Nope}", EURO)

    assert result.content == "#{dog\n€ #{Nope}".encode()
    assert result.evaluation.missing == ("#{Nope}",)
