"""The chain itself: slots, the VM, and what is visible at which commitment. No I/O but the ledger's append.

processed is the slot being made; confirmed and finalized trail it by fixed numbers of slots. A transaction is
executed the moment it arrives, written to the ledger, and only then takes effect.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from solders.account import Account
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.localnet.accounts import Accounts
from arena.localnet.blockhashes import Blockhash, BlockhashWindow
from arena.localnet.config import LAMPORTS_PER_SOL, LocalnetConfig
from arena.localnet.errors import ProgramNotLoadable
from arena.localnet.history import Entry, History, encode_meta
from arena.localnet.records import Anchor, Changes, Dropped, Genesis, Landed, Patch, Record
from arena.localnet.transactions import memo_of
from arena.localnet.vm import SYSTEM, Execution, Vm, is_code

FAUCET_LAMPORTS = 500_000_000 * LAMPORTS_PER_SOL
_SLOT_HASHES = 64
_ACCOUNTS_PER_PATCH = 256


class Commitment(StrEnum):
    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class Advance:
    """A step in time: the slots that are processed, confirmed, finalized before and after it."""

    slot: int
    parent: int
    before: dict[Commitment, int]
    after: dict[Commitment, int]


class Bank:
    """Replay records into it (`replay`), then `start` it once, then use it. `append` writes a record to the
    ledger."""

    def __init__(self, config: LocalnetConfig, append: Callable[[Record], None]) -> None:
        self.config = config
        self.vm = Vm()
        self.accounts = Accounts()
        self.history = History(config.limits.history)
        self.slot = 0
        self.genesis: Genesis
        self.blockhashes: BlockhashWindow
        self.faucet: Keypair
        self._append = append
        self._loaded_genesis: Genesis | None = None
        self._anchor: Anchor | None = None
        self._last_slot = 0
        self._dropped: list[range] = []
        self._time_is_set = False
        self._vm_time = 0

    # starting

    def replay(self, record: Record) -> None:
        """Take in one record of the ledger; nothing is executed again."""
        match record:
            case Genesis():
                self._loaded_genesis = record
            case Anchor():
                self._anchor = record
                self._last_slot = max(self._last_slot, record.slot)
            case Patch():
                self.accounts.load(record.changes)
                self._last_slot = max(self._last_slot, record.slot)
            case Landed():
                self.accounts.load(record.changes)
                self.history.add(record)
                self._last_slot = max(self._last_slot, record.slot)
            case Dropped():
                self.accounts.load(record.changes)
                self.history.drop(record.first)
                self._dropped.append(range(record.first, record.last + 1))
                self._last_slot = max(self._last_slot, record.last)

    def start(self, unix_ms: int) -> None:
        """Write the genesis if there is none, deploy the programs, begin a slot later than any seen before.

        Raises:
            ProgramNotLoadable: one of the configured programs.
        """
        if self._loaded_genesis is None:
            self._loaded_genesis = _new_genesis()
            self._append(self._loaded_genesis)
        self.genesis = self._loaded_genesis
        self.faucet = Keypair.from_bytes(self.genesis.faucet)
        self.blockhashes = BlockhashWindow(self.genesis.secret)
        for dropped in self._dropped:
            self.blockhashes.drop(dropped)
        self.slot = self._first_slot(unix_ms)
        self._append(Anchor(self.slot, unix_ms, self.config.slot_ms))
        self.blockhashes.advance(self.slot)
        if self.faucet.pubkey() not in self.accounts.current:
            self._patch({self.faucet.pubkey(): Account(FAUCET_LAMPORTS, b"", SYSTEM, False, 0)})
        self._set_vm_time()
        self.vm.write(self.accounts.current)
        self._deploy_programs()

    def _first_slot(self, unix_ms: int) -> int:
        # Slots that passed without a transaction are in no record: reckon them from the last start. All that
        # the ledger holds is final after a restart, so the new slot leaves room for that.
        reached = self._last_slot
        if self._anchor is not None:
            passed = max(0, unix_ms - self._anchor.unix_ms)
            reached = max(reached, self._anchor.slot + passed // self._anchor.slot_ms + 1)
        return reached + self.config.finalized_after + 1

    def _deploy_programs(self) -> None:
        for program, path in self.config.programs.items():
            try:
                accounts = self.vm.deploy(program, path.read_bytes())
            except (OSError, ValueError) as error:
                raise ProgramNotLoadable(f"program {program} from {path}: {error}") from error
            if any(self.accounts.current.get(key) != account for key, account in accounts.items()):
                self._patch(accounts)

    def _patch(self, changes: Changes) -> None:
        self._append(Patch(self.slot, changes))
        self.accounts.load(changes)

    # time

    def advance(self, slot: int) -> Advance:
        """Begin `slot`, later than the current one; slots in between are skipped."""
        return self._begin(slot, self.slot)

    def drop(self, first: int) -> tuple[Advance, list[Entry]]:
        """Abandon the slots since `first`, none of which is final, and begin the next on top of what was
        before them. The second of what is returned are the transactions that have not landed any more, newest
        first.

        Raises:
            OSError, LedgerFailed: it could not be written down, and so did not happen.
        """
        assert self.slot_at(Commitment.FINALIZED) < first <= self.slot
        restored = self.accounts.before(first)
        self._append(Dropped(first, self.slot, restored))
        self.accounts.drop(first)
        self.vm.write(restored)
        dropped = self.history.drop(first)
        for entry in dropped:
            self.vm.reload_programs(entry.keys)
        self.blockhashes.drop(range(first, self.slot + 1))
        return self._begin(self.slot + 1, first - 1), dropped

    def _begin(self, slot: int, parent: int) -> Advance:
        assert slot > self.slot
        before = {level: self.slot_at(level) for level in Commitment}
        self.slot = slot
        self.blockhashes.advance(slot)
        self._time_is_set = False
        return Advance(slot, parent, before, {level: self.slot_at(level) for level in Commitment})

    def settle(self, advance: Advance) -> None:
        """Forget what an advance made final; to be called when its subscribers have been told."""
        kept = self.config.limits.lag if self.config.faulty else 0
        self.accounts.finalize(advance.after[Commitment.FINALIZED] - kept)
        self.history.trim(self.slot)

    def slot_at(self, commitment: Commitment) -> int:
        match commitment:
            case Commitment.PROCESSED:
                return self.slot
            case Commitment.CONFIRMED:
                return self.slot - self.config.confirmed_after
            case Commitment.FINALIZED:
                return self.slot - self.config.finalized_after

    def commitment_of(self, slot: int) -> Commitment:
        """How far a slot is."""
        if slot <= self.slot_at(Commitment.FINALIZED):
            return Commitment.FINALIZED
        return Commitment.CONFIRMED if slot <= self.slot_at(Commitment.CONFIRMED) else Commitment.PROCESSED

    def _set_vm_time(self) -> None:
        if not self._time_is_set:
            self._vm_time = int(time.time())
            self.vm.set_time(self.slot, self._vm_time, self.blockhashes.recent(_SLOT_HASHES))
            self._time_is_set = True

    # reading

    def account(self, key: Pubkey, slot: int) -> Account | None:
        """The account at the end of a slot that is not older than the finalized one (by more than the lag
        that a faulty node may have); builtins and sysvars as now."""
        if self.accounts.knows(key):
            return self.accounts.at(key, slot)
        self._set_vm_time()
        return self.vm.account(key)

    def blockhash(self, slot: int) -> Blockhash:
        return self.blockhashes.latest(slot)

    # executing

    def simulate(
        self,
        transaction: VersionedTransaction,
        slot: int,
        *,
        verify: bool = True,
        check_blockhash: bool = True,
    ) -> Execution:
        """What the transaction would do on the state as of `slot`; its changes are not applied."""
        if check_blockhash:
            if not self.blockhashes.usable(transaction.message.recent_blockhash, slot):
                return Execution(landed=False, error="BlockhashNotFound")
            entry = self.history.get(transaction.signatures[0])
            if entry is not None and entry.slot <= slot:
                return Execution(landed=False, error="AlreadyProcessed")
        self._set_vm_time()
        seen: dict[Pubkey, Account | None] = {}
        if slot < self.slot:
            for key in transaction.message.account_keys:
                then, now = self.accounts.at(key, slot), self.accounts.current.get(key)
                runs_code = any(account is not None and account.executable for account in (then, now))
                if then is not now and not runs_code:
                    seen[key] = then
        return self.vm.execute(transaction, seen=seen, verify=verify)

    def submit(self, transaction: VersionedTransaction) -> Entry | Execution:
        """Execute a transaction in the current slot, once. The entry if it landed (perhaps with an error),
        else why it did not.

        Raises:
            OSError, LedgerFailed: it could not be written down, and so did not happen.
        """
        execution = self.simulate(transaction, self.slot)
        if not execution.landed:
            return execution
        meta = encode_meta(execution, self._vm_time, memo_of(transaction))
        landed = Landed(self.slot, bytes(transaction), meta, execution.changes)
        self._append(landed)
        self.accounts.apply(self.slot, execution.changes)
        self.vm.write(execution.changes)
        if any(account is not None and is_code(account) for account in execution.changes.values()):
            self.vm.reload_programs(execution.keys.all)
        return self.history.add(landed)

    # compaction

    def state(self) -> Iterator[Record]:
        """Records that bring back the state as of this call; may be iterated in another thread."""
        anchor = Anchor(self.slot, int(time.time() * 1000), self.config.slot_ms)
        accounts = dict(self.accounts.current)
        dropped = self.blockhashes.dropped
        return _state(self.genesis, anchor, dropped, accounts, self.history.snapshot())


def _state(
    genesis: Genesis,
    anchor: Anchor,
    dropped: tuple[range, ...],
    accounts: dict[Pubkey, Account],
    history: list[Landed],
) -> Iterator[Record]:
    yield genesis
    yield anchor
    # first, since reading one takes back what comes before it
    yield from (Dropped(slots.start, slots.stop - 1) for slots in dropped)
    items = list(accounts.items())
    for start in range(0, len(items), _ACCOUNTS_PER_PATCH):
        yield Patch(anchor.slot, dict(items[start : start + _ACCOUNTS_PER_PATCH]))
    yield from history


def _new_genesis() -> Genesis:
    genesis_hash = Hash.from_bytes(secrets.token_bytes(32))
    return Genesis(str(genesis_hash), secrets.token_bytes(32), bytes(Keypair()))
