"""What is counted of messages on their way: quotes, payments, verdicts."""

from __future__ import annotations

import pytest

from arena.chain.submitter import TransactionKind
from arena.game import traffic
from arena.game.traffic import Traffic
from arena.ids import new_id
from arena.problems import Problem
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, ScriptedBrain, eventually


def counted(game: Game) -> tuple[int, int, int]:
    found = game.services.traffic
    return found.quoted, found.paid, found.judged


def timed(found: Traffic) -> tuple[int, int, int]:
    quote, payment, verdict = (sum(part.counts) for part in (found.quote, found.payment, found.verdict))
    return quote, payment, verdict


async def test_each_step_of_a_message_is_counted_and_timed(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "slow")
    assert counted(game) == (1, 0, 0)
    release = brain.gate("slow")
    await game.pay(player, quote)
    assert counted(game) == (1, 0, 0)
    await game.land(await game.outbox.take(TransactionKind.FEE))
    await brain.wait_until_asked("slow")
    assert counted(game) == (1, 1, 0)
    release.set()
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    await eventually(lambda: counted(game) == timed(game.services.traffic) == (1, 1, 1))


async def test_what_is_refused_or_never_judged_is_not_counted_as_if_it_were(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    with pytest.raises(Problem):
        await game.quote(player, " ")
    assert counted(game) == (0, 0, 0)
    failed = await game.say(player, "boom")
    await game.message_becomes(failed.id, MessageStatus.REFUNDING)
    assert counted(game) == (1, 1, 0)


async def test_messages_that_never_come_to_an_end_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MAX_TIMED", 2)
    found = Traffic()
    ids = [new_id() for _ in range(3)]
    for message_id in ids:
        found.payment_accepted(message_id)
    for message_id in ids:
        found.message_paid(message_id, is_judged=False)
    assert (found.paid, timed(found)) == (3, (0, 2, 0))
