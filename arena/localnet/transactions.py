"""Pure facts about a transaction: its keys, its fee, the words for its errors."""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solders.account import Account
from solders.address_lookup_table_account import AddressLookupTable
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionErrorType, TransactionStatus

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

LAMPORTS_PER_SIGNATURE = 5000
MAX_TRANSACTION_BYTES = 1232
_MAX_UNITS = 1_400_000
_DEFAULT_UNITS = 200_000

COMPUTE_BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
LOOKUP_TABLES = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
MEMOS = {
    Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
    Pubkey.from_string("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
}
_PRECOMPILES = {
    Pubkey.from_string("Ed25519SigVerify111111111111111111111111111"),
    Pubkey.from_string("KeccakSecp256k11111111111111111111111111111"),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The accounts of a transaction in the order of their indices: static, loaded writable, loaded
    readonly."""

    all: tuple[Pubkey, ...]
    writable: frozenset[int]
    loaded_writable: tuple[Pubkey, ...] = ()
    loaded_readonly: tuple[Pubkey, ...] = ()


class LookupFailed(Exception):
    """A lookup table is missing, not one, or too short; the argument is the transaction error's name."""


def resolve_keys(transaction: VersionedTransaction, account: Callable[[Pubkey], Account | None]) -> Keys:
    """The keys of a transaction, those of its lookup tables included.

    Raises:
        LookupFailed: a table cannot be used.
    """
    message = transaction.message
    static = message.account_keys
    header = message.header
    signers = header.num_required_signatures
    writable = [
        index
        for index in range(len(static))
        if index < signers - header.num_readonly_signed_accounts
        or signers <= index < len(static) - header.num_readonly_unsigned_accounts
    ]
    lookups = message.address_table_lookups if isinstance(message, MessageV0) else []
    loaded_writable: list[Pubkey] = []
    loaded_readonly: list[Pubkey] = []
    for lookup in lookups:
        table = account(lookup.account_key)
        if table is None:
            raise LookupFailed("AddressLookupTableNotFound")
        if table.owner != LOOKUP_TABLES:
            raise LookupFailed("InvalidAddressLookupTableOwner")
        try:
            addresses = AddressLookupTable.deserialize(table.data).addresses
        except Exception as error:
            raise LookupFailed("InvalidAddressLookupTableData") from error
        try:
            loaded_writable += [addresses[index] for index in lookup.writable_indexes]
            loaded_readonly += [addresses[index] for index in lookup.readonly_indexes]
        except IndexError as error:
            raise LookupFailed("InvalidAddressLookupTableIndex") from error
    writable += range(len(static), len(static) + len(loaded_writable))
    return Keys(
        (*static, *loaded_writable, *loaded_readonly),
        frozenset(writable),
        tuple(loaded_writable),
        tuple(loaded_readonly),
    )


@dataclass(frozen=True, slots=True)
class Fee:
    """What the payer owes, in lamports."""

    base: int
    priority: int

    @property
    def total(self) -> int:
        return self.base + self.priority


def fee_of(message: object) -> Fee:
    """5000 lamports for each signature, those that precompiles check included, and the priority fee: the
    price per compute unit (in millionths of a lamport) times the limit, rounded up."""
    signatures: int = message.header.num_required_signatures  # type: ignore[attr-defined]
    keys: Sequence[Pubkey] = message.account_keys  # type: ignore[attr-defined]
    price = 0
    limit: int | None = None
    others = 0
    for instruction in message.instructions:  # type: ignore[attr-defined]
        index: int = instruction.program_id_index
        program = keys[index] if index < len(keys) else None
        data = bytes(instruction.data)
        if program in _PRECOMPILES and data:
            signatures += data[0]
        if program != COMPUTE_BUDGET:
            others += 1
        elif data[:1] == b"\x02" and len(data) >= 5:
            limit = struct.unpack_from("<I", data, 1)[0]
        elif data[:1] == b"\x03" and len(data) >= 9:
            price = struct.unpack_from("<Q", data, 1)[0]
    units = min(_MAX_UNITS, others * _DEFAULT_UNITS if limit is None else limit)
    return Fee(signatures * LAMPORTS_PER_SIGNATURE, -(-price * units // 1_000_000))


def memo_of(transaction: VersionedTransaction) -> str | None:
    """The memo as getSignaturesForAddress shows it: `[length] text`, several joined by `; `."""
    message = transaction.message
    keys = message.account_keys
    memos: list[str] = []
    for instruction in message.instructions:
        if instruction.program_id_index < len(keys) and keys[instruction.program_id_index] in MEMOS:
            data = bytes(instruction.data)
            memos.append(f"[{len(data)}] {data.decode(errors='replace')}")
    return "; ".join(memos) or None


def error_json(error: TransactionErrorType) -> Json:
    """A VM error in the JSON of the RPC, such as `{"InstructionError": [0, {"Custom": 1}]}`."""
    status: Json = json.loads(TransactionStatus(0, None, error, error, None).to_json())["err"]
    return status


_WORDS = {
    "BlockhashNotFound": "Blockhash not found",
    "AlreadyProcessed": "This transaction has already been processed",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "InvalidProgramForExecution": "This program may not be used for executing instructions",
    "SignatureFailure": "Transaction did not pass signature verification",
    "SanitizeFailure": "Transaction failed to sanitize accounts offsets correctly",
    "AccountLoadedTwice": "Account loaded twice",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
}


def error_text(error: Json) -> str:
    """The words that real nodes have for an error."""
    match error:
        case str():
            return _WORDS.get(error) or _split(error).capitalize()
        case {"InstructionError": [index, {"Custom": int(code)}]}:
            return f"Error processing Instruction {index}: custom program error: {code:#x}"
        case {"InstructionError": [index, str(name)]}:
            return f"Error processing Instruction {index}: {_split(name)}"
        case {"InsufficientFundsForRent": {"account_index": index}}:
            return f"Transaction results in an account ({index}) with insufficient funds for rent"
        case _:
            return json.dumps(error)


def _split(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
