"""Reading all that ever happened to a bot from a node that may hide, repeat or cut what it tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from arena.chain import history as history_module
from arena.chain import patient
from arena.chain.client import ChainClient, ChainUnavailable
from arena.chain.history import HistoryTooLong, whole_history
from arena.chain.patient import PatientClient
from tests.arena.chain.test_feed import Chain

BOT = uuid4()


@pytest.fixture
def told(scripted_node: Any, recipes: Any) -> Chain:
    """A chain of made-up transactions."""
    return Chain(scripted_node, recipes)


@pytest.fixture
async def client(told: Chain) -> AsyncIterator[ChainClient]:
    async with ChainClient(told.node.url, timeout=2.0) as client:
        yield client


async def seqs(client: ChainClient, told: Chain, bot: UUID = BOT) -> list[int]:
    found = await whole_history(client, told.recipes.program_id, told.recipes.address(bot))
    return [seen.event.event_seq for seen in found.events]


def live(told: Chain, events: int) -> None:
    told.land(BOT, 1, "created")
    for seq in range(2, events + 1):
        told.land(BOT, seq)


async def test_a_whole_history_is_read_page_by_page_in_order(told: Chain, client: ChainClient) -> None:
    told.recipes.page = 3
    live(told, 20)
    told.land(BOT, 21, error="InstructionError")
    assert await seqs(client, told) == list(range(1, 21))


async def test_a_bot_nobody_knows_has_no_history(told: Chain, client: ChainClient) -> None:
    assert await seqs(client, told) == []


async def test_one_event_in_two_transactions_is_there_twice(told: Chain, client: ChainClient) -> None:
    live(told, 3)
    told.land(BOT, 3)
    assert await seqs(client, told) == [1, 2, 3, 3]


async def test_what_cannot_be_read_is_counted(told: Chain, client: ChainClient) -> None:
    live(told, 3)
    told.land(BOT, 4, logs=["Log truncated"], account=False)
    told.hidden.add(told.land(BOT, 5, account=False))
    found = await whole_history(client, told.recipes.program_id, told.recipes.address(BOT))
    assert (len(found.events), found.unread) == (3, 2)


async def test_a_history_beyond_the_limit_is_refused(
    told: Chain, client: ChainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "MAX_HISTORY", 5)
    live(told, 6)
    with pytest.raises(HistoryTooLong):
        await seqs(client, told)


# -- patience


async def test_a_patient_client_asks_again_until_it_is_answered(
    told: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "BACKOFF_INITIAL", 0.001)
    monkeypatch.setattr(patient, "BACKOFF_MAX", 0.002)
    refusals = iter([told.node.RawAnswer(b"slow down", 429)] * (patient.ATTEMPTS - 1))
    told.node.script["getSlot"] = lambda *_: next(refusals, 77)
    async with PatientClient(told.node.url) as client:
        assert await client.slot() == 77
    assert told.node.count("getSlot") == patient.ATTEMPTS


async def test_a_patient_client_gives_up_in_the_end(told: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "BACKOFF_INITIAL", 0.001)
    monkeypatch.setattr(patient, "BACKOFF_MAX", 0.002)
    told.node.script["getSlot"] = told.node.RawAnswer(b"down", 503)
    async with PatientClient(told.node.url) as client:
        with pytest.raises(ChainUnavailable):
            await client.slot()
    assert told.node.count("getSlot") == patient.ATTEMPTS
