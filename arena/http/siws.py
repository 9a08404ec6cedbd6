"""Sign-In With Solana: the text that a wallet shows and signs, by its grammar. Pure functions.

The grammar is https://github.com/phantom/sign-in-with-solana#abnf-message-format, with authority, URI and pchar of
RFC 3986 and date-time of RFC 3339. Three things that it lets through are no sign-in text here, since they name nobody
and nothing: an empty host, an address that is not 32 bytes, and a line feed at the end with no field after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from solders.pubkey import Pubkey

VERSION: Final = "1"
CHAIN_IDS: Final = frozenset(
    {"mainnet", "testnet", "devnet", "localnet", "solana:mainnet", "solana:testnet", "solana:devnet"}
)

# RFC 3986. The classes are the insides of brackets.
_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = r"!$&'()*+,;="
_PERCENT: Final = r"%[0-9A-Fa-f]{2}"
_PCHAR: Final = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:@]|{_PERCENT})"
_IPV6: Final = r"\[(?P<ipv6>[0-9A-Fa-f:.]+)\]"
_IP_FUTURE: Final = rf"\[[Vv][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+\]"
_AUTHORITY: Final = (
    rf"(?:(?:[{_UNRESERVED}{_SUB_DELIMS}:]|{_PERCENT})*@)?"
    rf"(?:{_IPV6}|{_IP_FUTURE}|(?:[{_UNRESERVED}{_SUB_DELIMS}]|{_PERCENT})+)"
    r"(?::[0-9]*)?"
)
_PATH: Final = rf"(?:/{_PCHAR}*)*"
_DOMAIN: Final = re.compile(_AUTHORITY)
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+\-.]*:(?://(?:{_AUTHORITY})?{_PATH}|/?(?:{_PCHAR}+{_PATH})?)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?"
)
_NO_PATH: Final = re.compile(r"\A([^:/?#]+://[^/?#]+)(?=[?#]|\Z)")
_REQUEST_ID: Final = re.compile(rf"{_PCHAR}*")
_STATEMENT: Final = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:/?#\[\]@ ]+")
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,}")
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_SAYS: Final = " wants you to sign in with your Solana account:"
# The statement is lazy: what looks like a field is one. Values are checked by `SignInText`.
_TEXT: Final = re.compile(
    rf"(?P<domain>[^ \n]+){_SAYS}\n(?P<address>[^\n]+)(?:\n\n(?P<statement>[^\n]+))??"
    r"(?P<fields>\n(?:\nURI: (?P<uri>[^\n]+))?(?:\nVersion: (?P<version>[^\n]+))?"
    r"(?:\nChain ID: (?P<chain_id>[^\n]+))?(?:\nNonce: (?P<nonce>[^\n]+))?"
    r"(?:\nIssued At: (?P<issued_at>[^\n]+))?(?:\nExpiration Time: (?P<expiration_time>[^\n]+))?"
    r"(?:\nNot Before: (?P<not_before>[^\n]+))?(?:\nRequest ID: (?P<request_id>[^\n]*))?"
    r"(?:\nResources:(?P<resources>(?:\n- [^\n]+)*))?)?"
)


@dataclass(frozen=True, slots=True)
class SignInText:
    """The members of wallet standard's `SolanaSignInInput`; None: not in the text.

    Raises:
        ValueError: a value is not by the grammar, or the text would be read as another one.
    """

    domain: str
    address: str
    statement: str | None = None
    uri: str | None = None
    version: str | None = None
    chain_id: str | None = None
    nonce: str | None = None
    issued_at: str | None = None
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _check("domain", _matches(_DOMAIN, self.domain))
        Pubkey.from_string(self.address)
        _check("statement", self.statement is None or bool(_STATEMENT.fullmatch(self.statement)))
        _check("URI", self.uri is None or _matches(_URI, self.uri))
        _check("version", self.version in {None, VERSION})
        _check("chain ID", self.chain_id is None or self.chain_id in CHAIN_IDS)
        _check("nonce", self.nonce is None or bool(_NONCE.fullmatch(self.nonce)))
        for time in (self.issued_at, self.expiration_time, self.not_before):
            if time is not None:
                instant(time)
        _check("request ID", self.request_id is None or bool(_REQUEST_ID.fullmatch(self.request_id)))
        _check("resource", all(_matches(_URI, resource) for resource in self.resources or ()))
        # a statement such as "Nonce: 12345678" with no field after it
        _check("statement", self.statement is None or _parts(self.text)["statement"] == self.statement)

    @property
    def text(self) -> str:
        """The message to sign, as UTF-8 (it is ASCII)."""
        fields = {
            "URI: ": self.uri,
            "Version: ": self.version,
            "Chain ID: ": self.chain_id,
            "Nonce: ": self.nonce,
            "Issued At: ": self.issued_at,
            "Expiration Time: ": self.expiration_time,
            "Not Before: ": self.not_before,
            "Request ID: ": self.request_id,
        }
        lines = [f"{name}{value}" for name, value in fields.items() if value is not None]
        if self.resources is not None:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        head = f"{self.domain}{_SAYS}\n{self.address}"
        return "\n\n".join(
            part for part in (head, self.statement, "\n".join(lines) if lines else None) if part is not None
        )

    def says_the_same(self, other: SignInText) -> bool:
        """Whether both have the same fields with the same meaning.

        Wallets may write a time, a URI or the name of a chain in another way: `…05.120Z` is `…05.12+00:00`,
        `http://a` is `http://a/`, and `devnet` is `solana:devnet`. Everything else has to be the same, and nothing more
        may be said.
        """
        return self._meaning() == other._meaning()

    def _meaning(self) -> tuple[object, ...]:
        return (
            self.domain,
            self.address,
            self.statement,
            None if self.uri is None else _with_path(self.uri),
            self.version,
            None if self.chain_id is None else self.chain_id.removeprefix("solana:"),
            self.nonce,
            *(
                None if time is None else instant(time)
                for time in (self.issued_at, self.expiration_time, self.not_before)
            ),
            self.request_id,
            self.resources,
        )


def parse(text: str) -> SignInText:
    """Take a text apart: the inverse of `SignInText.text`.

    Raises:
        ValueError: it is not by the grammar.
    """
    parts = _parts(text)
    resources = parts.pop("resources")
    return SignInText(
        **parts,  # type: ignore[arg-type]  # domain and address are always there
        resources=None if resources is None else tuple(resources.split("\n- ")[1:]),
    )


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as JavaScript's `toISOString` writes it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def instant(text: str) -> tuple[datetime, str]:
    """The moment of a date-time of RFC 3339: its second, and the digits of its fraction, however many there are.

    Raises:
        ValueError: it is none, or there is no such time.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time of RFC 3339")
    second, fraction, offset = match.groups()
    return datetime.fromisoformat((second + offset).upper()), (fraction or "").rstrip("0")


def _parts(text: str) -> dict[str, str | None]:
    match = _TEXT.fullmatch(text)
    if match is None or match["fields"] == "\n":
        raise ValueError("not a sign-in text")
    return {name: value for name, value in match.groupdict().items() if name != "fields"}


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    """Whether it matches, with an address in brackets that is one."""
    match = pattern.fullmatch(text)
    if match is None:
        return False
    if match["ipv6"] is not None:
        try:
            IPv6Address(match["ipv6"])
        except AddressValueError:
            return False
    return True


def _with_path(uri: str) -> str:
    """An empty path after an authority is the same as `/` (RFC 3986 §6.2.3)."""
    return _NO_PATH.sub(r"\1/", uri)


def _check(what: str, good: bool) -> None:
    if not good:
        raise ValueError(f"not a {what} of a sign-in text")
