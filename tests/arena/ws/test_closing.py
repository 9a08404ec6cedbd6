"""Who is refused, and how connections end."""

import base64
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import httpx
import pytest
import trio
import trio_websocket

from arena.edge.authentication import Authenticator
from arena.edge.tokens import Tokens
from arena.game.messages import Published
from arena.ids import new_id
from arena.ws import held_connection, open_connections
from tests.fixtures.front import Adapter, Client, Front, Player, running_front


async def refused(front: Front, player: Player, headers: dict[str, str]) -> httpx.Response:
    """The answer to a handshake that is refused before it is accepted."""
    session = await front.session(player)
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    response = await front.http.get(f"/ws/chats/{session.id}", headers=upgrade | headers)
    assert response.headers["Content-Type"] == "application/problem+json"
    return response


async def test_an_unknown_version_is_refused_clearly(front: Front) -> None:
    player = await front.player()
    headers = {"Sec-WebSocket-Protocol": f"arena.v9, bearer.{player.token}"}
    response = await refused(front, player, headers)
    assert (response.status_code, response.json()["code"]) == (400, "protocol_unknown")
    assert response.json()["supported"] == ["arena.v1"]


async def test_a_foreign_page_is_refused(front: Front) -> None:
    player = await front.player()
    headers = {"Sec-WebSocket-Protocol": f"arena.v1, bearer.{player.token}", "Origin": "https://evil.example"}
    response = await refused(front, player, headers)
    assert (response.status_code, response.json()["code"]) == (403, "origin_refused")


@pytest.mark.parametrize(
    ("authorization", "code"), [(None, "token_missing"), ("Bearer nonsense", "token_invalid")]
)
async def test_without_a_token_there_is_no_connection(
    front: Front, authorization: str | None, code: str
) -> None:
    player = await front.player()
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await refused(front, player, headers)
    assert (response.status_code, response.json()["code"]) == (401, code)


async def test_a_browser_is_told_in_a_frame_and_a_close_code(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player, subprotocols=["arena.v1", "bearer.nonsense"]) as client:
        assert (await client.receive())["code"] == "token_invalid"
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4401, "token_invalid")


