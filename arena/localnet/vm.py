"""LiteSVM as a pure function: a transaction and the accounts it sees go in, what would change comes out.

Nothing is committed by executing. That is how one transaction can be simulated, checked against rent, written
to the ledger, and only then take effect, with a single execution. What LiteSVM leaves out is added here:
priority fees, and the rent rule (an account may not be left with less than its rent-exempt minimum unless it
is empty, or had been below already and neither grew nor gained).
"""

import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from based58 import b58encode
from solders.account import Account
from solders.clock import Clock
from solders.epoch_schedule import EpochSchedule
from solders.hash import Hash
from solders.litesvm import FeatureSet, LiteSVM
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata
from solders.transaction_status import TransactionReturnData

from arena.localnet.records import Changes
from arena.localnet.transactions import Json, Keys, LookupFailed, error_json, fee_of, resolve_keys

SYSTEM = Pubkey.default()
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
INCINERATOR = Pubkey.from_string("1nc1nerator11111111111111111111111111111111")
SLOTS_PER_EPOCH = 432_000
_PROGRAM_DATA = b"\x03\x00\x00\x00"
_NOTHING = Account(0, b"", SYSTEM, False, 0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Execution:
    """What a transaction does. `landed` is false when it never gets into a block: then nothing changes. A
    landed one with an `error` changes nothing but the payer's balance, by the fee."""

    landed: bool
    error: Json = None
    fee: int = 0
    units: int = 0
    logs: Sequence[str] = ()
    inner: list[Json] = field(default_factory=list)
    return_data: Json = None
    keys: Keys = field(default_factory=lambda: Keys((), frozenset()))
    pre: Sequence[int] = ()
    post: Sequence[int] = ()
    changes: Changes = field(default_factory=dict)


class Vm:
    """One Solana VM with the newest state of all accounts."""

    def __init__(self) -> None:
        self._svm = (
            LiteSVM()
            .with_builtins(FeatureSet.default())
            .with_sigverify(True)
            .with_blockhash_check(False)
            .with_transaction_history(0)
        )
        self._svm.set_epoch_schedule(EpochSchedule.without_warmup())
        rent = self._svm.get_rent()
        self._lamports_per_byte = round(rent.lamports_per_byte_year * rent.exemption_threshold)

    def set_time(self, slot: int, unix_seconds: int, recent: Sequence[tuple[int, Hash]]) -> None:
        """Set the clock and slot-hashes sysvars; `recent` is newest first."""
        epoch = slot // SLOTS_PER_EPOCH
        self._svm.set_clock(Clock(slot, unix_seconds, epoch, epoch + 1, unix_seconds))
        self._svm.set_slot_hashes(recent)

    def rent_exempt_minimum(self, data_length: int) -> int:
        """Lamports that keep an account of this many bytes alive: (128 + length) bytes for two years."""
        return (128 + data_length) * self._lamports_per_byte

    def account(self, key: Pubkey) -> Account | None:
        """The newest state, also of builtin programs and sysvars; None for an account without lamports."""
        account = self._svm.get_account(key)
        return account if account is not None and account.lamports else None

    def write(self, changes: Changes) -> None:
        """Make changes take effect. Programs come after the code they point to, which LiteSVM compiles
        here."""
        programs: list[tuple[Pubkey, Account]] = []
        for key, account in changes.items():
            if account is not None and account.executable:
                programs.append((key, account))
            else:
                self._svm.set_account(key, account or _NOTHING)
        for key, account in programs:
            self._write_program(key, account)

    def reload_programs(self, keys: Sequence[Pubkey]) -> None:
        """Compile again those of `keys` that are upgradeable programs: an upgrade rewrites their code account
        only."""
        for key in keys:
            account = self.account(key)
            if account is not None and account.executable and account.owner == UPGRADEABLE_LOADER:
                self._write_program(key, account)

    def _write_program(self, key: Pubkey, account: Account) -> None:
        try:
            self._svm.set_account(key, account)
        except Exception as error:  # noqa: BLE001 - the VM has one error type and does not export it
            log.warning("program %s is not loadable: %s", key, error)

    def deploy(self, program: Pubkey, elf: bytes) -> dict[Pubkey, Account | None]:
        """Write the two accounts of an upgradeable program without an upgrade authority (bincode of the
        loader's UpgradeableLoaderState), compile it, and return the accounts.

        Raises:
            ValueError: the VM refuses the binary.
        """
        code = code_address(program)
        data = _PROGRAM_DATA + bytes(8 + 1 + 32) + elf  # deployed in slot 0, no authority
        pointer = b"\x02\x00\x00\x00" + bytes(code)
        accounts: dict[Pubkey, Account | None] = {
            code: Account(self.rent_exempt_minimum(len(data)), data, UPGRADEABLE_LOADER, False, 0),
            program: Account(self.rent_exempt_minimum(len(pointer)), pointer, UPGRADEABLE_LOADER, True, 0),
        }
        try:
            for key, account in accounts.items():
                self._svm.set_account(key, account or _NOTHING)
        except Exception as error:
            raise ValueError(str(error)) from error
        return accounts

    def execute(
        self,
        transaction: VersionedTransaction,
        *,
        seen: Mapping[Pubkey, Account | None] | None = None,
        verify: bool = True,
    ) -> Execution:
        """Run a transaction on the newest state, or with the accounts in `seen` as they are there, and change
        nothing.

        `verify` false leaves out the signatures. Blockhashes and replays are not this method's business.
        """
        swapped = {key: self._svm.get_account(key) for key in seen or ()}
        try:
            for key, account in (seen or {}).items():
                self._svm.set_account(key, account or _NOTHING)
            return self._execute(transaction, verify)
        finally:
            for key, account in swapped.items():
                self._svm.set_account(key, account or _NOTHING)

    def _execute(self, transaction: VersionedTransaction, verify: bool) -> Execution:
        try:
            keys = resolve_keys(transaction, self.account)
        except LookupFailed as failure:
            return Execution(landed=False, error=str(failure))
        fee = fee_of(transaction.message)
        before = [self.account(key) for key in keys.all]
        refusal = self._refuse_payer(before[0], fee.total)
        if refusal is not None:
            return Execution(landed=False, error=refusal, keys=keys)
        payer, payer_account = keys.all[0], before[0]
        assert payer_account is not None  # _refuse_payer
        self._svm.with_sigverify(verify)
        try:
            if fee.priority:  # LiteSVM takes the fee for the signatures only
                self._svm.set_account(payer, _with_lamports(payer_account, -fee.priority))
            result = self._svm.simulate_transaction(transaction)
        finally:
            if fee.priority:
                self._svm.set_account(payer, payer_account)
            self._svm.with_sigverify(True)
        pre = [account.lamports if account else 0 for account in before]
        if isinstance(result, FailedTransactionMetadata):
            meta = result.meta()
            error = error_json(result.err())
            if meta.signature() == Signature.default():
                return Execution(landed=False, error=self._program_error(error, transaction), keys=keys)
            changes: dict[Pubkey, Account | None] = {}
        else:
            meta = result.meta()
            error = None
            changes = self._changes(keys, before, dict(result.post_accounts()))
            broken = self._broken_rent(keys, before, changes)
            if broken is not None:
                error = {"InsufficientFundsForRent": {"account_index": broken}}
        if error is not None:
            charged = _with_lamports(payer_account, -fee.total)
            changes = {payer: charged if charged.lamports else None}
        post = [
            _lamports(changes[key]) if key in changes else lamports
            for key, lamports in zip(keys.all, pre, strict=True)
        ]
        return Execution(
            landed=True,
            error=error,
            fee=fee.total,
            units=meta.compute_units_consumed(),
            logs=meta.logs(),
            inner=_inner(meta),
            return_data=_return_data(meta),
            keys=keys,
            pre=pre,
            post=post,
            changes=changes,
        )

    def _refuse_payer(self, payer: Account | None, fee: int) -> Json:
        if payer is None:
            return "AccountNotFound"
        if payer.owner != SYSTEM or payer.data:
            return "InvalidAccountForFee"
        if payer.lamports < fee:
            return "InsufficientFundsForFee"
        left = _with_lamports(payer, -fee)
        if not self._rent_allows(payer, left if left.lamports else None):
            return {"InsufficientFundsForRent": {"account_index": 0}}
        return None

    def _program_error(self, error: Json, transaction: VersionedTransaction) -> Json:
        if error != "InvalidProgramForExecution":
            return error
        keys = transaction.message.account_keys
        programs = {instruction.program_id_index for instruction in transaction.message.instructions}
        missing = any(index < len(keys) and self.account(keys[index]) is None for index in programs)
        return "ProgramAccountNotFound" if missing else error

    def _changes(
        self, keys: Keys, before: Sequence[Account | None], after: Mapping[Pubkey, Account]
    ) -> dict[Pubkey, Account | None]:
        changes: dict[Pubkey, Account | None] = {}
        for index in sorted(keys.writable):
            key = keys.all[index]
            if key in after:
                account = after[key] if after[key].lamports else None
                if account != before[index]:
                    changes[key] = account
        return changes

    def _broken_rent(self, keys: Keys, before: Sequence[Account | None], changes: Changes) -> int | None:
        for index, key in enumerate(keys.all):
            if key in changes and key != INCINERATOR and not self._rent_allows(before[index], changes[key]):
                return index
        return None

    def _rent_allows(self, before: Account | None, after: Account | None) -> bool:
        if after is None or after.lamports >= self.rent_exempt_minimum(len(after.data)):
            return True
        return (
            before is not None
            and before.lamports < self.rent_exempt_minimum(len(before.data))
            and len(before.data) == len(after.data)
            and after.lamports <= before.lamports
        )


def code_address(program: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps a program's code."""
    return Pubkey.find_program_address([bytes(program)], UPGRADEABLE_LOADER)[0]


def is_code(account: Account) -> bool:
    """Whether this is a code account of the upgradeable loader."""
    return account.owner == UPGRADEABLE_LOADER and account.data[:4] == _PROGRAM_DATA


def _with_lamports(account: Account, change: int) -> Account:
    return Account(
        account.lamports + change, account.data, account.owner, account.executable, account.rent_epoch
    )


def _lamports(account: Account | None) -> int:
    return account.lamports if account else 0


def _inner(meta: TransactionMetadata) -> list[Json]:
    return [
        {
            "index": index,
            "instructions": [
                {
                    "programIdIndex": inner.instruction().program_id_index,
                    "accounts": list(inner.instruction().accounts),
                    "data": b58encode(bytes(inner.instruction().data)).decode(),
                    "stackHeight": inner.stack_height(),  # type: ignore[attr-defined]  # missing in the stubs
                }
                for inner in calls
            ],
        }
        for index, calls in enumerate(meta.inner_instructions())
        if calls
    ]


def _return_data(meta: TransactionMetadata) -> Json:
    # the stubs have another name for this
    returned: TransactionReturnData = meta.return_data()  # type: ignore[attr-defined]
    data = bytes(returned.data)
    if not data:
        return None
    return {"programId": str(returned.program_id), "data": [b64encode(data).decode(), "base64"]}
