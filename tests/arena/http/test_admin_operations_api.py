"""Operating the running arena: restarting and stopping actors, and the log of who did."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio
from httpx import Response

from actors import Actor, ActorSpec, ActorState, SupervisorSpec
from arena.edge import authentication
from arena.game import audit_trail
from arena.game.messages import AttachSession
from arena.game.tree import INDISPENSABLE
from arena.ids import new_id
from arena.store import audit
from persistence import Write, database
from tests.fixtures.front import Front, Player, running_front
from tests.persistence.proxy import proxied

ACTORS = "/admin/actors"


async def operator(front: Front) -> Player:
    assert front.services.keys.admin is not None
    return await front.player(front.services.keys.admin)


async def post(front: Front, url: str, /, **reason: Any) -> Response:
    """As an operator; without a body if there is nothing to say."""
    headers = (await operator(front)).headers
    if not reason:
        return await front.http.post(url, headers=headers)
    return await front.http.post(url, headers=headers, json=reason)


async def entries(front: Front, **query: Any) -> dict[str, Any]:
    response = await front.http.get("/admin/audit", params=query, headers=(await operator(front)).headers)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


async def activate(front: Front) -> str:
    """One more session; its path."""
    session = front.services.session(new_id())
    await session.ask(AttachSession())
    return session.path


async def becomes(front: Front, path: str, state: ActorState) -> None:
    with trio.fail_after(5):
        while front.services.system.info(path).state is not state:
            await trio.sleep(0.005)


def restarts(front: Front, path: str) -> int:
    return front.services.system.info(path).restarts


async def restarted(front: Front, path: str, times: int = 1) -> None:
    with trio.fail_after(5):
        while restarts(front, path) < times:
            await trio.sleep(0.005)


# -- restarting and stopping


async def test_an_actor_is_restarted(front: Front) -> None:
    path = await activate(front)
    response = await post(front, f"{ACTORS}{path}/restart")
    assert response.status_code == 202
    accepted = response.json()
    assert (accepted["before"]["path"], accepted["before"]["restarts"]) == (path, 0)
    assert accepted["recorded"] is True
    await restarted(front, path)
    await becomes(front, path, ActorState.RUNNING)


async def test_a_region_is_stopped_and_started_again(front: Front) -> None:
    await activate(front)
    assert (await post(front, f"{ACTORS}/sessions/stop")).status_code == 202
    await becomes(front, "/sessions", ActorState.STOPPED)
    again = await post(front, f"{ACTORS}/sessions/stop")
    assert (again.status_code, again.json()["code"]) == (409, "actor_already_stopped")
    assert (await post(front, f"{ACTORS}/sessions/restart")).status_code == 202
    await becomes(front, "/sessions", ActorState.RUNNING)
    await activate(front)


async def test_a_stopped_session_comes_back_with_its_next_message(front: Front) -> None:
    path = await activate(front)
    assert (await post(front, f"{ACTORS}{path}/stop")).status_code == 202
    with trio.fail_after(5):
        while path in [info.path for info in front.services.system.tree()]:
            await trio.sleep(0.005)
    await front.services.system.ref(path).ask(AttachSession())
    assert restarts(front, path) == 0, "it is another activation"


async def test_the_journal_can_be_restarted_and_who_did_is_written_before(front: Front) -> None:
    response = await post(front, f"{ACTORS}/journal/restart", reason="it hangs")
    assert (response.status_code, response.json()["recorded"]) == (202, True)
    await restarted(front, "/journal")
    await becomes(front, "/journal", ActorState.RUNNING)
    [entry] = (await entries(front))["entries"]
    assert entry["detail"]["reason"] == "it hangs"
    await front.bot()  # it commits


# -- what is refused


@pytest.mark.parametrize("operation", ["restart", "stop"])
async def test_only_operators_may_do_it(front: Front, operation: str) -> None:
    path = await activate(front)
    url = f"{ACTORS}{path}/{operation}"
    player = await front.player()
    response = await front.http.post(url, headers=player.headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    missing = await front.http.post(url)
    assert (missing.status_code, missing.json()["code"]) == (401, "token_missing")
    assert front.services.system.info(path).state is ActorState.RUNNING
    assert restarts(front, path) == 0
    assert not (await entries(front))["entries"]


@pytest.mark.parametrize("operation", ["restart", "stop"])
@pytest.mark.parametrize("path", ["nobody", "sessions/00000000-0000-0000-0000-000000000000"])
async def test_what_is_not_there_is_not_found(front: Front, operation: str, path: str) -> None:
    response = await post(front, f"{ACTORS}/{path}/{operation}")
    assert (response.status_code, response.json()["code"]) == (404, "actor_not_found")


@pytest.mark.parametrize("operation", ["restart", "stop"])
async def test_the_root_is_left_alone(front: Front, operation: str) -> None:
    response = await post(front, f"{ACTORS}/{operation}")
    assert (response.status_code, response.json()["code"]) == (409, "actor_is_root")
    player = await front.player()
    assert (await front.http.post(f"{ACTORS}/{operation}", headers=player.headers)).status_code == 403


async def test_what_the_arena_cannot_do_without_is_not_stopped(front: Front) -> None:
    response = await post(front, f"{ACTORS}/journal/stop")
    assert (response.status_code, response.json()["code"]) == (409, "actor_indispensable")
    assert response.json()["detail"].startswith(INDISPENSABLE["/journal"])
    assert front.services.system.info("/journal").state is ActorState.RUNNING
    assert not (await entries(front))["entries"]


async def test_what_is_below_a_stopped_supervisor_cannot_be_restarted(postgres: str, tmp_path: Path) -> None:
    below = SupervisorSpec("upper", [SupervisorSpec("lower", [ActorSpec("idler", Actor)])])
    async with running_front(postgres, tmp_path, more=[below]) as front:
        front.services.system.stop("/upper")
        await becomes(front, "/upper/lower/idler", ActorState.STOPPED)
        response = await post(front, f"{ACTORS}/upper/lower/idler/restart")
        assert (response.status_code, response.json()["code"]) == (409, "supervisor_stopped")
        assert (await post(front, f"{ACTORS}/upper/restart")).status_code == 202
        await becomes(front, "/upper/lower/idler", ActorState.RUNNING)
        assert (await post(front, f"{ACTORS}/upper/lower/idler/restart")).status_code == 202


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"reason": "%s"}' % (b"x" * 501), "application/json", 422, "validation_failed"),
        (b'{"reason": "a\\u0000b"}', "application/json", 422, "validation_failed"),
        (b'{"reason": "a\\nb"}', "application/json", 422, "validation_failed"),
        (b'{"reason": 1}', "application/json", 422, "validation_failed"),
        (b'{"why": "so"}', "application/json", 422, "validation_failed"),
        (b"{", "application/json", 400, "body_malformed"),
        (b"because", "text/plain", 415, "media_type_unsupported"),
    ],
)
async def test_a_reason_is_a_short_line(
    front: Front, content: bytes, kind: str, status: int, code: str
) -> None:
    headers = (await operator(front)).headers | {"Content-Type": kind}
    response = await front.http.post(f"{ACTORS}/sessions/restart", content=content, headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert restarts(front, "/sessions") == 0


async def test_an_empty_object_gives_no_reason(front: Front) -> None:
    headers = (await operator(front)).headers
    response = await front.http.post(f"{ACTORS}/sessions/restart", json={}, headers=headers)
    assert response.status_code == 202


# -- the audit log


async def test_the_audit_log_tells_who_did_what_to_what_and_why(front: Front) -> None:
    path = await activate(front)
    response = await post(front, f"{ACTORS}{path}/stop", reason="  it is stuck ")
    [entry] = (await entries(front))["entries"]
    assert front.services.keys.admin is not None
    assert entry["actor"] == str(front.services.keys.admin.pubkey())
    assert (entry["action"], entry["subject"]) == ("actor.stop", path)
    detail = entry["detail"]
    assert (detail["reason"], detail["request_id"]) == ("it is stuck", response.headers["X-Request-Id"])
    assert (detail["before"]["state"], detail["before"]["handled"]) == ("running", 1)


async def test_it_is_written_before_it_is_done(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await activate(front)
    append = front.services.audit.append
    seen: list[tuple[ActorState, int, int]] = []

    async def watched(entry: Write) -> bool:
        recorded = await append(entry)
        info = front.services.system.info(path)
        seen.append((info.state, info.restarts, len(await audit.newest(front.database, subject=path))))
        return recorded

    monkeypatch.setattr(audit_trail.AuditTrail, "append", lambda self, entry: watched(entry))
    assert (await post(front, f"{ACTORS}{path}/restart")).status_code == 202
    assert seen == [(ActorState.RUNNING, 0, 1)]


async def test_an_actor_that_goes_while_it_is_written_is_not_found(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await activate(front)
    append = front.services.audit.append

    async def slowly(entry: Write) -> bool:
        front.services.system.stop(path)
        return await append(entry)

    monkeypatch.setattr(audit_trail.AuditTrail, "append", lambda self, entry: slowly(entry))
    response = await post(front, f"{ACTORS}{path}/restart")
    assert (response.status_code, response.json()["code"]) == (404, "actor_not_found")


async def test_the_audit_log_is_read_newest_first_a_page_at_a_time(front: Front) -> None:
    for number in range(5):
        path = "/sessions" if number % 2 else "/bots"
        await front.commit(audit.record("a wallet", "actor.restart", path, {"number": number}))

    async def pages(**query: Any) -> list[list[int]]:
        found, cursor = [], None
        while True:
            page = await entries(front, **query, **({} if cursor is None else {"cursor": cursor}))
            found.append([entry["detail"]["number"] for entry in page["entries"]])
            if (cursor := page["next_cursor"]) is None:
                return found
            assert UUID(cursor)

    assert await pages(limit=2) == [[4, 3], [2, 1], [0]]
    assert await pages(limit=1, subject="/sessions") == [[3], [1]]
    assert await pages(subject="/nobody") == [[]]


@pytest.mark.parametrize(("field", "value"), [("cursor", "x"), ("limit", "0"), ("who", "me")])
async def test_questions_that_make_no_sense_are_refused(front: Front, field: str, value: str) -> None:
    headers = (await operator(front)).headers
    response = await front.http.get("/admin/audit", params={field: value}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


# -- while the database is away


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every limit of a wait for the database is short."""
    monkeypatch.setattr(authentication, "OPERATOR_PATIENCE", 0.2)
    monkeypatch.setattr(audit_trail, "PATIENCE", 0.2)
    for name in ("CONNECT_TIMEOUT", "STATEMENT_TIMEOUT", "ACQUIRE_TIMEOUT", "UNWIND_TIMEOUT"):
        monkeypatch.setattr(database, name, 1.0)


