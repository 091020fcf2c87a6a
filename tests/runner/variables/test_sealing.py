from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid, NotFound
from runner.variables.sealing import SealingKey, key_id_of, open_sealed, seal

KEY = SealingKey(bytes(range(32)))
OTHER = SealingKey(bytes(range(32, 64)))


@given(st.text(), st.text())
def test_what_is_sealed_opens_with_its_key_and_context(plaintext: str, context: str) -> None:
    sealed = seal(KEY, plaintext, context)
    assert sealed.isascii()
    assert len(sealed.split()) == 1
    assert key_id_of(sealed) == KEY.id
    assert open_sealed([OTHER, KEY], sealed, context) == plaintext


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert len({seal(KEY, "secret", "a") for _ in range(20)}) == 20


def test_another_context_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        open_sealed([KEY], seal(KEY, "secret", "variable:a"), "variable:b")
    assert caught.value.code == "sealed-altered"


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=0, max_value=63))
def test_an_altered_text_never_opens(place: int, digit: int) -> None:
    sealed = seal(KEY, "correct horse battery staple", "a")
    start = sealed.rindex(".") + 1
    at = start + place % (len(sealed) - start - 1)  # the last digit may hold unused bits
    put = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[digit]
    altered = sealed[:at] + put + sealed[at + 1 :]
    if altered == sealed:
        return
    with pytest.raises(Invalid) as caught:
        open_sealed([KEY], altered, "a")
    assert caught.value.code == "sealed-altered"


def test_a_key_that_is_not_here_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        open_sealed([OTHER], seal(KEY, "secret", "a"), "a")
    assert caught.value.code == "key-missing"
    assert KEY.id in caught.value.message


@pytest.mark.parametrize("text", ["", "secret", "v1.abc.def", f"v1.{KEY.id}.AAAA", f"v2.{KEY.id}.{'A' * 60}"])
def test_what_is_not_sealed_is_told(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        open_sealed([KEY], text, "a")
    assert caught.value.code == "sealed-unreadable"


def test_a_key_is_read_as_it_is_written_and_never_shown() -> None:
    assert SealingKey.parse(KEY.text) == KEY
    assert KEY.text not in repr(KEY)
    assert str(KEY.secret) not in repr(KEY)


@pytest.mark.parametrize("text", ["", "x", KEY.text[:-4], KEY.text + "AAAA", KEY.text.replace("v1", "v2")])
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        SealingKey.parse(text)


def test_the_library_is_loaded_by_who_seals_only() -> None:
    code = "import sys, runner.variables.sealing, runner.variables.keys; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
