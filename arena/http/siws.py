"""Sign-In-With-Solana: the text that a wallet shows and signs.

The grammar is the one of the wallet standard's sign-in feature, which follows EIP-4361
(https://github.com/phantom/sign-in-with-solana). Wallets take the text apart, compare its domain and URI
with the page that asks, and warn about anything else. The server makes the text itself and accepts that one
text, byte for byte, so that nothing a client sends is ever interpreted. Pure functions.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.edge.encoding import decode_base64
from arena.problems import Problem

VERSION: Final = "1"
STATEMENT: Final = "Sign in to the arena. This costs nothing and sends no transaction."
SIGNATURE_BYTES: Final = 64

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_NONCE: Final = re.compile(r"[0-9a-f]{44}")
_NONCE: Final = re.compile(r"[a-zA-Z0-9]{8,}")
_DOMAIN: Final = re.compile(r"[^\s/?#@]+")
_TEXT: Final = re.compile(
    r"(?P<domain>[^\s/?#@]+) wants you to sign in with your Solana account:\n"
    r"(?P<address>[1-9A-HJ-NP-Za-km-z]{32,44})"
    r"(?:\n\n(?P<statement>[^\n]+))?"
    r"\n\nURI: (?P<uri>[^\s]+)"
    r"\nVersion: (?P<version>1)"
    r"\nChain ID: (?P<chain_id>[^\s]+)"
    r"\nNonce: (?P<nonce>[a-zA-Z0-9]{8,})"
    r"\nIssued At: (?P<issued_at>[^\s]+)"
    r"\nExpiration Time: (?P<expiration_time>[^\s]+)"
)


class SignInRefused(Problem):
    """401: this does not prove that the caller holds the wallet's key."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, "Signing in failed", 401, detail)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a wallet is asked to sign. Times have whole milliseconds and are in UTC.

    Attributes:
        domain: host, with the port if it is not the scheme's own; the page that asks must be there.
        address: the wallet, base58.
        uri: of the same host.
        chain_id: mainnet, testnet, devnet or localnet.

    Raises:
        ValueError: a value would break the grammar.
    """

    domain: str
    address: str
    uri: str
    chain_id: str
    nonce: str
    issued_at: datetime
    expiration_time: datetime
    statement: str | None = STATEMENT

    def __post_init__(self) -> None:
        if not _DOMAIN.fullmatch(self.domain):
            raise ValueError(f"not a domain: {self.domain!r}")
        if not _NONCE.fullmatch(self.nonce):
            raise ValueError("a nonce has at least 8 letters and digits")
        if self.statement is not None and ("\n" in self.statement or not self.statement):
            raise ValueError("a statement is one line")
        if re.search(r"\s", self.uri) or not urlsplit(self.uri).scheme:
            raise ValueError(f"not a URI: {self.uri!r}")
        if re.search(r"\s", self.chain_id) or not self.chain_id:
            raise ValueError(f"not a chain: {self.chain_id!r}")
        Pubkey.from_string(self.address)

    @property
    def text(self) -> str:
        """The message to sign, as UTF-8."""
        statement = "" if self.statement is None else f"\n\n{self.statement}"
        return (
            f"{self.domain} wants you to sign in with your Solana account:\n"
            f"{self.address}{statement}\n\n"
            f"URI: {self.uri}\n"
            f"Version: {VERSION}\n"
            f"Chain ID: {self.chain_id}\n"
            f"Nonce: {self.nonce}\n"
            f"Issued At: {timestamp(self.issued_at)}\n"
            f"Expiration Time: {timestamp(self.expiration_time)}"
        )


def new_nonce(now: datetime) -> str:
    """A fresh nonce: 128 random bits, and the time, so that the text can be made again from it."""
    return f"{_milliseconds(now):012x}{secrets.token_hex(16)}"


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


def parse(text: str) -> SignIn:
    """Take a text apart: the inverse of `SignIn.text`.

    Raises:
        ValueError: it is not in the form that `SignIn.text` has.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("this is not a sign-in text")
    parts = match.groupdict()
    return SignIn(
        domain=parts["domain"],
        address=parts["address"],
        uri=parts["uri"],
        chain_id=parts["chain_id"],
        nonce=parts["nonce"],
        issued_at=_time(parts["issued_at"]),
        expiration_time=_time(parts["expiration_time"]),
        statement=parts["statement"],
    )


def verify(expected: SignIn, message: str | None, signature: bytes) -> None:
    """Check that the wallet signed exactly the expected text.

    Args:
        message: what the client says it signed, if it says so; only for a better answer.

    Raises:
        SignInRefused: `sign_in_text_mismatch` or `signature_invalid`.
    """
    text = expected.text
    if message is not None and message != text:
        raise SignInRefused("sign_in_text_mismatch", "This is not the text that was given out to be signed.")
    if len(signature) != SIGNATURE_BYTES or not Signature(signature).verify(
        Pubkey.from_string(expected.address), text.encode()
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


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as JavaScript's `toISOString` writes it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if timestamp(time) != text:
        raise ValueError(f"not a time in our form: {text!r}")
    return time
