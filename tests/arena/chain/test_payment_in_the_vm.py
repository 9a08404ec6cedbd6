"""What was quoted, signed and co-signed is what the program takes: in the real VM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from arena.chain.accounts import decode_bot
from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_elf
from arena.chain.client import Blockhash
from arena.chain.compute_budget import MIN_UNITS
from arena.chain.events import BotCreated, MessageFeeRecorded, ProgramEvent, RewardSettled, parse_events
from arena.chain.instructions import BotTerms, record_message_fee, settle_reward
from arena.chain.own_transactions import own_transaction
from arena.chain.payment import (
    CreateQuote,
    FeeQuote,
    check_create_transaction,
    check_fee_transaction,
    cosign,
    create_transaction,
    fee_transaction,
)
from arena.chain.pda import bot_address
from arena.chain.signer import Signer

NOW = 1_800_000_000
SOL = 1_000_000_000
BOT_ID = UUID(int=5)
CREATOR, PLAYER, QUOTE, PAYOUT = (Keypair.from_seed(bytes([number] * 32)) for number in range(1, 5))
PLATFORM = Keypair.from_seed(bytes([6] * 32)).pubkey()
BOT = bot_address(DEFAULT_PROGRAM_ID, QUOTE.pubkey(), BOT_ID)


class Chain:
    """A VM with the program and a few rich wallets."""

    def __init__(self, folder: Path) -> None:
        elf = folder / "program.so"
        elf.write_bytes(program_elf())
        self.vm = LiteSVM()
        self.vm.add_program_from_file(DEFAULT_PROGRAM_ID, elf)
        clock = self.vm.get_clock()
        clock.unix_timestamp = NOW
        self.vm.set_clock(clock)
        for wallet in (CREATOR, PLAYER, PAYOUT):
            self.vm.airdrop(wallet.pubkey(), 10 * SOL)
        self.vm.airdrop(PLATFORM, SOL)

    def land(self, raw: bytes) -> list[ProgramEvent]:
        result = self.vm.send_transaction(VersionedTransaction.from_bytes(raw))
        assert not isinstance(result, FailedTransactionMetadata), result
        return parse_events(DEFAULT_PROGRAM_ID, result.logs())

    def open_bot(self) -> list[ProgramEvent]:
        terms = BotTerms(
            objective_hash=bytes([1] * 32),
            fee_base=1_000_000,
            fee_growth_bps=0,
            fee_cap=1_000_000,
            pot_bps=7_000,
            creator_bps=2_000,
            initial_pot=SOL,
            closes_at=NOW + 86_400,
        )
        quote = CreateQuote(
            bot_id=BOT_ID,
            creator=CREATOR.pubkey(),
            quote_key=QUOTE.pubkey(),
            payout_key=PAYOUT.pubkey(),
            admin=CREATOR.pubkey(),
            platform=PLATFORM,
            terms=terms,
            blockhash=self.vm.latest_blockhash(),
            last_valid_block_height=1,
        )
        signed = sign(create_transaction(DEFAULT_PROGRAM_ID, quote), CREATOR)
        checked = check_create_transaction(DEFAULT_PROGRAM_ID, quote, signed)
        return self.land(cosign(checked.transaction, Signer(QUOTE)))

    def fee_quote(self) -> FeeQuote:
        return FeeQuote(
            bot_id=BOT_ID,
            bot=BOT,
            player=PLAYER.pubkey(),
            quote_key=QUOTE.pubkey(),
            message_id=UUID(int=9),
            content_hash=bytes([3] * 32),
            amount=1_000_000,
            valid_until=NOW + 60,
            blockhash=self.vm.latest_blockhash(),
            last_valid_block_height=1,
        )


def sign(unsigned: bytes, wallet: Keypair) -> bytes:
    message = VersionedTransaction.from_bytes(unsigned).message
    signature = wallet.sign_message(to_bytes_versioned(message))
    return bytes(VersionedTransaction.populate(message, [signature, Signature.default()]))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


def test_a_round_of_payments_lands(chain: Chain) -> None:
    [created] = chain.open_bot()
    assert isinstance(created, BotCreated)
    assert (created.bot, created.event_seq) == (BOT, 1)
    quote = chain.fee_quote()
    checked = check_fee_transaction(
        DEFAULT_PROGRAM_ID, quote, sign(fee_transaction(DEFAULT_PROGRAM_ID, quote), PLAYER)
    )
    [paid] = chain.land(cosign(checked.transaction, Signer(QUOTE)))
    assert isinstance(paid, MessageFeeRecorded)
    assert (paid.message_id, paid.content_hash, paid.amount, paid.event_seq) == (
        quote.message_id,
        quote.content_hash,
        quote.amount,
        2,
    )
    settle = settle_reward(
        DEFAULT_PROGRAM_ID,
        bot=BOT,
        payout_key=PAYOUT.pubkey(),
        winner=PLAYER.pubkey(),
        message_index=1,
        reward=paid.pot,
        proof=bytes([1] * 32),
    )
    blockhash = Blockhash(chain.vm.latest_blockhash(), 1)
    [settled] = chain.land(own_transaction([settle], PAYOUT, blockhash, unit_price=1_000).transaction)
    assert isinstance(settled, RewardSettled)
    assert settled.reward == SOL + 700_000
    account = chain.vm.get_account(BOT)
    assert account is not None
    assert decode_bot(bytes(account.data)).event_seq == 3


@pytest.mark.parametrize("versioned", [False, True])
def test_a_fee_with_the_least_compute_budget_that_is_accepted_lands(chain: Chain, versioned: bool) -> None:
    chain.open_bot()
    quote = chain.fee_quote()
    fee = record_message_fee(
        DEFAULT_PROGRAM_ID,
        bot=quote.bot,
        player=quote.player,
        quote_key=quote.quote_key,
        message_id=quote.message_id,
        content_hash=quote.content_hash,
        amount=quote.amount,
        valid_until=quote.valid_until,
    )
    instructions = [set_compute_unit_limit(MIN_UNITS + 150), set_compute_unit_price(1), fee]
    message: Message | MessageV0 = (
        MessageV0.try_compile(quote.player, instructions, [], quote.blockhash)
        if versioned
        else Message.new_with_blockhash(instructions, quote.player, quote.blockhash)
    )
    blank = bytes(VersionedTransaction.populate(message, [Signature.default()] * 2))
    checked = check_fee_transaction(DEFAULT_PROGRAM_ID, quote, sign(blank, PLAYER))
    assert len(chain.land(cosign(checked.transaction, Signer(QUOTE)))) == 1


def test_without_our_signature_a_fee_does_not_land(chain: Chain) -> None:
    chain.open_bot()
    quote = chain.fee_quote()
    signed = sign(fee_transaction(DEFAULT_PROGRAM_ID, quote), PLAYER)
    result = chain.vm.send_transaction(VersionedTransaction.from_bytes(signed))
    assert isinstance(result, FailedTransactionMetadata)
    altered = replace(quote, amount=quote.amount - 1)
    stolen = VersionedTransaction.from_bytes(cosign(signed, Signer(QUOTE))).signatures[1]
    message = VersionedTransaction.from_bytes(fee_transaction(DEFAULT_PROGRAM_ID, altered)).message
    own = PLAYER.sign_message(to_bytes_versioned(message))
    result = chain.vm.send_transaction(VersionedTransaction.populate(message, [own, stolen]))
    assert isinstance(result, FailedTransactionMetadata)
    account = chain.vm.get_account(BOT)
    assert account is not None
    assert decode_bot(bytes(account.data)).message_count == 0
