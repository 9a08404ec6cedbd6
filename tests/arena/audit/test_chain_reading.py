"""A bot's account and its history, from a node that does not tell all, or not at the same time."""

from __future__ import annotations

import pytest

from arena.audit import chain_reading
from arena.audit.chain_reading import BotOnChain, Unreadable, read_bot
from arena.chain import history
from arena.chain.client import ChainClient
from tests.arena.chain.test_feed import Chain
from tests.arena.chain.test_history import BOT, live


async def read(client: ChainClient, told: Chain) -> BotOnChain:
    return await read_bot(client, told.recipes.program_id, told.recipes.address(BOT))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_reading, "PAUSE", 0.0)


async def test_a_closed_bot_is_read_to_its_closing(told: Chain, client: ChainClient) -> None:
    live(told, 3)
    told.land(BOT, 4, "closed")
    found = await read(client, told)
    assert (found.account, found.event_seq) == (None, 4)


async def test_what_is_newer_than_the_account_is_cut_off(told: Chain, client: ChainClient) -> None:
    live(told, 3)
    told.land(BOT, 4, account=False)
    assert (await read(client, told)).event_seq == 3


@pytest.mark.usefixtures("hurried")
async def test_a_history_that_ends_before_the_account_is_read_again_and_then_refused(
    told: Chain, client: ChainClient
) -> None:
    live(told, 3)
    told.unlisted.add(told.land(BOT, 4))
    with pytest.raises(Unreadable, match="come to event 4, the node's history to 3"):
        await read(client, told)
    assert told.node.count("getMultipleAccounts") == chain_reading.ATTEMPTS
    told.unlisted.clear()
    assert (await read(client, told)).event_seq == 4


@pytest.mark.usefixtures("hurried")
async def test_a_node_that_has_forgotten_the_beginning_is_refused(told: Chain, client: ChainClient) -> None:
    first = told.land(BOT, 1, "created")
    told.land(BOT, 2)
    told.unlisted.add(first)
    with pytest.raises(Unreadable, match="begins with event 2"):
        await read(client, told)


@pytest.mark.usefixtures("hurried")
async def test_an_account_that_is_gone_without_a_closing_is_refused(told: Chain, client: ChainClient) -> None:
    live(told, 2)
    told.unlisted.add(told.land(BOT, 3, "closed"))
    with pytest.raises(Unreadable, match="does not tell of its closing"):
        await read(client, told)


@pytest.mark.usefixtures("hurried")
async def test_a_gap_where_something_cannot_be_read_is_refused_and_one_where_all_was_read_is_told(
    told: Chain, client: ChainClient
) -> None:
    live(told, 2)
    missing = told.land(BOT, 3)
    told.land(BOT, 4)
    told.hidden.add(missing)
    with pytest.raises(Unreadable, match="1 transactions cannot be read"):
        await read(client, told)
    told.hidden.clear()
    told.unlisted.add(missing)
    assert [seen.event.event_seq for seen in (await read(client, told)).events] == [1, 2, 4]


async def test_a_history_that_is_too_long_to_be_kept_is_refused(
    told: Chain, client: ChainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_HISTORY", 5)
    live(told, 6)
    with pytest.raises(Unreadable, match="more than 5 events"):
        await read(client, told)
