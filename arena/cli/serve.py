"""`arena serve`: run the arena, with whatever it needs that is not named in the settings."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.cli.children import Children, children
from arena.cli.data_dir import DataDirInUse, hold_data_dir
from arena.cli.failure import fail, leaves, settings_or_exit
from arena.cli.logs import configure_logs
from arena.keys import KeyRing, generated_keypair, load_keys
from arena.localnet.config import LocalnetConfig
from arena.localnet.errors import LocalnetError
from arena.localnet.process import LocalnetProcess
from arena.process import raise_descriptor_limit
from arena.server import Endpoints, StartError, run_arena
from arena.settings import Settings, SettingsError
from persistence import DataDirectoryLocked, EmbeddedPostgres, MigrationError, PostgresStartError

log = structlog.get_logger(__name__)

BACKLOG = 4096
"""Connections that wait to be accepted; the system may allow fewer (`net.core.somaxconn`)."""
EXPECTED = (
    StartError,
    DataDirInUse,
    DataDirectoryLocked,
    PostgresStartError,
    LocalnetError,
    MigrationError,
)
"""What an operator can put right: said in a line, without a traceback."""


@click.command()
@click.option("--no-demo", is_flag=True, help="Do not open the demo bots on the local chain.")
def serve(no_demo: bool) -> None:
    """Run the arena. Without settings it brings its own Postgres and its own local chain."""
    settings = settings_or_exit()
    configure_logs(settings)
    said: list[str] = []
    try:
        keys = load_keys(settings)
        raise_descriptor_limit()
        with _listener(settings) as listener, hold_data_dir(settings.arena_data_dir), children() as kept:
            endpoints = _start_children(settings, kept)
            house = None if no_demo or not endpoints.local_chain else _house(settings)
            trio.run(_run, settings, keys, endpoints, listener, house, kept)
    except* SettingsError as group:
        said += [line for error in leaves(group) for line in error.problems]
    except* EXPECTED as group:
        said += [str(error) for error in leaves(group)]
    if said:
        fail(*said)


@contextmanager
def _listener(settings: Settings) -> Iterator[socket.socket]:
    """The port, taken before anything is started."""
    host, port = settings.arena_host, settings.arena_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            fail(f"cannot listen on {host}:{port}: {error.strerror}; set ARENA_HOST or ARENA_PORT")
        listener.listen(BACKLOG)
        listener.setblocking(False)
        yield listener


def _start_children(settings: Settings, kept: Children) -> Endpoints:
    database_url = settings.database_url
    if database_url is None:
        _say("starting Postgres (the first start initialises it) ...")
        postgres = EmbeddedPostgres(settings.arena_data_dir / "postgres")
        database_url = kept.start("postgres", postgres, postgres.start)
    rpc_url, ws_url = settings.solana_rpc_url, settings.ws_url
    if rpc_url is not None and ws_url is not None:
        return Endpoints(database_url, rpc_url, ws_url, local_chain=False)
    _say("starting the local chain ...")
    configured = settings.solana_program_id
    program_id = DEFAULT_PROGRAM_ID if configured is None else Pubkey.from_string(configured)
    localnet = LocalnetProcess(
        LocalnetConfig(
            data_dir=settings.arena_data_dir.resolve() / "localnet",
            rpc_port=settings.arena_rpc_port,
            slot_ms=settings.arena_slot_ms,
            programs={program_id: program_path()},
            forkable=settings.arena_chain_faults,
            faulty=settings.arena_chain_faults,
        )
    )
    rpc_url, ws_url = kept.start("localnet", localnet, localnet.start)
    return Endpoints(database_url, rpc_url, ws_url, local_chain=True)


def _house(settings: Settings) -> Keypair:
    """The wallet that opens the demo bots."""
    return generated_keypair(Path(settings.arena_data_dir) / "keys" / "house.json")


async def _run(
    settings: Settings,
    keys: KeyRing,
    endpoints: Endpoints,
    listener: socket.socket,
    house: Keypair | None,
    kept: Children,
) -> None:
    shutdown = trio.Event()
    port = listener.getsockname()[1]

    def ready() -> None:
        scheme = "http" if settings.arena_tls_certificate is None else "https"
        host = settings.arena_host if ":" not in settings.arena_host else f"[{settings.arena_host}]"
        click.echo(f"\n  Arena is open: {scheme}://{host}:{port}\n", err=False)
        click.echo(f"  Play a round in a second terminal: arena demo --url {scheme}://{host}:{port}\n")
        sys.stdout.flush()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_on_signals, shutdown)
        nursery.start_soon(kept.watch)
        await run_arena(settings, keys, endpoints, listener, house=house, shutdown=shutdown, on_ready=ready)
        nursery.cancel_scope.cancel()


async def _on_signals(shutdown: trio.Event) -> None:
    """The first signal ends in order, a second one at once."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if shutdown.is_set():
                raise StartError("ended at once, by a second signal")
            _say("shutting down; once more to end at once")
            shutdown.set()


def _say(text: str) -> None:
    click.echo(f"arena: {text}", err=True)
