"""The methods of the RPC, one function each: parameters in, the JSON of `result` out."""

from collections.abc import Awaitable, Callable, Mapping

from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.localnet import params as read
from arena.localnet import wire
from arena.localnet.bank import Commitment
from arena.localnet.errors import LedgerFailed
from arena.localnet.history import STATUS_CACHE_SLOTS, Entry
from arena.localnet.node import Node
from arena.localnet.params import Config, DataSize, Filter, Params
from arena.localnet.rpcerrors import (
    internal_error,
    invalid_params,
    min_context_slot_not_reached,
    preflight_failure,
    signature_verification_failure,
)
from arena.localnet.transactions import Json, fee_of
from arena.localnet.vm import SLOTS_PER_EPOCH, Execution

Method = Callable[[Node, Params], Awaitable[Json]]

MAX_ACCOUNT_BYTES = 10 * 1024 * 1024
FEATURE_SET = 3241752014
"""of Agave 2.1.0; clients only display it"""


def _view(node: Node, config: Config) -> int:
    """The slot whose state the client asked for.

    Raises:
        RpcError: it is before the client's minContextSlot.
    """
    slot = node.slot_at(config.commitment())
    minimum = config.integer("minContextSlot")
    if minimum is not None and slot < minimum:
        raise min_context_slot_not_reached(slot)
    return slot


def _with_context(slot: int, value: Json) -> Json:
    return {"context": wire.context(slot), "value": value}


def _settled(config: Config, node: Node) -> int:
    commitment = config.commitment()
    if commitment is Commitment.PROCESSED:
        raise invalid_params("Method does not support commitment below `confirmed`")
    return _view(node, config)


# the node and its slots


async def get_health(_: Node, params: Params) -> Json:
    params.at_most(0)
    return "ok"


async def get_version(_: Node, params: Params) -> Json:
    params.at_most(0)
    return {"solana-core": wire.API_VERSION, "feature-set": FEATURE_SET}


async def get_genesis_hash(node: Node, params: Params) -> Json:
    params.at_most(0)
    return node.bank.genesis.genesis_hash


async def get_slot(node: Node, params: Params) -> Json:
    params.at_most(1)
    return _view(node, params.config(0))


async def get_epoch_info(node: Node, params: Params) -> Json:
    params.at_most(1)
    slot = _view(node, params.config(0))
    return {
        "absoluteSlot": slot,
        "blockHeight": slot,
        "epoch": slot // SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": node.bank.history.total,
    }


async def get_transaction_count(node: Node, params: Params) -> Json:
    params.at_most(1)
    _view(node, params.config(0))
    return node.bank.history.total


# blockhashes and fees


async def get_latest_blockhash(node: Node, params: Params) -> Json:
    params.at_most(1)
    slot = _view(node, params.config(0))
    latest = node.bank.blockhash(slot)
    value: Json = {
        "blockhash": str(latest.hash),
        "lastValidBlockHeight": latest.last_valid_block_height,
    }
    return _with_context(slot, value)


async def is_blockhash_valid(node: Node, params: Params) -> Json:
    params.at_most(2)
    blockhash = read.blockhash(params.value(0, "blockhash"))
    slot = _view(node, params.config(1))
    return _with_context(slot, node.bank.blockhashes.usable(blockhash, slot))


async def get_fee_for_message(node: Node, params: Params) -> Json:
    params.at_most(2)
    message = read.message(params.text(0, "message"))
    slot = _view(node, params.config(1))
    usable = node.bank.blockhashes.usable(message.recent_blockhash, slot)
    return _with_context(slot, fee_of(message).total if usable else None)


async def get_minimum_balance_for_rent_exemption(node: Node, params: Params) -> Json:
    params.at_most(2)
    return node.bank.vm.rent_exempt_minimum(params.integer(0, "length", MAX_ACCOUNT_BYTES))


async def get_recent_prioritization_fees(_: Node, params: Params) -> Json:
    params.at_most(1)
    return []  # nobody competes for blocks here


# accounts


async def get_balance(node: Node, params: Params) -> Json:
    params.at_most(2)
    key = params.pubkey(0)
    slot = _view(node, params.config(1))
    account = node.bank.account(key, slot)
    return _with_context(slot, account.lamports if account else 0)


