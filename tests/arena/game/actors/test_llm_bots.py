"""LLM bots in the game: their model is a server on a socket, their spending is limited, their key can be replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from arena.brains import llm
from arena.chain.submitter import TransactionKind
from arena.game import drafts, terms
from arena.game.messages import PriceMessage, Wake
from arena.problems import Problem
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, World, eventually
from tests.fixtures.llm_server import (
    MODEL,
    LlmServer,
    chunk,
    decides,
    fails,
    head,
    llm_server,
    says,
    sends,
)

PUBLIC: dict[str, Any] = {
    "persona": "A dragon",
    "objective": "Make it laugh.",
    "prompt": "Be proud.",
    "win_when": "The player has made you laugh.",
    "model": MODEL,
}
BOT: dict[str, Any] = {"kind": "llm", "public": PUBLIC, "secret": {"knowledge": "You love puns."}}
OPERATORS_KEY = "sk-operators-key"


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with llm_server() as server:
        yield server


def with_model(world: World, server: LlmServer, **settings: Any) -> World:
    """The operator has set up a model."""
    update = {"arena_llm_base_url": server.url, "arena_llm_models": (MODEL,), **settings}
    world.settings = world.settings.model_copy(update=update)
    return world


async def test_a_bot_talks_and_is_solved_by_its_models_tool_call(world: World, server: LlmServer) -> None:
    async with with_model(world, server).running() as game:
        bot = await game.open_bot(**BOT)
        player = await game.player(bot)
        frames = await game.frames(player)
        server.will(says("I never ", "laugh."), decides("award_pot", '{"last_words": "Ha!"}'))
        await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
        reply = await frames.until("reply")
        assert (reply["reply"], reply["verdict"]) == ("I never laugh.", "unsolved")
        await game.message_becomes((await game.say(player, "a pun")).id, MessageStatus.JUDGED)
        assert (await frames.until("reply"))["verdict"] == "solved"
        assert (await game.bot(bot.id)).status is BotStatus.SOLVED
        assert [part["content"] for part in server.calls[1].messages[1:]] == [
            "hello", "I never laugh.", "a pun"
        ]  # fmt: skip


async def test_what_one_player_said_is_not_told_for_another(world: World, server: LlmServer) -> None:
    async with with_model(world, server).running() as game:
        bot = await game.open_bot(**BOT)
        for text in ("my secret is 42", "what did the others say?"):
            message = await game.say(await game.player(bot), text)
            await game.message_becomes(message.id, MessageStatus.JUDGED)
        assert "42" not in str(server.calls[1].body)


async def test_a_model_that_fails_for_good_is_a_refund(
    world: World, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm, "FIRST_WAIT", 0.001)
    async with with_model(world, server).running() as game:
        bot = await game.open_bot(**BOT)
        player = await game.player(bot)
        frames = await game.frames(player)
        server.will(sends(head(), chunk({"content": "Once"})))
        await game.say(player, "hello")
        assert (await frames.until("refund", status="due"))["reason"] == "unjudged"
        server.will(*[fails(500)] * 3)
        await game.say(player, "hello again")
        assert (await frames.until("refund", status="due"))["message_index"] == 2
        await game.settle(TransactionKind.REFUND, TransactionKind.REFUND)
        message = await game.say(player, "and now?")
        assert (await game.message_becomes(message.id, MessageStatus.JUDGED)).reply == "I hear you."


async def test_at_the_limit_paid_messages_go_back_and_no_quotes_are_given(
    world: World, server: LlmServer
) -> None:
    async with with_model(world, server, arena_llm_daily_tokens_per_bot=3_000).running() as game:
        bot = await game.open_bot(**BOT)
        player, quick = await game.player(bot), await game.player(bot)
        frames = await game.frames(quick)
        quote = await game.quote(quick, "I was quoted before")
        await game.pay(quick, quote)
        under_way = await game.outbox.take(TransactionKind.FEE)
        slow = await game.player(bot)
        quoted = await game.quote(slow, "I was quoted before, and pay too late")
        server.will(says("That was dear.", tokens=(2_800, 100)))
        await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)

        for attempt in (game.quote(player, "more?"), game.pay(slow, quoted)):
            with pytest.raises(Problem) as problem:
                await attempt
            assert (problem.value.code, problem.value.status) == ("brain_unavailable", 503)
        await game.land(under_way)
        due = await frames.until("refund", status="due")
        assert (due["reason"], due["message_index"]) == ("spending_limit", 2)
        assert len(server.calls) == 1
        assert (await game.bot(bot.id)).status is BotStatus.OPEN

        other = await game.open_bot(**BOT)
        message = await game.say(await game.player(other), "the other one still talks")
        await game.message_becomes(message.id, MessageStatus.JUDGED)

    async with world.running() as game:
        with pytest.raises(Problem, match="brain_unavailable"):
            await game.bot_ref(bot.id).ask(PriceMessage())


@pytest.mark.parametrize(("tokens", "becomes"), [(10, BotStatus.OPEN), (10_000, BotStatus.EXPIRED)])
async def test_a_bot_that_may_not_spend_is_not_idle(
    world: World, server: LlmServer, tokens: int, becomes: BotStatus
) -> None:
    async with with_model(world, server, arena_llm_daily_tokens_per_bot=tokens).running() as game:
        bot = await game.open_bot(**BOT, idle_after=600)
        game.chain.offset += 10_000
        game.feed.status = replace(game.feed.status, last_poll_at=game.chain.now())
        await game.bot_ref(bot.id).ask(Wake())
        assert (await game.bot(bot.id)).status is becomes


async def test_new_credentials_count_for_the_next_message_and_after_a_restart(
    world: World, server: LlmServer
) -> None:
    world.settings = world.settings.model_copy(update={"arena_llm_allowed_urls": (server.url,)})
    async with world.running() as game:
        bot = await game.open_bot(
            kind="llm",
            public=PUBLIC | {"endpoint": server.url},
            secret={},
            credentials={"api_key": "sk-the-first-key"},
        )
        player = await game.player(bot)
        await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
        before = await game.bot(bot.id)
        await drafts.change_credentials(game.services, before, {"api_key": "sk-the-second-key"})
        await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
        after = await game.bot(bot.id)
        assert after.objective_hash == before.objective_hash
        assert terms.open_credentials(game.services.secretbox, after) == {"api_key": "sk-the-second-key"}
        with pytest.raises(Problem, match="brain_invalid"):
            await drafts.change_credentials(game.services, after, {})
    async with world.running() as game:
        player = await game.player(bot)
        await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
    assert [call.key for call in server.calls] == [
        "sk-the-first-key",
        "sk-the-second-key",
        "sk-the-second-key",
    ]


async def test_a_bot_whose_kind_is_gone_gives_no_quotes_and_pays_back(
    world: World, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_model(world, server).running() as game:
        bot = await game.open_bot(**BOT)
        player = await game.player(bot)
        _, under_way = await game.send(player, "are you there?")
    from arena.brains import registry

    left = {name: kind for name, kind in registry.kinds().items() if name != "llm"}
    monkeypatch.setattr(registry, "kinds", lambda: left)
    async with world.running() as game:
        frames = await game.frames(player)
        await eventually(lambda: game.feed.after.get(bot.id) is not None)
        await game.land(under_way)
        assert (await frames.until("refund", status="due"))["reason"] == "unjudged"
        with pytest.raises(Problem, match="brain_unavailable"):
            await game.quote(player, "hello?")


async def test_a_script_remembers_all_that_its_player_has_said(game: Game) -> None:
    """More turns than other brains are told."""
    states = {
        f"s{number}": {
            "rules": [{"when": ["on"], "replies": [f"{number}"], "to": f"s{number + 1}"}],
            "otherwise": ["Where?"],
        }
        for number in range(4)
    }
    secret = {"start": "s0", "states": {**states, "s4": {"solved": True}}}
    bot = await game.open_bot(
        kind="script",
        public={"persona": "A stair", "objective": "Climb."},
        secret=secret,
        fee_base=1_000_000,
        fee_growth_bps=0,
    )
    player = await game.player(bot)
    for text in ["on", *["what?"] * 55, "on", "on"]:
        await game.message_becomes((await game.say(player, text)).id, MessageStatus.JUDGED)
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    message = await game.say(player, "on")
    assert (await game.message_becomes(message.id, MessageStatus.JUDGED)).solved
