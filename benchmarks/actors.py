"""What a message to an actor costs, beside the same work on bare trio memory channels. Ratios of one run count."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from actors import Actor, ActorSpec, Message, SupervisorSpec, open_system

MESSAGES = 20_000
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Add(Message[int]):
    amount: int


class Counter(Actor[Add]):
    mailbox_capacity = MESSAGES + 1

    def __init__(self) -> None:
        self.total = 0

    async def receive(self, message: Add) -> int:
        self.total += message.amount
        return self.total


async def tell_actor() -> None:
    async with open_system(SupervisorSpec("root", [ActorSpec("counter", Counter)])) as system:
        counter = system.ref("/counter")
        for _ in range(MESSAGES - 1):
            counter.tell(Add(1))
        await counter.ask(Add(1))


async def tell_channel() -> None:
    send, receive = trio.open_memory_channel[Add](MESSAGES + 1)
    total = 0
    async with trio.open_nursery() as nursery:

        async def work() -> None:
            nonlocal total
            async for message in receive:
                total += message.amount

        nursery.start_soon(work)
        for _ in range(MESSAGES):
            send.send_nowait(Add(1))
        send.close()
    assert total == MESSAGES


async def ask_actor() -> None:
    async with open_system(SupervisorSpec("root", [ActorSpec("counter", Counter)])) as system:
        counter = system.ref("/counter")
        for _ in range(MESSAGES):
            await counter.ask(Add(1))


async def ask_channel() -> None:
    requests_in, requests = trio.open_memory_channel[Add](0)
    answers, answers_out = trio.open_memory_channel[int](0)

    async def work() -> None:
        total = 0
        async for message in requests:
            total += message.amount
            await answers.send(total)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        for _ in range(MESSAGES):
            await requests_in.send(Add(1))
            await answers_out.receive()
        requests_in.close()


def rate(run: Callable[[], Awaitable[None]]) -> float:
    """Messages a second."""
    started = time.perf_counter()
    trio.run(run)
    return MESSAGES / (time.perf_counter() - started)


def compare(name: str, actor: Callable[[], Awaitable[None]], channel: Callable[[], Awaitable[None]]) -> None:
    pairs = [(rate(actor), rate(channel)) for _ in range(ROUNDS)]
    actor_rate, channel_rate = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = math.exp(statistics.median(math.log(ours / bare) for ours, bare in pairs))
    print(f"{name}: actor {actor_rate:>9,.0f}/s, memory channel {channel_rate:>9,.0f}/s, ratio {ratio:.2f}")


if __name__ == "__main__":
    compare("tell", tell_actor, tell_channel)
    compare("ask ", ask_actor, ask_channel)
