"""The client stays signed in by itself."""

from __future__ import annotations

from time import time
from uuid import UUID

import httpx
import pytest
import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient, ArenaError, arena_client
from arena.edge.authentication import Authenticator
from arena.edge.identity import Identity
from tests.fixtures.front import Front

ME = "/users/me"


def who(front: Front, client: ArenaClient) -> Identity:
    return Authenticator.of(front.services).tokens.read(client._token)


async def signed_in_for_too_long(front: Front, client: ArenaClient) -> UUID:
    """Sign in, and let the token run out; the session."""
    await client.sign_in()
    identity = who(front, client)
    tokens = Authenticator.of(front.services).tokens
    client._token = tokens.issue(identity.user_id, identity.wallet, identity.sid, until=time() - 1).token
    return identity.sid


async def test_a_token_that_has_run_out_is_refreshed(front: Front) -> None:
    async with arena_client(front.url, Keypair()) as client:
        session_id = await signed_in_for_too_long(front, client)
        assert (await client.call("GET", ME))["wallet"] == client.address
        assert who(front, client).sid == session_id


async def test_however_many_ask_it_is_refreshed_once(front: Front) -> None:
    async with arena_client(front.url, Keypair()) as client:
        session_id = await signed_in_for_too_long(front, client)
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(client.call, "GET", ME)
        assert who(front, client).sid == session_id
        assert await front.database.fetch_value("select refreshes from auth_sessions") == 1


async def test_when_the_answer_is_lost_it_is_asked_for_again(front: Front) -> None:
    lost: list[int] = []

    async def lose_the_first(response: httpx.Response) -> None:
        if response.request.url.path.endswith("/auth/refresh") and not lost:
            lost.append(response.status_code)
            raise httpx.ReadError("the network is gone")

    async with httpx.AsyncClient(event_hooks={"response": [lose_the_first]}) as http:
        client = ArenaClient(front.url, Keypair(), http)
        session_id = await signed_in_for_too_long(front, client)
        await client.call("GET", ME)
        assert lost == [200]
        assert who(front, client).sid == session_id


async def test_when_the_session_is_over_the_wallet_signs_again(front: Front) -> None:
    async with arena_client(front.url, Keypair()) as client:
        session_id = await signed_in_for_too_long(front, client)
        await front.database.execute("delete from auth_sessions")
        assert (await client.call("GET", ME))["wallet"] == client.address
        assert who(front, client).sid != session_id


async def test_a_chat_begins_with_a_token_that_counts(front: Front) -> None:
    async with arena_client(front.url, Keypair()) as client:
        bot_id = await front.bot()
        await signed_in_for_too_long(front, client)
        async with client.chat(str(bot_id)) as chat:
            assert (await chat.until("welcome"))["wallet"] == client.address


async def test_who_was_logged_out_is_not_signed_in_behind_their_back(front: Front) -> None:
    async with arena_client(front.url, Keypair()) as client:
        await client.sign_in()
        await client.call("DELETE", "/auth/session")
        with pytest.raises(ArenaError) as caught:
            await client.call("GET", ME)
        assert caught.value.code == "token_revoked"
