"""Whole rounds on real parts: a real server process, its own Postgres and local chain, real sockets."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from arena.economy import FeeSchedule, Split
from tests.e2e.arena_process import ArenaProcess, arena_process
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
                        if [bot["status"] for bot in listed] == ["open"] * 3:
                            break
                        await trio.sleep(0.2)
            arena.end()
        assert len({bot["name"] for bot in listed}) == 3


KILLS = [
    # the bot is being opened
    "creation_committed",
    "event_committed:1",
    # the player has paid, there is no verdict yet
    "payment_committed",
    "payment_submitted",
    "event_received:2",
    "event_committed:2",
    "brain_running",
    "verdict_reached",
    # there is a solving verdict, the money has not moved finally
    "verdict_committed",
    "settle_planned",
    "settle_committed",
    "settle_submitted",
    "settle_ended",
    "close_committed",
    "close_submitted",
    "close_ended",
]
SAMPLED = {"payment_committed", "verdict_reached", "settle_submitted"}


@pytest.mark.parametrize(
    "crash_at",
    [pytest.param(name, marks=[] if name in SAMPLED else pytest.mark.long) for name in KILLS],
)
async def test_a_server_killed_in_the_middle_gives_verdict_and_pot_exactly_once(
    tmp_path: Path, crash_at: str
) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start(crash_at=crash_at)
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            before = await lamports(winner, winner.address)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_restart_once_killed, arena)
                bot = await open_bot(creator)
                player = Player(winner, bot["id"])
                reply = await player.say(f"It must be {PHRASE}")
                assert reply["verdict"] == "solved"
                await player.until(type="settlement", status="closed")

            reward = SOL // 2 + SPLIT.divide(FEES.price(0)).pot
            assert await lamports(winner, winner.address) == before - FEES.price(0) - FEE_SIGNATURES + reward
            assert await lamports(winner, bot["address"]) == 0
            assert [frame["seq"] for frame in player.frames] == sorted(
                {frame["seq"] for frame in player.frames}
            )
            for kind in ({"type": "reply"}, {"type": "settlement", "status": "paid"}):
                assert len(player.seen(**kind)) == 1


@pytest.mark.parametrize("killed", ["postgres", "chain", "both"])
async def test_a_round_goes_on_when_postgres_and_the_chain_are_killed(tmp_path: Path, killed: str) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            bot = await open_bot(creator)
            player = Player(winner, bot["id"])
            assert (await player.say("A lantern?"))["verdict"] == "unsolved"
            if killed != "chain":
                arena.kill_postgres()
            if killed != "postgres":
                arena.kill_chain()
            assert (await player.say(f"It must be {PHRASE}"))["verdict"] == "solved"
            await player.until(type="settlement", status="closed")
            assert len(player.seen(type="reply")) == 2
            assert await lamports(winner, bot["address"]) == 0


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


async def test_of_two_who_solve_at_once_the_first_on_chain_wins_and_the_other_is_refunded(
    tmp_path: Path,
) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start()
        async with (
            funded_client(arena.url) as creator,
            funded_client(arena.url) as one,
            funded_client(arena.url) as other,
        ):
            bot = await open_bot(creator, fee_growth_bps=0)
            before = {client.address: await lamports(client, client.address) for client in (one, other)}
            players = {client.address: Player(client, bot["id"]) for client in (one, other)}
            ends: dict[str, dict[str, Any]] = {}

            async def solve(address: str) -> None:
                ends[address] = await players[address].try_to_say(f"It is {PHRASE}")
                await players[address].until(type="settlement", status="closed")

            async with trio.open_nursery() as nursery:
                for address in players:
                    nursery.start_soon(solve, address)

            price = FEES.price(0)
            [winner] = [address for address, end in ends.items() if end["type"] == "reply"]
            [loser] = [address for address in ends if address != winner]
            assert (ends[winner]["message_index"], ends[loser]["message_index"]) == (1, 2)
            assert (ends[loser]["reason"], ends[loser]["amount"]) == ("late", price)
            reward = SOL // 2 + SPLIT.divide(price).pot
            assert await lamports(one, winner) == before[winner] - price - FEE_SIGNATURES + reward
            assert await lamports(one, loser) == before[loser] - FEE_SIGNATURES
            assert await lamports(one, bot["address"]) == 0


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


async def test_a_second_arena_on_the_same_directory_says_so_and_ends(tmp_path: Path) -> None:
    with arena_process(tmp_path / "arena") as arena, arena_process(tmp_path / "arena") as second:
        await arena.start()
        second._spawn({**os.environ, "ARENA_DATA_DIR": str(arena.data_dir), "ARENA_PORT": str(second.port)})
        assert await second.died() == 1
        assert "is used by another arena" in arena.log


async def _restart_once_killed(arena: ArenaProcess) -> None:
    assert await arena.died() == -9
    await arena.start()
