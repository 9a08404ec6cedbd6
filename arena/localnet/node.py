"""One running chain: the bank, its ledger and its subscribers, and the clock that drives them."""

import logging
import time
from pathlib import Path

import trio
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import Instruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from arena.localnet.bank import Advance, Bank, Commitment
from arena.localnet.config import LocalnetConfig
from arena.localnet.faults import Misbehaviour
from arena.localnet.history import Entry
from arena.localnet.ledger import Ledger, open_ledger
from arena.localnet.records import Record
from arena.localnet.vm import Execution

log = logging.getLogger(__name__)

_COMPACTION_CHECK_SECONDS = 1.0


class Observer:
    """Told of everything that happens; the base class ignores it."""

    def executed(self, entry: Entry) -> None:
        """A transaction landed (processed)."""

    def advanced(self, advance: Advance) -> None:
        """A slot began, so others became confirmed and finalized."""


class Node:
    """Use `Node.open`, then `run` it as a task."""

    def __init__(self, config: LocalnetConfig, bank: Bank, ledger: Ledger, observer: Observer) -> None:
        self.config = config
        self.bank = bank
        self.observer = observer
        self.misbehaviour: Misbehaviour | None = None
        self._ledger = ledger
        self._airdrops = 0

    @classmethod
    def open(cls, config: LocalnetConfig) -> "Node":
        """Lock the data directory, read the ledger, deploy the programs. Blocks; nothing is executed again.

        Raises:
            DataDirectoryLocked, LedgerCorrupt, ProgramNotLoadable, OSError: see there.
        """
        ledger: Ledger | None = None

        def append(record: Record) -> None:
            assert ledger is not None
            ledger.append(record)

        bank = Bank(config, append)
        ledger = open_ledger(Path(config.data_dir), bank.replay)
        try:
            if ledger.torn:
                log.warning("cut %d bytes of a torn write off the ledger", ledger.torn)
            bank.start(int(time.time() * 1000))
        except BaseException:
            ledger.close()
            raise
        return cls(config, bank, ledger, Observer())

    def close(self) -> None:
        self._ledger.close()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Advance the slots, and compact the ledger when it is due; started once the ledger is on the
        disk."""
        await self._ledger.sync()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            nursery.start_soon(self._compact_when_due)
            task_status.started()

    async def submit(self, transaction: VersionedTransaction) -> Entry | Execution:
        """Execute a transaction once. When an entry is returned, it is on the disk.

        Raises:
            OSError, LedgerFailed: see `Bank.submit`.
        """
        outcome = self.bank.submit(transaction)
        if isinstance(outcome, Entry):
            self.observer.executed(outcome)
            await self._ledger.sync()
        return outcome

    async def airdrop(self, to: Pubkey, lamports: int) -> Entry | Execution:
        """Transfer from the faucet, in a transaction of its own."""
        # Two equal airdrops in one slot would be one transaction; the unused part of the compute limit tells
        # them apart.
        self._airdrops += 1
        faucet = self.bank.faucet
        instructions: list[Instruction] = [
            set_compute_unit_limit(1_000 + self._airdrops % 1_000_000),
            transfer(TransferParams(from_pubkey=faucet.pubkey(), to_pubkey=to, lamports=lamports)),
        ]
        blockhash = self.bank.blockhash(self.bank.slot).hash
        message = Message.new_with_blockhash(instructions, faucet.pubkey(), blockhash)
        transaction = VersionedTransaction(message, [faucet])
        execution = self.bank.simulate(transaction, self.bank.slot)
        if execution.error is not None:  # would land as a failure: 1 lamport is no account
            return execution
        return await self.submit(transaction)

    # what clients are shown

    @property
    def lag(self) -> int:
        """How many slots behind the chain this node shows itself."""
        return self.misbehaviour.slots if self.misbehaviour is not None else 0

    def slot_at(self, commitment: Commitment) -> int:
        """The slot that counts as processed, confirmed, finalized to a client."""
        return self.bank.slot_at(commitment) - self.lag

    def commitment_of(self, slot: int) -> Commitment:
        """How far a slot is, to a client."""
        return self.bank.commitment_of(slot + self.lag)

    def landed(self, signature: Signature) -> Entry | None:
        entry = self.bank.history.get(signature)
        return entry if entry is not None and entry.slot <= self.slot_at(Commitment.PROCESSED) else None

    def misbehave(self, misbehaviour: Misbehaviour | None) -> None:
        """Answer badly from now on, in another way than before, or no longer."""
        if self.misbehaviour is not None:
            self.misbehaviour.over.set()
        self.misbehaviour = misbehaviour

    # time

    async def _tick(self) -> None:
        seconds = self.config.slot_ms / 1000
        began, first = trio.current_time(), self.bank.slot
        while True:
            await trio.sleep_until(began + (self.bank.slot + 1 - first) * seconds)
            due = first + int((trio.current_time() - began) / seconds)
            await self.advance(max(due, self.bank.slot + 1))

    async def advance(self, slot: int) -> None:
        """Begin `slot`, if it is later than the current one; what came before is on the disk when it is
        confirmed.

        Raises:
            LedgerFailed: it cannot be brought there.
        """
        await self._ledger.sync()
        if slot > self.bank.slot:  # a fork may have been there meanwhile
            self._begun(self.bank.advance(slot))

    async def drop(self, first: int) -> list[Entry]:
        """Abandon the slots since `first`, none of which is final, and go on from before them; the
        transactions that have not landed any more, newest first. When this returns, it is on the disk.

        Raises:
            OSError, LedgerFailed: see `Bank.drop`.
        """
        advance, dropped = self.bank.drop(first)
        self._begun(advance)
        log.info("dropped %d slots with %d transactions", advance.slot - first, len(dropped))
        await self._ledger.sync()
        return dropped

    def _begun(self, advance: Advance) -> None:
        self.observer.advanced(advance)
        self.bank.settle(advance)

    async def _compact_when_due(self) -> None:
        while True:
            await trio.sleep(_COMPACTION_CHECK_SECONDS)
            await self.compact_if_due()

    async def compact_if_due(self) -> bool:
        """Compact the ledger if it has outgrown its limits; says whether it did."""
        ledger = self._ledger
        if ledger.size < max(self.config.limits.compact_bytes, 2 * ledger.compacted_size):
            return False
        size = ledger.size
        try:
            await ledger.compact(self.bank.state())
        except OSError as error:
            log.warning("the ledger could not be compacted and stays as it is: %s", error)
            return False
        log.info("ledger compacted from %d to %d bytes", size, ledger.size)
        return True
