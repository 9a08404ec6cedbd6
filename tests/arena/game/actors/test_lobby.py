"""What bots tell the lobby, and the lobby its subscribers."""

import json
from typing import Any
from uuid import UUID

import pytest
import trio

from actors import MailboxFull, Subscription
from arena.chain.submitter import TransactionKind
from arena.game import bot_record, lobby
from arena.game.messages import LobbyUpdate, SubscribeLobby, Wake
from arena.store.bots import BotStatus
from tests.fixtures.game import Game, ScriptedBrain

PATIENCE = 10


async def subscribe(game: Game) -> Subscription[LobbyUpdate]:
    return await game.services.lobby.ask(SubscribeLobby())


async def until(subscription: Subscription[LobbyUpdate], **values: object) -> dict[str, Any]:
    """The next entry with these values."""
    with trio.fail_after(PATIENCE):
        async for update in subscription:
            for news in update:
                frame = json.loads(news.frame)
                if frame["type"] == "bot" and values.items() <= frame["bot"].items():
                    entry: dict[str, Any] = frame["bot"]
                    return entry
    raise AssertionError("the subscription has ended")


async def test_the_lobby_hears_of_a_bot_from_its_opening_to_its_closing(
    brain: ScriptedBrain, game: Game
) -> None:
    entries = await subscribe(game)
    bot = await game.open_bot()
    opened = await until(entries, status="open")
    assert (opened["id"], opened["name"]) == (str(bot.id), "The Gatekeeper")
    assert (opened["pot"], opened["next_price"], opened["message_count"]) == (50_000_000, 1_000_000, 0)
    player = await game.player(bot)
    await game.say(player, "hello")
    played = await until(entries, message_count=1)
    assert (played["pot"], played["next_price"]) == (50_800_000, 1_100_000)
    await game.say(player, "sesame")
    await until(entries, status="solved")
    await game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
    await until(entries, status="closed")


async def test_changes_of_a_moment_are_told_as_one(game: Game, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lobby, "INTERVAL", 0.05)
    entries = await subscribe(game)
    bots = {str((await game.open_bot()).id) for _ in range(3)}
    seen: list[UUID] = []
    with trio.fail_after(PATIENCE):
        while not bots <= {str(bot_id) for bot_id in seen}:
            update = await entries.receive()
            ids = [news.bot_id for news in update]
            assert len(ids) == len(set(ids)), "of each bot one entry"
            seen += ids


async def test_a_bot_that_starts_again_tells_what_an_earlier_start_may_not_have(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    entries = await subscribe(game)
    await game.crash_bot(bot.id)
    assert (await until(entries, id=str(bot.id)))["status"] == "open"


async def test_a_draft_is_none_of_the_lobbys_business(game: Game) -> None:
    draft, _ = await game.draft()
    public = await game.open_bot()
    entries = await subscribe(game)
    await game.crash_bot(public.id)
    game.system.get("bots", str(draft.bot_id)).tell(Wake())
    await until(entries, id=str(public.id))
    assert game.system.info("/game/lobby").details["changes"] == 2  # the opening and the restart


async def test_a_lobby_without_room_is_told_later(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_record, "LOBBY_PAUSE", 0.02)
    bot = await game.open_bot()
    player = await game.player(bot)
    entries = await subscribe(game)
    path, full = game.services.lobby.path, 3
    ref = type(game.services.lobby)
    tell = ref.tell

    def sometimes(self: Any, message: Any) -> None:
        nonlocal full
        if self.path == path and full:
            full -= 1
            raise MailboxFull(path, 1, "messages")
        tell(self, message)

    monkeypatch.setattr(ref, "tell", sometimes)
    await game.say(player, "sesame")
    assert (await until(entries, status="solved"))["message_count"] == 1
    assert (await game.bot(bot.id)).status is BotStatus.SOLVED
