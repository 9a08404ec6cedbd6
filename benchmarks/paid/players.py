"""The players, a process of its own: each asks for a quote, signs, pays, waits for the reply, and says the next thing.

It reads the sessions and then one phase after the other from standard input (JSON), and prints what it measured. The
websocket is spoken by hand: a library's share would be larger than that of everything else here.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from solders.keypair import Keypair

NO_MASK = bytes(4)
"""The key that changes nothing: what is sent is masked, as it must be, and costs nothing."""
SIGNATURE = slice(1, 65)
"""Where the player's signature is in a transaction that two sign; the message that is signed comes after both."""
MESSAGE = slice(129, None)
NOTHING = b"\0"
"""Is in no frame."""
PAUSE_AFTER_ERROR = 0.1
TICK = 0.001


@dataclass
class Phase:
    """What is measured at a time. Durations in seconds.

    Attributes:
        errors: error frames by their code.
        late: how much too late messages were asked for, because all players were busy, at the most.
    """

    seconds: float = 0.0
    quotes: list[float] = field(default_factory=list)
    payments: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    frames: int = 0
    octets: int = 0
    late: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)


def quantiles(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": sum(values), "p99": sum(values), "max": sum(values)}
    cut = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cut[49], "p99": cut[98], "max": max(values)}


class Player(asyncio.Protocol):
    """One session. `idle` is told when its message has been answered."""

    def __init__(self, crowd: Crowd, path: str, token: str, wallet: Keypair) -> None:
        self._crowd = crowd
        self._wallet = wallet
        self._received = bytearray()
        self._open = False
        self._id = ""
        self._own = NOTHING
        self._said = 0
        self._asked_at = self._paid_at = 0.0
        self.welcome = asyncio.get_running_loop().create_future()
        self._handshake = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: arena.v1, bearer.{token}\r\n\r\n"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._handshake)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.welcome.done():
            self.welcome.set_exception(RuntimeError("the connection was closed before the welcome"))
        self._crowd.failed("connection_lost")

    def ask(self, due: float) -> None:
        """Say something; `due` is when it should have been said."""
        self._said += 1
        self._id = str(uuid4())
        self._own = f'"id":"{self._id}"'.encode()
        self._asked_at = due
        text = f"Is it the sea, keeper? I ask for the {self._said}. time"
        self._send({"type": "message", "id": self._id, "text": text})

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._open:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            assert received.startswith(b"HTTP/1.1 101"), bytes(received[:200])
            self._open = True
            del received[: end + 4]
        at = 0
        while len(received) - at >= 2:
            length, head = received[at + 1], 2
            if length >= 126:
                head = 4 if length == 126 else 10
                if len(received) - at < head:
                    break
                length = int.from_bytes(received[at + 2 : at + head], "big")
            if len(received) - at < head + length:
                break
            kind = received[at] & 0x0F
            self._frame(kind, bytes(received[at + head : at + head + length]))
            at += head + length
        del received[:at]

    def _frame(self, kind: int, payload: bytes) -> None:
        phase = self._crowd.phase
        phase.frames += 1
        phase.octets += len(payload)
        if kind == 9:
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + NO_MASK + payload)
        if kind != 1:
            return
        what = payload[9:17]
        if what == b'reply","':
            if self._own in payload:
                phase.replies.append(time.perf_counter() - self._paid_at)
                self._own = NOTHING
                self._crowd.idle(self)
        elif what == b'quote","':
            self._pay(json.loads(payload))
        elif what == b"payment.":
            phase.payments.append(time.perf_counter() - self._paid_at)
        elif what == b'error","':
            error = json.loads(payload)
            self._crowd.failed(error.get("code", "?"))
            asyncio.get_running_loop().call_later(PAUSE_AFTER_ERROR, self._crowd.idle, self)
        elif what == b'ping"}':
            self._send({"type": "pong"})
        elif what.startswith(b"welcome") and not self.welcome.done():
            self.welcome.set_result(None)

    def _pay(self, quote: dict[str, Any]) -> None:
        now = time.perf_counter()
        self._crowd.phase.quotes.append(now - self._asked_at)
        unsigned = base64.b64decode(quote["transaction"])
        signed = bytearray(unsigned)
        signed[SIGNATURE] = bytes(self._wallet.sign_message(unsigned[MESSAGE]))
        self._paid_at = time.perf_counter()
        self._send({"type": "pay", "id": self._id, "transaction": base64.b64encode(signed).decode()})

    def _send(self, frame: dict[str, str]) -> None:
        payload = json.dumps(frame, separators=(",", ":")).encode()
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
        self._transport.write(head + NO_MASK + payload)


