"""How a bot's money gets to where it belongs: by real transactions, one at a time, in the VM."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from solders.compute_budget import set_compute_unit_price
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.chain.events import BotClosed, CloseReason, MessageFeeRefunded, RewardSettled
from arena.chain.instructions import close_bot
from arena.chain.own_transactions import own_transaction
from arena.chain.submitter import Failed, Landed, TransactionKind
from arena.economy import Books, ExpiryRule
from arena.game import settlement as settlement_module
from arena.game.messages import Advance, Wake
from arena.store import messages, solutions, transactions
from arena.store.bots import Bot, BotStatus
from arena.store.messages import MessageStatus
from arena.store.solutions import SolutionStatus
from arena.store.transactions import TransactionStatus
from tests.fixtures.game import SOL, Game, Player, ScriptedBrain, World, eventually

REFUND, SETTLE, CLOSE = TransactionKind.REFUND, TransactionKind.SETTLE, TransactionKind.CLOSE
SIGNATURE_FEE = 5_000


async def judged(game: Game, player: Player, text: str) -> None:
    message = await game.say(player, text)
    await game.message_becomes(message.id, MessageStatus.JUDGED)


async def solved_bot(game: Game) -> tuple[Bot, Player]:
    bot = await game.open_bot()
    winner = await game.player(bot)
    await judged(game, winner, "sesame")
    return await game.bot(bot.id), winner


async def is_done(game: Game, bot: Bot, status: SolutionStatus = SolutionStatus.CLOSED) -> solutions.Solution:
    async def is_so() -> bool:
        solution = await solutions.get(game.database, bot.id)
        return solution is not None and solution.status is status

    await eventually(is_so)
    solution = await solutions.get(game.database, bot.id)
    assert solution is not None
    return solution


def is_alive(game: Game, bot: Bot) -> bool:
    return any(info.path.endswith(str(bot.id)) for info in game.system.tree("/game/settlements"))


async def test_every_lamport_of_a_round_gets_to_where_it_belongs(brain: ScriptedBrain, game: Game) -> None:
    """Two wrong messages, one unjudged, the winning one, and one that came too late."""
    keys = game.services.keys
    before = {
        name: game.chain.lamports(key)
        for name, key in (("platform", keys.platform_wallet), ("payout", keys.payout_pubkey))
    }
    bot = await game.open_bot()
    account = game.chain.bot(bot.address)
    assert account is not None
    creator = account.creator
    opened = game.chain.lamports(creator)
    loser, winner = await game.player(bot), await game.player(bot)
    frames = await game.frames(winner)
    await judged(game, loser, "wrong")
    await game.say(loser, "boom")
    await game.settle(REFUND)
    await judged(game, winner, "wrong again")
    _, late = await game.send(loser, "late")
    await judged(game, winner, "sesame")
    await game.land(late)
    settled, refunded, closed = await game.settle(SETTLE, REFUND, CLOSE)
    assert isinstance(settled, RewardSettled)
    assert isinstance(refunded, MessageFeeRefunded)
    assert isinstance(closed, BotClosed)
    assert closed.reason is CloseReason.SOLVED
    solution = await is_done(game, bot)

    # the economy package knows nothing of the program, and comes to the same
    prices = [bot.fees.price(count) for count in range(5)]
    kept = [prices[0], prices[2], prices[3]]
    books = Books(bot.initial_pot)
    for price in kept:
        books = books.record(price, bot.split)
    assert solution.reward == settled.reward == books.pot
    assert settled.winner == winner.wallet.pubkey()
    assert closed.creator_due == books.creator_due
    assert closed.to_platform == books.platform_due
    assert game.chain.bot(bot.address) is None
    assert game.chain.lamports(keys.platform_wallet) == before["platform"] + books.platform_due
    assert game.chain.lamports(keys.payout_pubkey) == before["payout"] - 4 * SIGNATURE_FEE
    rent = game.chain.svm.minimum_balance_for_rent_exemption(0)
    assert game.chain.lamports(creator) - opened == books.creator_due + closed.rent_reserve > rent
    spent = 10 * SOL - game.chain.lamports(loser.wallet)
    assert spent == prices[0] + 3 * 2 * SIGNATURE_FEE

    assert (await frames.until("settlement", status="paid"))["reveal"]["secret"] == {"phrase": "open sesame"}
    await frames.until("settlement", status="closed")
    assert (await game.bot(bot.id)).status is BotStatus.CLOSED
    await eventually(lambda: not is_alive(game, bot))


async def test_every_step_is_committed_before_it_is_sent(brain: ScriptedBrain, game: Game) -> None:
    await solved_bot(game)
    sent = await game.outbox.take(SETTLE)
    assert game.happened[-2:] == ["commit transactions.insert", "submit settle"]
    row = await transactions.get(game.database, sent.signature)
    assert row is not None
    assert (row.raw, row.status) == (sent.transaction, TransactionStatus.PENDING)


async def test_there_is_one_step_at_a_time(brain: ScriptedBrain, game: Game) -> None:
    bot, _ = await solved_bot(game)
    sent = await game.outbox.take(SETTLE)
    for _ in range(3):
        await game.services.settlement(bot.id).ask(Advance())
    # the chain has it, and the bot knows; but it is not final yet
    landing = game.chain.land(sent.transaction)
    await game.hear(bot.id, landing.events[0])
    await game.services.settlement(bot.id).ask(Advance())
    assert [outgoing.kind for outgoing in game.outbox.all].count(SETTLE) == 1
    assert game.outbox.untaken(CLOSE) == []
    await game.end(sent, landing)
    await game.settle(CLOSE)


async def test_money_moves_only_when_the_winning_message_is_final(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    game.chain.hold_finality()
    await judged(game, await game.player(bot), "sesame")
    await eventually(lambda: is_alive(game, bot))
    for _ in range(5):
        await game.services.settlement(bot.id).ask(Advance())
    assert game.outbox.untaken(SETTLE) == []
    waiting = game.system.info(f"/game/settlements/{bot.id}").details or {}
    assert "final" in str(waiting["waiting_for"])
    game.chain.release_finality()
    await game.settle(SETTLE, CLOSE)


async def test_a_refund_waits_until_its_message_is_final(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    game.chain.hold_finality()
    message = await game.say(await game.player(bot), "boom")
    await game.message_becomes(message.id, MessageStatus.REFUNDING)
    await game.services.settlement(bot.id).ask(Advance())
    assert game.outbox.untaken(REFUND) == []
    game.chain.release_finality()
    await game.settle(REFUND)


async def test_an_expired_step_is_made_anew_from_what_the_chain_says(
    brain: ScriptedBrain, game: Game
) -> None:
    await solved_bot(game)
    first = await game.outbox.take(SETTLE)
    await game.expire(first)
    second = await game.outbox.take(SETTLE)
    assert second.signature != first.signature
    row = await transactions.get(game.database, first.signature)
    assert row is not None
    assert row.status is TransactionStatus.EXPIRED
    await game.router.ended(Landed(first, 1))  # whatever is said of the first one now
    assert game.outbox.untaken(SETTLE) == []
    await game.land(second)
    await game.settle(CLOSE)


async def test_a_failing_step_is_tried_again_ever_more_slowly(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt costs the network's fee: what fails for good must not drain the payout key."""
    monkeypatch.setattr(settlement_module, "FAILURE_PAUSE", 0.05)
    bot, _ = await solved_bot(game)
    times = []
    for _ in range(4):
        sent = await game.outbox.take(SETTLE)
        times.append(trio.current_time())
        await game.router.ended(Failed(sent, 7, "the wallet cannot hold it"))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] >= 0.05
    assert pauses[1] >= 0.1
    assert pauses[2] >= 0.2
    assert "failed" in str((game.system.info(f"/game/settlements/{bot.id}").details or {})["waiting_for"])
    await game.settle(SETTLE, CLOSE)
    await is_done(game, bot)


