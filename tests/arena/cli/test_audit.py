"""`arena audit` as operators run it."""

from __future__ import annotations

import json
from pathlib import Path

from arena.store.bots import BotStatus
from tests.arena.cli.run import run
from tests.arena.game.conftest import FEE, PHRASE, POT, Arena


async def solved(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    await (await arena.player(bot_id)).say(PHRASE)
    await arena.until(bot_id, BotStatus.CLOSED)


async def test_no_difference_is_exit_code_zero_and_a_lamport_more_is_one(
    arena: Arena, tmp_path: Path
) -> None:
    await solved(arena)
    live = await arena.open_bot(await arena.wallet())
    where = {"DATABASE_URL": arena.services.database.dsn, "SOLANA_RPC_URL": arena.endpoints.rpc_url}
    said = await run("audit", "--json", cwd=tmp_path, **where)
    assert said.returncode == 0, said.stdout.decode() + said.stderr.decode()
    report = json.loads(said.stdout)
    assert (report["version"], report["ok"], report["differences"], len(report["bots"])) == (1, True, 0, 2)
    assert {wallet["paid_in"] for wallet in report["wallets"]} >= {FEE}

    said = await run("audit", cwd=tmp_path, **where)
    assert said.returncode == 0
    assert "No difference in 2 bots" in said.stdout.decode()
    assert f"{POT:,}" in said.stdout.decode()

    await arena.services.database.execute("update bots set pot = pot + 1 where id = $1", live)
    said = await run("audit", str(live), cwd=tmp_path, **where)
    assert said.returncode == 1
    assert f"pot after event 1: expected {POT}, found {POT + 1}" in said.stdout.decode()


async def test_a_chain_or_a_database_that_cannot_be_read_is_exit_code_three(
    arena: Arena, tmp_path: Path
) -> None:
    dsn, rpc_url = arena.services.database.dsn, arena.endpoints.rpc_url
    said = await run("audit", cwd=tmp_path, DATABASE_URL=dsn, SOLANA_RPC_URL="http://127.0.0.1:1")
    assert (said.returncode, len(said.stderr.splitlines())) == (3, 1), said.stderr
    gone = "postgresql://postgres@127.0.0.1:1/none"
    said = await run("audit", cwd=tmp_path, DATABASE_URL=gone, SOLANA_RPC_URL=rpc_url)
    assert (said.returncode, len(said.stderr.splitlines())) == (3, 1), said.stderr


async def test_a_database_without_tables_is_exit_code_three(
    arena: Arena, tmp_path: Path, postgres_server: object
) -> None:
    from tests.fixtures.postgres import PostgresServer

    assert isinstance(postgres_server, PostgresServer)
    with postgres_server.database_without_tables() as dsn:
        said = await run("audit", cwd=tmp_path, DATABASE_URL=dsn, SOLANA_RPC_URL=arena.endpoints.rpc_url)
    assert said.returncode == 3
    assert b"arena migrate" in said.stderr


async def test_where_no_arena_is_none_is_made(tmp_path: Path) -> None:
    said = await run("audit", cwd=tmp_path)
    assert said.returncode == 3
    assert b"there is no arena in" in said.stderr
    assert not (tmp_path / "data").exists()