async def test_a_revoked_token_is_refused(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    await Authenticator.of(front.services).revoke(player.identity)
    async with front.connect(session.id, player) as client:
        assert (await client.receive())["code"] == "token_revoked"
        assert (await client.closed()).code == 4401


async def test_sessions_are_for_their_owner_alone(front: Front) -> None:
    owner, stranger = await front.player(), await front.player()
    for session_id in ((await front.session(owner)).id, new_id()):
        async with front.connect(session_id, stranger) as client:
            assert (await client.receive())["code"] == "session_not_found"
            assert (await client.closed()).code == 4404


async def test_a_connection_ends_with_its_token(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    settings = front.services.settings
    tokens = Tokens(front.services.keys.jwt_secret, issuer=settings.public_url, lifetime=2)
    player.token = tokens.issue(player.user_id, player.identity.wallet, player.identity.sid).token
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4401, "token_expired")


async def test_when_the_server_stops_clients_are_told_to_resume(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(front.connections.close_all, 5.0)
            reason = await client.closed()
            assert (reason.code, reason.reason) == (1001, "resume")
    response = await refused(front, player, player.headers)
    assert (response.status_code, response.json()["code"]) == (503, "shutting_down")


async def test_a_server_that_is_cancelled_says_so_too(
    postgres: str, tmp_path: Path, adapter: Adapter
) -> None:
    reasons = []
    async with trio.open_nursery() as nursery, running_front(postgres, tmp_path, adapter=adapter) as front:
        player = await front.player()
        session = await front.session(player)
        ready = trio.Event()

        async def watch() -> None:
            async with front.connect(session.id, player) as client:
                await client.receive_type("welcome")
                ready.set()
                reasons.append(await client.closed(timeout=10))

        nursery.start_soon(watch)
        await ready.wait()
        # the block's end stops the server without close_all
    assert (reasons[0].code, reasons[0].reason) == (1001, "resume")


async def test_a_fault_of_ours_closes_with_1011(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        await client.receive_type("pot")
        front.game.publisher(session.id).publish((Published("2", session.id, b"{}"),))  # type: ignore[arg-type]
        reason = await client.closed()
        assert (reason.code, reason.reason) == (1011, "resume")


async def test_a_user_has_so_many_connections_and_no_more(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.connections._limit_of_a_user = 1
    player, other = await front.player(), await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        async with front.connect(session.id, player) as second:
            assert (await second.receive())["code"] == "too_many_connections"
            assert (await second.closed()).code == 1013
        async with front.connect((await front.session(other)).id, other) as third:
            await third.receive_type("welcome")
    async with front.connect(session.id, player) as again:
        await again.receive_type("welcome")


async def test_a_chat_has_so_many_tabs_and_no_more(front: Front) -> None:
    front.connections._limit_of_a_session = 2
    player = await front.player()
    session, other = await front.session(player), await front.session(player)
    async with (
        front.connect(session.id, player) as one,
        front.connect(session.id, player) as two,
        front.connect(session.id, player) as three,
        front.connect(other.id, player) as four,
    ):
        for client in (one, two, four):
            assert (await client.receive())["type"] == "welcome"
        assert (await three.receive())["code"] == "too_many_connections"
        assert (await three.closed()).code == 1013


async def test_a_full_server_says_so(front: Front) -> None:
    front.connections._limit = 0
    response = await refused(front, player := await front.player(), player.headers)
    assert (response.status_code, response.json()["code"]) == (503, "too_many_connections")
    assert open_connections.MAX_CONNECTIONS > 0


# -- clients that do not read


@pytest.fixture
async def narrow(postgres: str, tmp_path: Path, adapter: Adapter) -> AsyncIterator[Front]:
    """A server whose sockets buffer little."""

    def buffer_little(listener: socket.socket) -> None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)

    async with running_front(postgres, tmp_path, adapter=adapter, with_listener=buffer_little) as running:
        yield running


async def narrow_stream(front: Front) -> trio.SocketStream:
    client = trio.socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    await client.connect(("127.0.0.1", int(front.url.rpartition(":")[2])))
    return trio.SocketStream(client)


def flood(front: Front, session_id: object, frames: int = 200) -> None:
    frame = b'{"type":"reply.delta","text":"%s"}' % (b"x" * 20_000)
    for _ in range(frames):
        front.game.publisher(session_id).publish((Published(None, None, frame),))  # type: ignore[arg-type]


async def test_a_slow_client_is_told_to_come_back(narrow: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    player = await narrow.player()
    session = await narrow.session(player)
    async with trio.open_nursery() as nursery:
        websocket = await trio_websocket.wrap_client_stream(
            nursery,
            await narrow_stream(narrow),
            narrow.url.removeprefix("http://"),
            f"/ws/chats/{session.id}",
            subprotocols=["arena.v1", f"bearer.{player.token}"],
        )
        client = Client(websocket)
        await client.send(type="resume", after=0)
        await narrow.publish(session, 1)
        await client.receive_type("pot")
        flood(narrow, session.id)
        await trio.sleep(0.5)  # does not read: its buffers and the outbox fill up
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4008, "resume")
        nursery.cancel_scope.cancel()


async def test_a_client_that_never_reads_is_cut_off(narrow: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_connection, "CLOSE_TIMEOUT", 0.2)
    monkeypatch.setattr(held_connection, "WATCH_INTERVAL", 0.1)
    player = await narrow.player()
    session = await narrow.session(player)
    stream = await narrow_stream(narrow)
    async with stream:
        request = h11.Connection(h11.CLIENT).send(
            h11.Request(
                method="GET",
                target=f"/ws/chats/{session.id}",
                headers=[
                    ("Host", "arena"),
                    ("Connection", "Upgrade"),
                    ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
                    ("Authorization", f"Bearer {player.token}"),
                ],
            )
        )
        assert request is not None
        await stream.send_all(request)
        with trio.fail_after(10):
            while not len(narrow.game.publisher(session.id)):
                await trio.sleep(0.01)
            flood(narrow, session.id)
            while narrow.connections:
                await trio.sleep(0.01)
        assert not len(narrow.game.publisher(session.id))
        # and the server is fine
        assert (await narrow.http.get("/api/v1/health/live")).status_code == 200


async def test_a_replay_goes_at_the_clients_pace(narrow: Front) -> None:
    player = await narrow.player()
    session = await narrow.session(player)
    text = "x" * 20_000
    await narrow.database.execute(
        """
        insert into bot_events (bot_id, seq, session_id, frame)
        select $1, n, $2, jsonb_build_object('type', 'reply', 'seq', n, 'text', $3::text)
        from generate_series(1, 150) as n
        """,
        session.bot_id,
        session.id,
        text,
    )
    async with narrow.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await trio.sleep(0.5)
        for seq in range(1, 151):
            assert (await client.receive_type("reply"))["seq"] == seq