async def test_an_operator_can_restart_what_hangs_in_an_outage_and_it_is_written_afterwards(
    postgres: str, tmp_path: Path, impatient: None
) -> None:
    async with proxied(postgres) as proxy, running_front(proxy.dsn, tmp_path) as front:
        path = await activate(front)
        known, late = await operator(front), await operator(front)
        assert (await front.http.get(ACTORS, headers=known.headers)).status_code == 200
        proxy.stalled = True
        url = f"{ACTORS}{path}/restart"
        response = await front.http.post(url, headers=known.headers, json={"reason": "stuck"}, timeout=30)
        assert (response.status_code, response.json()["recorded"]) == (202, False)
        await restarted(front, path)
        refused = await front.http.post(url, headers=late.headers, timeout=30)
        assert refused.status_code == 503, "whether it was revoked has never been seen"
        proxy.stalled = False
        with trio.fail_after(60):
            await front.services.audit.flush()
        [entry] = await audit.newest(front.database)
        assert (entry.subject, entry.detail["reason"]) == (path, "stuck")


async def test_whoever_has_logged_out_is_not_let_in_by_an_outage(
    postgres: str, tmp_path: Path, impatient: None
) -> None:
    async with proxied(postgres) as proxy, running_front(proxy.dsn, tmp_path) as front:
        gone = await operator(front)
        assert (await front.http.get(ACTORS, headers=gone.headers)).status_code == 200
        assert (await front.http.delete("/api/v1/auth/session", headers=gone.headers)).status_code == 204
        proxy.stalled = True
        assert (await front.http.get(ACTORS, headers=gone.headers, timeout=30)).status_code == 503
        proxy.stalled = False
