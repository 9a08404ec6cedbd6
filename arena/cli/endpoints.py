"""Where a command finds the chain and the database of an arena, whether it runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from solders.pubkey import Pubkey

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.cli.data_dir import DataDirInUse, hold_data_dir
from arena.localnet import LocalnetConfig, LocalnetError, LocalnetProcess, running_endpoints
from arena.settings import Settings
from persistence import DataDirectoryLocked, EmbeddedPostgres, PostgresStartError


class NoArena(Exception):
    """There is no database, or no chain, to look at; one line that says why."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The URLs of an arena's database and of its chain's node."""

    database_url: str
    rpc_url: str


def program_of(settings: Settings) -> Pubkey:
    """The program's address."""
    configured = settings.solana_program_id
    return DEFAULT_PROGRAM_ID if configured is None else Pubkey.from_string(configured)


def rpc_url_of(settings: Settings) -> str:
    """The node of the settings, or the local chain that runs now.

    Raises:
        NoArena: there is none.
    """
    if settings.solana_rpc_url is not None:
        return settings.solana_rpc_url
    running = running_endpoints(settings.arena_data_dir / "localnet")
    if running is None:
        raise NoArena("no local chain runs here: name a node with --rpc, or start the arena")
    return running[0]


@contextmanager
def sources(settings: Settings) -> Iterator[Sources]:
    """Database and chain: those that the settings name, those of the running arena, or, when none runs, its Postgres
    and its local chain started for as long as the block lasts.

    To be entered from the main thread, since children end with the thread that started them.

    Raises:
        NoArena: there is no arena, or it cannot be started.
    """
    if settings.database_url is not None and settings.solana_rpc_url is not None:
        yield Sources(settings.database_url, settings.solana_rpc_url)
        return
    folder = settings.arena_data_dir
    if settings.has_embedded_database and not (folder / "postgres").is_dir():
        raise NoArena(
            f"there is no arena in {folder}: set ARENA_DATA_DIR, or DATABASE_URL and SOLANA_RPC_URL"
        )
    with ExitStack() as stack:
        try:
            stack.enter_context(hold_data_dir(folder))
        except DataDirInUse:
            yield _running(settings)
            return
        try:
            found = _started(settings, stack)
        except (DataDirectoryLocked, PostgresStartError, LocalnetError) as error:
            raise NoArena(str(error)) from error
        yield found


def _running(settings: Settings) -> Sources:
    postgres = EmbeddedPostgres(settings.arena_data_dir / "postgres")
    return Sources(settings.database_url or postgres.dsn, rpc_url_of(settings))


def _started(settings: Settings, stack: ExitStack) -> Sources:
    folder = settings.arena_data_dir
    database_url, rpc_url = settings.database_url, settings.solana_rpc_url
    if database_url is None:
        postgres = EmbeddedPostgres(folder / "postgres")
        stack.callback(postgres.stop)
        database_url = postgres.start()
    if rpc_url is None:
        chain = LocalnetProcess(
            LocalnetConfig(
                data_dir=folder.resolve() / "localnet",
                rpc_port=0,
                slot_ms=settings.arena_slot_ms,
                programs={program_of(settings): program_path()},
            )
        )
        rpc_url, _ = chain.start()
        stack.callback(chain.stop)
    return Sources(database_url, rpc_url)