@pytest.mark.parametrize("statement", ["transactions.insert", "transactions.outcome"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_around_any_commit_of_a_settlement_pays_once(
    brain: ScriptedBrain, game: Game, when: str, statement: str
) -> None:
    bot = await game.open_bot()
    winner = await game.player(bot)
    message = await game.say(winner, "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    before = game.chain.lamports(winner.wallet)
    _, outgoing = await game.send(winner, "sesame")
    landing = game.chain.land(outgoing.transaction)
    await game.hear(bot.id, landing.events[0])

    def arm() -> None:
        setattr(game.journal, f"crash_{when}", statement)

    for kind in (SETTLE, CLOSE):
        if statement == "transactions.insert" and kind is SETTLE:
            arm()
        sent = await game.outbox.take(kind)
        landed = game.chain.land(sent.transaction)
        for event in landed.events:
            await game.hear(bot.id, event)
        if statement == "transactions.outcome":
            arm()
            with pytest.raises(Exception, match="crashed"):
                await game.router.ended(Landed(sent, landed.slot))
        await game.router.ended(Landed(sent, landed.slot))  # told until it is taken
    solution = await is_done(game, bot)
    gained = game.chain.lamports(winner.wallet) - before
    assert gained == solution.reward - message.amount * 11 // 10 - 2 * SIGNATURE_FEE
    settles = [sent for sent in game.outbox.all if sent.kind is SETTLE]
    assert len({sent.signature for sent in settles}) == 1


async def test_a_step_under_way_goes_on_after_a_restart_of_the_server(
    brain: ScriptedBrain, world: World
) -> None:
    async with world.running() as game:
        bot, _ = await solved_bot(game)
        sent = await game.outbox.take(SETTLE)
    async with world.running() as game:
        again = await game.outbox.take(SETTLE)
        assert again == sent
        await game.land(again)
        closing = await game.outbox.take(CLOSE)
    landing = world.chain.land(closing.transaction)
    async with world.running() as game:
        assert await game.outbox.take(CLOSE) == closing
        await game.hear(bot.id, landing.events[0])
        await game.end(closing, landing)
        await is_done(game, bot)


async def test_a_bot_that_nobody_solved_pays_by_its_rule(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot(expiry_rule=ExpiryRule.CREATOR)
    player = await game.player(bot)
    await judged(game, player, "wrong")
    game.chain.offset = bot.closes_at.timestamp() - game.chain.now() + 60
    await game.bot_ref(bot.id).ask(Wake())
    before = game.chain.lamports(player.wallet)
    [closed] = await game.settle(CLOSE)
    assert isinstance(closed, BotClosed)
    assert (closed.reason, closed.to_heir) == (CloseReason.EXPIRED, 800_000)
    assert closed.pot_to_creator == 50_000_000
    # too little for an empty wallet to hold, but this one is not empty
    assert game.chain.lamports(player.wallet) == before + 800_000
    solution = await is_done(game, bot)
    assert solution.reward == 0


async def test_money_sent_to_where_a_bot_was_does_not_bring_its_settlement_back(
    brain: ScriptedBrain, game: Game
) -> None:
    bot, _ = await solved_bot(game)
    await game.settle(SETTLE)
    closing = await game.outbox.take(CLOSE)
    landing = game.chain.land(closing.transaction)
    game.chain.give(Pubkey.from_string(bot.address), SOL)
    await game.hear(bot.id, landing.events[0])
    await game.end(closing, landing)
    await is_done(game, bot)
    await game.services.settlement(bot.id).ask(Advance())
    await eventually(lambda: not is_alive(game, bot))


async def test_a_step_waits_until_the_rows_have_learnt_of_the_one_before(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They learn from the feed, which may be far behind; closing would bury what is still due."""
    page = messages.refunds_due

    async def short_page(*args: object, **values: object) -> list[messages.Message]:
        values.setdefault("limit", 1)
        return await page(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(messages, "refunds_due", short_page)
    bot = await game.open_bot()
    player = await game.player(bot)
    release = brain.gate("sesame")
    await game.say(player, "sesame")
    late = [await game.say(player, text) for text in ("late", "later")]
    release.set()
    await game.settle(SETTLE)
    for _ in late:
        sent = await game.outbox.take(REFUND)
        landing = game.chain.land(sent.transaction)
        await game.router.ended(Landed(sent, landing.slot))  # final, and the feed has not told of it
        await eventually(
            lambda: "not known" in game.system.info(f"/game/settlements/{bot.id}").details["waiting_for"]
        )
        assert not game.outbox.untaken(REFUND) + game.outbox.untaken(CLOSE)
        for event in landing.events:
            await game.hear(bot.id, event)
    await game.outbox.take(CLOSE)


async def test_our_own_transactions_offer_the_priority_fee_that_is_set(
    brain: ScriptedBrain, world: World
) -> None:
    world.settings = world.settings.model_copy(update={"arena_priority_fee": 2_000_000})
    async with world.running() as game:
        bot = await game.open_bot()
        await game.say(await game.player(bot), "sesame")
        sent = await game.outbox.take(SETTLE)
        message = VersionedTransaction.from_bytes(sent.transaction).message
        data = [bytes(instruction.data) for instruction in message.instructions]
        assert bytes(set_compute_unit_price(2_000_000).data) in data
        assert game.chain.land(sent.transaction).error is None


async def test_an_outage_of_the_chain_postpones_a_settlement(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote, outgoing = await game.send(player, "sesame")
    landing = game.chain.land(outgoing.transaction)
    game.chain.down = True
    await game.hear(bot.id, landing.events[0])
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    await eventually(lambda: is_alive(game, bot))
    await game.services.settlement(bot.id).ask(Advance())
    details = game.system.info(f"/game/settlements/{bot.id}").details or {}
    assert details["waiting_for"] == "the node is down"
    game.chain.down = False
    await game.settle(SETTLE, CLOSE)
    assert game.system.info("/game/settlements").restarts == 0


async def test_a_full_submitter_postpones_a_step(brain: ScriptedBrain, game: Game) -> None:
    game.outbox.full = False
    bot = await game.open_bot()
    player = await game.player(bot)
    _, outgoing = await game.send(player, "sesame")
    landing = game.chain.land(outgoing.transaction)
    game.outbox.full = True
    await game.hear(bot.id, landing.events[0])

    async def is_committed() -> bool:
        return bool(await transactions.pending(game.database, bot.id, kind="settle"))

    await eventually(is_committed)
    await game.services.settlement(bot.id).ask(Advance())
    game.outbox.full = False
    await game.settle(SETTLE, CLOSE)
    assert game.system.dead_letters.count == 0


async def test_a_live_bot_that_owes_nothing_has_no_settlement(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    await judged(game, await game.player(bot, Keypair()), "hello")
    await game.services.settlement(bot.id).ask(Advance())
    await eventually(lambda: not is_alive(game, bot))
    assert [sent.kind for sent in game.outbox.all] == [TransactionKind.CREATE, TransactionKind.FEE]


async def test_a_settlement_that_has_nothing_to_do_looks_once(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to start anew for its own timer's message, for ever."""
    looks = 0
    look = game.chain.account

    async def counted(*args: object) -> object:
        nonlocal looks
        looks += 1
        return await look(*args)  # type: ignore[arg-type]

    bot = await game.open_bot()
    await eventually(lambda: not is_alive(game, bot))
    monkeypatch.setattr(game.chain, "account", counted)
    for _ in range(3):
        game.services.settlement(bot.id).tell(Advance())
    await eventually(lambda: looks > 0 and not is_alive(game, bot))
    assert looks <= 3


DAY = 86_400


async def closed_by_a_stranger(game: Game, bot: Bot) -> str:
    """Eight days after its end; the signature."""
    stranger = Keypair()
    game.chain.give(stranger.pubkey(), SOL)
    game.chain.offset = bot.closes_at.timestamp() + 8 * DAY - game.chain.now()
    account = game.chain.bot(bot.address)
    assert account is not None
    instruction = close_bot(
        game.services.program_id,
        bot=Pubkey.from_string(bot.address),
        closer=stranger.pubkey(),
        creator=account.creator,
        platform=account.platform,
        heir=account.heir,
        expected_message_count=account.message_count,
    )
    signed = own_transaction([instruction], stranger, await game.chain.latest_blockhash())
    landing = game.chain.land(signed.transaction)
    assert landing.error is None
    for event in landing.events:
        await game.hear(bot.id, event)
    return signed.signature


async def test_a_stranger_s_closing_of_a_bot_that_the_arena_has_not_ended_is_written_down(game: Game) -> None:
    bot = await game.open_bot()
    signature = await closed_by_a_stranger(game, bot)
    assert (await is_done(game, bot)).close_signature == signature
    assert (await game.bot(bot.id)).ended_at is not None
    await eventually(lambda: not is_alive(game, bot))


async def test_a_reward_that_was_not_paid_before_a_stranger_closed_the_bot_is_never_called_paid(
    brain: ScriptedBrain, game: Game
) -> None:
    bot, _ = await solved_bot(game)
    late = await game.outbox.take(SETTLE)
    signature = await closed_by_a_stranger(game, bot)
    await game.land(late)
    solution = await is_done(game, bot, SolutionStatus.ABANDONED)
    assert (solution.close_signature, solution.settle_signature) == (signature, None)
    await eventually(lambda: not is_alive(game, bot))
    assert bot.id not in await solutions.unfinished(game.database)
