"""The JSON of Solana's RPC for accounts, transactions and statuses."""

from base64 import b64encode
from collections.abc import Mapping

from based58 import b58encode
from solders.account import Account
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.localnet.bank import Commitment
from arena.localnet.history import Entry
from arena.localnet.node import Node
from arena.localnet.params import DataSlice
from arena.localnet.rpcerrors import invalid_request, unsupported_version
from arena.localnet.transactions import Json
from arena.localnet.vm import Execution

API_VERSION = "2.1.0"
"""the Agave release whose RPC this speaks"""

ACCOUNT_ENCODINGS = ("base64", "base58", "jsonParsed", "binary")
"""jsonParsed answers base64, as real nodes do for the accounts of programs that they do not know"""
TRANSACTION_ENCODINGS = ("json", "base64", "base58", "jsonParsed", "binary")
_MAX_BASE58 = 128
NO_ACCOUNT = Account(0, b"", Pubkey.default(), False, 0)
"""what a subscriber is told of an account that ceased to exist"""


def context(slot: int) -> dict[str, Json]:
    return {"apiVersion": API_VERSION, "slot": slot}


def account_json(account: Account, encoding: str, data_slice: DataSlice | None = None) -> dict[str, Json]:
    """An account; base58 is refused for long data, as real nodes do."""
    data = account.data
    space = len(data)
    if data_slice is not None:
        data = data[data_slice.offset : data_slice.offset + data_slice.length]
    return {
        "data": _account_data(data, encoding),
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        "rentEpoch": account.rent_epoch,
        "space": space,
    }


def _account_data(data: bytes, encoding: str) -> Json:
    if encoding in ("base58", "binary"):
        if len(data) > _MAX_BASE58:
            raise invalid_request(
                "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
            )
        text = b58encode(data).decode()
        return text if encoding == "binary" else [text, "base58"]
    return [b64encode(data).decode(), "base64"]


def status_json(error: Json) -> Json:
    return {"Ok": None} if error is None else {"Err": error}


def signature_status(node: Node, entry: Entry) -> dict[str, Json]:
    commitment = node.commitment_of(entry.slot)
    finalized = commitment is Commitment.FINALIZED
    return {
        "slot": entry.slot,
        "confirmations": None if finalized else node.slot_at(Commitment.PROCESSED) - entry.slot,
        "status": status_json(entry.error),
        "err": entry.error,
        "confirmationStatus": commitment.value,
    }


def signature_info(node: Node, entry: Entry) -> dict[str, Json]:
    """One row of getSignaturesForAddress."""
    return {
        "signature": str(entry.signature),
        "slot": entry.slot,
        "err": entry.error,
        "memo": entry.memo,
        "blockTime": entry.block_time,
        "confirmationStatus": node.commitment_of(entry.slot).value,
    }


def transaction_json(entry: Entry, encoding: str, max_version: int | None) -> dict[str, Json]:
    """The result of getTransaction."""
    transaction = entry.transaction()
    versioned = isinstance(transaction.message, MessageV0)
    if versioned and max_version is None:
        raise unsupported_version(0)
    details = entry.details()
    body: dict[str, Json] = {
        "slot": entry.slot,
        "blockTime": entry.block_time,
        "transaction": _encoded(transaction, entry, encoding, details),
        "meta": _meta(entry, details),
    }
    if max_version is not None:
        body["version"] = 0 if versioned else "legacy"
    return body


def _encoded(
    transaction: VersionedTransaction, entry: Entry, encoding: str, details: Mapping[str, Json]
) -> Json:
    match encoding:
        case "base64":
            return [b64encode(entry.raw).decode(), "base64"]
        case "base58":
            return [b58encode(entry.raw).decode(), "base58"]
        case "binary":
            return b58encode(entry.raw).decode()
    message = transaction.message
    signatures: Json = [str(signature) for signature in transaction.signatures]
    header = message.header
    body: dict[str, Json]
    if encoding == "jsonParsed":
        body = _parsed_message(transaction, details)
    else:
        body = {
            "header": {
                "numRequiredSignatures": header.num_required_signatures,
                "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
                "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
            },
            "accountKeys": [str(key) for key in message.account_keys],
            "instructions": [
                {
                    "programIdIndex": instruction.program_id_index,
                    "accounts": list(bytes(instruction.accounts)),
                    "data": b58encode(bytes(instruction.data)).decode(),
                    "stackHeight": None,
                }
                for instruction in message.instructions
            ],
        }
    body["recentBlockhash"] = str(message.recent_blockhash)
    if isinstance(message, MessageV0):
        body["addressTableLookups"] = [
            {
                "accountKey": str(lookup.account_key),
                "writableIndexes": list(bytes(lookup.writable_indexes)),
                "readonlyIndexes": list(bytes(lookup.readonly_indexes)),
            }
            for lookup in message.address_table_lookups
        ]
    return {"signatures": signatures, "message": body}


def _parsed_message(transaction: VersionedTransaction, details: Mapping[str, Json]) -> dict[str, Json]:
    # Instructions stay partially decoded, which is what real nodes answer for programs that they do not know.
    message = transaction.message
    static = [str(key) for key in message.account_keys]
    header = message.header
    signers = header.num_required_signatures
    loaded = details["loaded"]
    assert isinstance(loaded, list)
    writable, readonly = ([str(key) for key in keys] for keys in loaded if isinstance(keys, list))
    keys = [*static, *writable, *readonly]
    accounts: list[Json] = [
        {
            "pubkey": key,
            "signer": index < signers,
            "source": "transaction",
            "writable": index < signers - header.num_readonly_signed_accounts
            or signers <= index < len(static) - header.num_readonly_unsigned_accounts,
        }
        for index, key in enumerate(static)
    ]
    accounts += [
        {"pubkey": key, "signer": False, "source": "lookupTable", "writable": is_writable}
        for group, is_writable in ((writable, True), (readonly, False))
        for key in group
    ]
    return {
        "accountKeys": accounts,
        "instructions": [
            {
                "programId": keys[instruction.program_id_index],
                "accounts": [keys[index] for index in bytes(instruction.accounts)],
                "data": b58encode(bytes(instruction.data)).decode(),
                "stackHeight": None,
            }
            for instruction in message.instructions
        ],
    }


def _meta(entry: Entry, details: Mapping[str, Json]) -> dict[str, Json]:
    loaded = details["loaded"]
    assert isinstance(loaded, list)
    meta: dict[str, Json] = {
        "err": entry.error,
        "status": status_json(entry.error),
        "fee": details["fee"],
        "preBalances": details["pre"],
        "postBalances": details["post"],
        "innerInstructions": details["inner"],
        "logMessages": details["logs"],
        "preTokenBalances": [],
        "postTokenBalances": [],
        "rewards": [],
        "loadedAddresses": {"writable": loaded[0], "readonly": loaded[1]},
        "computeUnitsConsumed": details["units"],
    }
    if details["returned"] is not None:
        meta["returnData"] = details["returned"]
    return meta


def simulation_json(execution: Execution, *, inner: bool) -> dict[str, Json]:
    """The value of simulateTransaction, without accounts and replacement blockhash."""
    return {
        "accounts": None,
        "err": execution.error,
        "innerInstructions": execution.inner if inner else None,
        "logs": list(execution.logs),
        "replacementBlockhash": None,
        "returnData": execution.return_data,
        "unitsConsumed": execution.units,
    }
