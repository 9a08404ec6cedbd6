"""The submitter: sends transactions again and again until it is certain how they ended.

Nothing is concluded from a missing answer. A transaction has landed when its status is finalized. It is dead
when the chain's finalized height is past its last valid one and a node that has seen at least that much of
the chain still knows nothing of it, in its history too.

It holds everything in memory; whoever submits has written it down before, and submits again after a restart.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Never

import structlog
import trio
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from actors import ActorError
from arena.chain.backoff import Backoff
from arena.chain.client import ChainClient, ChainUnavailable, Commitment, Status, TransactionRejected
from arena.chain.outgoing import Expired, Failed, Landed, Outcome, Outgoing, TransactionKind
from arena.chain.places import Places
from arena.problems import Problem

__all__ = [
    "Expired",
    "Failed",
    "Landed",
    "Outcome",
    "Outgoing",
    "Submitter",
    "SubmitterFull",
    "SubmitterStatus",
    "TransactionKind",
]

log = structlog.get_logger(__name__)

CAPACITY = 50_000
SENDS_AT_ONCE = 16
"""Posts to the node."""
SENDS_PER_SECOND = 100.0
MAX_TOGETHER = 50
"""Transactions in one post; nodes limit their batches."""
TOGETHER_SECONDS = 0.02
"""A post holds at most what may be sent in so long, so that the next one need not wait longer."""
OUTCOMES_AT_ONCE = 32
CONFIRMED_EVERY = 16
"""Looks at the chain until it is the turn of a transaction again that is confirmed and cannot be final yet."""


class SubmitterFull(Exception):
    """Too many transactions are on their way."""


@dataclass(frozen=True, slots=True)
class SubmitterStatus:
    """How the submitter is.

    Attributes:
        pending: transactions whose end is not known.
        concluding: transactions whose end is known and not yet taken note of by the handler.
        sent: how often anything was sent since the start.
        last_check_at: unix seconds of the last look at the chain that worked.
        last_error: why the node could not be asked last time, None when it could.
    """

    pending: int
    concluding: int
    sent: int
    last_check_at: float | None
    last_error: str | None


class _Entry:
    """A transaction in our charge: in one of the two queues, or being sent, until it has an outcome."""

    __slots__ = ("due", "outcome", "outgoing", "rests", "seen", "slot", "turn")

    def __init__(self, outgoing: Outgoing, turn: int) -> None:
        self.outgoing = outgoing
        self.turn = turn  # of the looks at the chain, when it is confirmed
        self.due = 0.0  # when to send it (again), by trio's clock
        self.seen = False  # it is confirmed, so sending it again is of no use
        self.rests = False  # it is in neither queue
        self.slot = 0  # in which it was seen last
        self.outcome: Outcome | None = None


class Submitter:
    """Brings transactions to their end and tells about it.

    Args:
        on_outcome: awaited once per transaction, and again when it raises, until it returns. Several at once.
        wanted: of which outcomes anybody wants to know; the others are not told.
        interval: seconds between looks at the chain, and between repeated sends of one transaction.
        capacity: how many transactions may be on their way.
        sends_per_second: over all transactions; new ones go before repeated ones.
    """

    def __init__(
        self,
        client: ChainClient,
        on_outcome: Callable[[Outcome], Awaitable[None]],
        *,
        wanted: Callable[[Outcome], bool] = lambda _: True,
        interval: float = 1.0,
        capacity: int = CAPACITY,
        sends_per_second: float = SENDS_PER_SECOND,
        backoff_maximum: float = 30.0,
    ) -> None:
        self._client = client
        self._on_outcome = on_outcome
        self._wanted = wanted
        self._interval = interval
        self._capacity = capacity
        self._spacing = 1.0 / sends_per_second
        self._together = max(1, min(MAX_TOGETHER, int(sends_per_second * TOGETHER_SECONDS)))
        self._backoff_maximum = backoff_maximum
        self._entries: dict[str, _Entry] = {}
        self._fresh: deque[_Entry] = deque()
        self._again: deque[_Entry] = deque()  # in the order in which they are due
        self._work = trio.Event()
        self._sends = Places(SENDS_AT_ONCE)
        self._outcomes = Places(OUTCOMES_AT_ONCE)
        self._running = False
        self._sent = 0
        self._looks = 0
        self._turns = cycle(range(CONFIRMED_EVERY))
        self._not_before = 0.0  # the node has asked for peace until then
        self._highest_finalized_slot = 0
        self._last_check_at: float | None = None
        self._last_error: str | None = None

    def submit(self, outgoing: Outgoing) -> None:
        """Take charge of a transaction and send it at once. One that is under way already is left alone.

        Raises:
            SubmitterFull: at capacity. What is under way is not touched.
            ValueError: it is not fully signed or has another signature than is said, or another transaction
                is under way by the same signature.
        """
        known = self._entries.get(outgoing.signature)
        if known is not None:
            if known.outgoing != outgoing:
                raise ValueError("another transaction is under way by this signature")
            return
        signatures = VersionedTransaction.from_bytes(outgoing.transaction).signatures
        if signatures[0] != Signature.from_string(outgoing.signature) or Signature.default() in signatures:
            raise ValueError("a fully signed transaction with its own signature was expected")
        if len(self._entries) >= self._capacity:
            raise SubmitterFull(f"{self._capacity} transactions are under way already")
        entry = _Entry(outgoing, next(self._turns))
        self._entries[outgoing.signature] = entry
        self._fresh.append(entry)
        self._work.set()

    @property
    def has_room_for_payments(self) -> bool:
        """Whether players' transactions should be taken on: a tenth is kept free for what the arena owes."""
        return len(self._entries) < self._capacity - self._capacity // 10

    def is_pending(self, signature: str) -> bool:
        """Whether a transaction is still in its charge."""
        return signature in self._entries

    @property
    def status(self) -> SubmitterStatus:
        """A snapshot for health and metrics."""
        concluding = sum(entry.outcome is not None for entry in self._entries.values())
        return SubmitterStatus(
            pending=len(self._entries) - concluding,
            concluding=concluding,
            sent=self._sent,
            last_check_at=self._last_check_at,
            last_error=self._last_error,
        )

    async def run(self) -> Never:
        """Work until cancelled. It can be run again after that, from where it was."""
        if self._running:
            raise RuntimeError("the submitter runs already")
        self._running = True
        self._fresh = deque(entry for entry in self._entries.values() if entry.outcome is None)
        self._again.clear()
        try:
            async with trio.open_nursery() as nursery:
                for entry in self._entries.values():
                    if entry.outcome is not None:
                        nursery.start_soon(self._conclude, entry, entry.outcome)
                nursery.start_soon(self._check_forever, nursery)
                await self._send_forever(nursery)
        finally:
            self._running = False

    # --- sending ---

    async def _send_forever(self, nursery: trio.Nursery) -> Never:
        next_at = trio.current_time()
        while True:
            entry, wait = self._next_to_send()
            if entry is None:
                self._work = trio.Event()
                with trio.move_on_after(wait):
                    await self._work.wait()
                continue
            if (earliest := max(next_at, self._not_before)) > trio.current_time():
                await trio.sleep_until(earliest)
            # what has come meanwhile goes with it
            entries = [entry]
            await self._sends.take(entries[0])
            while len(entries) < self._together and (entry := self._next_to_send()[0]) is not None:
                entries.append(entry)
            nursery.start_soon(self._send, entries)
            next_at = max(next_at, trio.current_time()) + len(entries) * self._spacing

    def _next_to_send(self) -> tuple[_Entry | None, float]:
        """The next transaction to send, or for how long there is none."""
        while self._fresh:
            entry = self._fresh.popleft()
            if entry.outcome is None:
                return entry, 0.0
        while self._again:
            wait = self._again[0].due - trio.current_time()
            if wait > 0:
                return None, wait
            entry = self._again.popleft()
            if entry.outcome is not None:
                continue
            if not entry.seen:
                return entry, 0.0
            entry.rests = True  # confirmed; that can still be undone
        return None, float("inf")

    async def _send(self, entries: Sequence[_Entry]) -> None:
        try:
            # Without preflight: the simulation of a node that is behind must not stop a payment, and how it
            # ends is told by its status alone.
            answers = await self._client.send_all(
                [entry.outgoing.transaction for entry in entries], skip_preflight=True
            )
        except ChainUnavailable as error:
            answers = [error]
        finally:
            self._sends.give_back(entries[0])
        for entry, answer in zip(entries, answers, strict=False):
            self._note_answer(entry, answer)
        for entry in entries:
            self._send_later(entry)

    def _note_answer(self, entry: _Entry, answer: str | ChainUnavailable | TransactionRejected) -> None:
        match answer:
            case str():
                self._sent += 1
            case ChainUnavailable():
                self._last_error = str(answer)
                if answer.retry_after is not None:
                    self._not_before = trio.current_time() + answer.retry_after
            case TransactionRejected():
                # One node's opinion. The transaction ends by landing elsewhere or by its blockhash.
                self._last_error = str(answer)
                log.warning(
                    "a node refuses a transaction", signature=entry.outgoing.signature, error=answer.error
                )

    def _send_later(self, entry: _Entry) -> None:
        entry.rests = False
        entry.due = trio.current_time() + self._interval
        self._again.append(entry)
        if len(self._again) == 1:  # otherwise it waits for the first one already
            self._work.set()

    # --- looking ---

    async def _check_forever(self, nursery: trio.Nursery) -> Never:
        backoff = Backoff(max(self._interval, 0.05), max(self._backoff_maximum, self._interval))
        while True:
            await trio.sleep(self._interval)
            watched = [entry for entry in self._entries.values() if entry.outcome is None]
            if not watched:
                continue
            try:
                outcomes = await self._check(watched)
            except ChainUnavailable as error:
                self._last_error = str(error)
                log.warning("transactions cannot be looked up", pending=len(watched), error=str(error))
                await trio.sleep(backoff.next(error.retry_after))
                continue
            backoff.reset()
            self._last_error = None
            self._last_check_at = time.time()
            for entry, outcome in outcomes:
                entry.outcome = outcome
                if self._wanted(outcome):
                    nursery.start_soon(self._conclude, entry, outcome)
                else:
                    del self._entries[entry.outgoing.signature]

    async def _check(self, watched: list[_Entry]) -> list[tuple[_Entry, Outcome]]:
        """Look at all of them once; returns those that have come to an end."""
        # The height first: only what is unknown after it counts as evidence.
        height = await self._client.block_height(Commitment.FINALIZED)
        watched = await self._worth_a_look(watched)
        outcomes: list[tuple[_Entry, Outcome]] = []
        unknown: list[_Entry] = []
        statuses = await self._client.statuses([entry.outgoing.signature for entry in watched])
        for entry, status in zip(watched, statuses, strict=True):
            self._note(entry, status)
            if status is None:
                if height > entry.outgoing.last_valid_block_height:
                    unknown.append(entry)
            elif (outcome := _outcome(entry.outgoing, status)) is not None:
                outcomes.append((entry, outcome))
        if unknown:
            outcomes += await self._check_dead(unknown)
        return outcomes

    async def _worth_a_look(self, watched: list[_Entry]) -> list[_Entry]:
        """What is confirmed becomes final when its slot does; until then it is only seen to every now and then, for
        the fork that takes it back: in turns, so that no look is at everything.
        """
        self._looks += 1
        if not any(entry.seen for entry in watched):
            return watched
        final_slot, turn = await self._client.slot(Commitment.FINALIZED), self._looks % CONFIRMED_EVERY
        return [
            entry for entry in watched if not entry.seen or entry.slot <= final_slot or entry.turn == turn
        ]

    async def _check_dead(self, entries: list[_Entry]) -> list[tuple[_Entry, Outcome]]:
        """Look up in the history those that can no longer land."""
        # Behind one address there may be several nodes. One that has processed what is finalized for another
        # has all that could have landed, in its status cache or in its history; one that is further behind
        # proves nothing.
        slot = await self._client.slot(Commitment.FINALIZED)
        self._highest_finalized_slot = max(self._highest_finalized_slot, slot)
        seen_slot, statuses = await self._client.statuses_at(
            [entry.outgoing.signature for entry in entries], search_history=True
        )
        outcomes: list[tuple[_Entry, Outcome]] = []
        for entry, status in zip(entries, statuses, strict=True):
            self._note(entry, status)
            if status is not None:
                outcome = _outcome(entry.outgoing, status)
                if outcome is not None:
                    outcomes.append((entry, outcome))
            elif seen_slot >= self._highest_finalized_slot:
                outcomes.append((entry, Expired(entry.outgoing)))
        return outcomes

    def _note(self, entry: _Entry, status: Status | None) -> None:
        seen = status is not None and status.confirmation is not Commitment.PROCESSED
        if entry.seen and not seen:
            log.warning("a confirmed transaction has disappeared", signature=entry.outgoing.signature)
        entry.seen = seen
        if entry.rests and not seen:
            self._send_later(entry)
        if status is not None:
            entry.slot = status.slot

    async def _why(self, outgoing: Outgoing) -> object:
        """A guess at what kept a transaction out of all blocks; nothing depends on it but words."""
        try:
            error = (await self._client.simulate(outgoing.transaction)).error
        except (ChainUnavailable, TransactionRejected):
            return None
        return error if _keeps_out(error) else None

    # --- telling ---

    async def _conclude(self, entry: _Entry, outcome: Outcome) -> None:
        backoff = Backoff(max(self._interval, 0.05), max(self._backoff_maximum, self._interval))
        if isinstance(outcome, Expired):
            async with self._outcomes:
                entry.outcome = outcome = Expired(outcome.outgoing, await self._why(outcome.outgoing))
        while True:
            async with self._outcomes:
                try:
                    await self._on_outcome(outcome)
                    break
                except (Problem, ActorError) as error:
                    signature = entry.outgoing.signature
                    log.warning("outcome_postponed", signature=signature, reason=str(error))
                except Exception:  # whatever it was: the outcome is told until it is taken
                    log.exception("an outcome could not be handled", signature=entry.outgoing.signature)
            await trio.sleep(backoff.next())
        del self._entries[entry.outgoing.signature]


def _keeps_out(error: object) -> bool:
    """Whether a transaction with this error never gets into a block; what a program refuses does."""
    match error:
        case "BlockhashNotFound" | "AlreadyProcessed" | {"InstructionError": _}:
            return False
        case _:
            return error is not None


def _outcome(outgoing: Outgoing, status: Status) -> Outcome | None:
    """The end of a transaction that has landed, None as long as that can still be undone."""
    if status.confirmation is not Commitment.FINALIZED:
        return None
    if status.error is None:
        return Landed(outgoing, status.slot)
    return Failed(outgoing, status.slot, status.error)