def _account(node: Node, key: Pubkey, slot: int, config: Config, default: str) -> Json:
    account = node.bank.account(key, slot)
    encoding = config.choice("encoding", wire.ACCOUNT_ENCODINGS, default)
    data_slice = config.data_slice()
    return wire.account_json(account, encoding, data_slice) if account else None


async def get_account_info(node: Node, params: Params) -> Json:
    params.at_most(2)
    key, config = params.pubkey(0), params.config(1)
    slot = _view(node, config)
    return _with_context(slot, _account(node, key, slot, config, "binary"))


async def get_multiple_accounts(node: Node, params: Params) -> Json:
    params.at_most(2)
    keys = [read.pubkey(text) for text in params.texts(0, "pubkeys", 100)]
    config = params.config(1)
    slot = _view(node, config)
    return _with_context(slot, [_account(node, key, slot, config, "base64") for key in keys])


def _matches(data: bytes, filters: list[Filter]) -> bool:
    return all(
        len(data) == wanted.size
        if isinstance(wanted, DataSize)
        else data[wanted.offset : wanted.offset + len(wanted.data)] == wanted.data
        for wanted in filters
    )


async def get_program_accounts(node: Node, params: Params) -> Json:
    params.at_most(2)
    program, config = params.pubkey(0), params.config(1)
    slot = _view(node, config)
    encoding = config.choice("encoding", wire.ACCOUNT_ENCODINGS, "binary")
    data_slice, filters = config.data_slice(), config.filters()
    found: list[Json] = [
        {"pubkey": str(key), "account": wire.account_json(account, encoding, data_slice)}
        for key, account in node.bank.accounts.owned_by(program, slot)
        if not filters or _matches(account.data, filters)
    ]
    return _with_context(slot, found) if config.flag("withContext") else found


# sending


def _decoded(params: Params, config: Config) -> VersionedTransaction:
    encoding = config.choice("encoding", ("base58", "base64"), "base58")
    return read.transaction(params.text(0, "transaction"), encoding)


async def _submit(submission: Awaitable[Entry | Execution]) -> Entry | Execution:
    try:
        return await submission
    except (OSError, LedgerFailed) as error:
        raise internal_error(f"the ledger cannot be written: {error}") from error


async def send_transaction(node: Node, params: Params) -> Json:
    """As on a real node the signature is answered before it is known whether the transaction lands, when
    preflight is skipped or looks at an older state; but when it has landed, it is on the disk."""
    params.at_most(2)
    config = params.config(1)
    transaction = _decoded(params, config)
    preflight = config.commitment("preflightCommitment")
    config.integer("maxRetries")
    minimum = config.integer("minContextSlot")
    if not config.flag("skipPreflight"):
        slot = node.slot_at(preflight)
        if minimum is not None and slot < minimum:
            raise min_context_slot_not_reached(slot)
        if not all(transaction.verify_with_results()):
            raise signature_verification_failure()
        execution = node.bank.simulate(transaction, slot, verify=False)
        if execution.error is not None:
            raise preflight_failure(execution)
    await _submit(node.submit(transaction))
    return str(transaction.signatures[0])


async def simulate_transaction(node: Node, params: Params) -> Json:
    params.at_most(2)
    config = params.config(1)
    transaction = _decoded(params, config)
    slot = _view(node, config)
    replace, verify = config.flag("replaceRecentBlockhash"), config.flag("sigVerify")
    if replace and verify:
        raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
    accounts = config.inner("accounts")
    inner = config.flag("innerInstructions")
    if verify and not all(transaction.verify_with_results()):
        raise signature_verification_failure()
    execution = node.bank.simulate(transaction, slot, verify=False, check_blockhash=not replace)
    value = wire.simulation_json(execution, inner=inner)
    if replace:
        latest = node.bank.blockhash(slot)
        value["replacementBlockhash"] = {
            "blockhash": str(latest.hash),
            "lastValidBlockHeight": latest.last_valid_block_height,
        }
    if accounts is not None:
        value["accounts"] = _simulated_accounts(node, slot, execution, accounts)
    return _with_context(slot, value)


