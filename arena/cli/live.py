"""A websocket to an arena that comes back by itself, and goes on after the last frame it had.

docs/protocol.md, "Resuming", "Silence" and "The end of a connection", has the rules.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import trio
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    open_websocket_url,
)

from arena.chain.backoff import Backoff
from arena.cli.arena_client import HANDSHAKE_TIMEOUT, ArenaError, Json

QUIET: Final = 25.0
"""Seconds of a server's silence after which it is asked whether it is there."""
ANSWER_WITHIN: Final = 10.0
"""Seconds for its answer."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds before connecting again: after the first failure, and ever (unless the server asks for more)."""
TOLD_OFF_WAIT: Final = 10.0
"""Seconds at least, when the server closed because too much was sent (1008)."""
UNAVAILABLE_WAIT: Final = 2.0
"""Seconds at least, when the server cannot now (1013) and does not say how long."""
STEADY_AFTER: Final = 5.0
"""Seconds of a connection after which what failed before it does not count any more."""
FRAMES_KEPT: Final = 64
"""Frames that wait for who iterates. After that nothing is read, and a server closes (4008) in the end."""

Token = Callable[[bool], Awaitable[str | None]]
"""Asked for a token before each connection, and told whether the last one was refused. None: go without."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """On the way."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The server said welcome. What was asked for before may have got lost: ask again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """There is no connection, and the next attempt is at `until`, of trio's clock. `code` says why."""

    until: float
    code: str


State = Connecting | Connected | Waiting


@dataclass(frozen=True, slots=True)
class _Lost:
    """How a connection ended, or that none came about.

    Attributes:
        code: why: a problem's code, or `unreachable`, `silent`, `nonsense`, `disconnected`.
        at_least: seconds before the next.
        token_refused: the next needs another token.
        for_good: there is no next.
    """

    code: str
    detail: str = ""
    at_least: float = 0.0
    token_refused: bool = False
    for_good: bool = False


async def nobody(refused: bool) -> str | None:  # noqa: ARG001 (there is none that could be)
    """The token of who is not signed in."""
    return None


class Live:
    """Frames of the websocket at `path` of the arena at `url`, across disconnections.

    `run` in a nursery keeps it connected; iterating gives, in order, each frame but pings and pongs, durable ones once,
    and each change of `state`. The iteration ends when the server says that the conversation is over (1000), and
    raises `ArenaError` when there is nothing to come back to.

    Args:
        seq: the last durable frame that is known already; None: begin with what is new.

    Raises:
        ArenaError: `url` is none.
    """

    def __init__(self, url: str, path: str, *, token: Token = nobody, seq: int | None = None) -> None:
        if not _is_address(url):
            raise ArenaError("url_invalid", f"{url} is not the address of an arena")
        self.state: State = Connecting()
        self.seq = seq
        self._url = url.rstrip("/").replace("http", "ws", 1) + path
        self._token = token
        self._socket: WebSocketConnection | None = None
        self._backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        self._sender, self._receiver = trio.open_memory_channel[Json | State](FRAMES_KEPT)
        self._end: _Lost | None = None

    def __aiter__(self) -> Live:
        return self

    async def __anext__(self) -> Json | State:
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            if self._end is not None:
                raise ArenaError(self._end.code, self._end.detail) from None
            raise StopAsyncIteration from None

    async def send(self, frame: Json) -> bool:
        """Whether it was sent; if there is no connection it is not, and not later either.

        What was sent may get lost all the same, when the connection breaks. After `Connected` it can be sent again.
        """
        if self._socket is None or not isinstance(self.state, Connected):
            return False
        try:
            await _say(self._socket, frame)
        except (ConnectionClosed, trio.TooSlowError):
            return False
        return True

    async def run(self) -> None:
        """Stay connected until the conversation is over."""
        refused = False
        async with self._sender:
            while True:
                await self._tell(Connecting())
                began = trio.current_time()
                lost = await self._connect(refused)
                if lost is None:
                    return
                if lost.for_good:
                    self._end = lost
                    return
                if trio.current_time() - began >= STEADY_AFTER and isinstance(self.state, Connected):
                    self._backoff.reset()
                refused = lost.token_refused
                wait = self._backoff.next(lost.at_least)
                await self._tell(Waiting(trio.current_time() + wait, lost.code))
                await trio.sleep(wait)

    async def _tell(self, state: State) -> None:
        self.state = state
        await self._sender.send(state)

    async def _connect(self, refused: bool) -> _Lost | None:
        """One connection, to its end."""
        lost: _Lost | None = _Lost("unreachable")
        try:
            token = await self._token(refused)
            headers = [] if token is None else [(b"Authorization", f"Bearer {token}".encode())]
            async with open_websocket_url(
                self._url,
                extra_headers=headers,
                connect_timeout=HANDSHAKE_TIMEOUT,
                disconnect_timeout=ANSWER_WITHIN / 5,
            ) as socket:
                self._socket = socket
                lost = await self._converse(socket)
        except ArenaError as error:
            return _Lost(error.code, str(error), token_refused=refused)
        except ConnectionRejected as rejection:
            return _rejected(rejection)
        except (OSError, HandshakeError):
            pass  # no connection, or one that did not say goodbye: what `lost` says
        finally:
            self._socket = None
        return lost

    async def _converse(self, socket: WebSocketConnection) -> _Lost | None:
        """Hear everything that is said; why it ended, None for a conversation that is over."""
        error: Json = {}
        try:
            if (known := self.seq) is not None:
                await _say(socket, {"type": "resume", "after": known})
            while True:
                frame = json.loads(await _next(socket))
                match frame["type"]:
                    case "ping":
                        await _say(socket, {"type": "pong"})
                    case "pong":
                        pass
                    case "welcome":
                        if known is None and "seq" in frame:
                            self.seq = frame["seq"]
                            await _say(socket, {"type": "resume", "after": self.seq})
                        await self._tell(Connected())
                        await self._sender.send(frame)
                    case "error":
                        error = frame
                        if frame["code"] == "seq_unknown":
                            self.seq = None  # the log began anew: whatever comes is new
                        await self._sender.send(frame)
                        continue
                    case _ if self._is_news(frame):
                        await self._sender.send(frame)
                error = {}
        except ConnectionClosed as closed:
            return _closed(closed.reason, error)
        except trio.TooSlowError:
            return _Lost("silent")
        except (ValueError, TypeError, KeyError):
            return _Lost("nonsense")

    def _is_news(self, frame: Json) -> bool:
        """Whether it was not heard before; only durable frames can have been."""
        if (seq := frame.get("seq")) is None:
            return True
        if self.seq is not None and seq <= self.seq:
            return False
        self.seq = seq
        return True


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


