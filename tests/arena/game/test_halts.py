"""A bot that meets what no row knows stands still until operators decide. On the real chain and database.

The rows are lost as by the restore of an older backup: while no arena runs, a copy of the database made before.
"""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import pytest
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.audit.auditing import Auditor
from arena.chain.accounts import decode_bot
from arena.chain.client import ChainClient, Commitment
from arena.chain.instructions import record_message_fee, refund_message_fee, settle_reward
from arena.chain.own_transactions import own_transaction
from arena.game import terms
from arena.game.halts import Halt, look_at_halt
from arena.game.messages import GoOn
from arena.problems import Problem
from arena.store import messages, solutions
from arena.store.bots import BotStatus
from arena.store.messages import Message, MessageStatus
from tests.arena.game.conftest import FEE, PHRASE, POT, Arena
from tests.arena.game.test_lives_of_bots import message_is, restart

SHARE = FEE * 8 // 10
NETWORK_FEE = 2 * 5_000


async def land(arena: Arena, transaction: bytes) -> str:
    client = arena.services.client
    signature = await client.send(transaction)
    with trio.fail_after(20):
        while True:
            [status] = await client.statuses([signature])
            if status is not None and status.confirmation is Commitment.FINALIZED:
                assert status.error is None, status.error
                return signature
            await trio.sleep(0.02)


async def address_of(arena: Arena, bot_id: UUID) -> Pubkey:
    return Pubkey.from_string((await arena.bot(bot_id)).address)


async def pay_unknown(arena: Arena, bot_id: UUID, player: Keypair) -> UUID:
    """A fee that our quote key has signed and no row knows; its message's id."""
    services, message_id = arena.services, uuid4()
    instruction = record_message_fee(
        services.program_id,
        bot=await address_of(arena, bot_id),
        player=player.pubkey(),
        quote_key=services.keys.quote_pubkey,
        message_id=message_id,
        content_hash=bytes(32),
        amount=FEE,
        valid_until=int(time.time()) + 30,
    )
    blockhash = await services.client.latest_blockhash()
    await land(
        arena, own_transaction([instruction], player, blockhash, cosigners=[services.keys.quote]).transaction
    )
    return message_id


async def refund_unknown(arena: Arena, bot_id: UUID, player: Keypair, index: int) -> None:
    services = arena.services
    instruction = refund_message_fee(
        services.program_id,
        bot=await address_of(arena, bot_id),
        payout_key=services.keys.payout_pubkey,
        player=player.pubkey(),
        message_index=index,
        amount=FEE,
    )
    blockhash = await services.client.latest_blockhash()
    await land(arena, own_transaction([instruction], services.keys.payout, blockhash).transaction)


async def settle_unknown(arena: Arena, bot_id: UUID, winner: Keypair, index: int, reward: int) -> None:
    services, bot = arena.services, await arena.bot(bot_id)
    instruction = settle_reward(
        services.program_id,
        bot=Pubkey.from_string(bot.address),
        payout_key=services.keys.payout_pubkey,
        winner=winner.pubkey(),
        message_index=index,
        reward=reward,
        proof=terms.open_salt(services.secretbox, bot),
    )
    blockhash = await services.client.latest_blockhash()
    await land(arena, own_transaction([instruction], services.keys.payout, blockhash).transaction)


async def halt_of(arena: Arena, bot_id: UUID, events: int) -> Halt:
    """The halt once so many events can be decided about."""
    with trio.fail_after(20):
        while True:
            halt = await look_at_halt(arena.services, await arena.bot(bot_id))
            if len(halt.events) >= events:
                return halt
            await trio.sleep(0.05)


async def go_on(arena: Arena, bot_id: UUID, events: int) -> None:
    halt = await halt_of(arena, bot_id, events)
    await arena.services.bot(bot_id).ask(GoOn(halt.last))


async def row_is(arena: Arena, message_id: UUID, status: MessageStatus) -> Message:
    with trio.fail_after(20):
        while True:
            row = await messages.get(arena.services.database, message_id)
            if row is not None and row.status is status:
                return row
            await trio.sleep(0.02)


async def differences(arena: Arena) -> int:
    async with ChainClient(arena.endpoints.rpc_url, Commitment.FINALIZED) as client:
        report = await Auditor(client, arena.services.program_id, arena.services.database).audit()
    return len([difference for bot in report.bots for difference in bot.differences])