def _simulated_accounts(node: Node, slot: int, execution: Execution, config: Config) -> Json:
    encoding = config.choice("encoding", wire.ACCOUNT_ENCODINGS, "base64")
    if encoding in ("base58", "binary"):
        raise invalid_params("base58 encoding not supported")
    keys = [read.pubkey(text) for text in config.texts("addresses", 256) or []]
    if execution.error is not None:
        return [None] * len(keys)
    states = [
        execution.changes[key] if key in execution.changes else node.bank.account(key, slot) for key in keys
    ]
    return [wire.account_json(account, encoding) if account else None for account in states]


async def request_airdrop(node: Node, params: Params) -> Json:
    params.at_most(3)
    key = params.pubkey(0)
    limit = node.config.limits.airdrop_lamports
    lamports = params.integer(1, "lamports")
    if lamports > limit:
        raise invalid_params(f"airdrop request too large: {lamports} lamports (max: {limit})")
    params.config(2).commitment()
    outcome = await _submit(node.airdrop(key, lamports))
    if isinstance(outcome, Execution):
        raise preflight_failure(outcome)
    return str(outcome.signature)


# history


async def get_signature_statuses(node: Node, params: Params) -> Json:
    params.at_most(2)
    signatures = [read.signature(text) for text in params.texts(0, "signatures", 256)]
    search = params.config(1).flag("searchTransactionHistory")
    newest = node.slot_at(Commitment.PROCESSED)
    statuses: list[Json] = []
    for signature in signatures:
        entry = node.landed(signature)
        known = entry is not None and (search or entry.slot >= newest - STATUS_CACHE_SLOTS)
        statuses.append(wire.signature_status(node, entry) if entry is not None and known else None)
    return _with_context(newest, statuses)


async def get_signatures_for_address(node: Node, params: Params) -> Json:
    params.at_most(2)
    address, config = params.pubkey(0), params.config(1)
    limit = config.integer("limit", minimum=1, maximum=1000)
    newest_slot = _settled(config, node)
    before, until = config.signature("before"), config.signature("until")
    order: int | None = None
    if before is not None:
        entry = node.landed(before)
        if entry is None:
            return []
        order = entry.order
    last = node.landed(until) if until is not None else None
    rows: list[Json] = []
    for entry in node.bank.history.of_address(address):
        if entry.slot > newest_slot or (order is not None and entry.order >= order):
            continue
        if last is not None and entry.order <= last.order:
            break
        rows.append(wire.signature_info(node, entry))
        if len(rows) == (limit or 1000):
            break
    return rows


async def get_transaction(node: Node, params: Params) -> Json:
    params.at_most(2)
    signature = params.signature(0)
    # the configuration may be just the encoding, as a string
    config = Config({"encoding": params.text(1, "encoding")}) if params.is_text(1) else params.config(1)
    slot = _settled(config, node)
    encoding = config.choice("encoding", wire.TRANSACTION_ENCODINGS, "json")
    max_version = config.integer("maxSupportedTransactionVersion", maximum=255)
    entry = node.landed(signature)
    if entry is None or entry.slot > slot:
        return None
    return wire.transaction_json(entry, encoding, max_version)


METHODS: Mapping[str, Method] = {
    "getAccountInfo": get_account_info,
    "getBalance": get_balance,
    "getBlockHeight": get_slot,  # every slot has a block
    "getEpochInfo": get_epoch_info,
    "getFeeForMessage": get_fee_for_message,
    "getGenesisHash": get_genesis_hash,
    "getHealth": get_health,
    "getLatestBlockhash": get_latest_blockhash,
    "getMinimumBalanceForRentExemption": get_minimum_balance_for_rent_exemption,
    "getMultipleAccounts": get_multiple_accounts,
    "getProgramAccounts": get_program_accounts,
    "getRecentPrioritizationFees": get_recent_prioritization_fees,
    "getSignatureStatuses": get_signature_statuses,
    "getSignaturesForAddress": get_signatures_for_address,
    "getSlot": get_slot,
    "getTransaction": get_transaction,
    "getTransactionCount": get_transaction_count,
    "getVersion": get_version,
    "isBlockhashValid": is_blockhash_valid,
    "requestAirdrop": request_airdrop,
    "sendTransaction": send_transaction,
    "simulateTransaction": simulate_transaction,
}
