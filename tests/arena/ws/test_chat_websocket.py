"""The chat's websocket: frames, answers and errors."""

from uuid import UUID, uuid4

import pytest
import trio

from arena.game.messages import Pay, PaymentState, Quote, RequestQuote
from arena.problems import Problem
from arena.store.messages import MessageStatus
from arena.ws import chat
from arena.ws.connection import MAX_FRAME_BYTES
from persistence import DatabaseUnavailable
from tests.fixtures.front import Front


async def test_a_connection_begins_with_a_welcome(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    await front.record(session, 1)
    async with front.connect(session.id, player) as client:
        assert client.websocket.subprotocol == "arena.v1"
        assert await client.receive() == {
            "type": "welcome",
            "protocol": "arena.v1",
            "session_id": str(session.id),
            "bot_id": str(session.bot_id),
            "wallet": str(player.wallet.pubkey()),
            "seq": 1,
            "max_text_length": 2000,
        }


async def test_other_clients_may_send_the_token_in_a_header(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player, subprotocols=[], headers=player.headers) as client:
        assert (await client.receive())["type"] == "welcome"


async def test_a_message_is_answered_with_a_quote(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    message_id, frame_id = uuid4(), uuid4()
    asked: list[tuple[UUID, RequestQuote]] = []

    async def quote(session_id: UUID, wanted: RequestQuote) -> Quote:
        asked.append((session_id, wanted))
        return Quote(wanted.client_id, message_id, 1_234, 1_900_000_000, b"unsigned")

    front.game.quote = quote
    async with front.connect(session.id, player) as client:
        await client.send(type="message", id=frame_id, text="hello \U0001f642")
        assert await client.receive_type("quote") == {
            "type": "quote",
            "id": str(frame_id),
            "message_id": str(message_id),
            "amount": 1_234,
            "valid_until": 1_900_000_000,
            "transaction": "dW5zaWduZWQ=",
        }
    assert asked == [(session.id, RequestQuote(frame_id, "hello \U0001f642"))]


async def test_a_payment_is_answered_with_its_state(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    frame_id = uuid4()
    asked: list[Pay] = []

    async def pay(session_id: UUID, paid: Pay) -> PaymentState:
        asked.append(paid)
        return PaymentState(paid.client_id, MessageStatus.PAYING)

    front.game.pay = pay
    async with front.connect(session.id, player) as client:
        await client.send(type="pay", id=frame_id, transaction="c2lnbmVk")
        answer = await client.receive_type("payment.state")
    assert answer == {"type": "payment.state", "id": str(frame_id), "status": "paying"}
    assert asked == [Pay(frame_id, b"signed")]


async def test_a_ping_is_answered_also_when_much_is_going_on(front: Front) -> None:
    go_on = trio.Event()

    async def stuck(session_id: UUID, wanted: RequestQuote) -> Quote:
        await go_on.wait()
        return Quote(wanted.client_id, uuid4(), 1, 1, b"unsigned")

    front.game.quote = stuck
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        for _ in range(chat.MAX_WORKING):
            await client.send(type="message", id=uuid4(), text="hello")
        await client.send(type="ping")
        await client.receive_type("pong")
        go_on.set()


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (Problem("quote_expired", "The quote has expired", 409, "Nothing was paid."), "quote_expired", False),
        (
            Problem("too_many_payments", "Wait", 429, "", {"retry_after": 2}),
            "too_many_payments",
            True,
        ),
        (DatabaseUnavailable("secret-host"), "database_unavailable", True),
        (ValueError("a fault"), "actor_unavailable", True),
    ],
)
async def test_a_refusal_names_the_frame_and_leaves_the_connection_open(
    front: Front, error: Exception, code: str, retry: bool
) -> None:
    async def pay(session_id: UUID, paid: Pay) -> PaymentState:
        raise error

    front.game.pay = pay
    player = await front.player()
    session = await front.session(player)
    frame_id = uuid4()
    async with front.connect(session.id, player) as client:
        await client.send(type="pay", id=frame_id, transaction="c2lnbmVk")
        answer = await client.receive_type("error")
        assert (answer["code"], answer["id"]) == (code, str(frame_id))
        assert ("retry_after" in answer) == retry
        assert "secret-host" not in answer["detail"]
        await client.send(type="message", id=uuid4(), text="hello")
        await client.receive_type("quote")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("nonsense", "frame_malformed"),
        (b"\xff", "frame_malformed"),
        (b"", "frame_malformed"),
        ('{"type":"dance"}', "frame_unknown"),
        ('{"type":"resume","after":-1}', "frame_invalid"),
        ("x" * (MAX_FRAME_BYTES + 1), "frame_too_large"),
    ],
)
async def test_what_is_no_frame_is_refused_and_the_connection_stays_open(
    front: Front, data: str | bytes, code: str
) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.websocket.send_message(data)
        assert (await client.receive_type("error"))["code"] == code
        await client.send(type="ping")
        await client.receive_type("pong")


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "ASK_TIMEOUT", 0.2)

    go_on = trio.Event()

    async def stuck(session_id: UUID, wanted: RequestQuote) -> Quote:
        await go_on.wait()
        return Quote(wanted.client_id, uuid4(), 1, 1, b"unsigned")

    player = await front.player()
    session = await front.session(player)
    frame_id = uuid4()
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        await client.receive_type("pot")  # attached: the actor is not asked for that any more
        front.game.quote = stuck
        await client.send(type="message", id=frame_id, text="hello")
        answer = await client.receive_type("error")
        go_on.set()
    assert (answer["code"], answer["id"]) == ("busy", str(frame_id))


async def test_only_so_much_is_worked_on_at_once(front: Front) -> None:
    go_on = trio.Event()

    async def slow(session_id: UUID, wanted: RequestQuote) -> Quote:
        await go_on.wait()
        return Quote(wanted.client_id, uuid4(), 1, 1, b"unsigned")

    front.game.quote = slow
    player = await front.player()
    session = await front.session(player)
    ids = [str(uuid4()) for _ in range(chat.MAX_WORKING + 1)]
    async with front.connect(session.id, player) as client:
        for frame_id in ids:
            await client.send(type="message", id=frame_id, text="hello")
        answer = await client.receive_type("error")
        assert (answer["code"], answer["id"]) == ("busy", ids[-1])
        go_on.set()
        assert {(await client.receive_type("quote"))["id"] for _ in ids[:-1]} == set(ids[:-1])
        await client.send(type="message", id=ids[-1], text="hello")
        assert (await client.receive_type("quote"))["id"] == ids[-1]


async def test_a_client_that_leaves_is_forgotten(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.resume(after=0)
        await client.send(type="ping")
        await client.receive_type("pong")
        assert len(front.connections) == 1
    with trio.fail_after(5):
        while front.connections or len(front.game.publisher(session.id)):
            await trio.sleep(0.01)
