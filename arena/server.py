"""One running arena: its parts put together, started in order, and taken down in the reverse."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

import structlog
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

import persistence
from actors import open_system, watch_event_loop
from arena import store
from arena.brains import kinds
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.client import ChainClient, ChainUnavailable
from arena.chain.feed import Feed
from arena.chain.submitter import Submitter
from arena.edge.authentication import Authenticator
from arena.edge.rate_limits import RateLimits
from arena.front import Gateway, TlsUnusable
from arena.game.chain_actors import ChainRouter
from arena.game.demo_bots import open_demo_bots
from arena.game.services import Services
from arena.game.tree import game_tree
from arena.garbage import collect_when_due
from arena.http.app import create_app
from arena.keys import KeyRing
from arena.process import share_interpreter
from arena.secretbox import SecretBox
from arena.settings import Settings
from arena.ws.conversations import Conversations
from persistence import (
    Database,
    DatabaseUnavailable,
    Journal,
    LockHeld,
    PostgresSnapshotStore,
    hold_lock,
    migrate,
    open_database,
)

log = structlog.get_logger(__name__)

START_TIMEOUT = 30.0
CLOSE_TIMEOUT = 3.0
LOCK: Final = int.from_bytes(sha256(b"arena").digest()[:8], "big", signed=True)
"""The advisory lock that an arena holds in its database."""
CLUSTERS: Final = {
    "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d": "mainnet",
    "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG": "devnet",
    "4uhcVJyU9pJkvQyS88uRDiswHScSocZoLzvXSFrAY6Vx": "testnet",
}
"""Genesis hashes, https://solana.com/docs/references/clusters."""


class StartError(Exception):
    """The arena cannot start; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Postgres and the chain are."""

    database_url: str
    rpc_url: str
    ws_url: str
    local_chain: bool


