"""A bot's address follows from its founding key and its id, and from nothing else."""

from uuid import UUID

from solders.pubkey import Pubkey

from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.pda import bot_address

KEY = Pubkey(bytes(range(32)))
BOT_ID = UUID("0192f0c1-2b3c-7d4e-8f50-617283940a1b")


def test_the_address_is_the_same_forever():
    """It is where the money lies: a change of the seeds would lose it."""
    address = bot_address(DEFAULT_PROGRAM_ID, KEY, BOT_ID)
    assert str(address) == "8g9qLJF7sfHZTtgcoHnqVyTXJ7TZ2MUtkCmP1xpJYrNQ"
    assert not address.is_on_curve()


def test_program_key_and_id_all_count():
    other = Pubkey(bytes(range(1, 33)))
    addresses = {
        bot_address(DEFAULT_PROGRAM_ID, KEY, BOT_ID),
        bot_address(other, KEY, BOT_ID),
        bot_address(DEFAULT_PROGRAM_ID, other, BOT_ID),
        bot_address(DEFAULT_PROGRAM_ID, KEY, UUID(int=BOT_ID.int + 1)),
    }
    assert len(addresses) == 4
