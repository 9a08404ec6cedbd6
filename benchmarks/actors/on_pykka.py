"""The same exercises on Pykka, whose actors are threads."""

from __future__ import annotations

import threading
import time

from pykka import ActorRef, ThreadingActor

from benchmarks.actors.messages import Add, Hit


class Counter(ThreadingActor):
    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def on_receive(self, message: Add) -> int:
        self.total += message.amount
        return self.total


class Player(ThreadingActor):
    def __init__(self, over: threading.Event) -> None:
        super().__init__()
        self.over = over
        self.peer: ActorRef[Player] | None = None

    def on_receive(self, message: Hit | ActorRef[Player]) -> None:
        match message:
            case ActorRef():
                self.peer = message
            case Hit(0):
                self.over.set()
            case Hit(left) if self.peer is not None:
                self.peer.tell(Hit(left - 1))


def tell(count: int) -> float:
    """Tell one actor so many messages; the last is an ask that waits for all before."""
    counter = Counter.start()
    try:
        started = time.perf_counter()
        for _ in range(count - 1):
            counter.tell(Add(1))
        counter.ask(Add(1))
        return count / (time.perf_counter() - started)
    finally:
        counter.stop()


def ask(count: int) -> float:
    """Ask one actor, one after the other."""
    counter = Counter.start()
    try:
        started = time.perf_counter()
        for _ in range(count):
            counter.ask(Add(1))
        return count / (time.perf_counter() - started)
    finally:
        counter.stop()


def ping_pong(count: int) -> float:
    """Two actors tell each other."""
    over = threading.Event()
    ping, pong = Player.start(over), Player.start(over)
    try:
        ping.ask(pong)
        pong.ask(ping)
        started = time.perf_counter()
        ping.tell(Hit(count))
        over.wait()
        return count / (time.perf_counter() - started)
    finally:
        ping.stop()
        pong.stop()
