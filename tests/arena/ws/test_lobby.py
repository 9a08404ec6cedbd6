"""The lobby: a page, and what changes from then on."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio
import trio_websocket

from actors import Publisher, SubscriberLagged
from arena.edge.authentication import Authenticator
from arena.game import lobby as lobby_actor
from arena.game.messages import BotChanged, LobbyEntry, LobbyNews, LobbyUpdate
from arena.store import bot_views
from arena.store.bot_views import BotView
from arena.store.bots import BotStatus
from arena.ws import lobby
from persistence import Database, DatabaseUnavailable
from tests.fixtures.front import Adapter, Client, Front, running_front


async def change(front: Front, bot_id: UUID, seq: int, *, pot: int = 1, status: str = "open") -> None:
    """A bot commits, then tells the lobby."""
    await front.database.execute(
        "update bots set frame_seq = $2, pot = $3, status = $4 where id = $1", bot_id, seq, pot, status
    )
    tell(front, bot_id, seq, pot=pot, status=status)


def tell(front: Front, bot_id: UUID, seq: int, *, pot: int, status: str = "open") -> None:
    front.services.lobby.tell(
        BotChanged(
            LobbyEntry(
                bot_id=bot_id,
                seq=seq,
                name="The Gatekeeper",
                kind="passphrase",
                status=status,
                pot=pot,
                next_price=1_210_000,
                message_count=2,
                closes_at=datetime(2030, 1, 1, tzinfo=UTC),
            )
        )
    )


async def page(client: Client) -> dict[str, dict[str, Any]]:
    """The bots of the next page, by id."""
    return {bot["id"]: bot for bot in (await client.receive_type("lobby"))["bots"]}


async def test_anybody_gets_a_page_and_then_what_changes(lively: Front) -> None:
    bot_id = await lively.bot(closes_at=datetime(2030, 1, 1, tzinfo=UTC))
    async with lively.open("/ws/lobby") as client:
        assert await client.receive() == {"type": "welcome", "protocol": "arena.v1"}
        entry = {
            "id": str(bot_id),
            "name": "The Gatekeeper",
            "kind": "passphrase",
            "status": "open",
            "pot": 50_000_000,
            "next_price": 1_210_000,
            "message_count": 2,
            "closes_at": "2030-01-01T00:00:00Z",
            "players": 0,
            "watching": 0,
        }
        assert await client.receive() == {"type": "lobby", "bots": [entry], "more": False}
        await change(lively, bot_id, 1, pot=60_000_000)
        assert await client.receive() == {"type": "bot", "bot": entry | {"pot": 60_000_000}}
        await change(lively, bot_id, 2, pot=60_000_000, status="solved")
        assert (await client.receive())["bot"]["status"] == "solved"


async def test_an_empty_lobby_is_a_page_too(lively: Front) -> None:
    async with lively.open("/ws/lobby") as client:
        assert await client.receive_type("lobby") == {"type": "lobby", "bots": [], "more": False}


async def test_the_page_has_the_largest_pots_and_says_that_there_are_more(
    lively: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lobby, "PAGE", 2)
    poor, rich, middle = [await lively.bot() for _ in range(3)]
    for bot_id, pot in ((poor, 1), (rich, 3), (middle, 2)):
        await lively.database.execute("update bots set pot = $2 where id = $1", bot_id, pot)
    for status in (BotStatus.DRAFT, BotStatus.SOLVED):
        await lively.bot(status)
    async with lively.open("/ws/lobby") as client:
        frame = await client.receive_type("lobby")
        assert [bot["id"] for bot in frame["bots"]] == [str(rich), str(middle)]
        assert frame["more"] is True
        await change(lively, poor, 1, pot=7)  # also of those that are not on the page
        assert (await client.receive_type("bot"))["bot"]["pot"] == 7


async def test_an_update_that_is_older_than_the_page_is_not_told(lively: Front) -> None:
    bot_id = await lively.bot()
    await lively.database.execute("update bots set frame_seq = 5, pot = 5 where id = $1", bot_id)
    async with lively.open("/ws/lobby") as client:
        assert (await page(client))[str(bot_id)]["pot"] == 5
        tell(lively, bot_id, 4, pot=4)
        await client.silence()
        tell(lively, bot_id, 6, pot=6)
        assert (await client.receive_type("bot"))["bot"]["pot"] == 6


async def test_when_the_lobby_starts_anew_its_clients_get_a_page_again(lively: Front) -> None:
    bot_id = await lively.bot()
    async with lively.open("/ws/lobby") as client:
        await page(client)
        # happens while nobody listens
        await lively.database.execute("update bots set frame_seq = 1, pot = 7 where id = $1", bot_id)
        lively.services.system.restart("/game/lobby")
        assert (await page(client))[str(bot_id)]["pot"] == 7
        await change(lively, bot_id, 2, pot=8)
        assert (await client.receive_type("bot"))["bot"]["pot"] == 8


async def test_without_the_lobby_a_client_is_told_once_and_kept(lively: Front) -> None:
    bot_id = await lively.bot()
    async with lively.open("/ws/lobby") as client:
        await page(client)
        lively.services.system.stop("/game/lobby")
        assert (await client.receive())["code"] == "actor_unavailable"
        await client.silence()
        await lively.database.execute("update bots set pot = 7 where id = $1", bot_id)
        lively.services.system.restart("/game/lobby")
        assert (await page(client))[str(bot_id)]["pot"] == 7


async def test_without_the_database_a_client_is_told_once_and_kept(
    lively: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await lively.bot()
    richest, failures = bot_views.richest, 3

    async def unreliable(database: Database, *, limit: int) -> list[BotView]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise DatabaseUnavailable("gone")
        return await richest(database, limit=limit)

    monkeypatch.setattr(bot_views, "richest", unreliable)
    async with lively.open("/ws/lobby") as client:
        await client.receive_type("welcome")
        assert (await client.receive())["code"] == "database_unavailable"
        assert (await client.receive())["bots"][0]["id"] == str(bot_id)


async def test_a_token_that_is_sent_must_be_good(lively: Front) -> None:
    player = await lively.player()
    async with lively.open("/ws/lobby", ["arena.v1", f"bearer.{player.token}"]) as client:
        await page(client)
    await Authenticator.of(lively.services).revoke(player.identity)
    async with lively.open("/ws/lobby", ["arena.v1", f"bearer.{player.token}"]) as client:
        assert (await client.receive())["code"] == "token_revoked"
        assert (await client.closed()).code == 4401


async def test_pings_are_answered_and_nothing_else_is_understood(lively: Front) -> None:
    async with lively.open("/ws/lobby") as client:
        await client.send(type="ping")
        await client.receive_type("pong")
        await client.send(type="resume", after=0)
        assert (await client.receive_type("error"))["code"] == "frame_unknown"


async def test_two_hundred_clients_are_told_of_a_change(lively: Front) -> None:
    bot_id = await lively.bot()
    pots: list[int] = []

    async def look(task_status: trio.TaskStatus[None]) -> None:
        async with lively.open("/ws/lobby") as client:
            await page(client)
            task_status.started()
            pots.append((await client.receive_type("bot", timeout=30))["bot"]["pot"])

    async with trio.open_nursery() as nursery:
        for _ in range(200):
            await nursery.start(look)
        await change(lively, bot_id, 1, pot=9)
    assert pots == [9] * 200


async def test_those_who_come_at_once_share_one_read_of_the_page(
    lively: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lively.bot()
    richest, reads = bot_views.richest, 0
    go_on = trio.Event()

    async def counted(database: Database, *, limit: int) -> list[BotView]:
        nonlocal reads
        reads += 1
        await go_on.wait()
        return await richest(database, limit=limit)

    monkeypatch.setattr(bot_views, "richest", counted)

    async def look() -> None:
        async with lively.open("/ws/lobby") as client:
            await client.receive_type("welcome")
            await page(client)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(look)
        with trio.fail_after(10):
            while lively.services.system.info("/game/lobby").details["subscribers"] != 20:
                await trio.sleep(0.01)
        go_on.set()
    assert reads < 10, "and not 20"


# -- clients that do not read


@pytest.fixture
async def narrow(
    postgres: str, tmp_path: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Front]:
    """A server whose sockets buffer little."""
    monkeypatch.setattr(lobby_actor, "INTERVAL", 0.01)

    def buffer_little(listener: socket.socket) -> None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)

    async with running_front(
        postgres, tmp_path, adapter=adapter, with_listener=buffer_little, with_lobby=True
    ) as running:
        yield running


async def test_a_slow_client_gets_the_newest_entries_instead_of_all(narrow: Front) -> None:
    bots = [await narrow.bot() for _ in range(50)]
    client_socket = trio.socket.socket()
    client_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    await client_socket.connect(("127.0.0.1", int(narrow.url.rpartition(":")[2])))
    async with trio.open_nursery() as nursery:
        websocket = await trio_websocket.wrap_client_stream(
            nursery,
            trio.SocketStream(client_socket),
            narrow.url.removeprefix("http://"),
            "/ws/lobby",
            subprotocols=["arena.v1"],
        )
        client = Client(websocket)
        await page(client)
        for pot in range(1, 41):  # does not read meanwhile
            for bot_id in bots:
                tell(narrow, bot_id, pot, pot=pot)
            await trio.sleep(0.03)
        newest: dict[str, int] = {}
        frames = 0
        while len(newest) < 50 or set(newest.values()) != {40}:
            bot = (await client.receive_type("bot"))["bot"]
            assert bot["pot"] > newest.get(bot["id"], 0), "never backwards"
            newest[bot["id"]] = bot["pot"]
            frames += 1
        assert frames < 50 * 40 / 2
        nursery.cancel_scope.cancel()


def news(bot: int, seq: int | None, frame: str) -> LobbyNews:
    return LobbyNews(UUID(int=bot), seq, frame.encode())


def latest(*updates: LobbyUpdate, seqs: dict[UUID, int] | None = None, capacity: int = 8) -> list[str]:
    publisher: Publisher[LobbyUpdate] = Publisher()
    subscription = publisher.subscribe(capacity)
    for update in updates[1:]:
        publisher.publish(update)
    return [frame.decode() for frame in lobby._latest(updates[0], subscription, seqs or {})]


def test_of_each_bot_the_newest_entry_is_told_and_who_is_there_since() -> None:
    assert latest((news(1, 1, "a1"), news(2, 1, "b1")), (news(1, 2, "a2"),)) == ["b1", "a2"]
    assert latest((news(1, 1, "a1"),), (news(1, None, "p"),)) == ["a1", "p"]
    assert latest((news(1, None, "p"),), (news(1, 1, "a1"),)) == ["a1"]
    assert latest((news(1, None, "p1"),), (news(1, None, "p2"),)) == ["p2"]


def test_what_the_page_has_already_is_left_out() -> None:
    assert latest((news(1, 4, "old"), news(2, 1, "b")), seqs={UUID(int=1): 5}) == ["b"]
    assert latest((news(1, None, "p"),), (news(1, 4, "old"),), seqs={UUID(int=1): 5}) == ["p"]


def test_when_updates_were_lost_nothing_is_told_of_the_rest() -> None:
    with pytest.raises(SubscriberLagged):
        latest((news(1, 1, "a"),), (news(1, 2, "b"),), (news(1, 3, "c"),), capacity=1)
