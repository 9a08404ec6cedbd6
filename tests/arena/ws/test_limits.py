"""How much a client of the websocket may send, and how many connections there may be."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import trio
import trio_websocket
from prometheus_client.parser import text_string_to_metric_families

from arena.edge import rate_limits
from arena.edge.rate_limits import Scope
from arena.rates import Rate
from tests.fixtures.front import Adapter, Front, running_front


async def refused_status(front: Front, session_id: object, **headers: str) -> int:
    """With what HTTP status a handshake is refused."""
    player = await front.player()
    with pytest.raises(trio_websocket.ConnectionRejected) as rejected:
        async with front.connect(session_id, player, headers=headers):  # type: ignore[arg-type]
            pass
    status: int = rejected.value.status_code
    return status


async def test_a_message_too_many_is_refused_with_its_id_and_not_handled(
    postgres: str, tmp_path: Path, adapter: Adapter
) -> None:
    async with running_front(postgres, tmp_path, adapter=adapter, arena_rate_messages_wallet="2/60") as front:
        player = await front.player()
        session = await front.session(player)
        asked: list[str] = []
        quote = front.game.quote

        async def counting(session_id, wanted):  # type: ignore[no-untyped-def]
            asked.append(wanted.text)
            return await quote(session_id, wanted)

        front.game.quote = counting
        async with front.connect(session.id, player) as client:
            await client.receive_type("welcome")
            for text in ("one", "two"):
                await client.send(type="message", id=uuid4(), text=text)
                await client.receive_type("quote")
            late = uuid4()
            await client.send(type="message", id=late, text="three")
            error = await client.receive_type("error")
            assert (error["code"], error["id"]) == ("rate_limited", str(late))
            assert 1 <= error["retry_after"] <= 60
            await client.send(type="ping")
            await client.receive_type("pong")  # the connection stays open, and other frames are handled
        assert asked == ["one", "two"]


async def test_two_connections_of_a_wallet_share_its_limit(
    postgres: str, tmp_path: Path, adapter: Adapter
) -> None:
    async with running_front(postgres, tmp_path, adapter=adapter, arena_rate_messages_wallet="1/60") as front:
        player = await front.player()
        first, second = await front.session(player), await front.session(player)
        async with front.connect(first.id, player) as one, front.connect(second.id, player) as two:
            await one.send(type="message", id=uuid4(), text="one")
            await one.receive_type("quote")
            await two.send(type="pay", id=uuid4(), transaction="AA==")
            assert (await two.receive_type("error"))["code"] == "rate_limited"


async def test_a_stranger_uses_up_nothing_of_a_bots_other_players(
    postgres: str, tmp_path: Path, adapter: Adapter
) -> None:
    async with running_front(
        postgres,
        tmp_path,
        adapter=adapter,
        arena_rate_messages_address="2/60",
        arena_trusted_proxies="127.0.0.0/8",
    ) as front:
        bot_id = await front.bot()
        stranger, player = await front.player(), await front.player()
        theirs, ours = await front.session(stranger, bot_id), await front.session(player, bot_id)
        there, here = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
        async with (
            front.connect(theirs.id, stranger, headers=there) as greedy,
            front.connect(ours.id, player, headers=here) as client,
        ):
            for _ in range(20):
                await greedy.send(type="message", id=uuid4(), text="mine")
            assert (await greedy.receive_type("error"))["code"] == "rate_limited"
            await client.send(type="message", id=uuid4(), text="hello")
            await client.receive_type("quote")


async def test_any_frame_counts_for_its_session(postgres: str, tmp_path: Path, adapter: Adapter) -> None:
    async with running_front(postgres, tmp_path, adapter=adapter, arena_rate_frames_session="3/60") as front:
        player = await front.player()
        session, other = await front.session(player), await front.session(player)
        async with front.connect(session.id, player) as client, front.connect(other.id, player) as second:
            await client.receive_type("welcome")
            await client.websocket.send_message("no frame")
            await client.receive_type("error")
            for _ in range(2):
                await client.send(type="ping")
                await client.receive_type("pong")
            await client.send(type="ping")
            assert (await client.receive_type("error"))["code"] == "rate_limited"
            await second.send(type="ping")
            await second.receive_type("pong")


async def test_a_client_that_does_not_listen_is_shown_the_door(
    postgres: str, tmp_path: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "FLOOD", Rate(5, 60))
    async with running_front(postgres, tmp_path, adapter=adapter, arena_rate_frames_session="1/60") as front:
        player = await front.player()
        session = await front.session(player)
        async with front.connect(session.id, player) as client:
            for _ in range(7):
                await client.send(type="ping")
            reason = await client.closed()
            assert (reason.code, reason.reason) == (1008, "rate_limited")
        assert front.limits.refused["connections_closed"] == 1
        assert front.limits.refused[Scope.FRAMES_SESSION] == 6


async def test_an_address_has_so_many_connections(postgres: str, tmp_path: Path, adapter: Adapter) -> None:
    async with running_front(
        postgres,
        tmp_path,
        adapter=adapter,
        arena_connections_per_address=2,
        arena_trusted_proxies="127.0.0.0/8",
    ) as front:
        session = await front.session(player := await front.player())
        async with AsyncExitStack() as stack:
            held = [
                await stack.enter_async_context(
                    front.connect(session.id, player, headers={"X-Forwarded-For": "203.0.113.7"})
                )
                for _ in range(2)
            ]
            for client in held:
                await client.receive_type("welcome")
            assert await refused_status(front, session.id, **{"X-Forwarded-For": "203.0.113.7"}) == 429
            elsewhere = front.connect(session.id, player, headers={"X-Forwarded-For": "203.0.113.8"})
            await (await stack.enter_async_context(elsewhere)).receive_type("welcome")
            await held[0].websocket.aclose()
            with trio.fail_after(5):
                while len(front.connections) > 2:
                    await trio.sleep(0.01)
            again = front.connect(session.id, player, headers={"X-Forwarded-For": "203.0.113.7"})
            await (await stack.enter_async_context(again)).receive_type("welcome")
        assert front.limits.refused["connections_address"] == 1


async def test_openings_of_websockets_count_as_requests(
    postgres: str, tmp_path: Path, adapter: Adapter
) -> None:
    async with running_front(
        postgres, tmp_path, adapter=adapter, arena_rate_requests_address="1/60"
    ) as front:
        session = await front.session(player := await front.player())
        async with front.connect(session.id, player) as client:
            await client.receive_type("welcome")
            assert await refused_status(front, session.id) == 429


async def test_what_was_refused_is_in_the_metrics(postgres: str, tmp_path: Path, adapter: Adapter) -> None:
    token = "only-for-prometheus-0123456789-abcdef"
    async with running_front(
        postgres, tmp_path, adapter=adapter, arena_rate_frames_session="1/60", arena_metrics_token=token
    ) as front:
        session = await front.session(player := await front.player())
        async with front.connect(session.id, player) as client:
            for _ in range(3):
                await client.send(type="ping")
            for _ in range(2):
                await client.receive_type("error")
        response = await front.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        counted = {
            sample.labels["scope"]: sample.value
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
            if sample.name == "arena_limit_refusals_total"
        }
        assert counted.pop("frames_session") == 2
        assert set(counted) == {*Scope, "connections_address", "connections_closed"} - {"frames_session"}
        assert set(counted.values()) == {0}
