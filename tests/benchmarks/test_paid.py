"""The benchmark of paid messages still plays the whole way of a message. How fast is none of a test's business."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.events import MessageFeeRecorded, parse_events
from benchmarks.paid.__main__ import tell, tell_in_messages
from benchmarks.paid.chain import Chain
from benchmarks.paid.recording import load
from benchmarks.paid.run import Measured, Size, running_arena

MESSAGES = 12


def test_every_message_gets_its_reply_and_its_rows(tmp_path: Path) -> None:
    with running_arena(tmp_path, Size(bots=2, sessions=4, wal_files=5)) as run:
        measured = run.play(MESSAGES)
        assert (measured.messages, measured.errors) == (MESSAGES, {})
        assert measured.quote["count"] == measured.payment["count"] == MESSAGES
        assert run.node_calls()["sendTransaction"] >= MESSAGES

        [counts] = run.rows(
            """
            select (select count(*) from messages where status = 'judged' and not solved) as judged,
                (select count(*) from network_transactions where kind = 'fee' and status = 'landed') as landed,
                (select count(*) from chain_events where kind = 'MessageFeeRecorded') as recorded,
                (select count(*) from bot_events where frame ->> 'type' = 'reply') as replies
            """
        )
        assert set(counts.values()) == {MESSAGES}
        [books] = run.rows(
            "select sum(pot - initial_pot) as grown, sum(message_count) as paid, sum(judged_count) as judged from bots"
        )
        [shares] = run.rows("select sum(pot_share) as shares from messages")
        assert books["grown"] == shares["shares"]
        assert books["paid"] == books["judged"] == MESSAGES


def test_the_recording_is_of_the_program_as_it_is() -> None:
    value = load()["logsNotification"]["params"]["result"]["value"]
    [event] = parse_events(DEFAULT_PROGRAM_ID, value["logs"])
    assert isinstance(event, MessageFeeRecorded)
    assert (event.message_count, event.message_index, event.event_seq) == (1, 1, 2)
    assert event.pot_share + event.creator_share + event.platform_share == event.amount


def test_the_node_answers_batches_and_does_not_know_what_was_not_recorded() -> None:
    chain = Chain(load(), [], notify=lambda _: None)
    known, unknown = chain.answer(
        [
            {"jsonrpc": "2.0", "id": 7, "method": "getHealth", "params": []},
            {"jsonrpc": "2.0", "id": 8, "method": "getVoteAccounts", "params": []},
        ]
    )
    assert known == {"jsonrpc": "2.0", "id": 7, "result": "ok"}
    assert unknown["error"]["code"] == -32601
    assert json.loads(json.dumps(known)) == known


TIMES = {"p50": 0.001, "p99": 0.002, "max": 0.003}
MEASURED = Measured(2.0, 1000, TIMES, TIMES, TIMES, 25_000, 0.0, {}, {"arena": 0.9, "node": 0.1})


def test_what_is_told_has_the_rate_and_the_price_of_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    tell("saturated", MEASURED)
    text = capsys.readouterr().out
    assert "500 messages/s, 1,800 µs of the arena's core each" in text
    assert "25.0 a message" in text
    assert "arena 90%, node 10%" in text


def test_the_price_is_also_told_in_messages_of_the_yardstick(capsys: pytest.CaptureFixture[str]) -> None:
    tell_in_messages({"saturated": MEASURED}, [60, 45])
    text = capsys.readouterr().out
    assert "took 60.0 µs of that core before, 45.0 µs after" in text
    assert "saturated: CPU of a paid message = 35.0 FastAPI chat messages (30.0 to 40.0)" in text
