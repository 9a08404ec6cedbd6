"""rotate_keys: the admin replaces stolen or lost keys, and nobody else does."""

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.errors import ProgramError
from arena.chain.events import KeysRotated

ADMIN, BOT = range(2)


def test_new_keys_sign_and_old_ones_do_not(bot):
    quote, payout = Keypair(), Keypair()
    event = bot.rotate(quote.pubkey(), payout.pubkey()).event
    assert isinstance(event, KeysRotated)
    assert (event.quote_key, event.payout_key, event.event_seq) == (quote.pubkey(), payout.pubkey(), 2)
    with bot.refused(ProgramError.ACCOUNT_UNRELATED):
        bot.record(bot.alice)
    bot.record(bot.alice, quote=quote)
    with bot.refused(ProgramError.ACCOUNT_UNRELATED):
        bot.settle(bot.alice, 1, bot.state.pot)
    bot.settle(bot.alice, 1, bot.state.pot, payout=payout)
    bot.close(payout)


def test_the_address_keeps_its_founding_key(bot):
    bot.rotate(Keypair().pubkey(), Keypair().pubkey())
    assert bot.state.founding_key == bot.quote.pubkey()
    with bot.refused(ProgramError.BOT_EXISTS):
        bot.create()


def test_keys_can_be_rotated_in_a_solved_bot(bot):
    bot.record(bot.alice)
    bot.settle(bot.alice, 1, bot.state.pot)
    bot.rotate(bot.quote.pubkey(), Keypair().pubkey())


def test_only_the_admin_rotates(bot):
    for key in (bot.quote, bot.payout, bot.creator, bot.stranger):
        with bot.refused(ProgramError.ACCOUNT_UNRELATED):
            bot.rotate(Keypair().pubkey(), Keypair().pubkey(), admin=key)


def test_new_keys_have_to_be_set_and_distinct(bot):
    key, none = Keypair().pubkey(), Pubkey.default()
    for quote, payout in ((key, key), (none, key), (key, none), (none, none)):
        with bot.refused(ProgramError.KEYS_INVALID):
            bot.rotate(quote, payout)


@pytest.mark.parametrize(
    ("place", "change", "code"),
    [
        (ADMIN, {"is_signer": False}, ProgramError.SIGNATURE_MISSING),
        (BOT, {"is_writable": False}, ProgramError.ACCOUNT_NOT_WRITABLE),
    ],
)
def test_the_admin_signs_and_the_bot_is_writable(bot, change_account, place, change, code):
    from arena.chain.instructions import rotate_keys

    instruction = rotate_keys(
        bot.program_id,
        bot=bot.bot,
        admin=bot.admin.pubkey(),
        quote_key=Keypair().pubkey(),
        payout_key=Keypair().pubkey(),
    )
    with bot.refused(code):
        bot.send(change_account(instruction, place, **change), signers=(bot.admin,)[: 1 if place else 0])
