"""What proves that a caller holds a wallet's key: a nonce, the text that goes with it, and its signature.

The text of a nonce is made again when the signature comes, so that nothing of it is taken on trust. Pure functions.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.edge.encoding import decode_base64
from arena.http import siws
from arena.http.siws import SignInText
from arena.problems import Problem

STATEMENT: Final = "Sign in to the arena. This costs nothing and sends no transaction."
SIGNATURE_BYTES: Final = 64

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_NONCE: Final = re.compile(r"[0-9a-f]{44}")


class SignInRefused(Problem):
    """401: this does not prove that the caller holds the wallet's key."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, "Signing in failed", 401, detail)


def nonce_invalid() -> SignInRefused:
    # one answer for unknown, foreign, used and expired
    return SignInRefused("nonce_invalid", "The nonce is not valid any more. Ask for a new one.")


def new_nonce(now: datetime) -> str:
    """A fresh nonce: the time in milliseconds, so that the text can be made again from it, and 128 random bits."""
    return f"{(now - _EPOCH) // timedelta(milliseconds=1):012x}{secrets.token_hex(16)}"


def nonce_time(nonce: str) -> datetime:
    """When the nonce was made, in whole milliseconds.

    Raises:
        ValueError: it is not of the form of `new_nonce`.
    """
    if not _OWN_NONCE.fullmatch(nonce):
        raise ValueError("this is not a nonce of ours")
    try:
        return _EPOCH + timedelta(milliseconds=int(nonce[:12], 16))
    except OverflowError:
        raise ValueError("this is not a nonce of ours") from None


def text_to_sign(
    nonce: str, address: str, *, domain: str, uri: str, chain_id: str, lifetime: int
) -> SignInText:
    """The text that goes with a nonce. Always the same for the same nonce and settings; ``lifetime`` is in seconds.

    Raises:
        SignInRefused: `nonce_invalid`, it is not of our form.
    """
    try:
        issued_at = nonce_time(nonce)
        expiration_time = issued_at + timedelta(seconds=lifetime)
    except (ValueError, OverflowError):
        raise nonce_invalid() from None
    return SignInText(
        domain=domain,
        address=address,
        statement=STATEMENT,
        uri=uri,
        version=siws.VERSION,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=siws.timestamp(issued_at),
        expiration_time=siws.timestamp(expiration_time),
    )


def verify(expected: SignInText, message: str | None, signature: bytes) -> None:
    """Check that the wallet signed the expected text, or one that says the same in its own way.

    Args:
        message: what the wallet says it signed (`signedMessage`); None: the expected text, byte for byte.

    Raises:
        SignInRefused: `sign_in_text_mismatch` or `signature_invalid`.
    """
    signed = expected.text
    if message is not None and message != signed:
        if not _says(message, expected):
            raise SignInRefused(
                "sign_in_text_mismatch", "This is not the text that was given out to be signed."
            )
        signed = message
    # solders verifies strictly: no signature counts for an address of small order, which nobody holds the key of
    if len(signature) != SIGNATURE_BYTES or not Signature(signature).verify(
        Pubkey.from_string(expected.address), signed.encode()
    ):
        raise SignInRefused("signature_invalid", "The signature is not that of the wallet over the text.")


def decode_signature(text: str) -> bytes:
    """The 64 bytes of a signature, from base58 (as Solana writes them) or base64 (as browsers do).

    Raises:
        SignInRefused: it is neither.
    """
    try:
        return bytes(Signature.from_string(text))
    except ValueError:
        pass
    try:
        signature = decode_base64(text)
    except ValueError:
        signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise SignInRefused("signature_invalid", "A signature is 64 bytes in base58 or base64.")
    return signature


def _says(message: str, expected: SignInText) -> bool:
    try:
        return siws.parse(message).says_the_same(expected)
    except ValueError:
        return False
