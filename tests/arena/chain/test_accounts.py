"""A bot's account decodes into its fields, or not at all."""

import contextlib
import dataclasses
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from arena.chain.accounts import (
    BOT_SIZE,
    AccountMalformed,
    BotStatus,
    ExpiryRule,
    decode_bot,
)
from arena.chain.program.interface import ACCOUNT_NAME, BOT, discriminator
from tests.fixtures.bot_account import encode


def test_every_field_is_read_from_its_own_place():
    bot = decode_bot(encode(last_player=bytes([7]) * 32))
    for number, field in enumerate((field for field in BOT if field.name != "reserved"), start=1):
        value = getattr(bot, field.name)
        if field.name in ("version", "status", "expiry_rule", "last_player"):
            continue
        expected: object = number
        if field.type == "publicKey":
            expected = Pubkey(number.to_bytes(32, "little"))
        elif field.name == "bot_id":
            expected = UUID(bytes=number.to_bytes(16, "little"))
        elif isinstance(field.type, int):
            expected = number.to_bytes(field.size, "little")
        assert value == expected, field.name
    assert bot.last_player == Pubkey(bytes([7]) * 32)


def test_nobody_is_none():
    bot = decode_bot(encode(last_player=bytes(32), winner=bytes(32)))
    assert (bot.last_player, bot.winner) == (None, None)
    assert bot.heir == bot.creator


@pytest.mark.parametrize("status", BotStatus)
@pytest.mark.parametrize("rule", ExpiryRule)
def test_enumerations_are_typed(status, rule):
    bot = decode_bot(encode(status=status, expiry_rule=rule))
    assert (bot.status, bot.expiry_rule) == (status, rule)
    assert (type(bot.status), type(bot.expiry_rule)) == (BotStatus, ExpiryRule)


def test_the_heir_is_the_winner_or_else_the_last_player():
    last, winner = bytes([1]) * 32, bytes([2]) * 32
    assert decode_bot(encode(last_player=last, winner=bytes(32))).heir == Pubkey(last)
    assert decode_bot(encode(last_player=last, winner=winner, status=1)).heir == Pubkey(winner)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=5, max_size=5), st.integers(-(2**63), 2**63 - 1))
def test_numbers_keep_their_full_range(books, time):
    names = ("rent_reserve", "pot", "creator_due", "platform_due", "unclaimed")
    bot = decode_bot(
        encode(**dict(zip(names, books, strict=True)), closes_at=time.to_bytes(8, "little", signed=True))
    )
    assert bot.owed == sum(books)
    assert bot.closes_at == time


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode()[:-1],
        encode() + b"\0",
        bytes(BOT_SIZE),
        b"\0" + encode()[1:],
        encode(version=0),
        encode(version=2),
        encode(status=2),
        encode(expiry_rule=2),
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(AccountMalformed):
        decode_bot(data)


@given(st.binary(min_size=BOT_SIZE - 8, max_size=BOT_SIZE - 8))
def test_arbitrary_contents_decode_or_are_refused(contents):
    with contextlib.suppress(AccountMalformed):
        decode_bot(discriminator("account", ACCOUNT_NAME) + contents)


def test_an_account_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        decode_bot(encode()).pot = 1
