"""Pings: who is silent is asked, and who does not answer is left."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed

from arena.store import bot_views
from arena.ws import held_connection
from persistence import DatabaseUnavailable
from tests.fixtures.front import Adapter, Client, Front, running_front

PING_AFTER, PING_TIMEOUT = 0.3, 0.6


@pytest.fixture
async def impatient(
    postgres: str, tmp_path: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Front]:
    """A server that asks after moments."""
    monkeypatch.setattr(held_connection, "WATCH_INTERVAL", 0.02)
    async with running_front(
        postgres,
        tmp_path,
        adapter=adapter,
        arena_ping_after=PING_AFTER,
        arena_ping_timeout=PING_TIMEOUT,
        with_lobby=True,
    ) as running:
        yield running


async def path(front: Front, socket: str) -> tuple[str, list[str]]:
    """Where to connect, and what to offer."""
    player = await front.player()
    offered = ["arena.v1", f"bearer.{player.token}"]
    match socket:
        case "chat":
            return f"/ws/chats/{(await front.session(player)).id}", offered
        case "spectator":
            return f"/ws/bots/{await front.bot()}", offered
    return "/ws/lobby", offered


SOCKETS = ["chat", "spectator", "lobby"]


@pytest.mark.parametrize("socket", SOCKETS)
async def test_a_client_that_does_not_answer_is_told_to_come_back(impatient: Front, socket: str) -> None:
    where, offered = await path(impatient, socket)
    async with impatient.open(where, offered) as client:
        assert await client.receive_type("ping") == {"type": "ping"}
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4408, "resume")
    with trio.fail_after(5):
        while impatient.connections:
            await trio.sleep(0.01)


@pytest.mark.parametrize("socket", SOCKETS)
async def test_a_client_that_answers_stays(impatient: Front, socket: str) -> None:
    where, offered = await path(impatient, socket)
    async with impatient.open(where, offered) as client:
        began = trio.current_time()
        while trio.current_time() - began < 2 * (PING_AFTER + PING_TIMEOUT):
            await client.receive_type("ping")
            await client.send(type="pong")
        await client.send(type="ping")
        await client.receive_type("pong")


async def test_a_client_that_talks_is_not_asked(impatient: Front) -> None:
    where, offered = await path(impatient, "spectator")
    async with impatient.open(where, offered) as client:
        answers = []
        began = trio.current_time()
        while trio.current_time() - began < 3 * PING_AFTER:
            await client.send(type="ping")
            with trio.fail_after(5):
                answers.append(json.loads(await client.websocket.get_message())["type"])
            await trio.sleep(PING_AFTER / 10)
        assert set(answers) <= {"welcome", "presence", "pong"}


async def test_one_ping_is_enough(impatient: Front) -> None:
    where, offered = await path(impatient, "lobby")
    async with impatient.open(where, offered) as client:
        types = await types_until_closed(client)
    assert types.count("ping") == 1


async def types_until_closed(client: Client) -> list[str]:
    types: list[str] = []
    with trio.fail_after(10):
        while True:
            try:
                types.append(json.loads(await client.websocket.get_message())["type"])
            except ConnectionClosed:
                return types


async def test_silence_counts_only_while_somebody_listens(
    impatient: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away a connection is not read: its client is not to blame."""
    get, away = bot_views.get, True

    async def unreliable(*args: object) -> object:
        if away:
            raise DatabaseUnavailable("gone")
        return await get(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bot_views, "get", unreliable)
    bot_id = await impatient.bot()
    async with impatient.open(f"/ws/bots/{bot_id}") as client:
        assert (await client.receive())["code"] == "database_unavailable"
        await trio.sleep(2 * (PING_AFTER + PING_TIMEOUT))
        away = False
        assert (await client.receive(timeout=10))["type"] == "welcome"
