"""Every error is a problem document, and tells nothing from inside."""

import json
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import trio
from quart import abort
from quart_trio import QuartTrio
from solders.keypair import Keypair

from arena.game import drafts
from arena.http import app, problems
from arena.http.app import MAX_BODY_BYTES
from arena.http.problems import MAX_ERRORS
from arena.ids import new_id
from arena.store import bot_lists
from arena.store.bots import BotStatus
from persistence import DatabaseUnavailable
from tests.arena.http.test_bots_api import draft
from tests.fixtures.front import Front, running_front

NONCE = "/api/v1/auth/nonce"


def problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    document = response.json()
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert document["type"] == f"urn:arena:problem:{code}"
    assert document["title"]
    assert document["instance"] == response.headers["X-Request-Id"]
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/bots/no-uuid", "/api/v1/bots/%00", "/ws/lobby/x"]
)
async def test_what_is_not_there(front: Front, path: str) -> None:
    problem(await front.http.get(path), 404, "not_found")


async def test_the_wrong_method(front: Front) -> None:
    response = await front.http.put("/api/v1/bots")
    problem(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000])
async def test_a_body_that_is_no_json(front: Front, body: bytes) -> None:
    response = await front.http.post(NONCE, content=body, headers={"Content-Type": "application/json"})
    problem(response, 400, "body_malformed")


async def test_a_body_of_another_type(front: Front) -> None:
    response = await front.http.post(NONCE, data={"address": "x"})
    problem(response, 415, "media_type_unsupported")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.address"),
        ({"address": "x"}, "body.address"),
        ({"address": 7}, "body.address"),
        ({"address": str(Keypair().pubkey()), "more": 1}, "body.more"),
        ([], "body"),
        (None, "body"),
    ],
)
async def test_a_body_of_another_form(front: Front, body: object, field: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = await front.http.post(NONCE, content=json.dumps(body), headers=headers)
    document = problem(response, 422, "validation_failed")
    errors = document["errors"]
    assert isinstance(errors, list)
    assert errors[0]["field"] == field


async def test_what_was_sent_is_not_told_back(front: Front) -> None:
    response = await front.http.post(NONCE, json={"address": "a very private text", "secret": "sesame"})
    assert "private" not in response.text
    assert "sesame" not in response.text


async def test_not_more_than_so_many_errors_are_told(front: Front) -> None:
    response = await front.http.post(NONCE, json={f"field{number}": 1 for number in range(200)})
    assert len(response.json()["errors"]) == MAX_ERRORS


async def test_a_body_has_a_limit(front: Front) -> None:
    body = json.dumps({"address": "x" * MAX_BODY_BYTES})
    response = await front.http.post(NONCE, content=body, headers={"Content-Type": "application/json"})
    problem(response, 413, "body_too_large")


async def test_a_body_without_a_declared_length_has_the_same_limit(front: Front) -> None:
    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(20):
            yield b" " * (MAX_BODY_BYTES // 10)

    response = await front.http.post(NONCE, content=chunks(), headers={"Content-Type": "application/json"})
    problem(response, 413, "body_too_large")


async def test_an_outage_of_the_database_is_told_as_such(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def page(*args: object, **more: object) -> None:
        raise DatabaseUnavailable("connection to secret-host refused")

    monkeypatch.setattr(bot_lists, "page", page)
    response = await front.http.get("/api/v1/bots")
    problem(response, 503, "database_unavailable")
    assert int(response.headers["Retry-After"]) >= 1
    assert "secret-host" not in response.text


async def test_something_slow_is_told_as_such(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    async def page(*args: object, **more: object) -> None:
        raise trio.TooSlowError

    monkeypatch.setattr(bot_lists, "page", page)
    problem(await front.http.get("/api/v1/bots"), 503, "busy")


async def test_a_fault_of_ours_gives_an_id_and_nothing_else(
    front: Front, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def page(*args: object, **more: object) -> None:
        raise RuntimeError("an inner secret")

    monkeypatch.setattr(bot_lists, "page", page)
    response = await front.http.get("/api/v1/bots")
    document = problem(response, 500, "internal_error")
    assert set(document) == {"type", "title", "status", "code", "detail", "instance"}
    assert "inner secret" not in response.text
    log = capsys.readouterr()
    assert str(document["instance"]) in log.out + log.err  # the id leads to the log, which has the rest
    assert "an inner secret" in log.out + log.err


async def test_a_client_may_give_the_request_its_id(front: Front) -> None:
    response = await front.http.get("/api/v1/health/live", headers={"X-Request-Id": "my-id.7"})
    assert response.headers["X-Request-Id"] == "my-id.7"


@pytest.mark.parametrize("bad", ["a b", "x" * 65, "<script>", ""])
async def test_but_not_any_id(front: Front, bad: str) -> None:
    response = await front.http.get("/api/v1/health/live", headers={"X-Request-Id": bad})
    assert response.headers["X-Request-Id"] != bad
    assert len(response.headers["X-Request-Id"]) == 32


async def test_a_body_that_does_not_come(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT", 0.2)
    async with running_front(postgres, tmp_path) as front:
        host, port = front.url.removeprefix("http://").split(":")
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(
                b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
                % NONCE.encode()
            )
            answer = b""
            with trio.fail_after(10):
                while b"}" not in answer:
                    answer += await stream.receive_some()
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"request_timeout"' in answer


@pytest.mark.parametrize(("status", "code"), [(400, "bad_request"), (418, "request_refused")])
async def test_what_the_framework_refuses_by_itself(status: int, code: str) -> None:
    quart = QuartTrio(__name__)
    problems.install(quart)

    @quart.get("/")
    async def refuse() -> None:
        abort(status)

    response = await quart.test_client().get("/")
    assert response.status_code == status
    assert (await response.get_json())["code"] == code


async def test_a_creator_has_so_many_drafts(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 1)
    creator = await front.player()
    await front.bot(BotStatus.DRAFT, creator)
    response = await front.http.post("/api/v1/bots", json=draft(), headers=creator.headers)
    problem(response, 429, "too_many_drafts")


async def test_a_payment_whose_message_is_not_there(front: Front) -> None:
    """The stand-in of the game takes the payment and writes nothing."""
    player = await front.player()
    session = await front.session(player)
    body = {"id": str(new_id()), "text": "hello", "payment": {"transaction": "AAAA"}}
    response = await front.http.post(
        f"/api/v1/chats/{session.id}/messages", json=body, headers=player.headers
    )
    problem(response, 404, "message_not_found")


@pytest.mark.parametrize("path", ["/ws/lobby", f"/ws/bots/{UUID(int=1)}", f"/ws/chats/{UUID(int=1)}"])
async def test_where_a_websocket_is_it_is_said_that_one_is_needed(front: Front, path: str) -> None:
    response = await front.http.get(path)
    problem(response, 426, "upgrade_required")
    assert response.headers["Upgrade"] == "websocket"
