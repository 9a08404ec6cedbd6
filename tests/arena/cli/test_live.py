"""A websocket that comes back by itself, against a real websocket server that does what a test scripts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from arena.cli.arena_client import ArenaError
from arena.cli.live import (
    ANSWER_WITHIN,
    FIRST_WAIT,
    LONGEST_WAIT,
    QUIET,
    TOLD_OFF_WAIT,
    Connected,
    Connecting,
    Live,
    Waiting,
)

Script = Callable[["Peer"], Awaitable[None]]


@pytest.fixture
def clock() -> MockClock:
    """Waits take no time. The threshold leaves it to the loopback to deliver what is under way."""
    return MockClock(autojump_threshold=0.02)


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: WebSocketConnection, token: str | None) -> None:
        self.socket = socket
        self.token = token
        self.arrived = trio.current_time()
        self.heard: list[dict[str, Any]] = []

    async def say(self, kind: str, **frame: Any) -> None:
        await self.socket.send_message(json.dumps({"type": kind, **frame}))

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.socket.get_message())
        self.heard.append(frame)
        return frame

    async def stay(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self.hear()


class Server:
    """Each connection gets the next of `scripts`, the last one again and again."""

    def __init__(self, *scripts: Script | int) -> None:
        self.scripts = list(scripts)
        self.peers: list[Peer] = []
        self.rejected = 0
        self.url = ""

    async def handle(self, request: WebSocketRequest) -> None:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if isinstance(script, int):
            self.rejected += 1
            problem = json.dumps({"code": f"refused_{script}", "detail": "No."}).encode()
            await request.reject(script, extra_headers=[(b"Retry-After", b"7")], body=problem)
            return
        sent = dict(request.headers).get(b"authorization", b"").decode().removeprefix("Bearer ")
        peer = Peer(await request.accept(), sent or None)
        self.peers.append(peer)
        await script(peer)


@asynccontextmanager
async def serving(*scripts: Script | int) -> AsyncIterator[Server]:
    server = Server(*scripts)
    async with trio.open_nursery() as nursery:
        listening = await nursery.start(
            partial(serve_websocket, server.handle, "127.0.0.1", 0, None, handler_nursery=nursery)
        )
        server.url = f"http://127.0.0.1:{listening.port}"
        yield server
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def listening(live: Live) -> AsyncIterator[Live]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(live.run)
        yield live
        nursery.cancel_scope.cancel()


async def until(live: Live, *wanted: Any) -> list[Any]:
    """All that comes up to the first that matches: a state's class, or a frame's type."""
    seen: list[Any] = []
    async for event in live:
        seen.append(event)
        found = event["type"] if isinstance(event, dict) else type(event)
        if found in wanted:
            return seen
    raise AssertionError(f"it ended after {seen}")


async def waiting(live: Live) -> Waiting:
    found = (await until(live, Waiting))[-1]
    assert isinstance(found, Waiting)
    return found


def left(lost: Waiting) -> float:
    """Seconds until the next attempt."""
    return round(lost.until - trio.current_time(), 6)


async def welcome(peer: Peer) -> None:
    await peer.say("welcome", seq=41)
    await peer.stay()


def closes_with(code: int, reason: str = "", /, **error: Any) -> Script:
    async def script(peer: Peer) -> None:
        await peer.say("welcome", seq=41)
        if error:
            await peer.say("error", **error)
        await peer.socket.aclose(code, reason)

    return script


async def test_it_tells_that_it_connects_and_is_connected_and_goes_on_after_the_welcome(
    clock: MockClock,
) -> None:
    async with serving(welcome) as server, listening(Live(server.url, "/ws/lobby")) as live:
        assert await until(live, "welcome") == [Connecting(), Connected(), {"type": "welcome", "seq": 41}]
        await server.peers[0].say("pot", seq=42)
        await until(live, "pot")
        assert server.peers[0].heard == [{"type": "resume", "after": 41}]


async def test_a_lobby_has_no_numbers_and_is_asked_for_none(clock: MockClock) -> None:
    async def lobby(peer: Peer) -> None:
        await peer.say("welcome")
        await peer.say("lobby", bots=[])
        await peer.stay()

    async with serving(lobby) as server, listening(Live(server.url, "/ws/lobby")) as live:
        await until(live, "lobby")
        await live.send({"type": "ping"})
        await wait_all_tasks_blocked(0.05)
        assert server.peers[0].heard == [{"type": "ping"}]


async def test_after_a_break_the_first_frame_resumes_after_the_last_that_was_heard(clock: MockClock) -> None:
    async def first(peer: Peer) -> None:
        await peer.say("welcome", seq=41)
        await peer.say("pot", seq=42)
        await peer.socket.aclose(1001, "resume")

    async def second(peer: Peer) -> None:
        await peer.hear()  # before a word of the server's own
        await peer.say("welcome", seq=44)
        for seq in (42, 43, 43, 44):
            await peer.say("pot", seq=seq)
        await peer.stay()

    async with serving(first, second) as server, listening(Live(server.url, "/ws/x")) as live:
        await until(live, Waiting)
        seen = await until(live, "welcome") + [await anext(live), await anext(live)]
        assert server.peers[1].heard == [{"type": "resume", "after": 42}]
        assert [event["seq"] for event in seen if isinstance(event, dict)] == [44, 43, 44], (
            "each once, in order"
        )


async def test_who_knows_the_log_already_resumes_at_once(clock: MockClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.hear()
        await welcome(peer)

    async with serving(script) as server, listening(Live(server.url, "/ws/x", seq=0)) as live:
        await until(live, "welcome")
        assert server.peers[0].heard == [{"type": "resume", "after": 0}]


async def test_when_the_log_does_not_go_that_far_whatever_comes_is_new(clock: MockClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say("welcome", seq=3)
        await peer.say("error", code="seq_unknown", detail="")
        await peer.say("pot", seq=4)
        await peer.stay()

    async with serving(script) as server, listening(Live(server.url, "/ws/x", seq=900)) as live:
        await until(live, "pot")
        assert live.seq == 4


async def test_it_answers_pings_and_keeps_them_to_itself(clock: MockClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say("welcome")
        await peer.say("ping")
        assert await peer.hear() == {"type": "pong"}
        await peer.say("done")
        await peer.stay()

    async with serving(script) as server, listening(Live(server.url, "/ws/lobby")) as live:
        assert [event["type"] for event in await until(live, "done") if isinstance(event, dict)] == [
            "welcome",
            "done",
        ]


async def test_a_silent_server_is_asked_whether_it_is_there(clock: MockClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say("welcome")
        for _ in range(3):
            assert await peer.hear() == {"type": "ping"}
            await peer.say("pong")
        await peer.say("done")
        await peer.stay()

    async with serving(script) as server, listening(Live(server.url, "/ws/lobby")) as live:
        began = trio.current_time()
        await until(live, "done")
        assert trio.current_time() - began == pytest.approx(3 * QUIET, abs=1)
        assert len(server.peers) == 1


async def test_one_that_does_not_answer_is_left(clock: MockClock) -> None:
    async def mute(peer: Peer) -> None:
        await peer.say("welcome")
        await peer.stay()

    async with serving(mute, welcome) as server, listening(Live(server.url, "/ws/lobby")) as live:
        began = trio.current_time()
        lost = await waiting(live)
        assert lost.code == "silent"
        assert trio.current_time() - began == pytest.approx(QUIET + ANSWER_WITHIN, abs=3)
        await until(live, Connected)


@pytest.mark.parametrize("code", [1001, 1011, 4008, 4408])
async def test_what_can_be_resumed_is_so_at_once(clock: MockClock, code: int) -> None:
    async with (
        serving(closes_with(code, "resume"), welcome) as server,
        listening(Live(server.url, "/ws/x")) as live,
    ):
        lost = await waiting(live)
        assert lost.code == "disconnected"
        assert left(lost) <= FIRST_WAIT
        await until(live, Connected)


async def test_who_sent_too_much_waits(clock: MockClock) -> None:
    script = closes_with(1008, "rate_limited")
    async with serving(script, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        lost = await waiting(live)
        assert (lost.code, left(lost) >= TOLD_OFF_WAIT) == ("rate_limited", True)
        await until(live, Connected)
        assert server.peers[1].arrived >= lost.until


async def test_not_now_is_later_as_the_server_says(clock: MockClock) -> None:
    script = closes_with(1013, "busy", code="busy", detail="Not now.", retry_after=17)
    async with serving(script, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        lost = await waiting(live)
        assert (lost.code, left(lost) >= 17) == ("busy", True)


async def test_an_error_before_is_not_why_it_ended_unless_right_before(clock: MockClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say("error", code="quote_expired", detail="")
        await peer.say("presence")
        await peer.socket.aclose(1011, "resume")

    async with serving(script, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        assert (await waiting(live)).code == "disconnected"


class Tokens:
    def __init__(self) -> None:
        self.asked: list[bool] = []

    async def __call__(self, refused: bool) -> str:
        self.asked.append(refused)
        return f"token{len(self.asked)}"


@pytest.mark.parametrize("refusal", [closes_with(4401, "token_expired"), 401])
async def test_a_token_that_is_refused_is_replaced(clock: MockClock, refusal: Script | int) -> None:
    tokens = Tokens()
    async with (
        serving(refusal, welcome) as server,
        listening(Live(server.url, "/ws/x", token=tokens)) as live,
    ):
        assert (await waiting(live)).code in ("token_expired", "refused_401")
        await until(live, Connected)
        assert tokens.asked == [False, True]
        assert server.peers[-1].token == "token2"


async def test_no_token_is_an_outage_like_any_other(clock: MockClock) -> None:
    async def token(refused: bool) -> str:
        if not refusals:
            return "good"
        raise ArenaError("unreachable", refusals.pop())

    refusals = ["no", "no"]
    async with serving(welcome) as server, listening(Live(server.url, "/ws/x", token=token)) as live:
        assert (await waiting(live)).code == "unreachable"
        await until(live, Connected)
        assert server.peers[0].token == "good"


@pytest.mark.parametrize(
    ("script", "code"), [(closes_with(4404, "bot_not_found"), "bot_not_found"), (404, "refused_404")]
)
async def test_what_is_not_there_is_an_error_for_good(
    clock: MockClock, script: Script | int, code: str
) -> None:
    async with serving(script) as server, listening(Live(server.url, "/ws/x")) as live:
        with pytest.raises(ArenaError) as caught:
            await until(live, Waiting)
        assert caught.value.code == code


async def test_a_conversation_that_is_over_ends_the_iteration(clock: MockClock) -> None:
    async with serving(closes_with(1000)) as server, listening(Live(server.url, "/ws/x")) as live:
        seen = [event async for event in live]
        assert [event["type"] for event in seen if isinstance(event, dict)] == ["welcome"]


async def test_a_rejection_says_when_to_come_back(clock: MockClock) -> None:
    async with serving(503, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        lost = await waiting(live)
        assert (lost.code, left(lost) >= 7) == ("refused_503", True)
        await until(live, Connected)


async def test_an_arena_that_is_not_there_is_tried_less_and_less_often(clock: MockClock) -> None:
    async with serving(welcome) as server:
        gone = server.url
    waits: list[float] = []
    async with listening(Live(gone, "/ws/x")) as live:
        while len(waits) < 9:
            lost = await waiting(live)
            assert lost.code == "unreachable"
            waits.append(left(lost))
    assert waits[0] <= FIRST_WAIT
    assert LONGEST_WAIT / 2 <= waits[-1] <= LONGEST_WAIT
    assert len(set(waits)) == len(waits), "not all clients in step"


async def test_short_connections_do_not_make_it_come_more_often(clock: MockClock) -> None:
    async with (
        serving(closes_with(1011, "resume")) as server,
        listening(Live(server.url, "/ws/x")) as live,
    ):
        for _ in range(6):
            lost = await waiting(live)
        assert left(lost) >= FIRST_WAIT * 2**5 / 2


async def test_one_that_has_held_makes_the_next_wait_short_again(clock: MockClock) -> None:
    async def held(peer: Peer) -> None:
        await peer.say("welcome")
        await trio.sleep(20)
        await peer.socket.aclose(1001, "resume")

    async with serving(500, 500, 500, held, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        await until(live, Connected)
        assert left(await waiting(live)) <= FIRST_WAIT


async def test_what_is_no_frame_is_nonsense_and_not_the_end(clock: MockClock) -> None:
    async def nonsense(peer: Peer) -> None:
        await peer.socket.send_message("<html>")
        await peer.stay()

    async with serving(nonsense, welcome) as server, listening(Live(server.url, "/ws/x")) as live:
        assert (await waiting(live)).code == "nonsense"
        await until(live, Connected)


async def test_sending_says_whether_there_was_a_connection(clock: MockClock) -> None:
    async with (
        serving(closes_with(1001, "resume"), welcome) as server,
        listening(Live(server.url, "/ws/x")) as live,
    ):
        assert not await live.send({"type": "early"})
        await until(live, Waiting)
        assert not await live.send({"type": "lost"})
        await until(live, Connected)
        assert await live.send({"type": "message", "id": 1})
        await wait_all_tasks_blocked(0.05)
        assert server.peers[1].heard[-1] == {"type": "message", "id": 1}


@pytest.mark.parametrize("url", ["ftp://arena", "arena", "", "http:/arena", "http://arena:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ArenaError, match="address"):
        Live(url, "/ws/lobby")
