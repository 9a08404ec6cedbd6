"""The transactions that people sign: paying for a message, opening a bot, and closing an unplayed one.

A quote becomes an unsigned transaction; what the wallet signed is checked against the same quote; only then
is it co-signed. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from uuid import UUID

from solders.hash import Hash
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from arena.chain.cosigning import (
    Expected,
    PaymentRefused,
    Signed,
    check_signed,
    cosign,
    plainly_signed,
    unsigned_transaction,
)
from arena.chain.instructions import (
    BotTerms,
    close_bot,
    create_bot,
    decode_instruction,
    record_message_fee,
)

__all__ = [
    "CloseQuote",
    "CreateQuote",
    "FeeQuote",
    "PaymentRefused",
    "SignedClose",
    "SignedCreate",
    "SignedFee",
    "check_close_transaction",
    "check_create_transaction",
    "check_fee_transaction",
    "close_transaction",
    "cosign",
    "create_transaction",
    "fee_transaction",
    "plainly_signed",
]

SignedFee = Signed
SignedCreate = Signed
SignedClose = Signed


@dataclass(frozen=True, slots=True)
class FeeQuote:
    """The price of one message of one player to one bot.

    Attributes:
        content_hash: 32 bytes, binds the payment to the text.
        amount: lamports.
        valid_until: unix seconds; the program refuses the fee after it.
        last_valid_block_height: of the blockhash.
    """

    bot_id: UUID
    bot: Pubkey
    player: Pubkey
    quote_key: Pubkey
    message_id: UUID
    content_hash: bytes
    amount: int
    valid_until: int
    blockhash: Hash
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class CreateQuote:
    """A bot that a creator is about to open."""

    bot_id: UUID
    creator: Pubkey
    quote_key: Pubkey
    payout_key: Pubkey
    admin: Pubkey
    platform: Pubkey
    terms: BotTerms
    blockhash: Hash
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class CloseQuote:
    """An unplayed bot that its creator is about to close. He gets back everything."""

    bot: Pubkey
    creator: Pubkey
    payout_key: Pubkey
    platform: Pubkey
    blockhash: Hash


def fee_transaction(program_id: Pubkey, quote: FeeQuote) -> bytes:
    """The unsigned transaction that pays what was quoted. The player is its fee payer."""
    return unsigned_transaction(_expected_fee(program_id, quote))


def check_fee_transaction(program_id: Pubkey, quote: FeeQuote, signed: bytes) -> SignedFee:
    """Check that `signed` pays exactly what was quoted.

    Whether the quote is still valid is the caller's question: there is no clock here.

    Raises:
        PaymentRefused: see docs/chain.md for the codes.
    """
    expected = _expected_fee(program_id, quote)
    return check_signed(expected, signed, lambda found: _difference(program_id, expected, found))


def create_transaction(program_id: Pubkey, quote: CreateQuote) -> bytes:
    """The unsigned transaction that opens the bot. The creator is its fee payer."""
    return unsigned_transaction(_expected_create(program_id, quote))


def check_create_transaction(program_id: Pubkey, quote: CreateQuote, signed: bytes) -> SignedCreate:
    """Check that `signed` opens exactly the bot that was drafted.

    Raises:
        PaymentRefused: see docs/chain.md for the codes.
    """
    expected = _expected_create(program_id, quote)
    return check_signed(expected, signed, lambda found: _difference(program_id, expected, found))


def close_transaction(program_id: Pubkey, quote: CloseQuote) -> bytes:
    """The unsigned transaction that closes the bot. The creator is its fee payer."""
    return unsigned_transaction(_expected_close(program_id, quote))


def check_close_transaction(program_id: Pubkey, quote: CloseQuote, signed: bytes) -> SignedClose:
    """Check that `signed` closes exactly this bot, and only while nobody has paid.

    Raises:
        PaymentRefused: see docs/chain.md for the codes.
    """
    expected = _expected_close(program_id, quote)
    return check_signed(expected, signed, lambda found: _difference(program_id, expected, found))


def _expected_fee(program_id: Pubkey, quote: FeeQuote) -> Expected:
    instruction = record_message_fee(
        program_id,
        bot=quote.bot,
        player=quote.player,
        quote_key=quote.quote_key,
        message_id=quote.message_id,
        content_hash=quote.content_hash,
        amount=quote.amount,
        valid_until=quote.valid_until,
    )
    return Expected(instruction, quote.player, quote.quote_key, quote.blockhash)


def _expected_create(program_id: Pubkey, quote: CreateQuote) -> Expected:
    instruction = create_bot(
        program_id,
        creator=quote.creator,
        quote_key=quote.quote_key,
        payout_key=quote.payout_key,
        admin=quote.admin,
        platform=quote.platform,
        bot_id=quote.bot_id,
        terms=quote.terms,
    )
    return Expected(instruction, quote.creator, quote.quote_key, quote.blockhash)


def _expected_close(program_id: Pubkey, quote: CloseQuote) -> Expected:
    instruction = close_bot(
        program_id,
        bot=quote.bot,
        closer=quote.payout_key,
        creator=quote.creator,
        platform=quote.platform,
        heir=quote.creator,
        expected_message_count=0,
        creator_signs=True,
    )
    return Expected(instruction, quote.creator, quote.payout_key, quote.blockhash)


_DIFFERENCES = {
    "bot": ("bot_mismatch", "This pays another bot than the one that was quoted."),
    "bot_id": ("bot_mismatch", "This opens another bot than the one that was drafted."),
    "player": ("player_mismatch", "This pays for another wallet."),
    "creator": ("creator_mismatch", "This opens the bot for another wallet."),
    "quote_key": ("quote_key_mismatch", "This names another key than the arena's."),
    "message_id": ("message_mismatch", "This pays for another message."),
    "content_hash": ("content_hash_mismatch", "This pays for a message with another text."),
    "amount": ("amount_mismatch", "This pays another amount than was quoted."),
    "valid_until": ("valid_until_mismatch", "This is valid for another time than was quoted."),
    "payout_key": ("keys_mismatch", "This names another key than the arena's."),
    "admin": ("keys_mismatch", "This names another key than the arena's."),
    "platform": ("platform_mismatch", "This names another wallet for the arena's share."),
    "terms": ("terms_mismatch", "The bot's terms are not the ones that were drafted."),
}


def _difference(program_id: Pubkey, expected: Expected, found: Instruction) -> PaymentRefused:
    """In which point an instruction of our program is not the expected one."""
    wanted = decode_instruction(program_id, expected.instruction)
    got = decode_instruction(program_id, found)
    if wanted is not None and got is not None and type(got) is type(wanted):
        for field in fields(wanted):
            if getattr(got, field.name) != getattr(wanted, field.name) and field.name in _DIFFERENCES:
                return PaymentRefused(*_DIFFERENCES[field.name])
    return PaymentRefused(
        "instruction_mismatch", "The instruction to the arena's program is not the one that was quoted."
    )
