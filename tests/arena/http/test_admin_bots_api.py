"""What operators decide about bots, over HTTP."""

from uuid import uuid4

import pytest

from arena.game.messages import GoOn
from arena.store.bots import BotStatus
from tests.fixtures.front import Front, Player


async def operator(front: Front) -> Player:
    assert front.services.keys.admin is not None
    return await front.player(front.services.keys.admin)


def on_a_chain_that_says_nothing(front: Front) -> None:
    front.rpc.methods["getSlot"] = lambda _: 10
    front.rpc.methods["getSignaturesForAddress"] = lambda _: []


async def test_a_halted_bot_is_shown_with_what_it_has_not_taken_in(front: Front) -> None:
    on_a_chain_that_says_nothing(front)
    bot_id = await front.bot(BotStatus.HALTED)
    response = await front.http.get(f"/admin/bots/{bot_id}/halt", headers=(await operator(front)).headers)
    assert response.status_code == 200, response.text
    halt = response.json()
    assert (halt["bot_id"], halt["events"]) == (str(bot_id), [])


async def test_it_goes_on_when_an_operator_says_so_and_who_did_is_written_before(front: Front) -> None:
    on_a_chain_that_says_nothing(front)
    bot_id, headers = await front.bot(BotStatus.HALTED), (await operator(front)).headers
    seq = (await front.http.get(f"/admin/bots/{bot_id}/halt", headers=headers)).json()["event_seq"]
    decision = {"up_to": seq, "reason": "nothing was lost"}
    response = await front.http.post(f"/admin/bots/{bot_id}/resume", json=decision, headers=headers)
    assert (response.status_code, response.json()) == (202, {"up_to": seq, "recorded": True})
    assert front.game.gone_on == [(bot_id, GoOn(seq))]
    [entry] = (await front.http.get("/admin/audit", headers=headers)).json()["entries"]
    assert (entry["action"], entry["subject"]) == ("bot.resume", str(bot_id))
    assert (entry["detail"]["reason"], entry["detail"]["up_to"]) == ("nothing was lost", seq)


async def test_nothing_is_decided_that_is_not_final(front: Front) -> None:
    on_a_chain_that_says_nothing(front)
    bot_id, headers = await front.bot(BotStatus.HALTED), (await operator(front)).headers
    response = await front.http.post(f"/admin/bots/{bot_id}/resume", json={"up_to": 99}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (409, "events_not_final")
    assert front.game.gone_on == []
    assert (await front.http.get("/admin/audit", headers=headers)).json()["entries"] == []


@pytest.mark.parametrize(("method", "action"), [("GET", "halt"), ("POST", "resume")])
async def test_what_is_refused(front: Front, method: str, action: str) -> None:
    on_a_chain_that_says_nothing(front)
    live, headers = await front.bot(), (await operator(front)).headers
    body = {"json": {"up_to": 1}} if method == "POST" else {}
    for bot_id, status, code in ((live, 409, "bot_not_halted"), (uuid4(), 404, "bot_not_found")):
        response = await front.http.request(method, f"/admin/bots/{bot_id}/{action}", headers=headers, **body)
        assert (response.status_code, response.json()["code"]) == (status, code)
    stranger = (await front.player()).headers
    response = await front.http.request(method, f"/admin/bots/{live}/{action}", headers=stranger, **body)
    assert response.status_code == 403
    assert (await front.http.request(method, f"/admin/bots/{live}/{action}", **body)).status_code == 401


async def test_a_chain_that_does_not_answer_is_an_outage(front: Front) -> None:
    bot_id, headers = await front.bot(BotStatus.HALTED), (await operator(front)).headers
    front.rpc.down = True
    response = await front.http.get(f"/admin/bots/{bot_id}/halt", headers=headers)
    assert (response.status_code, response.json()["code"]) == (503, "chain_unavailable")
