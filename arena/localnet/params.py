"""Parameters of a request, read one by one and validated; what is wrong is said in an invalid-params
error."""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from based58 import b58decode
from solders.hash import Hash
from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from arena.localnet.bank import Commitment
from arena.localnet.rpcerrors import invalid_params
from arena.localnet.transactions import MAX_TRANSACTION_BYTES, Json

MAX_U64 = 2**64 - 1
ParsedT = TypeVar("ParsedT")
ChoiceT = TypeVar("ChoiceT", bound=str)


class Params:
    """The positional parameters of one request."""

    def __init__(self, values: Sequence[Json]) -> None:
        self._values = values

    def value(self, index: int, name: str) -> Json:
        """A parameter that must be there."""
        if index >= len(self._values) or self._values[index] is None:
            raise invalid_params(f"Invalid params: missing {name}")
        return self._values[index]

    def config(self, index: int) -> "Config":
        """The optional configuration object at `index`."""
        value = self._values[index] if index < len(self._values) else None
        if value is None:
            return Config({})
        if not isinstance(value, dict):
            raise invalid_params(f"Invalid params: expected an object at position {index}")
        return Config(value)

    def at_most(self, count: int) -> None:
        if len(self._values) > count:
            raise invalid_params(f"Invalid params: expected at most {count}, got {len(self._values)}")

    def text(self, index: int, name: str) -> str:
        value = self.value(index, name)
        if not isinstance(value, str):
            raise invalid_params(f"Invalid params: {name} must be a string")
        return value

    def is_text(self, index: int) -> bool:
        return index < len(self._values) and isinstance(self._values[index], str)

    def is_integer(self, index: int) -> bool:
        return index < len(self._values) and isinstance(self._values[index], int)

    def integer(self, index: int, name: str, maximum: int = MAX_U64) -> int:
        return _integer(self.value(index, name), name, 0, maximum)

    def pubkey(self, index: int) -> Pubkey:
        return pubkey(self.value(index, "pubkey"))

    def signature(self, index: int) -> Signature:
        return signature(self.value(index, "signature"))

    def texts(self, index: int, name: str, maximum: int) -> list[str]:
        return _texts(self.value(index, name), name, maximum)


@dataclass(frozen=True, slots=True)
class DataSlice:
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class DataSize:
    size: int


@dataclass(frozen=True, slots=True)
class Memcmp:
    offset: int
    data: bytes


Filter = DataSize | Memcmp


class Config:
    """A configuration object; members that are absent or null take their defaults, unknown ones are
    ignored."""

    def __init__(self, values: dict[str, Json]) -> None:
        self._values = values

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise invalid_params(f"Invalid params: {name} must be a boolean")
        return value

    def integer(self, name: str, *, minimum: int = 0, maximum: int = MAX_U64) -> int | None:
        value = self._values.get(name)
        return None if value is None else _integer(value, name, minimum, maximum)

    def choice(self, name: str, choices: Sequence[ChoiceT], default: ChoiceT) -> ChoiceT:
        value = self._values.get(name)
        if value is None:
            return default
        for choice in choices:
            if value == choice:
                return choice
        raise invalid_params(f"Invalid params: {name} must be one of {', '.join(choices)}")

    def commitment(self, name: str = "commitment") -> Commitment:
        """Finalized when absent. The deprecated names are taken as real nodes take them."""
        value = self._values.get(name)
        match value:
            case None | "finalized" | "max" | "root":
                return Commitment.FINALIZED
            case "confirmed" | "single" | "singleGossip":
                return Commitment.CONFIRMED
            case "processed" | "recent":
                return Commitment.PROCESSED
            case _:
                raise invalid_params(f"Invalid params: unknown {name}")

    def signature(self, name: str) -> Signature | None:
        value = self._values.get(name)
        return None if value is None else signature(value)

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid_params(f"Invalid params: {name} must be a string")
        return value

    def texts(self, name: str, maximum: int) -> list[str] | None:
        value = self._values.get(name)
        return None if value is None else _texts(value, name, maximum)

    def inner(self, name: str) -> "Config | None":
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid_params(f"Invalid params: {name} must be an object")
        return Config(value)

    def data_slice(self) -> DataSlice | None:
        config = self.inner("dataSlice")
        if config is None:
            return None
        offset, length = config.integer("offset"), config.integer("length")
        if offset is None or length is None:
            raise invalid_params("Invalid params: dataSlice needs offset and length")
        return DataSlice(offset, length)

    def filters(self, maximum: int = 4) -> list[Filter]:
        values = self._values.get("filters")
        if values is None:
            return []
        if not isinstance(values, list):
            raise invalid_params("Invalid params: filters must be an array")
        if len(values) > maximum:
            raise invalid_params(f"Too many filters provided; max {maximum}")
        return [_filter(value) for value in values]


