"""Sessions over HTTP."""

import pytest
import trio

from arena.ids import new_id
from arena.store.bots import BotStatus
from tests.fixtures.front import Front


async def test_the_first_request_opens_the_session_and_the_next_finds_it(front: Front) -> None:
    player = await front.player()
    bot_id = await front.bot()
    first = await front.http.get(f"/api/v1/chats/{bot_id}", headers=player.headers)
    assert first.status_code == 200
    chat = first.json()
    assert (chat["bot_id"], chat["wallet"]) == (str(bot_id), str(player.wallet.pubkey()))
    assert (chat["status"], chat["websocket"]) == ("active", f"/ws/chats/{chat['id']}")
    assert (await front.http.get(f"/api/v1/chats/{bot_id}", headers=player.headers)).json() == chat


async def test_everybody_has_a_session_of_their_own(front: Front) -> None:
    bot_id = await front.bot()
    ids = set()
    for _ in range(2):
        player = await front.player()
        ids.add((await front.http.get(f"/api/v1/chats/{bot_id}", headers=player.headers)).json()["id"])
    assert len(ids) == 2


async def test_two_tabs_at_once_get_one_session(front: Front) -> None:
    player = await front.player()
    bot_id = await front.bot()
    ids = set()

    async def open_tab() -> None:
        ids.add((await front.http.get(f"/api/v1/chats/{bot_id}", headers=player.headers)).json()["id"])

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(open_tab)
    assert len(ids) == 1


@pytest.mark.parametrize("status", [BotStatus.DRAFT, BotStatus.OPENING])
async def test_a_bot_that_is_not_open_yet_has_no_chats(front: Front, status: BotStatus) -> None:
    player = await front.player()
    response = await front.http.get(f"/api/v1/chats/{await front.bot(status)}", headers=player.headers)
    assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


async def test_an_unknown_bot_has_none_either(front: Front) -> None:
    player = await front.player()
    response = await front.http.get(f"/api/v1/chats/{new_id()}", headers=player.headers)
    assert response.status_code == 404


async def test_it_takes_a_token(front: Front) -> None:
    assert (await front.http.get(f"/api/v1/chats/{await front.bot()}")).status_code == 401
