"""The crash matrix: whatever is killed at whichever step, the round ends as if nothing had happened.

At each named step (see `arena.crashpoints`) the server dies, or it stands still there while Postgres or the local chain
is killed, or all three are. Some of it runs with every test run, all of it with the long ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from arena.economy import FeeSchedule, Split
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import PHRASE, SOL, Player, funded_client, lamports, open_bot

FEES = FeeSchedule(SOL // 100, 0, SOL // 100)
PRICE = FEES.price(0)
SPLIT = Split(8_000, 1_000)
FEE_SIGNATURES = 2 * 5_000

STEPS = [
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
    "close_planned",
    "close_committed",
    "close_submitted",
    "close_ended",
]
REFUND_STEPS = ["refund_planned", "refund_committed", "refund_submitted", "refund_ended"]
VICTIMS = ["server", "postgres", "chain", "all"]
SAMPLED = {
    ("payment_committed", "server"),
    ("settle_submitted", "server"),
    ("event_received:2", "postgres"),
    ("payment_submitted", "chain"),
    ("refund_submitted", "server"),
}


def matrix(steps: list[str]) -> list[Any]:
    return [
        pytest.param(step, victim, marks=[] if (step, victim) in SAMPLED else pytest.mark.long)
        for step in steps
        for victim in VICTIMS
    ]


async def strike(arena: ArenaProcess, victim: str) -> None:
    """Kill the victim once the server is at its crash point, and see that everything comes up again."""
    if victim == "server":
        assert await arena.died() == -9
        await arena.start()
        return
    await arena.stopped()
    if victim in ("postgres", "all"):
        arena.kill_postgres()
    if victim in ("chain", "all"):
        arena.kill_chain()
    if victim == "all":
        arena.kill()
        await arena.start()
    else:
        arena.go_on()


@pytest.mark.parametrize(("step", "victim"), matrix(STEPS))
async def test_a_round_ends_as_if_nothing_had_happened(tmp_path: Path, step: str, victim: str) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start(crash_at=step if victim == "server" else f"{step}!stop")
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            before = await lamports(winner, winner.address)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(strike, arena, victim)
                bot = await open_bot(creator, fee_growth_bps=0)
                player = Player(winner, bot["id"])
                reply = await player.say(f"It must be {PHRASE}")
                assert reply["verdict"] == "solved"
                await player.until(type="settlement", status="closed")

            reward = SOL // 2 + SPLIT.divide(PRICE).pot
            assert await lamports(winner, winner.address) == before - PRICE - FEE_SIGNATURES + reward
            assert await lamports(winner, bot["address"]) == 0
            assert [frame["seq"] for frame in player.frames] == sorted(
                {frame["seq"] for frame in player.frames}
            )
            for kind in ({"type": "reply"}, {"type": "settlement", "status": "paid"}):
                assert len(player.seen(**kind)) == 1


@pytest.mark.parametrize(("step", "victim"), matrix(REFUND_STEPS))
async def test_who_was_too_late_is_refunded_exactly_once(tmp_path: Path, step: str, victim: str) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start(crash_at=step if victim == "server" else f"{step}!stop")
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
                nursery.start_soon(strike, arena, victim)
                for address in players:
                    nursery.start_soon(solve, address)

            [winner] = [address for address, end in ends.items() if end["type"] == "reply"]
            [loser] = [address for address in ends if address != winner]
            assert (ends[winner]["message_index"], ends[loser]["message_index"]) == (1, 2)
            assert (ends[loser]["reason"], ends[loser]["amount"]) == ("late", PRICE)
            reward = SOL // 2 + SPLIT.divide(PRICE).pot
            assert await lamports(one, winner) == before[winner] - PRICE - FEE_SIGNATURES + reward
            assert await lamports(one, loser) == before[loser] - FEE_SIGNATURES
            assert await lamports(one, bot["address"]) == 0
            assert len(players[loser].seen(type="refund", status="paid")) == 1
