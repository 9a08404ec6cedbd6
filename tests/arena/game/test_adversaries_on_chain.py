"""People who mean ill, on the real chain with the real program: what they try, and what it gets them.

`docs/adversaries.md` lists all attacks, with the test of each.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    AdvanceNonceAccountParams,
    TransferParams,
    advance_nonce_account,
    transfer,
)
from solders.transaction import VersionedTransaction

from arena.chain.accounts import decode_bot
from arena.chain.events import parse_events
from arena.chain.instructions import (
    BotTerms,
    close_bot,
    create_bot,
    record_message_fee,
    refund_message_fee,
    rotate_keys,
    settle_reward,
)
from arena.chain.pda import bot_address
from arena.game.messages import OpenBot, Pay, Quote
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import messages, solutions
from arena.store.bots import BotStatus
from arena.store.messages import Message as StoredMessage
from arena.store.messages import MessageStatus
from tests.arena.game.conftest import FEE, IMPOSTOR, PHRASE, POT, SOL, Arena, Player

SIGNATURE_FEES = 2 * 5_000
SHARE = FEE * 8 // 10
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


async def becomes(player: Player, client_id: UUID, status: MessageStatus) -> StoredMessage:
    with trio.fail_after(30):
        while True:
            found = await messages.by_client_id(player.arena.services.database, player.session.id, client_id)
            if found is not None and found.status is status:
                return found
            await trio.sleep(0.02)


async def address_of(arena: Arena, bot_id: UUID) -> Pubkey:
    return Pubkey.from_string((await arena.bot(bot_id)).address)


async def land(
    arena: Arena, payer: Keypair, *instructions: Instruction, signers: Sequence[Keypair] = ()
) -> Any:
    """Bring a transaction of an adversary's own to the chain, past the node's preflight; what became of it."""
    client = arena.services.client
    blockhash = (await client.latest_blockhash()).hash
    message = Message.new_with_blockhash(list(instructions), payer.pubkey(), blockhash)
    transaction = VersionedTransaction(message, [payer, *signers])
    signature = await client.send(bytes(transaction), skip_preflight=True)
    with trio.fail_after(10):
        while (landed := await client.transaction(signature)) is None:
            await trio.sleep(0.02)
    return landed


# -- a signed transaction that is not the quoted one


def signed(quote: Quote, wallet: Keypair, *instructions: Instruction) -> bytes:
    """These instructions instead of the quoted one, on its blockhash, signed by the player."""
    blockhash = VersionedTransaction.from_bytes(quote.transaction).message.recent_blockhash
    message = Message.new_with_blockhash(list(instructions), wallet.pubkey(), blockhash)
    blank = [Signature.default()] * message.header.num_required_signatures
    return sign_first(bytes(VersionedTransaction.populate(message, blank)), wallet)


async def test_no_altered_payment_moves_a_lamport_and_the_honest_one_still_counts(arena: Arena) -> None:
    services = arena.services
    bot_id, other_id = [await arena.open_bot(await arena.wallet()) for _ in range(2)]
    address, other = await address_of(arena, bot_id), await address_of(arena, other_id)
    player = await arena.player(bot_id)
    wallet, ours = player.wallet, services.keys.quote_pubkey
    before = await arena.lamports(wallet.pubkey())
    quote = await player.quote("hello", uuid4())
    rival = await player.quote(PHRASE, uuid4())

    def fee(**changes: Any) -> Instruction:
        values: dict[str, Any] = {
            "bot": address,
            "player": wallet.pubkey(),
            "quote_key": ours,
            "message_id": quote.message_id,
            "content_hash": messages.content_hash(quote.message_id, "hello"),
            "amount": quote.amount,
            "valid_until": quote.valid_until,
        }
        return record_message_fee(services.program_id, **(values | changes))

    def altered(**changes: Any) -> bytes:
        return signed(quote, wallet, fee(**changes))

    drain = transfer(TransferParams(from_pubkey=ours, to_pubkey=wallet.pubkey(), lamports=SOL))
    nonce = advance_nonce_account(
        AdvanceNonceAccountParams(nonce_pubkey=Keypair().pubkey(), authorized_pubkey=wallet.pubkey())
    )
    elsewhere = Instruction(IMPOSTOR, fee().data, fee().accounts)
    attempts = {
        "paying less": (altered(amount=FEE - 1), "amount_mismatch"),
        "paying nothing": (altered(amount=0), "amount_mismatch"),
        "paying more than there is": (altered(amount=2**64 - 1), "amount_mismatch"),
        "another bot": (altered(bot=other), "bot_mismatch"),
        "another message": (altered(message_id=uuid4()), "message_mismatch"),
        "another text": (altered(content_hash=bytes(32)), "content_hash_mismatch"),
        "a later end": (altered(valid_until=quote.valid_until + 3600), "valid_until_mismatch"),
        "the other message's fee": (altered(message_id=rival.message_id), "message_mismatch"),
        "a second fee": (signed(quote, wallet, fee(), fee()), "instruction_repeated"),
        "a transfer out of our key": (signed(quote, wallet, fee(), drain), "signer_unexpected"),
        "a nonce advance": (signed(quote, wallet, nonce, fee()), "nonce_unexpected"),
        "the impostor's program": (signed(quote, wallet, elsewhere), "instruction_unexpected"),
    }
    session = services.session(player.session.id)
    codes: dict[str, str] = {}
    for name, (transaction, _) in attempts.items():
        with pytest.raises(Problem) as refused:
            await session.ask(Pay(quote.client_id, transaction))
        codes[name] = refused.value.code
    assert codes == {name: code for name, (_, code) in attempts.items()}
    assert await arena.lamports(wallet.pubkey()) == before
    assert await messages.by_client_id(services.database, player.session.id, quote.client_id) is None

    with pytest.raises(Problem) as refused:  # the very transaction that was quoted for the other message
        await session.ask(Pay(quote.client_id, sign_first(rival.transaction, wallet)))
    assert refused.value.code in ("message_mismatch", "blockhash_mismatch")

    await player.pay(quote)
    await becomes(player, quote.client_id, MessageStatus.JUDGED)
    assert await arena.lamports(wallet.pubkey()) == before - FEE - SIGNATURE_FEES


async def test_a_payment_taken_from_the_chain_and_sent_again_pays_nothing_twice(arena: Arena) -> None:
    """Also after the server's parts have started anew, and with all its signatures on it."""
    services = arena.services
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    before = await arena.lamports(player.wallet.pubkey())
    quote = await player.quote("hello", uuid4())
    await player.pay(quote)
    judged = await becomes(player, quote.client_id, MessageStatus.JUDGED)
    assert judged.fee_signature is not None
    landed = await services.client.transaction(judged.fee_signature)
    assert landed is not None
    for kind, key in (("sessions", player.session.id), ("bots", bot_id)):
        services.system.restart(services.system.get(kind, str(key)).path)
    for transaction in (landed.transaction, sign_first(quote.transaction, player.wallet)):
        await services.client.send(landed.transaction, skip_preflight=True)
        state = await services.session(player.session.id).ask(Pay(quote.client_id, transaction))
        assert state.status is MessageStatus.JUDGED
    said = await player.say("something else")
    assert (await becomes(player, said, MessageStatus.JUDGED)).message_index == 2
    assert await arena.lamports(player.wallet.pubkey()) == before - 2 * (FEE + SIGNATURE_FEES)


