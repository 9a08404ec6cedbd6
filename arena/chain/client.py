"""Typed questions to a Solana node, on trio.

Every method raises `ChainUnavailable` for whatever goes wrong on the way, and nothing else unless it says so.
Lamports are integers everywhere. The wire format is that of https://solana.com/docs/rpc.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from arena.chain import wire
from arena.chain.parallel import in_parallel
from arena.chain.reasons import CHAIN_UNAVAILABLE, explain_node_error
from arena.chain.recent import Recent
from arena.chain.rpc import PREFLIGHT_FAILURE, ChainUnavailable, JsonRpc, RpcError
from arena.chain.together import Together
from arena.chain.transaction_errors import custom_code, describe

__all__ = [
    "AccountState",
    "Blockhash",
    "ChainClient",
    "ChainUnavailable",
    "Commitment",
    "LandedTransaction",
    "SignatureInfo",
    "Simulation",
    "Status",
    "TransactionRejected",
]

T = TypeVar("T")

# Limits of the RPC itself.
ACCOUNTS_PER_CALL = 100
STATUSES_PER_CALL = 256
SIGNATURES_PER_CALL = 1000

CHUNKS_AT_ONCE = 4

RECENT_SECONDS = 1.0


class Commitment(StrEnum):
    """How sure the cluster is of a slot; each stage implies the ones before."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


class TransactionRejected(Exception):
    """The node refused to forward a transaction, so it was not sent by this call.

    Attributes:
        error: one line.
        code: with what the program refused it, when it was the program.
        logs: what the simulation printed, if there was one.
        cause: the RPC's own value of what the simulation ended with; None: the node did not get so far.
    """

    def __init__(self, error: str, logs: tuple[str, ...] = (), cause: object = None) -> None:
        super().__init__(error)
        self.error = error
        self.code = custom_code(cause)
        self.logs = logs
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Blockhash:
    """A recent blockhash, and the last block height at which a transaction that names it can land."""

    hash: Hash
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as it was at `slot`."""

    lamports: int
    owner: Pubkey
    data: bytes
    executable: bool
    slot: int


@dataclass(frozen=True, slots=True)
class Status:
    """How a transaction that landed fared. `error` is the RPC's own value, None when it succeeded."""

    slot: int
    error: object
    confirmation: Commitment


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """One line of an address's history."""

    signature: str
    slot: int
    error: object
    block_time: int | None


