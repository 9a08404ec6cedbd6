"""Writes that are repeated under a key: done once, answered the same."""

from __future__ import annotations

import base64
from uuid import UUID

import httpx
import pytest
import trio

from arena.game.messages import OpenBot
from arena.problems import Problem
from arena.store import idempotency
from arena.store.bots import BotStatus
from persistence import DatabaseUnavailable
from tests.arena.http.test_bots_api import draft
from tests.fixtures.front import Front, Player

BOTS = "/api/v1/bots"
FAUCET = "/api/v1/faucet"


def with_key(player: Player, key: str = "k") -> dict[str, str]:
    return player.headers | {"Idempotency-Key": key}


async def drafts(front: Front) -> int:
    return int(await front.database.fetch_value("select count(*) from bots"))


async def test_a_draft_that_is_repeated_is_made_once(front: Front) -> None:
    creator, body = await front.player(), draft()
    first = await front.http.post(BOTS, json=body, headers=with_key(creator))
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (201, False)
    for _ in range(2):
        again = await front.http.post(BOTS, json=body, headers=with_key(creator))
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Idempotency-Replayed"] == "true"
    assert await drafts(front) == 1


async def test_without_a_key_or_with_another_it_is_another_request(front: Front) -> None:
    creator, body = await front.player(), draft()
    for headers in (creator.headers, creator.headers, with_key(creator, "1"), with_key(creator, "2")):
        assert (await front.http.post(BOTS, json=body, headers=headers)).status_code == 201
    assert await drafts(front) == 4


async def test_a_key_is_its_owners_alone(front: Front) -> None:
    body = draft()
    for player in (await front.player(), await front.player()):
        response = await front.http.post(BOTS, json=body, headers=with_key(player))
        assert response.json()["bot"]["creator"] == str(player.wallet.pubkey())
    assert await drafts(front) == 2


async def test_a_key_belongs_to_one_request(front: Front) -> None:
    creator = await front.player()
    assert (await front.http.post(BOTS, json=draft(), headers=with_key(creator))).status_code == 201
    other = await front.http.post(BOTS, json=draft(name="Sphinx"), headers=with_key(creator))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bot_id = await front.bot(BotStatus.DRAFT, creator)
    signed = {"transaction": base64.b64encode(b"signed").decode()}
    elsewhere = await front.http.post(f"{BOTS}/{bot_id}/open", json=signed, headers=with_key(creator))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")


async def test_who_comes_while_it_is_being_done_is_told_to_come_again(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.DRAFT, creator)
    asked, go_on = trio.Event(), trio.Event()

    async def opened(bot: UUID, message: OpenBot) -> str:
        asked.set()
        await go_on.wait()
        return "the signature"

    front.game.open = opened
    answers: list[httpx.Response] = []

    async def post() -> httpx.Response:
        signed = {"transaction": base64.b64encode(b"signed").decode()}
        return await front.http.post(f"{BOTS}/{bot_id}/open", json=signed, headers=with_key(creator))

    async def first() -> None:
        answers.append(await post())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        await asked.wait()
        second = await post()
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")
        assert second.headers["Retry-After"] == "1"
        go_on.set()
    third = await post()
    assert (third.status_code, third.content) == (202, answers[0].content)


async def test_what_failed_may_be_tried_again(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.DRAFT, creator)
    outcomes: list[Exception | str] = [
        Problem("amount_mismatch", "Refused", 422),
        ValueError("a fault"),
        "done",
    ]

    async def opened(bot: UUID, message: OpenBot) -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    front.game.open = opened
    signed = {"transaction": base64.b64encode(b"signed").decode()}
    for status in (422, 503, 202, 202):
        response = await front.http.post(f"{BOTS}/{bot_id}/open", json=signed, headers=with_key(creator))
        assert response.status_code == status
    assert response.json() == {"signature": "done"}


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "é"])
async def test_what_is_no_key(front: Front, key: str) -> None:
    creator = await front.player()
    headers = [
        (b"Authorization", f"Bearer {creator.token}".encode()),
        (b"Idempotency-Key", key.encode()),
    ]
    response = await front.http.post(BOTS, json=draft(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_invalid")
    assert await drafts(front) == 0


async def test_keys_of_one_owner_are_so_many(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 1)
    creator, body = await front.player(), draft()
    assert (await front.http.post(BOTS, json=body, headers=with_key(creator, "1"))).status_code == 201
    full = await front.http.post(BOTS, json=body, headers=with_key(creator, "2"))
    assert (full.status_code, full.json()["code"]) == (429, "idempotency_keys_exhausted")
    assert full.headers["Retry-After"] == "3600"
    assert (await front.http.post(BOTS, json=body, headers=with_key(creator, "1"))).status_code == 201


async def test_the_faucet_gives_once_for_a_key(front: Front) -> None:
    one, two = [str((await front.player()).wallet.pubkey()) for _ in range(2)]
    headers = {"Idempotency-Key": "k"}
    first = await front.http.post(FAUCET, json={"address": one}, headers=headers)
    assert first.status_code == 200
    again = await front.http.post(FAUCET, json={"address": one}, headers=headers)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    other = await front.http.post(FAUCET, json={"address": two}, headers=headers)
    assert "Idempotency-Replayed" not in other.headers
    more = await front.http.post(FAUCET, json={"address": one, "lamports": 1}, headers=headers)
    assert (more.status_code, more.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_answer_is_given_although_it_cannot_be_remembered(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = await front.player()

    async def away(*args: object, **kwargs: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(idempotency, "finish", away)
    response = await front.http.post(BOTS, json=draft(), headers=with_key(creator))
    assert response.status_code == 201


async def test_the_api_tells_where_keys_are_taken(front: Front) -> None:
    paths = (await front.http.get("/openapi.json")).json()["paths"]
    taken = {
        path
        for path, methods in paths.items()
        if any(
            one["name"].lower() == "idempotency-key" for one in methods.get("post", {}).get("parameters", [])
        )
    }
    bot = "/api/v1/bots/{bot_id}"
    assert taken == {"/api/v1/bots", f"{bot}/open", f"{bot}/close", "/api/v1/faucet"}
