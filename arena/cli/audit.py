"""`arena audit`: compare chain and database, to the lamport, whether the arena runs or not."""

from __future__ import annotations

import json
import sys

import asyncpg
import click
import trio
from rich.console import Console
from solders.pubkey import Pubkey

from arena.audit.auditing import Auditor
from arena.audit.chain_reading import Unreadable
from arena.audit.report import AuditReport
from arena.chain.client import ChainUnavailable, Commitment
from arena.chain.patient import PatientClient
from arena.cli.audit_tables import print_report
from arena.cli.endpoints import NoArena, Sources, program_of, sources
from arena.cli.failure import fail, leaves, settings_or_exit
from persistence import DatabaseUnavailable, open_database

UNREADABLE = 3
"""The exit code when chain or database cannot be read."""
PIPE_WIDTH = 160
CONNECTIONS = 4


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with stable keys.")
@click.argument("bots", metavar="[BOT]...", nargs=-1)
def audit(as_json: bool, bots: tuple[str, ...]) -> None:
    """Compare every bot (or these, by id or address) on the chain with the database, to the lamport.

    Exit code 0: no difference; 1: there are differences; 3: chain or database cannot be read.
    """
    settings = settings_or_exit()
    said: list[str] = []
    report: AuditReport | None = None
    try:
        with sources(settings) as found:
            report = trio.run(_audit, found, program_of(settings), bots)
    except* (NoArena, Unreadable, ChainUnavailable, DatabaseUnavailable) as group:
        said += dict.fromkeys(str(error) for error in leaves(group))
    except* (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        said.append("the database is not that of an arena of this version: run arena migrate")
    except* KeyboardInterrupt:
        said.append("interrupted")
    if said or report is None:
        fail(*said, code=UNREADABLE)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        # a pipe has no width of its own
        print_report(Console(width=None if sys.stdout.isatty() else PIPE_WIDTH), report)
    raise SystemExit(report.exit_code)


async def _audit(found: Sources, program_id: Pubkey, bots: tuple[str, ...]) -> AuditReport:
    async with (
        open_database(found.database_url, max_size=CONNECTIONS) as database,
        PatientClient(found.rpc_url, Commitment.FINALIZED) as client,
    ):
        return await Auditor(client, program_id, database).audit(bots)