# -- the money of others


async def test_nobody_but_the_payout_key_gets_a_lamport_out_of_a_bot(arena: Arena) -> None:
    services = arena.services
    creator = await arena.wallet()
    bot_id = await arena.open_bot(creator)
    bot = await address_of(arena, bot_id)
    player = await arena.player(bot_id)
    await becomes(player, await player.say("hello"), MessageStatus.JUDGED)
    held = await arena.lamports(bot)
    account = await services.client.account(bot)
    assert account is not None
    books = decode_bot(account.data)
    for thief in (creator, player.wallet):
        own = thief.pubkey()
        attempts = {
            "close": close_bot(
                services.program_id,
                bot=bot,
                closer=own,
                creator=books.creator,
                platform=books.platform,
                heir=books.heir,
                expected_message_count=books.message_count,
            ),
            "settle": settle_reward(
                services.program_id,
                bot=bot,
                payout_key=own,
                winner=own,
                message_index=1,
                reward=books.pot,
                proof=bytes(32),
            ),
            "refund": refund_message_fee(
                services.program_id, bot=bot, payout_key=own, player=own, message_index=1, amount=FEE
            ),
            "rotate": rotate_keys(
                services.program_id, bot=bot, admin=own, quote_key=own, payout_key=Keypair().pubkey()
            ),
        }
        for name, instruction in attempts.items():
            landed = await land(arena, thief, instruction)
            assert landed.error is not None, name
    assert await arena.lamports(bot) == held
    assert (await arena.bot(bot_id)).status is BotStatus.OPEN
    await becomes(player, await player.say("and on it goes"), MessageStatus.JUDGED)


