"""Versions of accounts, forgotten as slots become final."""

from solders.account import Account
from solders.pubkey import Pubkey

from arena.localnet.accounts import Accounts

KEY = Pubkey.new_unique()
OWNER = Pubkey.new_unique()


def account(lamports: int) -> Account:
    return Account(lamports, b"", OWNER)


def test_several_slots_that_become_final_at_once_may_have_changed_the_same_account() -> None:
    accounts = Accounts()
    for slot in (1, 2, 3):
        accounts.apply(slot, {KEY: account(slot)})
    accounts.finalize(2)
    assert accounts.at(KEY, 2) == account(2)
    assert accounts.at(KEY, 3) == account(3)
    accounts.finalize(3)
    assert accounts.at(KEY, 3) == account(3)
    assert [key for key, _ in accounts.owned_by(OWNER, 3)] == [KEY]


def test_an_account_that_is_gone_in_a_later_slot_is_there_in_the_earlier_one() -> None:
    accounts = Accounts()
    accounts.apply(1, {KEY: account(1)})
    accounts.apply(2, {KEY: None})
    assert (accounts.at(KEY, 1), accounts.at(KEY, 2)) == (account(1), None)
    accounts.finalize(2)
    assert accounts.at(KEY, 2) is None
    assert not accounts.knows(KEY)
