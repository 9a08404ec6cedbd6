"""Raw bytes of every kind. `make fuzz SECONDS=60` tries for longer."""

from __future__ import annotations

import pytest

from tests.arena.front.fuzzing.attempts import Kind
from tests.arena.front.fuzzing.campaign import campaign
from tests.fixtures.echo_server import echo_server

MEMORY = 8 * 2**20
"""Bytes that the process may have grown by after the warm-up: what an allocator keeps."""


@pytest.mark.parametrize(
    ("seed", "seconds"), [(20261123, 8), pytest.param(7, 60, marks=pytest.mark.long)], ids=["short", "long"]
)
async def test_whatever_is_sent_nobody_else_notices(seed: int, seconds: float) -> None:
    async with echo_server(arena_connections_per_address=0) as server:
        report = await campaign(server, seed=seed, seconds=seconds)
        assert server.traffic.faults == 0
        assert len(server.gateway) == 0
    assert set(report.tried) == set(Kind)
    assert report.echoes > 10 * seconds
    assert report.pages > 10 * seconds
    assert report.descriptors[1] <= report.descriptors[0]
    assert report.memory[1] - report.memory[0] < MEMORY
