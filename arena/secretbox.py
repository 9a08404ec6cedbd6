"""Encryption at rest for what must not be readable in a database dump: puzzle secrets and salts."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_VERSION: Final = b"\x01"


class SecretBoxError(Exception):
    """A box could not be opened: another key, other associated data, or damaged bytes."""


class SecretBox:
    """AES-256-GCM with a random nonce for every box.

    A box is one version byte, 12 bytes of nonce, the ciphertext and its 16-byte tag. The associated data is
    not stored; it says what the box belongs to (a table, a column, a row's id), so that a box copied to
    another row does not open there. Random nonces are safe for far more boxes (2^32 a key) than a server
    writes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a secret key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)

    def encrypt(self, plain: bytes, associated: bytes) -> bytes:
        """``plain`` in a box bound to ``associated``."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + associated)

    def decrypt(self, box: bytes, associated: bytes) -> bytes:
        """The content of ``box``.

        Raises:
            SecretBoxError: the box was made with another key or other associated data, or was changed.
        """
        if len(box) < 1 + _NONCE_BYTES + _TAG_BYTES or box[:1] != _VERSION:
            raise SecretBoxError("not a secret box")
        nonce, sealed = box[1 : 1 + _NONCE_BYTES], box[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed, _VERSION + associated)
        except InvalidTag:
            raise SecretBoxError("wrong key, wrong associated data, or damaged") from None