async def run_arena(
    settings: Settings,
    keys: KeyRing,
    endpoints: Endpoints,
    listener: socket.socket,
    *,
    house: Keypair | None,
    shutdown: trio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Run one arena on `listener`, which it closes, until `shutdown`, and take it down in order.

    Args:
        house: opens and pays the demo bots; None: there are none.
        on_ready: called once, when clients are let in.

    Raises:
        StartError: something that the operator has to put right.
    """
    async with AsyncExitStack() as stack:
        database = await _enter_database(stack, endpoints.database_url, settings)
        await stack.enter_async_context(_only_arena(endpoints.database_url))
        await migrate(database, persistence.MIGRATIONS, store.MIGRATIONS)
        client = await stack.enter_async_context(ChainClient(endpoints.rpc_url, settings.solana_commitment))
        services = await make_services(settings, keys, endpoints, database, client)
        services.loop_watch = await stack.enter_async_context(watch_event_loop())
        await stack.enter_async_context(
            open_system(
                game_tree(services), stuck_after=settings.arena_stuck_after, on_created=services.attach
            )
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(services.funds.run)
            nursery.start_soon(services.figures.run)
            if house is not None:
                nursery.start_soon(open_demo_bots, services, house)
            await _serve(services, listener, shutdown, on_ready)
            nursery.cancel_scope.cancel()


async def _enter_database(stack: AsyncExitStack, url: str, settings: Settings) -> Database:
    """Wait until Postgres takes connections: it may be starting, too."""
    deadline = trio.current_time() + START_TIMEOUT
    while True:
        try:
            return await stack.enter_async_context(
                open_database(url, max_size=settings.arena_database_connections)
            )
        except DatabaseUnavailable as error:
            if trio.current_time() > deadline:
                raise StartError(str(error)) from error
            log.info("database_awaited", reason=str(error))
            await trio.sleep(1)


@asynccontextmanager
async def _only_arena(url: str) -> AsyncIterator[None]:
    """The right to be the arena of this database, whatever its keys: they may be rotated.

    The lock goes with the connection that holds it. After an outage of Postgres it is taken again; an arena that
    took it meanwhile ends this one. What both might write in between is fenced by the versions of snapshots.
    """
    async with trio.open_nursery() as nursery:
        await nursery.start(_hold, url)
        yield
        nursery.cancel_scope.cancel()


async def _hold(url: str, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> NoReturn:
    held_before = False
    while True:
        try:
            async with hold_lock(url, LOCK) as lock:
                if not held_before:
                    task_status.started()
                held_before = True
                await lock.lost.wait()
            log.warning("lock_lost")
        except LockHeld:
            raise StartError("another arena runs on this database: stop it first") from None
        except DatabaseUnavailable as error:
            if not held_before:
                raise StartError(str(error)) from error
            await trio.sleep(1)


async def make_services(
    settings: Settings, keys: KeyRing, endpoints: Endpoints, database: Database, client: ChainClient
) -> Services:
    """The parts of one arena, waiting for the chain's node; the actor system is still to be attached.

    Raises:
        StartError: the node does not answer, or does not have the program.
    """
    program_id = Pubkey.from_string(settings.solana_program_id or str(DEFAULT_PROGRAM_ID))
    await _check_chain(client, program_id)
    journal = Journal(database)
    services = Services(
        settings=settings,
        keys=keys,
        secretbox=SecretBox(keys.secrets_key),
        database=database,
        journal=journal,
        snapshots=PostgresSnapshotStore(database, journal),
        client=client,
        program_id=program_id,
        rpc_url=endpoints.rpc_url,
        ws_url=endpoints.ws_url,
        chain_id=await _chain_id(client, local=endpoints.local_chain),
        local_chain=endpoints.local_chain,
    )
    await services.spending.load(database)
    log.info("brains_ready", kinds=sorted(kinds()), language_model=settings.arena_llm_base_url is not None)
    router = ChainRouter(services)
    interval = settings.arena_chain_interval
    services.feed = Feed(client, endpoints.ws_url, program_id, router, poll_interval=interval)
    services.submitter = Submitter(
        client,
        router.ended,
        wanted=router.wants,
        interval=interval,
        sends_per_second=settings.arena_chain_sends,
    )
    return services


async def _check_chain(client: ChainClient, program_id: Pubkey) -> None:
    """Wait until the node answers, and see that the program is there."""
    try:
        with trio.fail_after(START_TIMEOUT):
            while True:
                try:
                    program = await client.account(program_id)
                    break
                except ChainUnavailable as error:
                    log.info("chain_awaited", reason=str(error))
                    await trio.sleep(1)
    except trio.TooSlowError:
        raise StartError(f"the Solana node does not answer within {START_TIMEOUT:.0f} seconds") from None
    if program is None or not program.executable:
        raise StartError(
            f"the program {program_id} is not on this cluster: deploy it, or set SOLANA_PROGRAM_ID"
        )


async def _chain_id(client: ChainClient, *, local: bool) -> str:
    """The chain's name in sign-in texts; the clusters are known by their genesis hashes."""
    if local:
        return "localnet"
    return CLUSTERS.get(await client.genesis_hash(), "localnet")


async def _wind_down(services: Services) -> None:
    """Begin nothing new, and let brains finish what they are at: players who wait for a verdict still get it."""
    ending = services.winding_down
    ending.begin()
    log.info("shutting_down", judging=ending.at_work)
    with trio.move_on_after(services.settings.arena_shutdown_grace):
        await ending.finished()
    if ending.at_work:
        log.warning("judged_after_the_restart", messages=ending.at_work)


async def _serve(
    services: Services, listener: socket.socket, shutdown: trio.Event, on_ready: Callable[[], None]
) -> None:
    limits = RateLimits(services.settings)
    authenticator = Authenticator.of(services)
    app = create_app(services, limits, authenticator)
    conversations = Conversations(services, limits, authenticator)
    try:
        gateway = Gateway(app, services, conversations)
    except TlsUnusable as error:
        raise StartError(str(error)) from error
    async with gateway.open([listener]), trio.open_nursery() as nursery:
        await nursery.start(collect_when_due)
        share_interpreter()
        on_ready()
        await shutdown.wait()
        await _wind_down(services)
        await conversations.connections.close_all(CLOSE_TIMEOUT)
        await gateway.close(CLOSE_TIMEOUT)
        nursery.cancel_scope.cancel()
