"""What was said, over HTTP: the transcript for everybody, the own history for its player."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from arena.ids import new_id
from arena.store import messages, solutions
from arena.store.bots import BotStatus
from tests.fixtures.front import Front, Player

SIGNATURE = "5" * 88


def transcript_of(bot_id: UUID) -> str:
    return f"/api/v1/bots/{bot_id}/messages"


async def indexes(front: Front, bot_id: UUID, **params: Any) -> list[int]:
    response = await front.http.get(transcript_of(bot_id), params=params)
    assert response.status_code == 200
    return [message["message_index"] for message in response.json()["messages"]]


# -- the transcript


async def test_a_judged_message_is_public_with_its_reply(front: Front) -> None:
    session = await front.session(player := await front.player())
    text = "<script>alert(1)</script> \u202e🜂 \"'\\ é"
    message = await front.judged(session, 1, text, amount=1_234_567)
    response = await front.http.get(transcript_of(session.bot_id))
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    [said] = response.json()["messages"]
    assert said.pop("judged_at")
    assert said == {
        "message_id": str(message.id),
        "message_index": 1,
        "wallet": str(player.wallet.pubkey()),
        "username": None,
        "text": text,
        "reply": "reply 1",
        "verdict": "unsolved",
        "amount": 1_234_567,
        "signature": str(
            await front.database.fetch_value("select fee_signature from messages where id = $1", message.id)
        ),
    }


async def test_nothing_else_is_public(front: Front) -> None:
    session = await front.session(await front.player())
    await front.paying(session, "a secret of mine")
    await front.paid(session, 1, "a secret of mine")
    refunding = await front.paid(session, 2, "a secret of mine")
    await front.commit(messages.refunding(refunding.id, reason="unjudged"))
    response = await front.http.get(transcript_of(session.bot_id))
    assert response.json() == {"messages": [], "next_index": None}


async def test_what_solved_the_bot_is_public_when_its_reward_is_final(front: Front) -> None:
    session = await front.session(await front.player())
    await front.judged(session, 1)
    await front.judged(session, 2, "open sesame", solved=True)
    response = await front.http.get(transcript_of(session.bot_id))
    assert "sesame" not in response.text
    await front.commit(solutions.settled(session.bot_id, SIGNATURE))
    [last, _] = (await front.http.get(transcript_of(session.bot_id))).json()["messages"]
    assert (last["text"], last["verdict"]) == ("open sesame", "solved")


async def test_a_transcript_is_read_from_both_ends_page_by_page(front: Front) -> None:
    session = await front.session(await front.player())
    bot_id = session.bot_id
    for index in (1, 2, 4, 5, 7):
        await front.judged(session, index)
    for order, bound, expected in (
        ("newest", "before", [7, 5, 4, 2, 1]),
        ("oldest", "after", [1, 2, 4, 5, 7]),
    ):
        params: dict[str, Any] = {"order": order, "limit": 2}
        seen: list[int] = []
        while True:
            page = (await front.http.get(transcript_of(bot_id), params=params)).json()
            seen += [message["message_index"] for message in page["messages"]]
            if page["next_index"] is None:
                break
            params[bound] = page["next_index"]
        assert seen == expected
    assert await indexes(front, bot_id, after=1, before=5) == [4, 2]
    assert await indexes(front, bot_id, order="oldest", after=7) == []


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 101}, {"after": -1}, {"before": 0}, {"after": 2**63}, {"order": "x"}, {"x": 1}],
)
async def test_a_wrong_query_is_refused(front: Front, params: dict[str, Any]) -> None:
    response = await front.http.get(transcript_of(await front.bot()), params=params)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_a_transcript_that_has_not_grown_is_not_sent_again(front: Front) -> None:
    session = await front.session(await front.player())
    url = transcript_of(session.bot_id)
    await front.judged(session, 1)
    tag = (await front.http.get(url)).headers["ETag"]
    assert (await front.http.get(url, headers={"If-None-Match": tag})).status_code == 304
    await front.judged(session, 2)
    assert (await front.http.get(url, headers={"If-None-Match": tag})).status_code == 200


async def test_a_bot_that_was_never_open_has_no_transcript(front: Front) -> None:
    creator = await front.player()
    for bot_id in (await front.bot(BotStatus.DRAFT, creator), await front.bot(BotStatus.OPENING), new_id()):
        response = await front.http.get(transcript_of(bot_id), headers=creator.headers)
        assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


# -- the own history


async def history(front: Front, session_id: UUID, player: Player, **params: Any) -> dict[str, Any]:
    response = await front.http.get(
        f"/api/v1/chats/{session_id}/messages", params=params, headers=player.headers
    )
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = response.json()
    return found


async def test_a_player_sees_what_became_of_every_own_message(front: Front) -> None:
    session = await front.session(player := await front.player())
    judged = await front.judged(session, 1, "one")
    refunding = await front.paid(session, 2, "two")
    refunded = await front.paid(session, 3, "three")
    for message in (refunding, refunded):
        await front.commit(messages.refunding(message.id, reason="late"))
    await front.commit(messages.refunded(session.bot_id, message_index=3, signature=SIGNATURE))
    paid = await front.paid(session, 4, "four")
    dead = await front.paying(session, "five")
    await front.commit(messages.dead(dead.id))
    paying = await front.paying(session, "six")
    found = await history(front, session.id, player, order="oldest")
    assert [(one["message_id"], one["id"], one["status"], one["text"]) for one in found["messages"]] == [
        (str(message.id), str(message.client_id), status, message.text)
        for message, status in (
            (judged, "judged"),
            (refunding, "refunding"),
            (refunded, "refunded"),
            (paid, "paid"),
            (dead, "dead"),
            (paying, "paying"),
        )
    ]
    first, second, third, *_, last = found["messages"]
    assert (first["reply"], first["verdict"], first["message_index"]) == ("reply 1", "unsolved", 1)
    assert (second["refund_reason"], second["refund_signature"]) == ("late", None)
    assert third["refund_signature"] == SIGNATURE
    assert (last["message_index"], last["signature"], last["reply"], last["verdict"]) == (None,) * 4


async def test_a_history_is_read_from_both_ends_page_by_page(front: Front) -> None:
    session = await front.session(player := await front.player())
    made = [str((await front.judged(session, index)).id) for index in range(1, 6)]
    for order, expected in (("newest", made[::-1]), ("oldest", made)):
        params: dict[str, Any] = {"order": order, "limit": 2}
        seen: list[str] = []
        while True:
            page = await history(front, session.id, player, **params)
            seen += [message["message_id"] for message in page["messages"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == expected


async def test_a_cursor_of_another_history_is_refused(front: Front) -> None:
    player = await front.player()
    one, two = await front.session(player), await front.session(player)
    for index in (1, 2):
        await front.judged(one, index)
    cursor = (await history(front, one.id, player, limit=1))["next_cursor"]
    for url, params in (
        (f"/api/v1/chats/{two.id}/messages", {}),
        (f"/api/v1/chats/{one.id}/messages", {"order": "oldest"}),
    ):
        response = await front.http.get(url, params={"cursor": cursor} | params, headers=player.headers)
        assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")


async def test_a_history_is_for_its_player_alone(front: Front) -> None:
    session = await front.session(player := await front.player())
    url = f"/api/v1/chats/{session.id}/messages"
    assert (await history(front, session.id, player)) == {"messages": [], "next_cursor": None}
    stranger = await front.player()
    for path in (url, f"/api/v1/chats/{new_id()}/messages"):
        response = await front.http.get(path, headers=stranger.headers)
        assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
    assert (await front.http.get(url)).status_code == 401


async def test_what_only_the_chain_knows_has_no_text(front: Front) -> None:
    session = await front.session(player := await front.player())
    message = await front.paid(session, 1, "hello")
    await front.database.execute("update messages set adopted = true, text = '' where id = $1", message.id)
    [found] = (await history(front, session.id, player))["messages"]
    assert found["text"] is None
