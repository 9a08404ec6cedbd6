"""One run: an arena is started, played, broken, mended, settled and checked."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from arena.chain.client import ChainClient, Commitment
from arena.cli.arena_client import ArenaClient
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import funded_client
from tests.e2e.soak import checks
from tests.e2e.soak.faults import Injector
from tests.e2e.soak.plan import plan
from tests.e2e.soak.records import Record
from tests.e2e.soak.report import count, print_report
from tests.e2e.soak.world import SOL, World
from tests.tcp_proxy import TcpProxy

CREATORS = 3
FUNDS = 9
"""How often each wallet gets what the faucet gives at most."""
SETTLE_TIMEOUT = 240.0
AUDITS = 2
"""While it is played."""
TIMED_FROM = 240.0
"""Runs of so many seconds have bots that end by the clock: five minutes after their opening at the earliest."""


@dataclass(frozen=True, slots=True)
class Options:
    seed: int
    seconds: float = 300.0
    players: int = 8
    bots: int = 3
    gap: float = 4.0
    """Between two faults, on average."""
    slot_ms: int = 100


async def soak(options: Options, directory: Path, tell: Callable[[str], None]) -> Record:
    """Run it in a directory that is there. `wrong` of the result has what is not as it has to be."""
    record = Record(directory, tell)
    record.say(f"{options}, in {directory}")
    with arena_process(directory / "data", slot_ms=options.slot_ms, chain_faults=True) as arena:
        await arena.start()
        try:
            await _soak(options, arena, record)
        except* Exception as group:  # noqa: BLE001 -- a run that breaks is told of like any other fault
            record.violation("the run did not come to its end")
            record.say("".join(traceback.format_exception(group)))
    print_report(record, record.now)
    return record


async def _soak(options: Options, arena: ArenaProcess, record: Record) -> None:
    async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
        wire = TcpProxy(arena.port)
        await nursery.start(wire.serve)
        url = f"http://127.0.0.1:{wire.port}"
        clients = [
            await stack.enter_async_context(_rich_client(url)) for _ in range(CREATORS + options.players)
        ]
        creators, players = clients[:CREATORS], clients[CREATORS:]
        chain = await creators[0].call("GET", "/chain")
        platform = str(chain["platform_wallet"])
        await trio.sleep(16 * options.slot_ms / 1000)  # until all of that is final
        before = await checks.balances(chain["rpc_url"], [*(client.address for client in clients), platform])

        world = World(options.seed, creators, players, record)
        record.began = trio.current_time()
        async with trio.open_nursery() as playing:
            playing.start_soon(_play, options, world)
            await _break(options, arena, wire, record)
            world.finishing = True
            playing.cancel_scope.deadline = trio.current_time() + SETTLE_TIMEOUT
        if playing.cancel_scope.cancelled_caught:
            record.violation(f"players wait for ever: {world.waiting()}")
        await _settle(world, creators[0], record)
        await _check(arena, world, creators[0], before, platform, record)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _rich_client(url: str) -> AsyncIterator[ArenaClient]:
    async with funded_client(url, 10 * SOL) as client:
        for _ in range(FUNDS - 1):
            await client.call("POST", "/faucet", {"address": client.address, "lamports": 10 * SOL})
        yield client


async def _play(options: Options, world: World) -> None:
    await world.run(options.bots, timed=options.seconds >= TIMED_FROM)


async def _break(options: Options, arena: ArenaProcess, wire: TcpProxy, record: Record) -> None:
    """Faults, with an audit now and then between two of them."""
    planned = plan(options.seed, options.seconds, gap=options.gap)
    injector = Injector(arena, wire, record)
    share = len(planned) / (AUDITS + 1)
    parts = [planned[round(part * share) : round((part + 1) * share)] for part in range(AUDITS + 1)]
    for number, part in enumerate(parts):
        await injector.run(part, record.began)
        if number < AUDITS:
            report = await checks.audit(arena.data_dir, record)
            if report is not None:
                told = f"{len(report['bots'])} bots, in flight: {checks.in_flight(report) or 'nothing'}"
                record.say(f"audited while it is played: {told}")
                record.figures["audits during the run"] = (
                    int(record.figures.get("audits during the run", 0)) + 1
                )
    await trio.sleep_until(record.began + options.seconds)
    record.say("no more faults; what was begun comes to its end")


async def _settle(world: World, client: ArenaClient, record: Record) -> None:
    """Until every bot is closed that is not waiting for its time."""
    with trio.fail_after(SETTLE_TIMEOUT):
        while True:
            statuses = await checks.statuses_of(client, record.bots)
            if all(
                status in ("closed", "draft") or bot.ends_later(SETTLE_TIMEOUT / 4)
                for bot, status in ((record.bots[bot_id], status) for bot_id, status in statuses.items())
            ):
                break
            await trio.sleep(1)
    record.say("settled")


async def _check(
    arena: ArenaProcess,
    world: World,
    client: ArenaClient,
    before: dict[str, int],
    platform: str,
    record: Record,
) -> None:
    with trio.fail_after(SETTLE_TIMEOUT):
        while True:
            report = await checks.audit(arena.data_dir, record)
            if report is None or not (flying := checks.in_flight(report)):
                break
            record.say(f"in flight: {flying}")
            await trio.sleep(1)
        record.figures["audit at the end"] = "no differences, nothing in flight" if report else "DIFFERENCES"
        complete = await world.complete()
    record.figures["frames"] = sum(len(talk.frames) for talk in complete.values())
    statuses = await checks.statuses_of(client, record.bots)
    for bot_id, status in statuses.items():
        if status == "halted":
            record.violation(f"bot {bot_id} is halted")
    checks.check_frames(world.conversations, complete, record)
    rpc_url = (await client.call("GET", "/chain"))["rpc_url"]
    async with ChainClient(rpc_url, Commitment.FINALIZED) as chain:
        await checks.check_money(record.bots, complete, before, chain, statuses, platform, record)
    await checks.check_actors(client.url, arena.data_dir, record)
    count(record, complete, statuses)