def pubkey(value: Json) -> Pubkey:
    """A base58 public key."""
    return _parse(Pubkey.from_string, value, "a public key")


def signature(value: Json) -> Signature:
    """A base58 transaction signature."""
    return _parse(Signature.from_string, value, "a signature")


def blockhash(value: Json) -> Hash:
    """A base58 hash."""
    return _parse(Hash.from_string, value, "a blockhash")


def _parse(parse: Callable[[str], ParsedT], value: Json, what: str) -> ParsedT:
    if not isinstance(value, str):
        raise invalid_params(f"Invalid param: not {what}")
    try:
        return parse(value)
    except Exception as error:  # the bindings have an error class of their own for each type
        raise invalid_params(f"Invalid param: not {what}: {error}") from error


def transaction(text: str, encoding: str) -> VersionedTransaction:
    """A wire transaction in base58 or base64, its structure checked."""
    raw = _binary(text, encoding, "solana_transaction::versioned::VersionedTransaction")
    try:
        parsed = VersionedTransaction.from_bytes(raw)
    except Exception as error:
        raise invalid_params(
            f"failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"
        ) from error
    if bytes(parsed) != raw:
        raise invalid_params("failed to deserialize: bytes after the end of the transaction")
    try:
        parsed.sanitize()
    except Exception as error:
        raise invalid_params(
            "invalid transaction: Transaction failed to sanitize accounts offsets correctly"
        ) from error
    return parsed


def message(text: str) -> Message | MessageV0:
    """A message in base64."""
    raw = _binary(text, "base64", "solana_message::versions::VersionedMessage")
    try:
        parsed = from_bytes_versioned(raw)
    except Exception as error:
        raise invalid_params(
            f"failed to deserialize solana_message::versions::VersionedMessage: {error}"
        ) from error
    return parsed


def _binary(text: str, encoding: str, what: str) -> bytes:
    if len(text) > 1700:  # 1232 bytes are at most 1683 characters of base58, 1644 of base64
        raise invalid_params(f"{encoding} encoded {what} too large: {len(text)} bytes")
    try:
        raw = b58decode(text.encode()) if encoding == "base58" else b64decode(text, validate=True)
    except Exception as error:
        raise invalid_params(f"invalid {encoding} encoding: {error}") from error
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise invalid_params(
            f"decoded {what} too large: {len(raw)} bytes (max: {MAX_TRANSACTION_BYTES} bytes)"
        )
    return raw


def _integer(value: Json, name: str, minimum: int, maximum: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise invalid_params(f"Invalid params: {name} must be an integer from {minimum} to {maximum}")
    return value


def _texts(value: Json, name: str, maximum: int) -> list[str]:
    if not isinstance(value, list):
        raise invalid_params(f"Invalid params: {name} must be an array of strings")
    if len(value) > maximum:
        raise invalid_params(f"Too many inputs provided; max {maximum}")
    texts = [item for item in value if isinstance(item, str)]
    if len(texts) != len(value):
        raise invalid_params(f"Invalid params: {name} must be an array of strings")
    return texts


def _filter(value: Json) -> Filter:
    match value:
        case {"dataSize": size}:
            return DataSize(_integer(size, "dataSize", 0, MAX_U64))
        case {"memcmp": dict(memcmp)}:
            where = _integer(memcmp.get("offset"), "memcmp.offset", 0, MAX_U64)
            data = _memcmp_bytes(memcmp.get("bytes"), memcmp.get("encoding"))
            if len(data) > 128:
                raise invalid_params("Invalid param: memcmp bytes too long; max 128")
            return Memcmp(where, data)
        case _:
            raise invalid_params("Invalid params: a filter is a dataSize or a memcmp with offset and bytes")


def _memcmp_bytes(content: Json, encoding: Json) -> bytes:
    match content, encoding:
        case list(), None | "bytes":
            return bytes(_integer(item, "memcmp.bytes", 0, 255) for item in content[:129])
        case str(), None | "base58" | "base64":
            if len(content) > 1000:
                raise invalid_params("Invalid param: memcmp bytes too long")
            try:
                if encoding == "base64":
                    return b64decode(content, validate=True)
                return b58decode(content.encode())
            except Exception as error:
                raise invalid_params(f"Invalid param: memcmp bytes: {error}") from error
        case _:
            raise invalid_params("Invalid params: memcmp bytes do not match their encoding")
