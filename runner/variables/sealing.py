"""Sealing: texts that only who holds a key can read, for files that others may see.

AES-256-GCM with a fresh nonce for every text. A sealed text is one word of ASCII,

    v1.<key id>.<base64url of nonce, ciphertext and tag>

and is bound to its *context*: opened for another purpose than it was sealed for, it is refused. The key's id tells
which key opens it, and nothing of the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.errors import Invalid, NotFound

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_PREFIX = "treadle-key-v1."
_SEALED = re.compile(r"v1\.(?P<key>[0-9a-f]{12})\.(?P<data>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key of 32 random bytes. `text` writes it for a file or a variable, `parse` reads that."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> SealingKey:
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> SealingKey:
        """Raises ValueError for what is not a key."""
        secret = _decoded(text.removeprefix(_KEY_PREFIX)) if text.startswith(_KEY_PREFIX) else b""
        if len(secret) != KEY_BYTES:
            raise ValueError("this is not a key of Treadle")
        return cls(secret)

    @property
    def text(self) -> str:
        return _KEY_PREFIX + _encoded(self.secret)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that name the key."""
        return hashlib.sha256(b"treadle key id\0" + self.secret).hexdigest()[:12]


def seal(key: SealingKey, plaintext: str, context: str) -> str:
    """`plaintext` as a sealed text, which `open_sealed` opens with the same key and context."""
    # 20 ms: only who seals something pays for it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, plaintext.encode(), context.encode())
    return f"v1.{key.id}.{_encoded(nonce + sealed)}"


def open_sealed(keys: Iterable[SealingKey], sealed: str, context: str) -> str:
    """The plaintext of a sealed text.

    Raises Invalid for what is not a sealed text, was altered, or was sealed for another context; NotFound where none of
    the keys is its own.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    name = key_id_of(sealed)
    data = _decoded(sealed.rpartition(".")[2])
    key = next((key for key in keys if key.id == name), None)
    if key is None:
        raise NotFound(
            "key-missing",
            f'it is sealed with the key "{name}", which is not here',
            "Set TREADLE_KEY or TREADLE_KEY_FILE, or ask a colleague for the key: `treadle vars key --help`.",
        )
    try:
        return AESGCM(key.secret).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], context.encode()).decode()
    except InvalidTag:
        message = "the sealed text was altered, or was sealed for something else"
        raise Invalid(
            "sealed-altered", message, "Seal the value again: `treadle vars set --sensitive`."
        ) from None


def key_id_of(sealed: str) -> str:
    """The id of the key that opens a sealed text. Raises Invalid for what is not one."""
    match = _SEALED.fullmatch(sealed)
    if match is None or len(_decoded(match["data"])) < _NONCE_BYTES + _TAG_BYTES:
        message = "this is not a sealed text: expected v1.KEY.DATA"
        raise Invalid("sealed-unreadable", message, "Write it with `treadle vars set --sensitive`.")
    return match["key"]


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Nothing where `text` is not base64."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
