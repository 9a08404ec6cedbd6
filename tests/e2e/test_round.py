"""Whole rounds on real parts: a real server process, its own Postgres and local chain, real sockets."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from arena.economy import FeeSchedule, Split
from tests.e2e.arena_process import arena_process
from tests.e2e.player import PHRASE, SOL, Player, call_chain, funded_client, lamports, open_bot

FEES = FeeSchedule(SOL // 100, 100, SOL // 10)
SPLIT = Split(8_000, 1_000)
FEE_SIGNATURES = 2 * 5_000
"""What the network takes for a payment: two signatures."""


async def test_the_demo_plays_a_round_and_every_figure_is_right(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start()
        result = await trio.run_process(
            [sys.executable, "-m", "arena", "demo", "--url", arena.url],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env={**os.environ, "COLUMNS": "140"},
        )
        output = result.stdout.decode()
        assert result.returncode == 0, output + result.stderr.decode()
        assert "wrong" not in output
        assert output.count("right") == 5


async def test_the_demo_bots_are_open_after_the_first_start_and_once_after_the_second(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena", demo=True) as arena:
        for _ in range(2):
            await arena.start()
            async with funded_client(arena.url) as client:
                with trio.fail_after(60):
                    while True:
                        listed = (await client.call("GET", "/bots"))["bots"]
                        if [bot["status"] for bot in listed] == ["open"] * 6:
                            break
                        await trio.sleep(0.2)
            arena.end()
        assert len({bot["name"] for bot in listed}) == 6


@pytest.mark.parametrize(
    "fault", [{"how": "rateLimited", "retryAfter": 1, "requests": 20}, {"how": "lagging", "slots": 20}]
)
async def test_a_round_goes_on_while_the_node_is_rude_or_behind(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    with arena_process(tmp_path / "arena", chain_faults=True) as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            bot = await open_bot(creator)
            player = Player(winner, bot["id"])
            await call_chain(winner, "arena_misbehave", fault)
            assert (await player.say("A lantern?"))["verdict"] == "unsolved"
            assert (await player.say(f"It must be {PHRASE}"))["verdict"] == "solved"
            await call_chain(winner, "arena_misbehave")
            await player.until(type="settlement", status="closed")
            assert len(player.seen(type="reply")) == 2
            assert await lamports(winner, bot["address"]) == 0


async def test_a_solution_that_a_fork_takes_back_counts_when_it_lands_again(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena", chain_faults=True) as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            before = await lamports(winner, winner.address)
            bot = await open_bot(creator)
            player = Player(winner, bot["id"])
            assert (await player.say("A lantern?"))["verdict"] == "unsolved"
            assert (await player.say(f"It must be {PHRASE}"))["verdict"] == "solved"
            [_, payment] = player.seen(type="payment", status="confirmed")
            [status] = (await call_chain(winner, "getSignatureStatuses", [payment["signature"]]))["value"]
            await call_chain(winner, "arena_dropSlots", {"from": status["slot"]})
            rollback = await player.until(type="rollback")
            assert rollback["message_count"] == 1
            await player.until(type="settlement", status="closed")

            assert [reply["verdict"] for reply in player.seen(type="reply")] == [
                "unsolved",
                "solved",
                "solved",
            ]
            assert len(player.seen(type="settlement", status="paid")) == 1
            fees = FEES.price(0) + FEES.price(1) + 2 * FEE_SIGNATURES
            reward = SOL // 2 + sum(SPLIT.divide(FEES.price(count)).pot for count in (0, 1))
            assert await lamports(winner, winner.address) == before - fees + reward
            assert await lamports(winner, bot["address"]) == 0


async def test_ctrl_c_ends_in_order_and_the_next_start_has_everything(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator:
            bot = await open_bot(creator)
        arena.interrupt()
        assert await arena.died(within=20) == 0
        assert "Traceback" not in arena.log
        await arena.start()
        async with funded_client(arena.url) as winner:
            player = Player(winner, bot["id"])
            assert (await player.say(f"It must be {PHRASE}"))["verdict"] == "solved"


async def test_who_comes_while_the_arena_ends_is_refused_at_once(tmp_path: Path) -> None:
    """And not left waiting in a queue that nobody reads: clients that were told to connect again do so immediately."""
    with arena_process(tmp_path / "arena") as arena:
        await arena.start()
        async with httpx.AsyncClient() as idle:
            await idle.get(f"{arena.url}/api/v1/health")  # an idle connection holds up the end for a while
            arena.terminate()
            with trio.fail_after(3):
                while True:
                    try:
                        await (await trio.open_tcp_stream("127.0.0.1", arena.port)).aclose()
                    except OSError:
                        break
                    await trio.sleep(0.05)
            assert await arena.died(within=20) == 0


async def test_a_second_arena_on_the_same_directory_says_so_and_ends(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena") as arena, arena_process(tmp_path / "arena") as second:
        await arena.start()
        second._spawn({**os.environ, "ARENA_DATA_DIR": str(arena.data_dir), "ARENA_PORT": str(second.port)})
        assert await second.died() == 1
        assert "is used by another arena" in arena.log
