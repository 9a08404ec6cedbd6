"""`arena migrate`: bring the database up to date, without starting the arena."""

from __future__ import annotations

import click
import trio

import persistence
from arena import store
from arena.cli.data_dir import DataDirInUse, hold_data_dir
from arena.cli.failure import fail, settings_or_exit
from persistence import (
    DatabaseUnavailable,
    DataDirectoryLocked,
    EmbeddedPostgres,
    MigrationError,
    PostgresStartError,
    open_database,
)


@click.command()
def migrate() -> None:
    """Apply all migrations that the database does not have yet."""
    settings = settings_or_exit()
    try:
        if settings.database_url is not None:
            applied = trio.run(_migrate, settings.database_url)
        else:
            with hold_data_dir(settings.arena_data_dir):
                postgres = EmbeddedPostgres(settings.arena_data_dir / "postgres")
                url = postgres.start()
                try:
                    applied = trio.run(_migrate, url)
                finally:
                    postgres.stop()
    except (
        DataDirInUse,
        DataDirectoryLocked,
        DatabaseUnavailable,
        MigrationError,
        PostgresStartError,
    ) as error:
        fail(str(error))
    click.echo("\n".join(f"applied {name}" for name in applied) or "the database is up to date")


async def _migrate(database_url: str) -> list[str]:
    async with open_database(database_url) as database:
        return await persistence.migrate(database, persistence.MIGRATIONS, store.MIGRATIONS)
