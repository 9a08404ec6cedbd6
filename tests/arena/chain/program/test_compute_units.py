"""What each instruction costs, and that all of it fits into what a transaction has by default."""

import pytest

# The bounds are a fifth above what was measured; docs/program.md has the measured ones.
BOUNDS = {
    "create_bot": 8_700,
    "create_bot, lamports sent ahead": 8_700,
    "record_message_fee": 5_100,
    "refund_message_fee": 3_500,
    "refund_message_fee, undeliverable": 3_500,
    "settle_reward": 3_500,
    "rotate_keys": 3_100,
    "close_bot": 4_400,
    "close_bot, by a stranger": 4_400,
}
ADDRESS_SEARCH = 1_500  # for every bump that has to be skipped, in create_bot only


@pytest.fixture
def measured(world):
    """One life of a bot, with every instruction in it."""
    from solders.account import Account
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    costs = {}

    def note(name, receipt):
        costs[name] = receipt.compute_units

    note("create_bot", world.create())
    for player in (world.alice, world.bob, world.alice, world.bob):
        note("record_message_fee", world.record(player))
    note("refund_message_fee", world.refund(world.alice, 1))
    broken = Keypair().pubkey()
    world.put(broken, Account(1, bytes(200_000), Pubkey.default()))
    note("refund_message_fee, undeliverable", world.refund(broken, 2))
    note("settle_reward", world.settle(world.alice, 3, world.state.pot - 700_000))
    note("rotate_keys", world.rotate(world.quote.pubkey(), world.payout.pubkey()))
    world.refund(world.bob, 4)
    note("close_bot", world.close())
    world.give(world.bot, 1)
    note("create_bot, lamports sent ahead", world.create())
    world.set_time(world.terms.closes_at + 7 * 86_400)
    note("close_bot, by a stranger", world.close(world.stranger))
    return costs


def test_compute_units_stay_within_their_bounds(measured):
    for name, cost in measured.items():
        print(f"{name:36} {cost:6} of {BOUNDS[name]}")  # noqa: T201 - the table of the docs, with `pytest -s`
    assert measured.keys() == BOUNDS.keys()
    assert all(cost <= BOUNDS[name] for name, cost in measured.items())


def test_even_an_unlucky_address_fits_into_the_default_budget():
    """A bump below 155 has a probability of 2**-100."""
    assert BOUNDS["create_bot"] + 100 * ADDRESS_SEARCH < 200_000
