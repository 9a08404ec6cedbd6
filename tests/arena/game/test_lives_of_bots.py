"""How a bot's life goes besides being solved: failures, ends, second clicks. On the real chain and database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import trio
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from actors import ActorSystem
from arena.brains import Delta, Turn, Verdict
from arena.chain.own_transactions import own_transaction
from arena.game import drafts, ending, paying, terms
from arena.game.closing import unsigned_closing
from arena.game.messages import CloseUnplayed, Wake
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import messages, solutions, transactions, transcripts
from arena.store.bots import BotStatus
from arena.store.messages import Message, MessageStatus
from tests.arena.game.conftest import FEE, PHRASE, POT, SOL, Arena, Player

SIGNATURE_FEES = 2 * 5_000
SHARE = FEE * 8 // 10


class Moody:
    """A brain that fails when it is told to."""

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        if message == "fail":
            raise RuntimeError("I have a headache")
        yield Verdict(message == PHRASE, f"{len(history)} turns so far")


async def message_is(player: Player, client_id: Any, status: MessageStatus) -> Message:
    database = player.arena.services.database
    with trio.fail_after(30):
        while True:
            found = await messages.by_client_id(database, player.session.id, client_id)
            if found is not None and found.status is status:
                return found
            await trio.sleep(0.02)


def restart(system: ActorSystem, kind: str, key: Any) -> None:
    system.restart(system.get(kind, str(key)).path)


# -- being judged


async def test_a_message_whose_brain_fails_is_refunded_while_the_bot_lives(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "brain_of", lambda services, bot: Moody())
    creator = await arena.wallet()
    bot_id = await arena.open_bot(creator)
    player = await arena.player(bot_id)
    before = await arena.lamports(player.wallet.pubkey())
    refunded = await message_is(player, await player.say("fail"), MessageStatus.REFUNDED)
    assert refunded.refund_reason == "unjudged"
    assert await arena.lamports(player.wallet.pubkey()) == before - SIGNATURE_FEES

    judged = await message_is(player, await player.say("and now?"), MessageStatus.JUDGED)
    assert judged.reply == "0 turns so far", "what was refunded is not part of the story"
    await message_is(player, await player.say(PHRASE), MessageStatus.JUDGED)
    await arena.until(bot_id, BotStatus.CLOSED)
    solution = await solutions.get(arena.services.database, bot_id)
    assert solution is not None
    assert solution.reward == POT + 2 * SHARE, "the refunded fee is no part of the reward"


async def test_verdicts_come_in_the_order_of_the_chain_however_long_each_takes(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        async def answer(
            self, message: str, history: Sequence[Turn], message_index: int
        ) -> AsyncIterator[Delta | Verdict]:
            await trio.sleep(0.3 if message_index == 1 else 0)
            yield Verdict(False, message)

    monkeypatch.setattr(terms, "brain_of", lambda services, bot: Slow())
    bot_id = await arena.open_bot(await arena.wallet())
    players = [await arena.player(bot_id) for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for number, player in enumerate(players):
            nursery.start_soon(player.say, f"message {number}")
    with trio.fail_after(30):
        while (await arena.bot(bot_id)).judged_count < 3:
            await trio.sleep(0.02)
    transcript = await transcripts.page(arena.services.database, bot_id)
    judged_at = {message.message_index: message.judged_at for message in transcript}
    assert judged_at[1] <= judged_at[2] <= judged_at[3]  # type: ignore[operator]


# -- paying


async def test_a_quote_asked_for_again_is_the_same_and_another_text_is_refused(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    client_id = uuid4()
    first = await player.quote("hello", client_id)
    assert await player.quote("hello", client_id) == first
    with pytest.raises(Problem) as refused:
        await player.quote("something else", client_id)
    assert refused.value.code == "message_id_reused"


async def test_paying_twice_is_paying_once(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    before = await arena.lamports(player.wallet.pubkey())
    quote = await player.quote("hello", uuid4())
    states = [await player.pay(quote) for _ in range(3)]
    assert {state.client_id for state in states} == {quote.client_id}
    await message_is(player, quote.client_id, MessageStatus.JUDGED)
    assert (await player.pay(quote)).status is MessageStatus.JUDGED
    assert await arena.lamports(player.wallet.pubkey()) == before - FEE - SIGNATURE_FEES
    with pytest.raises(Problem) as refused:
        await player.quote("hello", quote.client_id)
    assert refused.value.code == "message_already_paid"


async def test_a_payment_for_a_quote_that_is_not_there_is_refused(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    quote = await player.quote("hello", uuid4())
    restart(arena.services.system, "sessions", player.session.id)
    with pytest.raises(Problem) as refused:
        await player.pay(quote)
    assert refused.value.code == "quote_unknown"


async def test_a_payment_that_fails_is_dead_and_can_be_made_again(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet could pay when it was asked, and spends its money elsewhere before the payment lands."""
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    submit, held, client_id = arena.services.submitter.submit, [], uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(arena.services.submitter, "submit", held.append)
        await player.pay(await player.quote("hello", client_id))
    await spend_all_but(arena, player.wallet, FEE // 2)
    for outgoing in held:
        submit(outgoing)
    dead = await message_is(player, client_id, MessageStatus.DEAD)
    await arena.services.client.airdrop(player.wallet.pubkey(), SOL)
    with trio.fail_after(10):
        while await arena.lamports(player.wallet.pubkey()) < SOL:
            await trio.sleep(0.02)
    await player.pay(await player.quote("hello", client_id))
    judged = await message_is(player, client_id, MessageStatus.JUDGED)
    assert judged.id == dead.id
    statuses = [row.status for row in await transactions.of_message(arena.services.database, dead.id)]
    assert statuses == ["failed", "landed"]


async def spend_all_but(arena: Arena, wallet: Keypair, rest: int) -> None:
    """Send away what the wallet holds, but for some lamports."""
    lamports = await arena.lamports(wallet.pubkey()) - rest - SIGNATURE_FEES // 2
    instruction = transfer(
        TransferParams(from_pubkey=wallet.pubkey(), to_pubkey=Keypair().pubkey(), lamports=lamports)
    )
    blockhash = await arena.services.client.latest_blockhash()
    await arena.services.client.send(own_transaction([instruction], wallet, blockhash).transaction)
    with trio.fail_after(10):
        while await arena.lamports(wallet.pubkey()) != rest:
            await trio.sleep(0.02)


async def test_a_session_has_a_limit_of_payments_under_way(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    with monkeypatch.context() as patch:
        patch.setattr(arena.services.submitter, "submit", lambda outgoing: None)
        said = [await player.say("hello") for _ in range(paying.MAX_PAYING_PER_SESSION)]
        with pytest.raises(Problem) as refused:
            await player.say("hello")
        assert refused.value.code == "too_many_payments"
    restart(arena.services.system, "bots", bot_id)
    for client_id in said:
        await message_is(player, client_id, MessageStatus.JUDGED)


async def test_a_price_holds_for_its_quote_and_grows_for_the_next(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet(), fee_growth_bps=1_000, fee_cap=SOL)
    player = await arena.player(bot_id)
    held = await player.quote("later", uuid4())
    await message_is(player, await player.say("hello"), MessageStatus.JUDGED)
    dearer = await player.quote("next", uuid4())
    assert (held.amount, dearer.amount) == (FEE, FEE * 11 // 10)
    await player.pay(held)
    assert (await message_is(player, held.client_id, MessageStatus.JUDGED)).amount == FEE


# -- opening


async def test_opening_twice_is_opening_once(arena: Arena) -> None:
    from arena.game.messages import OpenBot
    from arena.game.signing import sign_first

    creator = await arena.wallet()
    draft = await arena.draft(creator)
    opening = OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    bot = arena.services.bot(draft.bot_id)
    assert await bot.ask(opening) == await bot.ask(opening)
    await arena.until(draft.bot_id, BotStatus.OPEN)
    assert await bot.ask(opening)


async def test_a_creator_who_cannot_pay_has_a_draft_again(arena: Arena) -> None:
    from arena.game.messages import OpenBot
    from arena.game.signing import sign_first

    creator = await arena.wallet(SOL // 10)
    draft = await arena.draft(creator)
    opening = OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    await arena.services.bot(draft.bot_id).ask(opening)
    await arena.until(draft.bot_id, BotStatus.DRAFT)


# -- ending


@pytest.mark.parametrize("rule", ["last_player", "creator"])
async def test_a_bot_that_nobody_solves_ends_by_its_rule(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setattr(drafts, "MIN_LIFE", timedelta(0))
    monkeypatch.setattr(ending, "MARGIN", 0.5)
    from datetime import UTC, datetime

    from arena.economy import ExpiryRule

    creator = await arena.wallet()
    funds = await arena.lamports(creator.pubkey())
    bot_id = await arena.open_bot(
        creator, closes_at=datetime.now(UTC) + timedelta(seconds=4), expiry_rule=ExpiryRule(rule)
    )
    player = await arena.player(bot_id)
    before = await arena.lamports(player.wallet.pubkey())
    await message_is(player, await player.say("hello"), MessageStatus.JUDGED)
    with trio.fail_after(30):
        while (await arena.bot(bot_id)).status is BotStatus.OPEN:
            await arena.services.bot(bot_id).ask(Wake())
            await trio.sleep(0.1)
    with pytest.raises(Problem) as refused:
        await player.quote("too late?", uuid4())
    assert refused.value.code == "bot_not_live"
    await arena.until(bot_id, BotStatus.CLOSED)
    with trio.fail_after(10):
        while (solution := await solutions.get(arena.services.database, bot_id)) is None or (
            solution.close_signature is None
        ):
            await trio.sleep(0.05)
    inheritance = POT + SHARE if rule == "last_player" else SHARE
    assert await arena.lamports(player.wallet.pubkey()) == before - FEE - SIGNATURE_FEES + inheritance
    creator_gets = FEE // 10 - SIGNATURE_FEES + (0 if rule == "creator" else -POT)
    assert await arena.lamports(creator.pubkey()) == funds + creator_gets


# -- being restarted


@pytest.mark.parametrize("kind", ["bots", "settlements", "sessions"])
async def test_an_actor_that_is_restarted_again_and_again_loses_nothing(arena: Arena, kind: str) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    before = await arena.lamports(player.wallet.pubkey())
    key = player.session.id if kind == "sessions" else bot_id
    over = False

    async def disturb() -> None:
        while not over:
            path = arena.services.system.get(kind, str(key)).path
            if any(info.path == path for info in arena.services.system.tree()):
                restart(arena.services.system, kind, key)
            await trio.sleep(0.25)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(disturb)
        client_id = uuid4()
        while True:
            try:
                await player.pay(await player.quote(PHRASE, client_id))
                break
            except Problem as refused:
                if refused.code == "message_already_paid":
                    break
                if refused.code != "quote_unknown":
                    raise
        await arena.until(bot_id, BotStatus.CLOSED, within=60)
        over = True
    reward = POT + SHARE
    assert await arena.lamports(player.wallet.pubkey()) == before - FEE - SIGNATURE_FEES + reward


async def test_subscribers_are_told_the_end_when_their_bot_starts_anew(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    subscription = await arena.subscribe(bot_id, uuid4())
    restart(arena.services.system, "bots", bot_id)
    with trio.fail_after(5), pytest.raises(trio.EndOfChannel):
        await subscription.receive()


async def test_payments_are_for_their_player_and_a_text_becomes_public_with_its_verdict(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player, bystander = await arena.player(bot_id), await arena.player(bot_id)
    mine = await arena.subscribe(bot_id, player.session.id)
    others = await arena.subscribe(bot_id, bystander.session.id)
    spectators = await arena.subscribe(bot_id)
    await message_is(player, await player.say("hello"), MessageStatus.JUDGED)
    seen: dict[str, list[str]] = {"mine": [], "others": [], "spectators": []}
    for name, subscription in (("mine", mine), ("others", others), ("spectators", spectators)):
        with trio.move_on_after(0.5):
            async for publication in subscription:
                seen[name] += [json.loads(published.frame)["type"] for published in publication]
    assert [kind for kind in seen["mine"] if kind != "reply.delta"] == ["payment", "payment", "pot", "reply"]
    assert seen["others"] == seen["spectators"] == ["pot", "reply"]


async def test_an_unplayed_bot_is_closed_by_its_creator_who_gets_back_all_but_the_network_s_fees(
    arena: Arena,
) -> None:
    creator = await arena.wallet()
    funds = await arena.lamports(creator.pubkey())
    bot_id = await arena.open_bot(creator)
    unsigned = await unsigned_closing(arena.services, await arena.bot(bot_id), str(creator.pubkey()))
    await arena.services.bot(bot_id).ask(CloseUnplayed(str(creator.pubkey()), sign_first(unsigned, creator)))
    await arena.until(bot_id, BotStatus.CLOSED)
    assert await arena.lamports(creator.pubkey()) == funds - 2 * SIGNATURE_FEES
