"""What is measured of many connections that say nothing, with few of them. No figure is judged."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from benchmarks.fanout import __main__ as fanout
from benchmarks.fanout.__main__ import Took
from benchmarks.harness import cores
from benchmarks.harness.arena import Arena, arena
from benchmarks.harness.load import Clients
from benchmarks.harness.process import python, running
from benchmarks.harness.report import Spread
from benchmarks.harness.sides import all_running
from benchmarks.idle import __main__ as idle

HERE = cores.split()


@pytest.fixture(scope="module")
def whole() -> Iterator[Arena]:
    with arena(HERE) as whole:
        yield whole


@pytest.mark.parametrize("side", fanout.sides())
def test_what_one_says_begins_a_broadcast_to_all(side: str) -> None:
    with running(python(fanout.SIDES[side]), cores=HERE.server) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        before = time.monotonic_ns()
        with connect(url, compression=None) as listener, connect(url, compression=None) as speaker:
            speaker.send("Hear, hear!")
            heard = speaker.recv(timeout=10, decode=True)
            assert listener.recv(timeout=10, decode=True) == heard
        frame = json.loads(heard)
        assert frame.pop("number") in range(before, time.monotonic_ns())
        assert frame == {"type": "bot", "text": 200 * "x"}


def test_broadcasts_of_all_sides_are_measured_side_by_side() -> None:
    sides = fanout.sides()
    with all_running(sides, cores=HERE.server) as servers:
        runs = fanout.straight(servers, connections=20, rounds=2, cores=HERE)
    assert {name: len(side) for name, side in runs.items()} == dict.fromkeys(sides, 2)
    assert all(took.milliseconds > 0 and took.server_cpu > 0 for side in runs.values() for took in side)


def test_a_broadcast_of_ours_is_compared_round_by_round() -> None:
    ours, theirs = [Took(10, 1), Took(30, 1)], [Took(20, 4), Took(40, 2)]
    rows = list(fanout.compared(1000, {"ours": ours, "theirs": theirs}))
    assert rows == [
        ["straight, ours", 1000, Spread(20, 10, 30), "", Spread(1, 1, 1), ""],
        [
            "straight, theirs",
            1000,
            Spread(30, 20, 40),
            Spread(0.625, 0.5, 0.75),
            Spread(3, 2, 4),
            Spread(0.375, 0.25, 0.5),
        ],
    ]


def test_the_lobby_of_an_arena_tells_all_of_a_spectator(whole: Arena) -> None:
    took = fanout.through_lobby(whole, 20, 3, HERE)
    assert 0 < took.low <= took.median <= took.high


def test_what_an_arena_stands_on_is_not_on_its_core(whole: Arena) -> None:
    children = whole.server.children()
    assert len(children) > 2  # Postgres with its own, and the chain
    assert os.sched_getaffinity(whole.server.pid) == HERE.server
    assert {frozenset(os.sched_getaffinity(child)) for child in children} == {HERE.others}


def test_idle_connections_cost_memory_and_opening(whole: Arena) -> None:
    lobby = Clients(50, ("/ws/lobby",), greeting='"type":"lobby"')
    cost = idle.cost(whole.server, lobby, HERE, settle=0.1, idle=0.1)
    assert cost.connections == 50
    assert cost.opening > 0
    assert cost.opening_cpu > 0


def test_idle_connections_behind_the_gateway_alone() -> None:
    with running(python("benchmarks.idle.on_gateway"), cores=HERE.server) as server:
        cost = idle.cost(server, Clients(50), HERE, settle=0.1, idle=0.1)
    assert cost.memory > 0
