"""When an event is final, and when it was taken back."""

from uuid import UUID

from arena.chain.client import Commitment, Status
from arena.game.finality import Finality, look
from arena.store.chain_events import SeenEvent

FINAL, CONFIRMED = Commitment.FINALIZED, Commitment.CONFIRMED


def seen(event_seq: int, slot: int) -> SeenEvent:
    return SeenEvent(
        bot_id=UUID(int=1),
        event_seq=event_seq,
        kind="MessageFeeRecorded",
        signature=f"signature {event_seq}",
        slot=slot,
        pot=1,
        message_count=event_seq - 1,
    )


EVENTS = [seen(4, 100), seen(5, 101), seen(6, 101)]


def judged(*statuses: Status | None, finalized_slot: int = 101, seen_slot: int = 110) -> Finality:
    return look(EVENTS, statuses, finalized_slot=finalized_slot, seen_slot=seen_slot)


def test_without_events_there_is_nothing_to_say() -> None:
    assert look([], [], finalized_slot=1, seen_slot=1) == Finality()


def test_what_is_finalized_where_it_was_seen_is_final() -> None:
    assert judged(Status(100, None, FINAL), Status(101, None, FINAL), Status(101, None, FINAL)) == Finality(6)


def test_what_is_only_confirmed_is_neither_and_hides_what_follows() -> None:
    assert judged(Status(100, None, FINAL), Status(101, None, CONFIRMED), None) == Finality(4)


def test_what_is_finalized_in_another_slot_was_taken_back_with_all_that_follows() -> None:
    assert judged(Status(100, None, FINAL), Status(103, None, FINAL), Status(101, None, FINAL)) == Finality(
        4, 5
    )


def test_what_is_finalized_with_an_error_was_taken_back() -> None:
    assert judged(Status(100, {"InstructionError": []}, FINAL), None, None) == Finality(None, 4)


def test_what_is_unknown_although_its_slot_is_finalized_was_taken_back() -> None:
    assert judged(Status(100, None, FINAL), None, None) == Finality(4, 5)


def test_before_its_slot_is_finalized_the_unknown_proves_nothing() -> None:
    assert judged(None, None, None, finalized_slot=99) == Finality()


def test_a_node_that_is_behind_proves_nothing() -> None:
    assert judged(None, None, None, finalized_slot=101, seen_slot=100) == Finality()