async def test_lamports_sent_ahead_and_as_dust_change_no_book_and_a_solver_who_left_is_paid(
    arena: Arena,
) -> None:
    """The bot's address is funded before it is opened and while it lives; the solver empties his wallet."""
    services = arena.services
    creator, stranger = await arena.wallet(), await arena.wallet()
    draft = await arena.draft(creator)
    address = Pubkey.from_string(draft.address)
    ahead, dust = 5_000_000, 1_234_567
    params = TransferParams(from_pubkey=stranger.pubkey(), to_pubkey=address, lamports=ahead)
    assert (await land(arena, stranger, transfer(params))).error is None
    funds = await arena.lamports(creator.pubkey())
    await services.bot(draft.bot_id).ask(
        OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    )
    await arena.until(draft.bot_id, BotStatus.OPEN)
    params = TransferParams(from_pubkey=stranger.pubkey(), to_pubkey=address, lamports=dust)
    assert (await land(arena, stranger, transfer(params))).error is None

    solver = await arena.player(draft.bot_id)
    quote = await solver.quote(PHRASE, uuid4())
    assert quote.amount == FEE
    had = await arena.lamports(solver.wallet.pubkey())
    left = had - FEE - SIGNATURE_FEES
    await solver.pay(quote)
    with trio.fail_after(10):
        while await arena.lamports(solver.wallet.pubkey()) == had:
            await trio.sleep(0.01)
    empty = TransferParams(
        from_pubkey=solver.wallet.pubkey(), to_pubkey=stranger.pubkey(), lamports=left - 5_000
    )
    assert (await land(arena, solver.wallet, transfer(empty))).error is None
    await arena.until(draft.bot_id, BotStatus.CLOSED)
    solution = await solutions.get(services.database, draft.bot_id)
    assert solution is not None
    assert solution.reward == POT + SHARE, "what others send is no part of the pot"
    assert await arena.lamports(solver.wallet.pubkey()) == POT + SHARE
    gained = await arena.lamports(creator.pubkey()) - funds
    assert gained == -POT + FEE // 10 + ahead + dust - SIGNATURE_FEES, "the surplus goes out with the rent"
    assert await arena.lamports(address) == 0


# -- events that are not ours