class Crowd:
    """All players, who either say the next thing at once, or at a given rate."""

    def __init__(self) -> None:
        self.phase = Phase()
        self.players: list[Player] = []
        self._free: deque[Player] = deque()
        self._left: float = 0
        self._at_once = False

    async def connect(self, port: int, seats: Sequence[dict[str, str]]) -> None:
        loop = asyncio.get_running_loop()
        for seat in seats:
            wallet = Keypair.from_seed(bytes.fromhex(seat["seed"]))
            made = partial(Player, self, f"/ws/chats/{seat['session_id']}", seat["token"], wallet)
            _, player = await loop.create_connection(made, "127.0.0.1", port)
            await player.welcome
            self.players.append(player)
        self._free.extend(self.players)

    def idle(self, player: Player) -> None:
        self._free.append(player)
        if self._at_once:
            self._say(time.perf_counter())

    def failed(self, code: str) -> None:
        self.phase.errors[code] = self.phase.errors.get(code, 0) + 1

    def _say(self, due: float) -> None:
        if self._left > 0:
            self._left -= 1
            self._free.popleft().ask(due)

    async def saturate(self, messages: float = float("inf")) -> None:
        """From now on everybody says the next thing as soon as the last one is answered."""
        self._at_once, self._left = True, messages
        while self._free and self._left > 0:
            self._say(time.perf_counter())

    async def pace(self, rate: float, seconds: float) -> None:
        """So many messages a second, evenly, whatever the answers take."""
        self._at_once, self._left = False, float("inf")
        begin, said = time.perf_counter(), 0
        while (now := time.perf_counter()) - begin < seconds:
            while said < (now - begin) * rate and self._free:
                due = begin + said / rate
                self.phase.late = max(self.phase.late, now - due)
                self._say(due)
                said += 1
            await asyncio.sleep(TICK)

    async def rest(self) -> None:
        """Say nothing more, and wait until all is answered."""
        self._left = 0
        deadline = time.perf_counter() + 60
        while len(self._free) < len(self.players):
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{len(self.players) - len(self._free)} messages were never answered")
            await asyncio.sleep(0.01)


def report(phase: Phase) -> dict[str, object]:
    told = asdict(phase)
    for name in ("quotes", "payments", "replies"):
        told[name] = {"count": len(told[name]), **quantiles(told[name])}
    return told


async def main() -> None:
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = Crowd()
    start = json.loads(await reader.readline())
    await crowd.connect(start["port"], start["seats"])
    gc.freeze()
    say({"connected": len(crowd.players)})
    while line := await reader.readline():
        wanted = json.loads(line)
        crowd.phase = Phase()
        match wanted:
            case {"messages": int(messages)}:
                begin = time.perf_counter()
                await crowd.saturate(messages)
                while crowd._left > 0:
                    await asyncio.sleep(0.01)
                await crowd.rest()
            case {"warm": warm, "seconds": seconds, "rate": None}:
                await crowd.saturate()
                await asyncio.sleep(warm)
                crowd.phase, begin = Phase(), time.perf_counter()
                say({"measuring": True})
                await asyncio.sleep(seconds)
            case {"warm": warm, "seconds": seconds, "rate": rate}:
                await crowd.pace(rate, warm)
                crowd.phase, begin = Phase(), time.perf_counter()
                say({"measuring": True})
                await crowd.pace(rate, seconds)
        phase, crowd.phase = crowd.phase, Phase()
        phase.seconds = time.perf_counter() - begin
        say(report(phase))
        await crowd.rest()
        say({"resting": True, "errors": crowd.phase.errors})


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