async def test_a_fee_that_the_database_does_not_know_halts_the_bot(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    await pay_unknown(arena, bot_id, await arena.wallet())
    halted = await arena.until(bot_id, BotStatus.HALTED)
    assert (halted.message_count, halted.event_seq) == (0, 1), "it is as if it had never seen it"
    with pytest.raises(Problem) as refused:
        await (await arena.player(bot_id)).quote("hello", uuid4())
    assert (refused.value.code, refused.value.extra) == ("bot_not_live", {"bot_status": "halted"})
    state = await arena.services.client.account(await address_of(arena, bot_id))
    assert state is not None
    assert decode_bot(state.data).pot == POT + SHARE, "nothing moves by itself"
    restart(arena.services.system, "bots", bot_id)
    assert (await arena.until(bot_id, BotStatus.HALTED)).event_seq == 1


async def test_operators_see_what_the_bot_has_not_taken_in(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    with pytest.raises(Problem) as refused:
        await look_at_halt(arena.services, await arena.bot(bot_id))
    assert refused.value.code == "bot_not_halted"
    players = [await arena.wallet() for _ in range(2)]
    for player in players:
        await pay_unknown(arena, bot_id, player)
    await arena.until(bot_id, BotStatus.HALTED)
    halt = await halt_of(arena, bot_id, 2)
    assert [seen.event.event_seq for seen in halt.events] == [2, 3]
    for wrong in (0, 4):
        with pytest.raises(Problem) as refused:
            halt.check(wrong)
        assert refused.value.code == "events_not_final"


async def test_when_operators_decide_so_unknown_fees_are_refunded_and_the_bot_is_played_on(
    arena: Arena,
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    known = await arena.player(bot_id)
    first = await message_is(known, await known.say("hello"), MessageStatus.JUDGED)
    stranger = await arena.wallet()
    before = await arena.lamports(stranger.pubkey())
    unknown = await pay_unknown(arena, bot_id, stranger)
    await arena.until(bot_id, BotStatus.HALTED)
    assert await differences(arena) > 0
    await go_on(arena, bot_id, 1)
    adopted = await row_is(arena, unknown, MessageStatus.REFUNDED)
    assert (adopted.adopted, adopted.text, adopted.refund_reason) == (True, "", "unjudged")
    assert await arena.lamports(stranger.pubkey()) == before - NETWORK_FEE
    assert (await arena.bot(bot_id)).status is BotStatus.OPEN

    await known.say(PHRASE)
    await arena.until(bot_id, BotStatus.CLOSED)
    solution = await solutions.get(arena.services.database, bot_id)
    assert solution is not None
    assert (solution.reward, first.pot_share) == (POT + 2 * SHARE, SHARE)
    assert await differences(arena) == 0


async def test_what_players_paid_while_it_was_halted_is_judged_when_it_goes_on(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    submit, held = arena.services.submitter.submit, []
    with monkeypatch.context() as patch:
        patch.setattr(arena.services.submitter, "submit", held.append)
        client_id = await player.say("hello")
    await pay_unknown(arena, bot_id, await arena.wallet())
    await arena.until(bot_id, BotStatus.HALTED)
    for outgoing in held:
        submit(outgoing)
    await halt_of(arena, bot_id, 2)
    await message_is(player, client_id, MessageStatus.PAYING)
    await go_on(arena, bot_id, 2)
    judged = await message_is(player, client_id, MessageStatus.JUDGED)
    assert judged.message_index == 2
    assert await differences(arena) == 0


async def test_a_fee_after_the_decision_halts_it_again(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    await pay_unknown(arena, bot_id, await arena.wallet())
    await arena.until(bot_id, BotStatus.HALTED)
    await go_on(arena, bot_id, 1)
    await arena.until(bot_id, BotStatus.OPEN)
    await pay_unknown(arena, bot_id, await arena.wallet())
    await arena.until(bot_id, BotStatus.HALTED)


async def test_a_crash_in_the_middle_of_it_halts_it_again_and_the_decision_can_be_repeated(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arena.game import adoption

    bot_id = await arena.open_bot(await arena.wallet())
    stranger = await arena.wallet()
    unknown = await pay_unknown(arena, bot_id, stranger)
    await arena.until(bot_id, BotStatus.HALTED)
    halt = await halt_of(arena, bot_id, 1)

    async def crash(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(adoption, "adopt", crash)
        await arena.services.bot(bot_id).ask(GoOn(halt.last))
        with trio.fail_after(20):  # the restarted actor knows of no decision
            while arena.services.system.info(f"/game/bots/{bot_id}").restarts == 0:
                await trio.sleep(0.02)
        await arena.until(bot_id, BotStatus.HALTED)
    await go_on(arena, bot_id, 1)
    await row_is(arena, unknown, MessageStatus.REFUNDED)
    assert await differences(arena) == 0


async def test_what_a_lost_arena_had_refunded_and_paid_is_taken_over_from_the_chain(arena: Arena) -> None:
    """Three fees, the second refunded, the third won: none of it is in the rows, as after the restore of a backup."""
    bot_id = await arena.open_bot(await arena.wallet())
    one, two, three, four = [await arena.wallet() for _ in range(4)]
    ids = [await pay_unknown(arena, bot_id, wallet) for wallet in (one, two, three, four)]
    await refund_unknown(arena, bot_id, two, 2)
    reward = POT + 2 * SHARE
    await settle_unknown(arena, bot_id, three, 3, reward)
    before = await arena.lamports(four.pubkey())
    await arena.until(bot_id, BotStatus.HALTED)
    await go_on(arena, bot_id, 6)
    await arena.until(bot_id, BotStatus.CLOSED)
    rows = [await messages.get(arena.services.database, message_id) for message_id in ids]
    assert [(row.status.value, row.solved) for row in rows if row] == [
        ("judged", False),
        ("refunded", None),
        ("judged", True),
        ("refunded", None),
    ]
    solution = await solutions.get(arena.services.database, bot_id)
    assert solution is not None
    assert (solution.reward, solution.winner, solution.message_index) == (reward, str(three.pubkey()), 3)
    assert await arena.lamports(four.pubkey()) == before + FEE, "after the winner: refunded"
    with trio.fail_after(20):
        while await differences(arena):
            await trio.sleep(0.1)


@pytest.mark.parametrize("theft", ["refund of a judged message", "reward"])
async def test_what_contradicts_the_rows_is_never_adopted(arena: Arena, theft: str) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    await message_is(player, await player.say("hello"), MessageStatus.JUDGED)
    thief = await arena.wallet()
    if theft == "reward":
        await settle_unknown(arena, bot_id, thief, 1, POT)
    else:
        await refund_unknown(arena, bot_id, thief, 1)
    await arena.until(bot_id, BotStatus.HALTED)
    await go_on(arena, bot_id, 1)
    halted = await arena.until(bot_id, BotStatus.HALTED)
    assert halted.event_seq == 2, "the fee; not what followed it"
    assert await differences(arena) > 0
