"""What comes back to life by itself, and what goes to sleep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import trio

from arena.chain.submitter import TransactionKind
from arena.game import audit_trail, janitor
from arena.game.audit_trail import AuditTrail
from arena.game.bot import BotActor
from arena.game.messages import PriceMessage, Sweep
from arena.problems import unavailable
from arena.store import audit, bots
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from persistence import Database, Journal
from tests.fixtures.game import Game, ScriptedBrain, World, eventually


def alive(game: Game, region: str) -> set[str]:
    return {info.path.rpartition("/")[2] for info in game.system.tree(f"/game/{region}")} - {region}


class OnlyWaiting:
    """`bots.pending` that finds nobody at work, and the others once it is told to go on."""

    def __init__(self, pending: Callable[..., Awaitable[list[bots.PendingBot]]]) -> None:
        self._pending = pending
        self.go_on = trio.Event()

    async def __call__(
        self, database: Database, *, after: UUID | None, limit: int, at_work: bool
    ) -> list[bots.PendingBot]:
        if at_work:
            return []
        await self.go_on.wait()
        return await self._pending(database, after=after, limit=limit)


async def test_a_start_wakes_the_bots_that_have_something_to_do(brain: ScriptedBrain, world: World) -> None:
    async with world.running() as game:
        live, solved = await game.open_bot(), await game.open_bot()
        draft, _ = await game.draft()
        done = await game.open_bot()
        for bot in (solved, done):
            message = await game.say(await game.player(bot), "sesame")
            await game.message_becomes(message.id, MessageStatus.JUDGED)
            sent = await game.outbox.take(TransactionKind.SETTLE)
        await game.land(sent)
        await game.settle(TransactionKind.CLOSE)
        await game.all_is_final(done.id)
    async with world.running() as game:
        await eventually(lambda: alive(game, "bots") == {str(live.id), str(solved.id)})
        await eventually(lambda: game.feed.after.keys() == {live.id, solved.id})
        await game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
        assert (await game.bot(solved.id)).status is BotStatus.CLOSED
        assert (await game.bot(draft.bot_id)).status is BotStatus.DRAFT


async def test_a_start_wakes_more_bots_than_fit_on_a_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitor, "PAGE", 2)
    async with world.running() as game:
        wanted = {str((await game.open_bot()).id) for _ in range(5)}
    async with world.running() as game:
        await eventually(lambda: alive(game, "bots") == wanted)


async def test_a_start_wakes_first_what_somebody_waits_for(world: World) -> None:
    async with world.running() as game:
        opened = {(await game.open_bot()).id for _ in range(2 * janitor.WOKEN_AT_ONCE)}
        last = max(opened)
        for bot_id in opened:
            await game.all_is_final(bot_id)
        _, outgoing = await game.send(await game.player(await game.bot(last)), "hello")
    for at_work, wanted in ((True, {last}), (False, opened)):
        found = await bots.pending(world.database, at_work=at_work)
        assert {bot.id for bot in found} == wanted
    async with world.running() as game:
        assert (await game.outbox.take(TransactionKind.FEE)).signature == outgoing.signature
        await eventually(lambda: game.feed.after.keys() == opened)
        assert next(iter(game.feed.after)) == last


async def test_a_start_goes_on_with_settlements_before_it_wakes_who_only_waits(
    brain: ScriptedBrain, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running() as game:
        solved, waiting = await game.open_bot(), await game.open_bot()
        await game.all_is_final(waiting.id)
        message = await game.say(await game.player(solved), "sesame")
        await game.message_becomes(message.id, MessageStatus.JUDGED)
        await game.outbox.take(TransactionKind.SETTLE)
    # all that is left of the round is the settlement: its bot is not woken
    monkeypatch.setattr(bots, "pending", only_waiting := OnlyWaiting(bots.pending))
    async with world.running() as game:
        await eventually(lambda: alive(game, "settlements") == {str(solved.id)})
        assert not alive(game, "bots")
        only_waiting.go_on.set()
        await eventually(lambda: str(waiting.id) in alive(game, "bots"))


async def test_a_bot_that_does_not_wake_keeps_no_other_from_waking(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running() as game:
        opened = [(await game.open_bot()).id for _ in range(3)]
    look_at_clock = BotActor._look_at_clock

    async def unable(bot: BotActor) -> None:
        if bot.context.name == str(opened[0]):
            raise unavailable("database")
        await look_at_clock(bot)

    monkeypatch.setattr(BotActor, "_look_at_clock", unable)
    async with world.running() as game:
        await game.system.ref("/game/janitor").ask(Sweep())
        assert alive(game, "bots") == {str(bot_id) for bot_id in opened}
        assert game.system.info("/game/janitor").restarts == 0


async def test_a_refund_that_was_due_when_the_server_died_is_made(brain: ScriptedBrain, world: World) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        quote, outgoing = await game.send(await game.player(bot), "boom")
        landing = world.chain.land(outgoing.transaction)
        world.chain.down = True
        await game.hear(bot.id, landing.events[0])
        await game.message_becomes(quote.message_id, MessageStatus.REFUNDING)
    world.chain.down = False
    async with world.running() as game:
        await game.settle(TransactionKind.REFUND)
        await game.message_becomes(quote.message_id, MessageStatus.REFUNDED)


async def test_old_drafts_are_forgotten(game: Game) -> None:
    old, _ = await game.draft()
    young, _ = await game.draft()
    await game.database.execute(
        "update bots set created_at = $1 where id = $2",
        datetime.now(UTC) - janitor.DRAFT_LIFE - timedelta(minutes=1),
        old.bot_id,
    )
    await game.system.ref("/game/janitor").ask(Sweep())
    assert await bots.get(game.database, old.bot_id) is None
    assert (await game.bot(young.bot_id)).status is BotStatus.DRAFT


async def test_bots_that_are_over_go_to_sleep_and_live_ones_do_not(
    brain: ScriptedBrain, world: World
) -> None:
    world.settings = world.settings.model_copy(update={"arena_idle_after": 0.2})
    async with world.running() as game:
        live, over = await game.open_bot(), await game.open_bot()
        await game.say(await game.player(over), "sesame")
        await game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
        await eventually(lambda: alive(game, "bots") == {str(live.id)})
        assert (await game.bot_ref(live.id).ask(PriceMessage())).amount == 1_000_000


async def test_what_operators_did_in_an_outage_is_written_with_the_next_sweep(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = game.services
    trail = AuditTrail(Journal(game.database))  # it does not run, as in an outage
    monkeypatch.setattr(audit_trail, "PATIENCE", 0.01)
    assert await trail.append(audit.record("a wallet", "actor.restart", "/game")) is False
    trail._journal = services.journal
    services.audit = trail
    await game.system.ref("/game/janitor").ask(Sweep())
    assert [entry.subject for entry in await audit.newest(game.database)] == ["/game"]
    assert game.system.info("/game/janitor").details["audit_kept"] == 0


async def test_halted_bots_are_counted_until_operators_have_decided(game: Game) -> None:
    bot = await game.open_bot()
    await game.database.execute("update bots set status = 'halted' where id = $1", bot.id)
    await game.system.ref("/game/janitor").ask(Sweep())
    assert game.services.halted_bots == 1
    await game.database.execute("update bots set status = 'open' where id = $1", bot.id)
    await game.system.ref("/game/janitor").ask(Sweep())
    assert game.services.halted_bots == 0
