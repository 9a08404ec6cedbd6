"""The last hour in figures, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from httpx import Response

from arena.game.figures import NAMES, STEP
from tests.fixtures.front import Front

FIGURES = "/admin/figures"
NOW = 1_772_366_400


async def get(front: Front, **query: Any) -> Response:
    """As an operator."""
    assert front.services.keys.admin is not None
    operator = await front.player(front.services.keys.admin)
    return await front.http.get(FIGURES, params=query, headers=operator.headers)


async def test_a_page_polls_only_what_is_new(front: Front) -> None:
    front.services.figures.sample(NOW)
    empty = (await get(front)).json()
    assert empty == {"step": STEP, "until": NOW, "series": {name: [] for name in NAMES}}
    front.services.figures.sample(NOW + STEP, chain_slot_lag=2)
    first = (await get(front, since=NOW)).json()
    assert (first["until"], first["series"]["chain_slot_lag"]) == (NOW + STEP, [2])
    assert first["series"]["requests"][0] > 0
    assert first["series"]["quote_p50"] == [None]
    front.services.figures.sample(NOW + 2 * STEP)
    assert (await get(front, since=first["until"])).json()["series"]["chain_slot_lag"] == [None]
    everything = (await get(front)).json()
    assert {len(values) for values in everything["series"].values()} == {2}
    nothing = (await get(front, since=everything["until"])).json()
    assert nothing["series"] == empty["series"]


async def test_requests_are_counted_also_those_that_are_refused(front: Front) -> None:
    before = front.services.traffic.requests
    for path in ("/api/v1/health/live", "/api/v1/nothing", "/admin/figures"):
        await front.http.get(path)
    assert front.services.traffic.requests - before == 3


async def test_websockets_and_their_frames_are_counted(front: Front) -> None:
    traffic, player = front.services.traffic, await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        assert traffic.connections == 1
        before = traffic.frames_in, traffic.frames_out
        await client.send(type="ping")
        await client.receive_type("pong")
        await client.send(type="ping")
        await client.receive_type("pong")
        # what is sent is counted once it is off our hands, which the client may hear of first
        assert (traffic.frames_in - before[0], traffic.frames_out - before[1] >= 1) == (2, True)
    with trio.fail_after(5):
        while traffic.connections:
            await trio.sleep(0.01)


async def test_only_operators_may_look(front: Front) -> None:
    player = await front.player()
    response = await front.http.get(FIGURES, headers=player.headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await front.http.get(FIGURES)).status_code == 401


@pytest.mark.parametrize("since", ["-1", "x", "1.5", str(2**53)])
async def test_a_time_that_makes_no_sense_is_refused(front: Front, since: str) -> None:
    response = await get(front, since=since)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
