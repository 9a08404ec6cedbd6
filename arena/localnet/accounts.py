"""All accounts, as of every slot that is not final yet.

`current` is the newest state. For each account changed in an unfinalized slot there is a list of (slot, what
it was before that slot): walking it gives the state as of any slot since the finalized one, and taking it
back is how slots are dropped.
"""

from collections import defaultdict
from collections.abc import Iterator

from solders.account import Account
from solders.pubkey import Pubkey

from arena.localnet.records import Changes


class Accounts:
    def __init__(self) -> None:
        self.current: dict[Pubkey, Account] = {}
        self._before: dict[Pubkey, list[tuple[int, Account | None]]] = {}
        self._changed: dict[int, set[Pubkey]] = {}
        self._by_owner: defaultdict[Pubkey, set[Pubkey]] = defaultdict(set)

    def load(self, changes: Changes) -> None:
        """Apply final changes."""
        for key, account in changes.items():
            self._set(key, account)

    def apply(self, slot: int, changes: Changes) -> None:
        """Apply changes made in `slot`, the current one."""
        changed = self._changed.setdefault(slot, set())
        for key, account in changes.items():
            if key not in changed:
                changed.add(key)
                self._before.setdefault(key, []).append((slot, self.current.get(key)))
            self._set(key, account)

    def at(self, key: Pubkey, slot: int) -> Account | None:
        """The state at the end of `slot`, which must not be older than the finalized one."""
        for changed_in, before in self._before.get(key, ()):
            if changed_in > slot:
                return before
        return self.current.get(key)

    def knows(self, key: Pubkey) -> bool:
        """Whether this account was ever written by the ledger (others are the VM's own)."""
        return key in self.current or key in self._before

    def changed_between(self, after: int, until: int) -> set[Pubkey]:
        """The accounts changed in the slots (after, until], as far as these are not forgotten."""
        keys: set[Pubkey] = set()
        for slot, changed in self._changed.items():
            if after < slot <= until:
                keys |= changed
        return keys

    def owned_by(self, owner: Pubkey, slot: int) -> Iterator[tuple[Pubkey, Account]]:
        """The accounts of a program as of `slot`, ordered by address."""
        for key in sorted(self._by_owner.get(owner, ()), key=bytes):
            account = self.at(key, slot)
            if account is not None and account.owner == owner:
                yield key, account

    def before(self, first: int) -> dict[Pubkey, Account | None]:
        """What the accounts changed in `first` and later slots were before."""
        changed = set().union(*(keys for slot, keys in self._changed.items() if slot >= first))
        return {key: self.at(key, first - 1) for key in sorted(changed, key=bytes)}

    def drop(self, first: int) -> None:
        """Take back what was changed in `first` and later slots, none of which may be forgotten."""
        restored = self.before(first)
        for slot in [number for number in self._changed if number >= first]:
            del self._changed[slot]
        for key, account in restored.items():
            versions = self._before[key]
            gone = [self.current.get(key), *(before for changed_in, before in versions if changed_in > first)]
            kept = [version for version in versions if version[0] < first]
            self._set(key, account)
            self._keep(key, kept, gone)

    def finalize(self, slot: int) -> None:
        """Forget what was before `slot` and earlier ones."""
        final = [number for number in self._changed if number <= slot]
        for key in set().union(*(self._changed.pop(number) for number in final)):
            self._forget(key, slot)

    def _set(self, key: Pubkey, account: Account | None) -> None:
        if account is None:
            self.current.pop(key, None)
        else:
            self.current[key] = account
            self._by_owner[account.owner].add(key)

    def _forget(self, key: Pubkey, slot: int) -> None:
        versions = self._before[key]
        gone = [account for changed_in, account in versions if changed_in <= slot]
        self._keep(key, [version for version in versions if version[0] > slot], gone)

    def _keep(self, key: Pubkey, kept: list[tuple[int, Account | None]], gone: list[Account | None]) -> None:
        if kept:
            self._before[key] = kept
        else:
            del self._before[key]
        owners = {account.owner for account in (self.current.get(key), *(a for _, a in kept)) if account}
        for owner in {account.owner for account in gone if account} - owners:
            self._by_owner[owner].discard(key)
            if not self._by_owner[owner]:
                del self._by_owner[owner]
