"""Minutes in the life of an arena that is broken again and again: see `tests.e2e.soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.soak.fates import Fates
from tests.e2e.soak.plan import Fault, plan
from tests.e2e.soak.run import Options, soak

ME, OTHER = "wallet of mine", "wallet of another"


@pytest.mark.parametrize("seed", [7])
async def test_every_lamport_is_right_after_a_quarter_of_a_minute_of_faults(
    tmp_path: Path, seed: int
) -> None:
    record = await soak(Options(seed, seconds=15, players=4, bots=2, gap=3), tmp_path, print)
    assert not record.wrong
    assert record.faults.total() >= 2
    assert int(record.figures["verdicts"]) >= 3


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_lamport_is_right_after_six_minutes_of_faults(tmp_path: Path, seed: int) -> None:
    record = await soak(Options(seed, seconds=360, players=8, bots=3, gap=4), tmp_path, print)
    assert not record.wrong
    assert set(record.faults) == set(Fault)


def test_the_same_seed_plans_the_same_faults() -> None:
    assert plan(7, 300, gap=4) == plan(7, 300, gap=4) != plan(8, 300, gap=4)
    assert {planned.fault for planned in plan(7, 300, gap=4)} == set(Fault)


def payment(seq: int, status: str, message_id: str = "m", index: int | None = None) -> dict[str, object]:
    frame: dict[str, object] = {
        "type": "payment",
        "seq": seq,
        "id": message_id,
        "status": status,
        "signature": "s",
    }
    return frame if index is None else {**frame, "message_index": index}


def reply(seq: int, message_id: str = "m", index: int = 1, verdict: str = "unsolved") -> dict[str, object]:
    return {
        "type": "reply",
        "seq": seq,
        "id": message_id,
        "message_index": index,
        "wallet": ME,
        "verdict": verdict,
    }


def refund(seq: int, status: str, index: int = 1) -> dict[str, object]:
    frame: dict[str, object] = {
        "type": "refund",
        "seq": seq,
        "message_index": index,
        "amount": 5,
        "status": status,
    }
    return {**frame, "id": "m"} if status == "due" else frame


def rollback(seq: int, message_count: int) -> dict[str, object]:
    return {"type": "rollback", "seq": seq, "pot": 9, "message_count": message_count}


PAID = [payment(1, "accepted"), payment(2, "confirmed", index=1)]
TAKEN_BACK = [payment(4, "taken_back"), rollback(5, 0), payment(6, "confirmed", index=1)]


@pytest.mark.parametrize(
    "frames",
    [
        [*PAID, reply(3)],
        [{**reply(1, "theirs"), "wallet": OTHER}, payment(2, "accepted")],
        [*PAID, refund(3, "due"), refund(4, "paid")],
        [*PAID, refund(3, "due"), refund(4, "paid"), rollback(5, 1), refund(6, "paid")],
        [*PAID, reply(3), *TAKEN_BACK, reply(7)],
        [
            payment(1, "accepted"),
            payment(2, "expired"),
            payment(3, "accepted"),
            payment(4, "confirmed", index=1),
        ],
    ],
)
def test_what_can_be_told_is_found_right(frames: list[dict[str, object]]) -> None:
    assert not Fates.of(ME, frames).wrong


@pytest.mark.parametrize(
    "frames",
    [
        [*PAID, reply(3), reply(4)],
        [*PAID, reply(3), reply(3)],
        [*PAID, reply(3), refund(4, "due")],
        [*PAID, reply(3), refund(4, "paid")],
        [*PAID, refund(3, "due"), refund(4, "paid"), refund(5, "paid")],
        [*PAID, reply(3), rollback(4, 0)],
        [*PAID, reply(3), *TAKEN_BACK, reply(7), reply(8)],
        [*PAID, payment(3, "confirmed", index=1)],
        [payment(1, "confirmed", index=1)],
        [payment(1, "accepted"), reply(2)],
        [reply(1)],
        [*PAID, {**reply(3), "wallet": OTHER}],
        [{"type": "settlement", "seq": 1, "status": "halted"}],
        [{"type": "settlement", "seq": 1, "status": "closed"}],
    ],
)
def test_what_must_not_be_told_is_found_wrong(frames: list[dict[str, object]]) -> None:
    assert Fates.of(ME, frames).wrong
