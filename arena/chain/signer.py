"""Signing with one key, often."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from solders.keypair import Keypair
from solders.pubkey import Pubkey


class Signer:
    """Signs as the keypair does, byte for byte (RFC 8032 leaves no choice), in half of the time: `Keypair` derives its
    public key anew for each signature.

    Attributes:
        public: who signs.
    """

    __slots__ = ("_key", "public")

    def __init__(self, keypair: Keypair) -> None:
        self.public: Pubkey = keypair.pubkey()
        self._key = Ed25519PrivateKey.from_private_bytes(keypair.secret())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"Signer({self.public})"
