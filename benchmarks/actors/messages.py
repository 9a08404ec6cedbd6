"""What a message to an actor costs, beside the same work on bare trio memory channels.

Both sides handle the same messages one at a time in one task, and both bound their queues. The channels do
none of what else an actor does: no supervision, no crash handling, no statistics, no deadlock detection.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from actors import Actor, ActorRef, ActorSpec, Message, SupervisorSpec, open_system
from benchmarks.actors.measure import Size, interleave, on_trio, report_ratio

BATCH = 500
"""Messages told in a row before the teller waits until they are handled."""

BURST = 16
"""Messages that the tightest channel loop takes before it gives way, as an actor does."""


@dataclass(frozen=True, slots=True)
class Add(Message[int]):
    amount: int


class Counter(Actor[Add]):
    mailbox_capacity = BATCH

    def __init__(self) -> None:
        self.total = 0

    async def receive(self, message: Add) -> int:
        self.total += message.amount
        return self.total


@dataclass(frozen=True, slots=True)
class Hit(Message[None]):
    """The ball, and how often it is still to be returned."""

    left: int


class Player(Actor[Hit]):
    def __init__(self, peer: str, over: trio.Event) -> None:
        self.peer_path, self.over = peer, over

    async def started(self) -> None:
        self.peer = self.context.system.ref(self.peer_path)

    async def receive(self, message: Hit) -> None:
        if message.left:
            self.peer.tell(Hit(message.left - 1))
        else:
            self.over.set()


@dataclass(frozen=True, slots=True)
class Rally(Message[None]):
    """Ask the counter so many times."""

    times: int


class Asker(Actor[Rally]):
    async def receive(self, message: Rally) -> None:
        counter = self.context.system.ref("/counter")
        for _ in range(message.times):
            await counter.ask(Add(1))


@asynccontextmanager
async def a_counter() -> AsyncIterator[ActorRef]:
    async with open_system(SupervisorSpec("root", [ActorSpec("counter", Counter)])) as system:
        yield system.ref("/counter")


async def tell_actor(count: int) -> float:
    async with a_counter() as counter:
        started = time.perf_counter()
        for _ in range(count // BATCH):
            for _ in range(BATCH - 1):
                counter.tell(Add(1))
            await counter.ask(Add(1))
        return count / (time.perf_counter() - started)


async def ask_actor(count: int) -> float:
    async with a_counter() as counter:
        started = time.perf_counter()
        for _ in range(count):
            await counter.ask(Add(1))
        return count / (time.perf_counter() - started)


async def ask_between_actors(count: int) -> float:
    tree = SupervisorSpec("root", [ActorSpec("counter", Counter), ActorSpec("asker", Asker)])
    async with open_system(tree) as system:
        started = time.perf_counter()
        await system.ref("/asker").ask(Rally(count))
        return count / (time.perf_counter() - started)


async def ping_pong_of_actors(count: int) -> float:
    over = trio.Event()
    tree = SupervisorSpec(
        "root",
        [
            ActorSpec("ping", lambda: Player("/pong", over)),
            ActorSpec("pong", lambda: Player("/ping", over)),
        ],
    )
    async with open_system(tree) as system:
        started = time.perf_counter()
        system.ref("/ping").tell(Hit(count))
        await over.wait()
        return count / (time.perf_counter() - started)


async def tell_channel(count: int) -> float:
    """Read as one reads a channel, with ``async for``."""
    return await _tell_channel(count, burst=1)


async def tell_channel_in_bursts(count: int) -> float:
    """Read as fast as a channel can be read without starving others."""
    return await _tell_channel(count, burst=BURST)


async def _tell_channel(count: int, burst: int) -> float:
    send, receive = trio.open_memory_channel[Add](BATCH)
    answers, answers_out = trio.open_memory_channel[int](0)

    async def work() -> None:
        total = 0
        async for message in receive:
            total += message.amount
            for _ in range(burst - 1):
                try:
                    message = receive.receive_nowait()
                except trio.WouldBlock:
                    break
                total += message.amount
            if total % BATCH == 0:
                await answers.send(total)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        started = time.perf_counter()
        for _ in range(count // BATCH):
            for _ in range(BATCH):
                send.send_nowait(Add(1))
            await answers_out.receive()
        elapsed = time.perf_counter() - started
        send.close()
    return count / elapsed


async def ask_channel(count: int) -> float:
    """One channel for all answers, which is only possible with a single asker."""
    requests_in, requests = trio.open_memory_channel[Add](0)
    answers, answers_out = trio.open_memory_channel[int](0)

    async def work() -> None:
        total = 0
        async for message in requests:
            total += message.amount
            await answers.send(total)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        started = time.perf_counter()
        for _ in range(count):
            await requests_in.send(Add(1))
            await answers_out.receive()
        elapsed = time.perf_counter() - started
        requests_in.close()
    return count / elapsed


async def ask_by_own_channels(count: int) -> float:
    """A channel for each answer, as with any number of askers, with room for the answer: nobody waits to send."""
    requests_in, requests = trio.open_memory_channel[tuple[Add, trio.MemorySendChannel[int]]](BATCH)

    async def work() -> None:
        total = 0
        async for message, answer in requests:
            total += message.amount
            answer.send_nowait(total)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        started = time.perf_counter()
        for _ in range(count):
            answer, answer_out = trio.open_memory_channel[int](1)
            requests_in.send_nowait((Add(1), answer))
            await answer_out.receive()
        elapsed = time.perf_counter() - started
        requests_in.close()
    return count / elapsed


async def ping_pong_of_channels(count: int) -> float:
    to_ping, ping = trio.open_memory_channel[Hit](1)
    to_pong, pong = trio.open_memory_channel[Hit](1)
    over = trio.Event()

    async def play(hits: trio.MemoryReceiveChannel[Hit], peer: trio.MemorySendChannel[Hit]) -> None:
        async for message in hits:
            if message.left:
                peer.send_nowait(Hit(message.left - 1))
            else:
                over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play, ping, to_pong)
        nursery.start_soon(play, pong, to_ping)
        started = time.perf_counter()
        to_ping.send_nowait(Hit(count))
        await over.wait()
        elapsed = time.perf_counter() - started
        nursery.cancel_scope.cancel()
    return count / elapsed


def run(size: Size) -> None:
    """Print how actors compare with channels."""
    sides = {
        "tell": tell_actor,
        "tell channel": tell_channel,
        "tell bursts": tell_channel_in_bursts,
        "ask": ask_actor,
        "ask in actor": ask_between_actors,
        "ask channel": ask_channel,
        "ask own channels": ask_by_own_channels,
        "ping-pong": ping_pong_of_actors,
        "ping-pong channels": ping_pong_of_channels,
    }
    rates = interleave({name: on_trio(side) for name, side in sides.items()}, size)
    print("messages: actors against bare trio memory channels")
    report_ratio(f"tell, {BATCH} in a row", rates, "tell", "tell channel", aim=0.7)
    report_ratio(f"  ... a channel drained {BURST} at a time", rates, "tell", "tell bursts")
    report_ratio("tell, two that alternate", rates, "ping-pong", "ping-pong channels", aim=0.7)
    report_ratio("ask round trip, by a task", rates, "ask", "ask channel", aim=0.5)
    report_ratio("  ... a channel for each answer", rates, "ask", "ask own channels")
    report_ratio("ask round trip, by an actor", rates, "ask in actor", "ask channel", aim=0.5)