async def test_a_copy_of_our_program_and_a_memo_that_quotes_our_events_tell_the_bot_nothing(
    arena: Arena,
) -> None:
    services = arena.services
    bot_id = await arena.open_bot(await arena.wallet())
    address = await address_of(arena, bot_id)
    player = await arena.player(bot_id)
    # a genuine event of the bot, as it was printed
    genuine = await becomes(player, await player.say("hello"), MessageStatus.JUDGED)
    assert genuine.fee_signature is not None
    landed = await services.client.transaction(genuine.fee_signature)
    assert landed is not None
    assert landed.logs is not None
    [printed] = [line for line in landed.logs if line.startswith("Program data: ")]
    before = await arena.bot(bot_id)

    thief, quote_key = await arena.wallet(), Keypair()
    forged = f"x\n{printed}\nProgram {services.program_id} success"
    memo = Instruction(MEMO, forged.encode(), [])
    mention = [AccountMeta(services.program_id, False, False), AccountMeta(address, False, False)]
    creation = create_bot(
        IMPOSTOR,
        creator=thief.pubkey(),
        quote_key=quote_key.pubkey(),
        payout_key=thief.pubkey(),
        admin=thief.pubkey(),
        platform=thief.pubkey(),
        bot_id=bot_id,
        terms=BotTerms(
            objective_hash=bytes(32),
            fee_base=FEE,
            fee_growth_bps=0,
            fee_cap=FEE,
            pot_bps=8_000,
            creator_bps=1_000,
            initial_pot=FEE,
            closes_at=int(time.time()) + 86_400,
        ),
    )
    copy = bot_address(IMPOSTOR, quote_key.pubkey(), bot_id)
    paid = record_message_fee(
        IMPOSTOR,
        bot=copy,
        player=thief.pubkey(),
        quote_key=quote_key.pubkey(),
        message_id=uuid4(),
        content_hash=bytes(32),
        amount=FEE,
        valid_until=int(time.time()) + 60,
    )
    # so that the node lists it for our program and for the bot
    gift = transfer(TransferParams(from_pubkey=thief.pubkey(), to_pubkey=address, lamports=1))
    seen = Instruction(gift.program_id, gift.data, [*gift.accounts, *mention])
    for instructions, signers in (
        ([creation, seen], [quote_key]),
        ([paid, seen], [quote_key]),
        ([memo, seen], []),
    ):
        result = await land(arena, thief, *instructions, signers=signers)
        assert result.error is None
        assert parse_events(services.program_id, result.logs) == []
    said = await player.say("what was that?")
    assert (await becomes(player, said, MessageStatus.JUDGED)).message_index == 2
    after = await arena.bot(bot_id)
    assert (after.message_count, after.event_seq) == (before.message_count + 1, before.event_seq + 1)
    assert after.status is BotStatus.OPEN
    assert services.feed.status.contradictions == 0


# -- two at once


async def test_two_who_solve_at_once_are_one_winner_and_one_refund(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    players = [await arena.player(bot_id) for _ in range(2)]
    before = [await arena.lamports(player.wallet.pubkey()) for player in players]
    quotes = [await player.quote(PHRASE, uuid4()) for player in players]
    async with trio.open_nursery() as nursery:
        for player, quote in zip(players, quotes, strict=True):
            nursery.start_soon(player.pay, quote)
    await arena.until(bot_id, BotStatus.CLOSED)
    after = [await arena.lamports(player.wallet.pubkey()) for player in players]
    gained = sorted(now - had for now, had in zip(after, before, strict=True))
    assert gained == [-SIGNATURE_FEES, POT + SHARE - FEE - SIGNATURE_FEES]


# -- keeping others out


async def test_quotes_that_nobody_pays_cost_the_others_nothing(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet(), fee_growth_bps=1_000, fee_cap=SOL)
    hoarders = [await arena.player(bot_id, Keypair()) for _ in range(3)]
    for hoarder in hoarders:
        for number in range(40):
            await hoarder.quote(f"hoarded {number}", uuid4())
    player = await arena.player(bot_id)
    quote = await player.quote("hello", uuid4())
    assert quote.amount == FEE
    await player.pay(quote)
    await becomes(player, quote.client_id, MessageStatus.JUDGED)
