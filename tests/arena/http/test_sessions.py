"""Staying signed in: refreshing, and ending sessions, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import trio
from solders.keypair import Keypair

from arena.edge.tokens import Tokens
from arena.http import signing_in
from arena.store import auth_sessions
from tests.arena.http.test_sign_in import nonce, signed
from tests.fixtures.front import Front, Player, running_front

SESSION = "/api/v1/auth/session"
SESSIONS = "/api/v1/auth/sessions"
REFRESH = "/api/v1/auth/refresh"
URL = "https://arena.example"
OLD_SECRET = "an old secret of the tests that is long enough"
NEW_SECRET = "a new secret of the tests that is long enough"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def sign_in(front: Front, wallet: Keypair) -> dict[str, Any]:
    response = await front.http.post(SESSION, json=signed(await nonce(front, wallet), wallet))
    assert response.status_code == 201
    return response.json()  # type: ignore[no-any-return]


async def refresh(front: Front, token: str, request_id: UUID | None = None) -> httpx.Response:
    body = {"refresh_token": token} | ({} if request_id is None else {"id": str(request_id)})
    return await front.http.post(REFRESH, json=body)


async def status(front: Front, token: str) -> tuple[int, str | None]:
    response = await front.http.get(SESSION, headers=bearer(token))
    return response.status_code, response.json().get("code")


OPEN = (200, None)
ENDED = (401, "token_revoked")


def refused(response: httpx.Response) -> dict[str, Any]:
    """What the client is told, without what is different in every answer."""
    document = response.json()
    assert (response.status_code, document["code"]) == (401, "refresh_token_invalid")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    document.pop("instance")
    return document  # type: ignore[no-any-return]


# -- who am I


async def test_who_signs_in_can_ask_who_they_are_and_until_when(front: Front) -> None:
    wallet = Keypair()
    given = await sign_in(front, wallet)
    response = await front.http.get(SESSION, headers=bearer(given["token"]))
    session = response.json()
    assert response.status_code == 200
    assert session.pop("signed_in_at") < given["expires_at"] < given["session_expires_at"]
    assert session == {
        "user": given["user"],
        "operator": False,
        "expires_at": given["expires_at"],
        "session_expires_at": given["session_expires_at"],
    }


@pytest.mark.parametrize("headers", [{}, bearer("nonsense")])
async def test_nobody_is_told_who_somebody_is_without_a_token(front: Front, headers: dict[str, str]) -> None:
    assert (await front.http.get(SESSION, headers=headers)).status_code == 401
    assert (await front.http.delete(SESSIONS, headers=headers)).status_code == 401


async def test_operators_see_that_they_are(front: Front) -> None:
    assert front.services.keys.admin is not None
    given = await sign_in(front, front.services.keys.admin)
    session = (await front.http.get(SESSION, headers=bearer(given["token"]))).json()
    assert session["operator"] is True


# -- refreshing


async def test_a_refresh_token_is_exchanged_for_the_next_ones(front: Front) -> None:
    given = await sign_in(front, Keypair())
    answer = await refresh(front, given["refresh_token"])
    assert answer.status_code == 200
    next_ones = answer.json()
    assert next_ones["user"] == given["user"]
    assert next_ones["session_expires_at"] == given["session_expires_at"], (
        "refreshing does not make it last longer"
    )
    assert next_ones["refresh_token"] != given["refresh_token"]
    assert await status(front, next_ones["token"]) == OPEN
    assert await status(front, given["token"]) == OPEN, "the old one has not run out"
    assert (await refresh(front, next_ones["refresh_token"])).status_code == 200


async def test_no_token_is_in_the_database(front: Front) -> None:
    given = await sign_in(front, Keypair())
    rows = await front.database.fetch("select t::text as row from refresh_tokens t")
    assert len(rows) == 1
    assert given["refresh_token"] not in rows[0]["row"]


async def test_a_refresh_token_that_is_used_again_ends_the_session(front: Front) -> None:
    wallet = Keypair()
    given, elsewhere = await sign_in(front, wallet), await sign_in(front, wallet)
    mine = (await refresh(front, given["refresh_token"])).json()
    refused(await refresh(front, given["refresh_token"]))
    assert await status(front, mine["token"]) == ENDED
    assert await status(front, given["token"]) == ENDED
    refused(await refresh(front, mine["refresh_token"]))
    assert await status(front, elsewhere["token"]) == OPEN, "another session of the same wallet"


async def test_a_refresh_whose_answer_was_lost_is_repeated(front: Front) -> None:
    given = await sign_in(front, Keypair())
    request_id = uuid4()
    answers = [(await refresh(front, given["refresh_token"], request_id)).json() for _ in range(3)]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert [await status(front, answer["token"]) for answer in answers] == [OPEN] * 3
    assert (await refresh(front, answers[0]["refresh_token"], uuid4())).status_code == 200
    refused(await refresh(front, given["refresh_token"], request_id))
    assert await status(front, answers[0]["token"]) == ENDED


async def test_whoever_does_not_know_the_requests_id_cannot_repeat_it(front: Front) -> None:
    given = await sign_in(front, Keypair())
    assert (await refresh(front, given["refresh_token"], uuid4())).status_code == 200
    refused(await refresh(front, given["refresh_token"], uuid4()))
    assert await status(front, given["token"]) == ENDED


async def test_of_many_refreshes_at_once_the_session_ends(front: Front) -> None:
    given = await sign_in(front, Keypair())
    statuses = []

    async def attempt() -> None:
        statuses.append((await refresh(front, given["refresh_token"])).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(attempt)
    assert sorted(statuses) == [200] + [401] * 7
    assert await status(front, given["token"]) == ENDED


async def test_a_session_is_refreshed_until_its_time_is_over(front: Front) -> None:
    given = await sign_in(front, Keypair())
    await front.database.execute("update auth_sessions set expires_at = now() + interval '100 seconds'")
    answer = (await refresh(front, given["refresh_token"])).json()
    assert answer["expires_at"][:-8] == answer["session_expires_at"][: len(answer["expires_at"][:-8])]
    await front.database.execute("update auth_sessions set expires_at = now() - interval '1 second'")
    refused(await refresh(front, answer["refresh_token"]))
    assert await status(front, answer["token"]) == ENDED


async def test_an_access_token_cannot_refresh_and_a_refresh_token_cannot_ask(front: Front) -> None:
    given = await sign_in(front, Keypair())
    refused(await refresh(front, given["token"][:200]))
    assert await status(front, given["refresh_token"]) == (401, "token_invalid")


async def test_every_refusal_says_the_same(front: Front) -> None:
    used, gone, expired, reused = [await sign_in(front, Keypair()) for _ in range(4)]
    await refresh(front, used["refresh_token"])
    await front.http.delete(SESSION, headers=bearer(gone["token"]))
    await front.database.execute(
        "update auth_sessions set expires_at = now() - interval '1 second' where user_id = $1",
        expired["user"]["id"],
    )
    await refresh(front, reused["refresh_token"])
    answers = [
        refused(await refresh(front, token))
        for token in (
            *(one["refresh_token"] for one in (used, gone, expired, reused)),
            reused["refresh_token"],  # of a session that has ended by now
            used["refresh_token"][:-1],
            "arena_refresh_" + "A" * 43,
            "nonsense",
            "\u00fc",
        )
    ]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": ""}, {"refresh_token": "x" * 201}, {"refresh_token": "x", "id": "1"}]
)
async def test_what_is_no_refresh_is_told_apart(front: Front, body: dict[str, str]) -> None:
    response = await front.http.post(REFRESH, json=body)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


# -- ending sessions


async def test_logging_out_ends_the_whole_session(front: Front) -> None:
    wallet = Keypair()
    given, elsewhere = await sign_in(front, wallet), await sign_in(front, wallet)
    next_ones = (await refresh(front, given["refresh_token"])).json()
    assert (await front.http.delete(SESSION, headers=bearer(given["token"]))).status_code == 204
    assert await status(front, given["token"]) == ENDED
    assert await status(front, next_ones["token"]) == ENDED
    refused(await refresh(front, next_ones["refresh_token"]))
    assert await status(front, elsewhere["token"]) == OPEN


async def test_logging_out_everywhere_ends_all_sessions_of_the_wallet_and_no_others(front: Front) -> None:
    wallet = Keypair()
    mine = [await sign_in(front, wallet) for _ in range(3)]
    theirs = await sign_in(front, Keypair())
    response = await front.http.delete(SESSIONS, headers=bearer(mine[1]["token"]))
    assert (response.status_code, response.content) == (204, b"")
    assert [await status(front, one["token"]) for one in mine] == [ENDED] * 3
    for one in mine:
        refused(await refresh(front, one["refresh_token"]))
    assert await status(front, theirs["token"]) == OPEN
    again = await sign_in(front, wallet)
    assert await status(front, again["token"]) == OPEN


async def test_with_too_many_sessions_the_oldest_ends(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_sessions, "MAX_SESSIONS", 2)
    wallet = Keypair()
    first, second, third = [await sign_in(front, wallet) for _ in range(3)]
    assert [await status(front, one["token"]) for one in (first, second, third)] == [ENDED, OPEN, OPEN]


# -- keys


async def test_the_secret_can_be_changed_and_nobody_notices(postgres: str, tmp_path: Path) -> None:
    same = {"arena_public_url": URL}
    async with running_front(postgres, tmp_path, jwt_secret=OLD_SECRET, **same) as front:
        given = await sign_in(front, Keypair())
    rotated = {"jwt_secret": NEW_SECRET, "jwt_previous_secrets": OLD_SECRET}
    async with running_front(postgres, tmp_path, **same, **rotated) as front:
        assert await status(front, given["token"]) == OPEN
        given = (await refresh(front, given["refresh_token"])).json()
    async with running_front(postgres, tmp_path, jwt_secret=NEW_SECRET, **same) as front:
        assert await status(front, given["token"]) == OPEN


async def test_after_a_theft_of_the_secret_sessions_go_on_with_refreshed_tokens(
    postgres: str, tmp_path: Path
) -> None:
    async with running_front(postgres, tmp_path, jwt_secret=OLD_SECRET, arena_public_url=URL) as front:
        given = await sign_in(front, Keypair())
    async with running_front(postgres, tmp_path, jwt_secret=NEW_SECRET, arena_public_url=URL) as front:
        assert await status(front, given["token"]) == (401, "token_invalid")
        given = (await refresh(front, given["refresh_token"])).json()
        assert await status(front, given["token"]) == OPEN


async def test_whoever_has_the_secret_still_needs_a_session(front: Front) -> None:
    player = await front.player()
    tokens = Tokens(front.services.keys.jwt_secret, issuer=front.services.settings.public_url, lifetime=600)
    made_up = tokens.issue(player.user_id, player.identity.wallet, uuid4()).token
    assert await status(front, made_up) == ENDED


# -- operators


async def test_an_operator_signs_in_again_sooner(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_operator_session_lifetime=600) as front:
        assert front.services.keys.admin is not None
        operator, other = await sign_in(front, front.services.keys.admin), await sign_in(front, Keypair())
        assert await lasts(front) == [600, 604_800]
        await front.database.execute("update auth_sessions set created_at = now() - interval '599 seconds'")
        assert (await refresh(front, other["refresh_token"])).status_code == 200
        operator = (await refresh(front, operator["refresh_token"])).json()
        await front.database.execute("update auth_sessions set created_at = now() - interval '601 seconds'")
        refused(await refresh(front, operator["refresh_token"]))
        assert await status(front, operator["token"]) == ENDED


async def lasts(front: Front) -> list[int]:
    return [
        round(record["seconds"])
        for record in await front.database.fetch(
            "select extract(epoch from expires_at - created_at)::float8 as seconds from auth_sessions order by 1"
        )
    ]


async def test_who_becomes_an_operator_has_to_sign_in_anew(postgres: str, tmp_path: Path) -> None:
    wallet = Keypair()
    async with running_front(postgres, tmp_path, arena_public_url=URL) as front:
        given = await sign_in(front, wallet)
        await front.database.execute("update auth_sessions set created_at = now() - interval '13 hours'")
    address = str(wallet.pubkey())
    async with running_front(postgres, tmp_path, arena_public_url=URL, arena_admin_wallets=address) as front:
        refused(await refresh(front, given["refresh_token"]))


async def test_an_operator_who_is_taken_from_the_setting_is_none_from_the_next_start_on(
    postgres: str, tmp_path: Path
) -> None:
    wallet, other = Keypair(), str(Keypair().pubkey())
    same = {"arena_public_url": URL}

    async def may_look(front: Front, token: str) -> tuple[int, bool]:
        response = await front.http.get("/admin/actors", headers=bearer(token))
        session = await front.http.get(SESSION, headers=bearer(token))
        return response.status_code, session.json()["operator"]

    both = f"{wallet.pubkey()},{other}"
    async with running_front(postgres, tmp_path, arena_admin_wallets=both, **same) as front:
        given = await sign_in(front, wallet)
        assert await may_look(front, given["token"]) == (200, True)
    async with running_front(postgres, tmp_path, arena_admin_wallets=other, **same) as front:
        assert await may_look(front, given["token"]) == (403, False)
        given = (await refresh(front, given["refresh_token"])).json()
        assert await may_look(front, given["token"]) == (403, False)
        assert await may_look(front, (await sign_in(front, wallet))["token"]) == (403, False)


# -- what strangers learn


def told(response: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    document = response.json()
    document.pop("instance")
    headers = {
        name: value for name, value in response.headers.items() if name not in {"date", "x-request-id"}
    }
    return response.status_code, document, headers


@pytest.fixture
async def known(front: Front) -> Player:
    return await front.player()


async def test_nonces_tell_nothing_of_who_has_signed_in_before(front: Front, known: Player) -> None:
    answers = []
    for wallet in (known.wallet, Keypair()):
        given = await nonce(front, wallet)
        answers.append((given.keys(), len(str(given["message"]).replace(str(wallet.pubkey()), ""))))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("has_signed_in", [True, False])
async def test_a_wrong_signature_tells_nothing_of_the_nonce_or_the_wallet(
    front: Front, known: Player, has_signed_in: bool
) -> None:
    wallet, thief = known.wallet if has_signed_in else Keypair(), Keypair()
    fresh, used, expired = [await nonce(front, wallet) for _ in range(3)]
    await front.http.post(SESSION, json=signed(used, wallet))
    await front.database.execute(
        "update nonces set expires_at = now() - interval '1 second' where nonce = $1", expired["nonce"]
    )
    unknown = fresh | {"nonce": signing_in.new_nonce(datetime.now(UTC))}
    foreign = await nonce(front, Keypair())
    answers = [
        told(await front.http.post(SESSION, json=signed(given, wallet, key=thief)))
        for given in (fresh, used, expired, unknown, foreign)
    ]
    assert answers[0][1]["code"] == "signature_invalid"
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("has_signed_in", [True, False])
async def test_whatever_is_wrong_with_a_nonce_the_answer_is_the_same(
    front: Front, known: Player, has_signed_in: bool
) -> None:
    wallet = known.wallet if has_signed_in else Keypair()
    used, expired, forgotten = [await nonce(front, wallet) for _ in range(3)]
    await front.http.post(SESSION, json=signed(used, wallet))
    await front.database.execute(
        "update nonces set expires_at = now() - interval '1 second' where nonce = $1", expired["nonce"]
    )
    await front.database.execute("delete from nonces where nonce = $1", forgotten["nonce"])
    other = Keypair()
    foreign = await nonce(front, other)
    foreign["message"] = str(foreign["message"]).replace(str(other.pubkey()), str(wallet.pubkey()))
    not_ours = used | {"nonce": "abcdefgh"}
    answers = [
        told(await front.http.post(SESSION, json=signed(given, wallet)))
        for given in (used, expired, forgotten, foreign, not_ours)
    ]
    assert answers[0][1]["code"] == "nonce_invalid"
    assert all(answer == answers[0] for answer in answers)
