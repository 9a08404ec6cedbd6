"""Credentials over HTTP: they go in, and never come out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from arena.game import terms
from arena.ids import new_id
from arena.store import bots
from tests.fixtures.front import Front, Player

BOTS = "/api/v1/bots"
URL = "https://model.example/v1"
KEY = "sk-creators-own-key"
NEW_KEY = "sk-another-key-of-the-creator"


@pytest.fixture
async def front(front: Front) -> Front:
    """An arena whose operator allows one endpoint."""
    front.services.settings = front.services.settings.model_copy(update={"arena_llm_allowed_urls": (URL,)})
    return front


def llm(**changes: Any) -> dict[str, Any]:
    return {
        "name": "The Dragon",
        "kind": "llm",
        "public": {
            "persona": "A dragon",
            "objective": "Make it laugh.",
            "prompt": "Be proud.",
            "win_when": "The player has made you laugh.",
            "model": "small-1",
            "endpoint": URL,
        },
        "secret": {},
        "credentials": {"api_key": KEY},
        "fee_base": 1_000_000,
        "initial_pot": 20_000_000,
        "closes_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    } | changes


async def drafted(front: Front, creator: Player) -> UUID:
    response = await front.http.post(BOTS, json=llm(), headers=creator.headers)
    assert response.status_code == 201, response.text
    assert "sk-" not in response.text
    assert "credentials" not in response.text
    return UUID(response.json()["bot"]["id"])


async def put(front: Front, bot_id: UUID, credentials: object, player: Player | None) -> tuple[int, str]:
    response = await front.http.put(
        f"{BOTS}/{bot_id}/credentials",
        json={"credentials": credentials},
        headers=player.headers if player else {},
    )
    return response.status_code, response.json()["code"] if response.content else ""


async def test_a_drafts_credentials_are_kept_encrypted_and_not_shown(front: Front) -> None:
    creator = await front.player()
    bot = await bots.get(front.database, await drafted(front, creator))
    assert bot is not None
    assert bot.credentials is not None
    assert KEY.encode() not in bot.credentials
    assert KEY not in repr(bot)
    assert terms.open_credentials(front.services.secretbox, bot) == {"api_key": KEY}
    shown = await front.http.get(f"{BOTS}/{bot.id}", headers=creator.headers)
    assert not {"credentials", "secret"} & set(shown.json())
    assert "sk-" not in shown.text


async def test_credentials_are_bound_to_their_bot(front: Front) -> None:
    """Copied to another row, they do not open there."""
    creator = await front.player()
    first, second = [await bots.get(front.database, await drafted(front, creator)) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert first.credentials is not None
    with pytest.raises(Exception, match="wrong associated data"):
        front.services.secretbox.decrypt(first.credentials, terms.credentials_label(second.id))


async def test_the_creator_replaces_them(front: Front) -> None:
    creator = await front.player()
    bot_id = await drafted(front, creator)
    for _ in range(2):
        assert await put(front, bot_id, {"api_key": NEW_KEY}, creator) == (204, "")
        sealed = front.game.credentials.pop(bot_id)
        opened = front.services.secretbox.decrypt(sealed, terms.credentials_label(bot_id))
        assert json.loads(opened) == {"api_key": NEW_KEY}


async def test_nobody_else_does(front: Front) -> None:
    creator, other = await front.player(), await front.player()
    bot_id = await drafted(front, creator)
    assert await put(front, bot_id, {"api_key": NEW_KEY}, None) == (401, "token_missing")
    assert await put(front, bot_id, {"api_key": NEW_KEY}, other) == (404, "bot_not_found")
    assert await put(front, new_id(), {"api_key": NEW_KEY}, creator) == (404, "bot_not_found")
    assert front.game.credentials == {}


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({}, "brain_invalid"),
        ({"api_key": 7}, "brain_invalid"),
        ({"api_key": "short"}, "brain_invalid"),
        ({"api_key": NEW_KEY, "password": "x"}, "brain_invalid"),
        ([NEW_KEY], "validation_failed"),
        (NEW_KEY, "validation_failed"),
    ],
)
async def test_what_does_not_fit_is_refused_and_not_shown(
    front: Front, credentials: object, code: str
) -> None:
    creator = await front.player()
    bot_id = await drafted(front, creator)
    response = await front.http.put(
        f"{BOTS}/{bot_id}/credentials", json={"credentials": credentials}, headers=creator.headers
    )
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert NEW_KEY not in response.text
    assert front.game.credentials == {}


async def test_an_endpoint_that_the_operator_has_not_allowed_is_refused(front: Front) -> None:
    creator = await front.player()
    public = llm()["public"] | {"endpoint": "https://169.254.169.254/v1"}
    response = await front.http.post(BOTS, json=llm(public=public), headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (422, "brain_invalid")
    assert [error["field"] for error in response.json()["errors"]] == ["public.endpoint"]


async def test_a_bot_that_needs_none_takes_none(front: Front) -> None:
    creator = await front.player()
    passphrase = llm(kind="passphrase", public={"persona": "A cat"}, secret={"phrase": "open sesame"})
    assert (await front.http.post(BOTS, json=passphrase, headers=creator.headers)).status_code == 422
    response = await front.http.post(BOTS, json=passphrase | {"credentials": {}}, headers=creator.headers)
    bot_id = UUID(response.json()["bot"]["id"])
    assert await put(front, bot_id, {"api_key": NEW_KEY}, creator) == (422, "brain_invalid")
    assert await put(front, bot_id, {}, creator) == (204, "")
