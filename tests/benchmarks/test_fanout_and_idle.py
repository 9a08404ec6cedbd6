"""What is measured of many connections that say nothing, with few of them. No figure is judged."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from benchmarks.fanout import __main__ as fanout
from benchmarks.harness import cores
from benchmarks.harness.arena import Arena, arena
from benchmarks.harness.load import Clients
from benchmarks.harness.process import python, running
from benchmarks.idle import __main__ as idle

HERE = cores.split()


@pytest.fixture(scope="module")
def whole() -> Iterator[Arena]:
    with arena(HERE) as whole:
        yield whole


def test_a_broadcast_straight_to_the_connections_reaches_all() -> None:
    with running(python("benchmarks.fanout.on_gateway"), cores=HERE.server) as server:
        took = fanout.straight(server, 20, 2, HERE)
    assert 0 < took.low <= took.median <= took.high


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
