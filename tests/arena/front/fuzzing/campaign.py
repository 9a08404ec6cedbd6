"""Attempts on a server, many at a time, while others use it and must not notice."""

from __future__ import annotations

import gc
import os
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

import trio

from tests.arena.front.fuzzing.attempts import Attempt, Ending, Kind, draw
from tests.fixtures.echo_server import EchoServer, digest
from tests.fixtures.raw_websocket import TEXT, RawWebsocket, frame

AT_ONCE: Final = 24
PATIENCE: Final = 0.3
"""Seconds that a client waits for the server's last word."""
RESET: Final = struct.pack("ii", 1, 0)


@dataclass
class Report:
    """What was tried, and how those fared who did nothing wrong."""

    tried: Counter[Kind] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """First words of the server: statuses, or the opcodes of frames."""
    echoes: int = 0
    """Messages of well-behaved clients that were answered."""
    pages: int = 0
    """Requests of theirs that were answered."""
    slowest: float = 0.0
    """Seconds that one of these took."""
    descriptors: tuple[int, int] = (0, 0)
    """Open in this process, before and after."""
    memory: tuple[int, int] = (0, 0)
    """Resident, bytes, after a warm-up and at the end."""


async def campaign(server: EchoServer, *, seed: int, seconds: float) -> Report:
    """Try for so many seconds, a third of which is the warm-up of memory."""
    report = Report()
    random = Random(seed)
    before = descriptors()
    async with trio.open_nursery() as good:
        good.start_soon(_talk, server, report)
        good.start_soon(_visit, server, report)
        await _storm(server, random, report, seconds / 3)
        warm = resident()
        await _storm(server, random, report, seconds * 2 / 3)
        good.cancel_scope.cancel()
    await server.emptied(within=20)
    report.descriptors = (before, descriptors())
    report.memory = (warm, resident())
    return report


async def _storm(server: EchoServer, random: Random, report: Report, seconds: float) -> None:
    limit = trio.Semaphore(AT_ONCE)

    async def one(attempt: Attempt) -> None:
        try:
            await _try(server, attempt, report)
        finally:
            limit.release()

    async with trio.open_nursery() as nursery:
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await limit.acquire()
            attempt = draw(random)
            report.tried[attempt.kind] += 1
            nursery.start_soon(one, attempt)


async def _try(server: EchoServer, attempt: Attempt, report: Report) -> None:
    stream = await server.connect()
    try:
        if attempt.opens:
            await RawWebsocket(stream).open()
        with trio.move_on_after(PATIENCE):
            for piece in attempt.pieces:
                if piece:
                    await stream.send_all(piece)
        await _end(stream, attempt, report)
    except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
        report.answers["(reset)"] += 1
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)


async def _end(stream: trio.SocketStream, attempt: Attempt, report: Report) -> None:
    match attempt.ending:
        case Ending.CLOSES:
            return
        case Ending.RESETS:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return
        case Ending.IGNORES:
            await trio.sleep(PATIENCE)
            return
        case Ending.HALF_CLOSES:
            await stream.send_eof()
    said = b""
    with trio.move_on_after(PATIENCE):
        while piece := await stream.receive_some():
            said += piece[: 32 - len(said)]
    report.answers[_word(said)] += 1


def _word(said: bytes) -> str:
    if said.startswith(b"HTTP/1.1 "):
        return said[9:12].decode()
    return f"frame {said[0] & 15}" if said else "(nothing)"


async def _talk(server: EchoServer, report: Report) -> None:
    """A well-behaved client of a websocket: every message is answered, in order."""
    async with await server.connect() as stream:
        websocket = RawWebsocket(stream)
        await websocket.open()
        while True:
            message = f"message {report.echoes}".encode()
            began = trio.current_time()
            await stream.send_all(frame(TEXT, message))
            received = await websocket.receive(timeout=5)
            assert received is not None, "the server has left a client that did nothing wrong"
            assert received.payload == digest(message)
            report.echoes += 1
            report.slowest = max(report.slowest, trio.current_time() - began)
            await trio.sleep(0.005)


async def _visit(server: EchoServer, report: Report) -> None:
    """A well-behaved client of HTTP, on one connection after the other: each serves so many requests."""
    while True:
        async with await server.connect() as stream:
            await _read_pages(stream, report)


async def _read_pages(stream: trio.SocketStream, report: Report) -> None:
    while True:
        began = trio.current_time()
        await stream.send_all(b"GET /hello HTTP/1.1\r\nHost: arena\r\n\r\n")
        received = b""
        with trio.fail_after(5):
            while not received.endswith(b"\r\n\r\nhello"):
                piece = await stream.receive_some()
                assert piece, "the server has left a client that did nothing wrong"
                received += piece
        assert received.startswith(b"HTTP/1.1 200"), received
        report.pages += 1
        report.slowest = max(report.slowest, trio.current_time() - began)
        if b"connection: close" in received.lower():
            return
        await trio.sleep(0.01)


def descriptors() -> int:
    """That this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
