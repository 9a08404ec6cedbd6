"""Playing over HTTP, against the real game with the real program in a VM."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import trio

from arena.chain.submitter import TransactionKind
from arena.edge.authentication import Authenticator
from arena.game.signing import sign_first
from arena.http import context
from arena.store.bots import Bot
from arena.store.messages import MessageStatus
from tests.fixtures.front import served
from tests.fixtures.game import Game, Player, ScriptedBrain, brain, eventually, game, world

__all__ = ["brain", "game", "world"]


@dataclass
class Client:
    """A player who has only HTTP."""

    game: Game
    http: httpx.AsyncClient
    player: Player

    async def headers(self) -> dict[str, str]:
        signed_in = await Authenticator.of(self.game.services).begin(self.player.user)
        return {"Authorization": f"Bearer {signed_in.token}"}

    async def say(
        self,
        text: str,
        message_id: UUID,
        transaction: bytes | None = None,
        *,
        wait: int | None = None,
        session_id: UUID | None = None,
    ) -> httpx.Response:
        body: dict[str, Any] = {"id": str(message_id), "text": text}
        if transaction is not None:
            body["payment"] = {"transaction": base64.b64encode(transaction).decode()}
        headers = await self.headers() | ({} if wait is None else {"Prefer": f"wait={wait}"})
        url = f"/api/v1/chats/{session_id or self.player.session.id}/messages"
        return await self.http.post(url, json=body, headers=headers)

    async def quoted(self, text: str) -> tuple[UUID, bytes]:
        """A new message and its signed payment."""
        message_id = uuid4()
        response = await self.say(text, message_id)
        assert response.status_code == 402, response.text
        transaction = base64.b64decode(response.json()["quote"]["transaction"])
        return message_id, sign_first(transaction, self.player.wallet)


Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
async def connect(brain: ScriptedBrain, game: Game) -> AsyncIterator[Connect]:
    async with served(game.services) as (_, http):

        async def connect(bot: Bot | None = None, **values: Any) -> Client:
            return Client(game, http, await game.player(bot or await game.open_bot(), **values))

        yield connect


async def test_an_unpaid_message_is_answered_with_its_price(connect: Connect) -> None:
    client = await connect()
    message_id = uuid4()
    first = await client.say("hello", message_id)
    assert (first.status_code, first.json()["code"]) == (402, "payment_required")
    assert first.headers["Content-Type"] == "application/problem+json"
    quote = first.json()["quote"]
    assert (quote["id"], quote["amount"]) == (str(message_id), 1_000_000)
    again = await client.say(" hello ", message_id)
    assert again.json()["quote"] == quote
    other = await client.say("something else", message_id)
    assert (other.status_code, other.json()["code"]) == (409, "message_id_reused")


async def test_a_paid_message_is_accepted_and_its_fate_is_asked_for_again(
    connect: Connect, game: Game
) -> None:
    client = await connect()
    message_id, signed = await client.quoted("hello")
    accepted = await client.say("hello", message_id, signed)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "paying")
    assert "Preference-Applied" not in accepted.headers
    await game.land(await game.outbox.take(TransactionKind.FEE))
    await game.message_becomes(UUID(accepted.json()["message_id"]), MessageStatus.JUDGED)
    judged = await client.say("hello", message_id, signed)
    assert judged.status_code == 200
    message = judged.json()
    assert (message["id"], message["reply"], message["verdict"]) == (
        str(message_id),
        "you said hello",
        "unsolved",
    )
    unpaid = await client.say("hello", message_id)
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "message_already_paid")


async def test_who_prefers_to_wait_gets_the_verdict(
    connect: Connect, game: Game, brain: ScriptedBrain
) -> None:
    client = await connect()
    message_id, signed = await client.quoted("sesame")
    gate = brain.gate("sesame")
    answers: list[httpx.Response] = []

    async def play() -> None:
        answers.append(await client.say("sesame", message_id, signed, wait=25))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        await game.land(await game.outbox.take(TransactionKind.FEE))
        await brain.wait_until_asked("sesame")
        assert answers == []
        gate.set()
    [answer] = answers
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=25")
    assert (answer.json()["status"], answer.json()["verdict"]) == ("judged", "solved")


async def test_who_waits_is_not_kept_longer_than_preferred(connect: Connect) -> None:
    client = await connect()
    message_id, signed = await client.quoted("hello")
    answer = await client.say("hello", message_id, signed, wait=1)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=1")
    assert answer.json()["status"] == "paying"


async def test_who_waits_is_told_that_nothing_was_paid(connect: Connect, game: Game) -> None:
    client = await connect()
    message_id, signed = await client.quoted("hello")
    answers: list[httpx.Response] = []

    async def play() -> None:
        answers.append(await client.say("hello", message_id, signed, wait=25))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        await game.expire(await game.outbox.take(TransactionKind.FEE))
    assert (answers[0].status_code, answers[0].json()["status"]) == (200, "dead")
    assert (await client.say("hello", message_id)).status_code == 402


async def test_a_bot_that_starts_anew_does_not_disturb_who_waits(
    connect: Connect, game: Game, brain: ScriptedBrain
) -> None:
    client = await connect()
    bot_id = client.player.session.bot_id
    message_id, signed = await client.quoted("hello")
    gate = brain.gate("hello")
    answers: list[httpx.Response] = []

    async def play() -> None:
        answers.append(await client.say("hello", message_id, signed, wait=25))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        await game.land(await game.outbox.take(TransactionKind.FEE))
        await brain.wait_until_asked("hello")
        await game.crash_bot(bot_id)
        await eventually(lambda: brain.asked == ["hello", "hello"])
        gate.set()
    assert (answers[0].status_code, answers[0].json()["reply"]) == (200, "you said hello")


async def test_when_too_many_wait_nobody_else_does(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, brain: ScriptedBrain, game: Game
) -> None:
    monkeypatch.setattr(context, "MAX_WAITS", 1)
    async with served(game.services) as (_, http):
        one = await connect()
        one.http = http
        two = Client(game, http, await game.player(one.player.session.bot_id))
        first, second = await one.quoted("hello"), await two.quoted("hello")
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                await one.say("hello", *first, wait=25)

            nursery.start_soon(wait)
            await game.outbox.take(TransactionKind.FEE)
            await trio.testing.wait_all_tasks_blocked(0.1)
            with trio.fail_after(10):
                answer = await two.say("hello", *second, wait=25)
            assert answer.status_code == 202
            assert "Preference-Applied" not in answer.headers
            nursery.cancel_scope.cancel()


async def test_a_payment_is_for_what_was_quoted(connect: Connect) -> None:
    client = await connect()
    message_id, signed = await client.quoted("hello")
    other = await client.say("something else", message_id, signed)
    assert (other.status_code, other.json()["code"]) == (409, "message_id_reused")
    unknown = await client.say("hello", uuid4(), signed)
    assert (unknown.status_code, unknown.json()["code"]) == (409, "quote_unknown")
    broken = await client.say("hello", message_id, b"nonsense")
    assert (broken.status_code, broken.json()["code"]) == (422, "transaction_malformed")


async def test_a_wallet_that_cannot_pay_is_told_so(connect: Connect) -> None:
    client = await connect(lamports=1_000)
    answer = await client.say("hello", *await client.quoted("hello"))
    assert (answer.status_code, answer.json()["code"]) == (402, "funds_insufficient")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "hello"}, "validation_failed"),
        ({"id": "x", "text": "hello"}, "validation_failed"),
        ({"id": str(UUID(int=1)), "text": ""}, "validation_failed"),
        ({"id": str(UUID(int=1)), "text": "x" * 10_001}, "validation_failed"),
        ({"id": str(UUID(int=1)), "text": "x", "payment": {}}, "validation_failed"),
        ({"id": str(UUID(int=1)), "text": "x", "payment": {"transaction": "%"}}, "validation_failed"),
        ({"id": str(UUID(int=1)), "text": "nul\x00"}, "text_invalid"),
        ({"id": str(UUID(int=1)), "text": "x" * 2_001}, "text_invalid"),
    ],
)
async def test_what_is_no_message(connect: Connect, body: dict[str, Any], code: str) -> None:
    client = await connect()
    url = f"/api/v1/chats/{client.player.session.id}/messages"
    response = await client.http.post(url, json=body, headers=await client.headers())
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_nobody_plays_in_anothers_session(connect: Connect) -> None:
    one, two = await connect(), await connect()
    for session_id in (one.player.session.id, uuid4()):
        response = await two.say("hello", uuid4(), session_id=session_id)
        assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
