"""Commands fail in one clear line, with an exit code that says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arena.server import LOCK
from persistence import hold_lock
from tests.arena.cli.run import run


def arena(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ARENA_", "SOLANA_", "DATABASE"))
    }
    root = str(Path(__file__).parents[3])
    return subprocess.run(
        [sys.executable, "-m", "arena", *arguments],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": root, "ARENA_DATA_DIR": str(cwd / "data"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_start_imports_nothing_that_only_tests_and_other_clients_need() -> None:
    code = """
import sys, arena.cli.serve
print([name for name in ("anchorpy", "solana", "pytest") if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_help_lists_the_commands(tmp_path: Path) -> None:
    said = arena("--help", cwd=tmp_path)
    assert said.returncode == 0
    for command in (
        "serve",
        "demo",
        "audit",
        "bots",
        "verify",
        "close",
        "refund",
        "rotate-keys",
        "localnet",
        "migrate",
        "export-openapi",
        "token",
        "export-frames",
    ):
        assert command in said.stdout


def test_the_documented_schema_of_frames_is_the_one_that_is_exported(tmp_path: Path) -> None:
    """If this fails: arena export-frames docs/frames.schema.json"""
    documented = (Path(__file__).parents[3] / "docs" / "frames.schema.json").read_text("utf-8")
    said = arena("export-frames", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, documented)
    assert arena("export-frames", "frames.json", cwd=tmp_path).returncode == 0
    assert (tmp_path / "frames.json").read_text("utf-8") == documented
    missing = arena("export-frames", "nowhere/frames.json", cwd=tmp_path)
    assert (missing.returncode, len(missing.stderr.splitlines())) == (1, 1)


def test_every_wrong_setting_is_a_line_and_the_exit_code_is_two(tmp_path: Path) -> None:
    said = arena("serve", cwd=tmp_path, ARENA_PORT="eighty", ENV="staging")
    assert said.returncode == 2
    lines = said.stderr.splitlines()
    assert len(lines) == 2
    assert {line.split(":")[1].strip() for line in lines} == {"ARENA_PORT", "ENV"}


def test_a_port_that_is_taken_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        said = arena("serve", cwd=tmp_path, ARENA_PORT=str(port))
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        f"arena: cannot listen on 127.0.0.1:{port}: Address already in use; set ARENA_HOST or ARENA_PORT"
    ]
    assert not (tmp_path / "data" / "postgres").exists()


def test_production_refuses_what_is_for_development(tmp_path: Path) -> None:
    said = arena("serve", cwd=tmp_path, ENV="production")
    assert said.returncode == 2
    assert "JWT_SECRET" in said.stderr
    assert "SOLANA_RPC_URL" in said.stderr


def test_migrating_twice_applies_everything_once(tmp_path: Path) -> None:
    first, second = arena("migrate", cwd=tmp_path), arena("migrate", cwd=tmp_path)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "applied arena/0001_game.sql" in first.stdout
    assert second.stdout == "the database is up to date\n"


@pytest.mark.parametrize("command", ["demo", "token"])
def test_an_arena_that_is_not_there_is_said_to_be_unreachable(tmp_path: Path, command: str) -> None:
    key = tmp_path / "key.json"
    from arena.keys import generated_keypair

    generated_keypair(key)
    arguments = ["--key", str(key)] if command == "token" else []
    said = arena(command, "--url", "http://127.0.0.1:1", *arguments, cwd=tmp_path)
    assert said.returncode == 1
    assert "unreachable" in said.stderr
    assert len(said.stderr.splitlines()) == 1


async def test_a_database_has_one_arena_whatever_its_keys(dsn: str, tmp_path: Path) -> None:
    async with hold_lock(dsn, LOCK):
        said = await run("serve", "--no-demo", cwd=tmp_path, DATABASE_URL=dsn, ARENA_PORT="0")
    assert said.returncode == 1
    assert b"another arena runs on this database: stop it first" in said.stderr