@dataclass(frozen=True, slots=True)
class LandedTransaction:
    """A transaction as a block holds it. `logs` is None when the node kept none.

    The balances are lamports, in the order of the transaction's accounts.
    """

    slot: int
    block_time: int | None
    error: object
    logs: tuple[str, ...] | None
    transaction: bytes
    balances_before: tuple[int, ...]
    balances_after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would have happened."""

    error: object
    logs: tuple[str, ...]
    units_consumed: int | None


class ChainClient:
    """One node, asked at one commitment unless a method is told otherwise.

    Use it as an async context manager, or close it with `aclose()`.

    Args:
        rpc_url: http or https.
        commitment: the default for every question.
        timeout: seconds for one call.
        max_concurrent: calls under way at once; more wait within their timeout.
    """

    def __init__(
        self,
        rpc_url: str,
        commitment: Commitment | str = Commitment.CONFIRMED,
        *,
        timeout: float = 10.0,
        max_concurrent: int = 32,
    ) -> None:
        self.commitment = Commitment(commitment)
        self._rpc = JsonRpc(rpc_url, timeout=timeout, max_concurrent=max_concurrent)
        self._blockhash = Recent(self._ask_blockhash, RECENT_SECONDS)
        self._finalized_slot = Recent(lambda: self.slot(Commitment.FINALIZED), RECENT_SECONDS)
        self._rents: dict[int, int] = {}
        self._balances = Together(self._ask_balances)
        self._genesis: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._rpc.aclose()

    # --- accounts ---

    async def account(self, address: Pubkey, commitment: Commitment | None = None) -> AccountState | None:
        """The account at `address`, or None if there is none."""
        return (await self.accounts([address], commitment))[0]

    async def accounts(
        self, addresses: Sequence[Pubkey], commitment: Commitment | None = None
    ) -> list[AccountState | None]:
        """Many accounts, in the order asked for; 100 a call, so not all need be of one slot."""

        async def ask(chunk: Sequence[Pubkey]) -> list[AccountState | None]:
            return await self._call(
                "getMultipleAccounts",
                [[str(address) for address in chunk], self._config(commitment, encoding="base64")],
                partial(_accounts, len(chunk)),
            )

        chunks = await in_parallel(ask, _chunks(addresses, ACCOUNTS_PER_CALL), at_once=CHUNKS_AT_ONCE)
        return list(itertools.chain.from_iterable(chunks))

    async def owned_by(
        self, program: Pubkey, *, size: int, having: Mapping[int, bytes], commitment: Commitment | None = None
    ) -> list[Pubkey]:
        """The addresses of all accounts of `program` with `size` bytes that have these bytes at these offsets."""
        filters: list[object] = [{"dataSize": size}]
        filters += [
            {"memcmp": {"offset": offset, "bytes": base64.b64encode(value).decode(), "encoding": "base64"}}
            for offset, value in having.items()
        ]
        config = self._config(
            commitment, encoding="base64", dataSlice={"offset": 0, "length": 0}, filters=filters
        )
        return await self._call("getProgramAccounts", [str(program), config], _addresses)

    async def balance(self, address: Pubkey, commitment: Commitment | None = None) -> int:
        """Lamports at `address`, 0 if there is no account. Those that are asked for at once are asked for together."""
        return await self._balances.ask((address, commitment or self.commitment))

    async def rent_exempt_minimum(self, size: int) -> int:
        """Lamports that an account of `size` bytes has to hold. Asked once per size."""
        if size not in self._rents:
            self._rents[size] = await self._call("getMinimumBalanceForRentExemption", [size], wire.as_u64)
        return self._rents[size]

    # --- the clock ---

    async def latest_blockhash(self) -> Blockhash:
        """A recent blockhash, at most a second old."""
        return await self._blockhash.get()

    async def recent_finalized_slot(self) -> int:
        """A slot that is final, and was the newest such one at most a second ago."""
        return await self._finalized_slot.get()

    async def block_height(self, commitment: Commitment | None = None) -> int:
        """How many blocks there are below the newest one of that commitment."""
        return await self._call("getBlockHeight", [self._config(commitment)], wire.as_u64)

    async def slot(self, commitment: Commitment | None = None) -> int:
        """The newest slot of that commitment."""
        return await self._call("getSlot", [self._config(commitment)], wire.as_u64)

    async def genesis_hash(self) -> str:
        """Which cluster this is. Asked once."""
        if self._genesis is None:
            self._genesis = await self._call("getGenesisHash", [], wire.as_str)
        return self._genesis

    async def health(self) -> None:
        """Return if the node says it is healthy, else raise `ChainUnavailable`."""
        await self._call("getHealth", [], _healthy)

    # --- transactions ---

    async def send(self, transaction: bytes, *, skip_preflight: bool = False) -> str:
        """Hand a fully signed transaction to the node and return its signature. It has not landed by that.

        The node is told not to repeat it: whoever wants it to land sends it again.

        Raises:
            TransactionRejected: malformed, badly signed, or (with preflight) failing in simulation.
        """
        [sent] = await self.send_all([transaction], skip_preflight=skip_preflight)
        if isinstance(sent, Exception):
            raise sent
        return sent

    async def send_all(
        self, transactions: Sequence[bytes], *, skip_preflight: bool = False
    ) -> list[str | TransactionRejected | ChainUnavailable]:
        """Hand several to the node, at once if it takes batches; what each came to as if it were sent alone.

        Raises:
            ChainUnavailable: there is no answer to any of them.
        """
        config = {
            "encoding": "base64",
            "skipPreflight": skip_preflight,
            "preflightCommitment": self.commitment.value,
            "maxRetries": 0,
        }
        answers = await self._rpc.call_all(
            "sendTransaction",
            [[base64.b64encode(transaction).decode(), config] for transaction in transactions],
            wire.as_signature,
        )
        return [_sent(raw, answer) for raw, answer in zip(transactions, answers, strict=True)]

    async def simulate(self, transaction: bytes, *, verify_signatures: bool = False) -> Simulation:
        """Run a transaction without landing it. Unless told to verify, a fresh blockhash is put in.

        Raises:
            TransactionRejected: it is malformed or badly signed.
        """
        config = self._config(
            encoding="base64", sigVerify=verify_signatures, replaceRecentBlockhash=not verify_signatures
        )
        try:
            return await self._rpc.call(
                "simulateTransaction", [base64.b64encode(transaction).decode(), config], _simulation
            )
        except RpcError as error:
            raise _rejection("simulateTransaction", error) from error

    async def statuses(
        self, signatures: Sequence[str], *, search_history: bool = False
    ) -> list[Status | None]:
        """How transactions fare, in the order asked for; None where the node knows nothing."""
        return (await self.statuses_at(signatures, search_history=search_history))[1]

    async def statuses_at(
        self, signatures: Sequence[str], *, search_history: bool = False
    ) -> tuple[int, list[Status | None]]:
        """The same with the slot that the node had processed when it answered (the lowest of several calls).

        Without `search_history` only the last few minutes are looked at.
        """

        async def ask(chunk: Sequence[str]) -> tuple[int, list[Status | None]]:
            return await self._call(
                "getSignatureStatuses",
                [list(chunk), {"searchTransactionHistory": search_history}],
                partial(_statuses, len(chunk)),
            )

        chunks = await in_parallel(ask, _chunks(signatures, STATUSES_PER_CALL), at_once=CHUNKS_AT_ONCE)
        slot = min((slot for slot, _ in chunks), default=0)
        return slot, list(itertools.chain.from_iterable(statuses for _, statuses in chunks))

    async def signatures_for(
        self,
        address: Pubkey,
        *,
        before: str | None = None,
        until: str | None = None,
        limit: int = SIGNATURES_PER_CALL,
        commitment: Commitment | None = None,
    ) -> list[SignatureInfo]:
        """Transactions that name `address`, failed ones included, newest first.

        `before` and `until` are signatures and themselves left out. The order inside one slot is not
        reliable.
        """
        config = self._config(_at_least_confirmed(commitment or self.commitment), limit=limit)
        if before is not None:
            config["before"] = before
        if until is not None:
            config["until"] = until
        return await self._call("getSignaturesForAddress", [str(address), config], _signature_infos)

    async def transaction(
        self, signature: str, commitment: Commitment | None = None
    ) -> LandedTransaction | None:
        """A landed transaction, or None if the node does not have it (yet)."""
        config = self._config(
            _at_least_confirmed(commitment or self.commitment),
            encoding="base64",
            # Any version: one that we cannot read must not keep us from reading its logs.
            maxSupportedTransactionVersion=255,
        )
        return await self._call("getTransaction", [signature, config], _landed)

    async def airdrop(self, address: Pubkey, lamports: int) -> str:
        """Money from nowhere, where the cluster gives any. Returns the signature.

        Raises:
            TransactionRejected: the address cannot receive it, as that of a program cannot.
        """
        params: list[object] = [str(address), lamports, self._config()]
        try:
            return await self._rpc.call("requestAirdrop", params, wire.as_signature)
        except RpcError as error:
            raise _rejection("requestAirdrop", error) from error

    # --- inside ---

    def _config(self, commitment: Commitment | None = None, **more: object) -> dict[str, object]:
        return {"commitment": (commitment or self.commitment).value, **more}

    async def _ask_blockhash(self) -> Blockhash:
        return await self._call("getLatestBlockhash", [self._config()], _blockhash)

    async def _ask_balances(
        self, wanted: Sequence[tuple[Pubkey, Commitment]]
    ) -> list[int | ChainUnavailable]:
        calls: list[list[object]] = [
            [str(address), self._config(commitment)] for address, commitment in wanted
        ]
        answers = await self._rpc.call_all(
            "getBalance", calls, lambda result: wire.as_u64(wire.as_object(result)["value"])
        )
        return [_known("getBalance", answer) for answer in answers]

    async def _call(self, method: str, params: list[object], decode: Callable[[object], T]) -> T:
        """A call for which a "no" of the node means no more than that it cannot tell now."""
        try:
            return await self._rpc.call(method, params, decode)
        except RpcError as error:
            raise ChainUnavailable(f"{method}: {error}") from error


def _known(method: str, answer: T | RpcError | ChainUnavailable) -> T | ChainUnavailable:
    return ChainUnavailable(f"{method}: {answer}") if isinstance(answer, RpcError) else answer


def _chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _at_least_confirmed(commitment: Commitment) -> Commitment:
    """History is not kept of processed slots."""
    return Commitment.CONFIRMED if commitment is Commitment.PROCESSED else commitment


def _rejection(method: str, error: RpcError) -> TransactionRejected | ChainUnavailable:
    """What an error of the node says about the transaction, if it says anything about it."""
    match error.code, error.data:
        case int(code), dict(data) if code == PREFLIGHT_FAILURE and data.get("err") is not None:
            try:
                logs = wire.as_logs(data.get("logs")) or ()
            except ValueError:
                logs = ()
            return TransactionRejected(describe(data["err"]), logs, data["err"])
        case int(code), _ if explain_node_error(code) is not CHAIN_UNAVAILABLE:
            return TransactionRejected(error.message)
        case _:
            return ChainUnavailable(f"{method}: {error}")


def _sent(
    transaction: bytes, answer: str | RpcError | ChainUnavailable
) -> str | TransactionRejected | ChainUnavailable:
    match answer:
        case RpcError():
            return _rejection("sendTransaction", answer)
        case str() if (
            Signature.from_string(answer) != VersionedTransaction.from_bytes(transaction).signatures[0]
        ):
            return ChainUnavailable("sendTransaction: the signature of another transaction")
        case _:
            return answer


def _with_slot(result: object) -> tuple[int, object]:
    answer = wire.as_object(result)
    return wire.as_u64(wire.as_object(answer["context"])["slot"]), answer["value"]


def _accounts(count: int, result: object) -> list[AccountState | None]:
    slot, value = _with_slot(result)
    return [_account(slot, item) for item in wire.as_list(value, count)]


def _addresses(result: object) -> list[Pubkey]:
    return [wire.as_pubkey(wire.as_object(item)["pubkey"]) for item in wire.as_list(result)]


def _account(slot: int, value: object) -> AccountState | None:
    if value is None:
        return None
    fields = wire.as_object(value)
    return AccountState(
        lamports=wire.as_u64(fields["lamports"]),
        owner=wire.as_pubkey(fields["owner"]),
        data=wire.as_base64(fields["data"]),
        executable=wire.as_bool(fields["executable"]),
        slot=slot,
    )


def _blockhash(result: object) -> Blockhash:
    value = wire.as_object(_with_slot(result)[1])
    return Blockhash(
        Hash.from_string(wire.as_str(value["blockhash"])), wire.as_u64(value["lastValidBlockHeight"])
    )


def _healthy(result: object) -> None:
    if result != "ok":
        raise ValueError(f"{result!r:.50}")


def _statuses(count: int, result: object) -> tuple[int, list[Status | None]]:
    slot, value = _with_slot(result)
    return slot, [_status(item) for item in wire.as_list(value, count)]


def _status(value: object) -> Status | None:
    if value is None:
        return None
    fields = wire.as_object(value)
    stage = fields.get("confirmationStatus")
    if stage is None:  # nodes of old only count; no count means rooted
        stage = Commitment.FINALIZED if fields["confirmations"] is None else Commitment.PROCESSED
    return Status(wire.as_u64(fields["slot"]), fields["err"], Commitment(wire.as_str(stage)))


def _signature_infos(result: object) -> list[SignatureInfo]:
    infos = []
    for item in wire.as_list(result):
        fields = wire.as_object(item)
        infos.append(
            SignatureInfo(
                wire.as_signature(fields["signature"]),
                wire.as_u64(fields["slot"]),
                fields["err"],
                wire.as_time(fields.get("blockTime")),
            )
        )
    return infos


def _landed(result: object) -> LandedTransaction | None:
    if result is None:
        return None
    fields = wire.as_object(result)
    meta = wire.as_object(fields["meta"])
    return LandedTransaction(
        slot=wire.as_u64(fields["slot"]),
        block_time=wire.as_time(fields.get("blockTime")),
        error=meta["err"],
        logs=wire.as_logs(meta.get("logMessages")),
        transaction=wire.as_base64(fields["transaction"]),
        balances_before=tuple(wire.as_u64(item) for item in wire.as_list(meta["preBalances"])),
        balances_after=tuple(wire.as_u64(item) for item in wire.as_list(meta["postBalances"])),
    )


def _simulation(result: object) -> Simulation:
    value = wire.as_object(_with_slot(result)[1])
    units = value.get("unitsConsumed")
    return Simulation(
        value["err"], wire.as_logs(value.get("logs")) or (), None if units is None else wire.as_u64(units)
    )