async def _say(socket: WebSocketConnection, frame: Json) -> None:
    """Raises `TooSlowError` if the server does not read."""
    with trio.fail_after(ANSWER_WITHIN):
        await socket.send_message(json.dumps(frame, default=str))


async def _next(socket: WebSocketConnection) -> str | bytes:
    """The next message. Raises `TooSlowError` if the server says nothing, even if asked."""
    with trio.move_on_after(QUIET):
        return await socket.get_message()
    with trio.fail_after(ANSWER_WITHIN):
        await _say(socket, {"type": "ping"})
        return await socket.get_message()


def _closed(reason: CloseReason | None, error: Json) -> _Lost | None:
    """What a close means; `error` is the error frame right before it, if there was one."""
    code = reason.code if reason is not None else None
    why = str(error.get("code") or (reason.reason if reason is not None else None) or "disconnected")
    detail = str(error.get("detail") or "The arena closed the connection.")
    asked = float(error.get("retry_after") or 0)
    match code:
        case 1000:
            return None
        case 1008:
            return _Lost(why, detail, at_least=max(asked, TOLD_OFF_WAIT))
        case 4401:
            return _Lost(why, detail, token_refused=True)
        case 4404:
            return _Lost(why, detail, for_good=True)
        case 1013:
            return _Lost(why, detail, at_least=asked or UNAVAILABLE_WAIT)
        case _:
            return _Lost("disconnected" if why == "resume" else why, detail)


def _rejected(rejection: ConnectionRejected) -> _Lost:
    """What an answer over HTTP means, in the place of a websocket."""
    try:
        problem = json.loads(rejection.body or b"{}")
        code, detail = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, TypeError, KeyError, AttributeError):
        code, detail = f"http_{rejection.status_code}", "The arena does not let us in."
    asked = next((value for name, value in rejection.headers or () if name.lower() == b"retry-after"), b"")
    at_least = float(asked) if asked.isdigit() else 0.0
    status = rejection.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        return _Lost(code, detail, token_refused=True)
    passing = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500
    return _Lost(code, detail, at_least=at_least, for_good=not passing)
