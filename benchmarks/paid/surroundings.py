"""What an arena stands on in a benchmark: Postgres with a world in it, and a node that tells of the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import trio

from arena.keys import load_keys
from arena.settings import load_settings
from benchmarks.harness.cores import Cores, pinned
from benchmarks.paid import world
from benchmarks.paid.chain import BotOnChain
from benchmarks.paid.processes import Process, running_module
from persistence import EmbeddedPostgres, open_database

WAL_FILE_MIB = 16


@dataclass(frozen=True, slots=True)
class Ground:
    """A Postgres with bots and players in it, and the settings of an arena that knows them."""

    postgres: EmbeddedPostgres
    made: world.World
    environment: dict[str, str]


@contextmanager
def open_ground(
    folder: Path, here: Cores, *, bots: int, sessions: int, wal_files: int = 0
) -> Iterator[Ground]:
    """Make them in this folder; Postgres runs on the other cores than the server's.

    Args:
        wal_files: how many of them there are to be written over, see `make_wal_files`.
    """
    common = {"ARENA_DATA_DIR": str(folder / "arena"), "ARENA_PUBLIC_URL": "http://127.0.0.1"}
    settings = load_settings(None, **{name.lower(): value for name, value in common.items()})
    keys = load_keys(settings)
    kept = {"min_wal_size": f"{wal_files * WAL_FILE_MIB}MB"} if wal_files else {}
    postgres = EmbeddedPostgres(folder / "postgres", settings=kept)
    try:
        with pinned(here.others):
            postgres.start()
        made = trio.run(
            lambda: world.create(postgres.dsn, settings, keys, bot_count=bots, session_count=sessions)
        )
        if wal_files:
            trio.run(make_wal_files, postgres.dsn, wal_files)
        environment = {
            **common,
            "ARENA_RATE_LIMITS": "false",
            "ARENA_CONNECTIONS_PER_ADDRESS": "0",
            "DATABASE_URL": postgres.dsn,
        }
        yield Ground(postgres, made, environment)
    finally:
        postgres.stop()


async def make_wal_files(dsn: str, count: int) -> None:
    """Have Postgres make its files of the log beforehand, as it has them after some days of play.

    A new cluster makes one whenever it has filled one, here every two or three seconds; all commits wait 65 ms for it.
    """
    async with open_database(dsn, max_size=1) as database:
        for _ in range(count):
            await database.execute("select pg_logical_emit_message(false, 'benchmark', '')")
            await database.execute("select pg_switch_wal()")
        await database.execute("checkpoint")


@contextmanager
def running_node(bots: Sequence[BotOnChain], here: Cores) -> Iterator[tuple[Process, dict[str, str]]]:
    """A node whose chain has these bots, and the settings of an arena that asks it."""
    with running_module("benchmarks.paid.node", here.others) as node:
        node.tell(
            [
                {**asdict(bot), "bot_id": bot.bot_id.hex(), "founding_key": bot.founding_key.hex()}
                for bot in bots
            ]
        )
        rpc_port, ws_port = node.hear()
        yield (
            node,
            {
                "SOLANA_RPC_URL": f"http://127.0.0.1:{rpc_port}",
                "SOLANA_WS_URL": f"ws://127.0.0.1:{ws_port}",
            },
        )
