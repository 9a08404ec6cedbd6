"""A token runs out, or its session ends, while its chat is open."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from arena.edge.tokens import Tokens
from tests.fixtures.front import Client, Front, Player

SESSION = "/api/v1/auth/session"
SESSIONS = "/api/v1/auth/sessions"
REFRESH = "/api/v1/auth/refresh"


async def refreshed(front: Front, player: Player) -> None:
    answer = await front.http.post(REFRESH, json={"refresh_token": player.refresh_token})
    assert answer.status_code == 200
    player.token, player.refresh_token = answer.json()["token"], answer.json()["refresh_token"]


def with_a_short_token(front: Front, player: Player, seconds: int) -> None:
    tokens = Tokens(
        front.services.keys.jwt_secret, issuer=front.services.settings.public_url, lifetime=seconds
    )
    player.token = tokens.issue(player.user_id, player.identity.wallet, player.identity.sid).token


async def pots(client: Client, count: int) -> list[int]:
    return [(await client.receive_type("pot"))["seq"] for _ in range(count)]


async def test_a_client_whose_token_runs_out_refreshes_it_and_misses_nothing(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    seen: list[int] = []
    with_a_short_token(front, player, 2)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        for seq in (1, 2):
            await front.publish(session, seq)
        seen += await pots(client, 2)
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4401, "token_expired")
    async with front.connect(session.id, player) as client:
        assert (await client.receive())["code"] == "token_expired"
    for seq in (3, 4):  # while nobody is there
        await front.publish(session, seq)
    await refreshed(front, player)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=seen[-1])
        await front.publish(session, 5)
        seen += await pots(client, 3)
        await client.silence()
    assert seen == [1, 2, 3, 4, 5]


async def test_a_client_that_refreshes_in_time_changes_over_without_a_gap(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as old:
        await old.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await pots(old, 1) == [1]
        await refreshed(front, player)
        async with front.connect(session.id, player) as new:
            await new.send(type="resume", after=1)
            await front.publish(session, 2)
            assert await pots(new, 1) == [2]
            assert await pots(old, 1) == [2], "the old one goes on until its token runs out"


@pytest.mark.parametrize("url", [SESSION, SESSIONS])
async def test_logging_out_closes_the_chats(front: Front, url: str) -> None:
    player, other = await front.player(), await front.player()
    bot_id = await front.bot()
    mine, theirs = await front.session(player, bot_id), await front.session(other, bot_id)
    async with front.connect(mine.id, player) as client, front.connect(theirs.id, other) as bystander:
        for one in (client, bystander):
            await one.receive_type("welcome")
        assert (await front.http.delete(url, headers=player.headers)).status_code == 204
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4401, "token_revoked")
        await bystander.send(type="ping")
        await bystander.receive_type("pong")


async def test_logging_out_here_leaves_the_chats_elsewhere_and_everywhere_does_not(front: Front) -> None:
    here = await front.player()
    elsewhere = await front.player(here.wallet)
    session = await front.session(here)
    async with front.connect(session.id, elsewhere) as client:
        await client.receive_type("welcome")
        await front.http.delete(SESSION, headers=here.headers)
        await client.send(type="ping")
        await client.receive_type("pong")
        third = await front.player(here.wallet)
        await front.http.delete(SESSIONS, headers=third.headers)
        assert (await client.closed()).reason == "token_revoked"


async def test_a_refresh_token_that_comes_twice_closes_the_chats_of_its_session(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    stolen = player.refresh_token
    await refreshed(front, player)
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        answer = await front.http.post(REFRESH, json={"refresh_token": stolen})
        assert answer.status_code == 401
        assert (await client.closed()).reason == "token_revoked"


async def test_of_connecting_and_logging_out_at_once_no_connection_is_left(front: Front) -> None:
    for _ in range(5):
        player = await front.player()
        session = await front.session(player)
        reasons: list[Any] = []

        async def chat(player: Player = player, session: Any = session, reasons: list[Any] = reasons) -> None:
            async with front.connect(session.id, player) as client:
                reasons.append((await client.closed()).reason)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(chat)
            nursery.start_soon(lambda player=player: front.http.delete(SESSION, headers=player.headers))
        assert reasons == ["token_revoked"]
