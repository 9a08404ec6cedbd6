"""Thinking ahead, judging in order: random brains against the order of the chain."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.brains import Verdict
from arena.game.chain_facts import PaidMessage
from arena.game.judging import MAX_THINKING, Judging
from arena.game.thinking import Unjudged
from arena.store.messages import NewMessage


def paid(index: int, session: int = 0) -> PaidMessage:
    message = NewMessage(
        id=UUID(int=index),
        bot_id=UUID(int=1000),
        session_id=UUID(int=2000 + session),
        solver_id=UUID(int=3000 + session),
        wallet="w",
        client_id=UUID(int=4000 + index),
        text=f"text {index}",
        content_hash=bytes(32),
        amount=1,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    return PaidMessage(message, index)


def indices(messages: list[PaidMessage]) -> list[int]:
    return [message.index for message in messages]


def verdict(index: int) -> Verdict:
    return Verdict(solved=False, reply=f"reply {index}")


@pytest.fixture
def judging() -> Judging:
    """Six messages of five players; the first two are of the same one."""
    judging = Judging()
    for index, session in enumerate((0, 0, 1, 2, 3, 4), start=1):
        judging.add(paid(index, session))
    return judging


def test_several_are_thought_about_but_of_each_player_only_the_first(judging: Judging) -> None:
    assert indices(judging.start_thinking()) == [1, 3, 4, 5]
    assert judging.thinking == MAX_THINKING
    assert judging.start_thinking() == []


def test_a_player_s_next_message_is_thought_about_once_the_one_before_is_judged(judging: Judging) -> None:
    judging.start_thinking()
    judging.answer(UUID(int=1), verdict(1))
    assert 2 not in indices(judging.start_thinking()), "the reply to the first is not final yet"
    judging.done()
    judging.answer(UUID(int=3), verdict(3))
    assert indices(judging.start_thinking()) == [2]


def test_a_verdict_waits_for_its_turn(judging: Judging) -> None:
    judging.start_thinking()
    judging.answer(UUID(int=3), verdict(3))
    assert judging.ready() is None
    judging.answer(UUID(int=1), Unjudged.FAILED)
    ready = judging.ready()
    assert ready is not None
    assert (ready[0].index, ready[1]) == (1, Unjudged.FAILED)


def test_what_is_said_waits_for_its_turn_and_is_then_said_at_once(judging: Judging) -> None:
    judging.start_thinking()
    judging.say(UUID(int=1), "one")
    assert judging.speaking == paid(1, 0).message
    assert judging.unsaid() == "one"
    judging.say(UUID(int=3), "th")
    judging.say(UUID(int=3), "ree")
    assert judging.speaking is None
    for index in (1, 2):
        judging.start_thinking()
        judging.answer(UUID(int=index), verdict(index))
        judging.done()
    assert judging.unsaid() == "three"
    assert judging.speaking is None, "nothing is said twice"
    judging.say(UUID(int=3), "!")
    assert (judging.speaking is not None, judging.unsaid()) == (True, "!")


def test_what_was_not_shown_when_the_brain_was_done_is_left_to_the_reply(judging: Judging) -> None:
    judging.start_thinking()
    judging.say(UUID(int=1), "one")
    judging.answer(UUID(int=1), verdict(1))
    assert judging.speaking is None


def test_the_first_answer_counts_and_answers_that_nobody_waits_for_do_not(judging: Judging) -> None:
    judging.start_thinking()
    judging.answer(UUID(int=99), verdict(99))
    judging.answer(UUID(int=2), verdict(2))
    judging.answer(UUID(int=1), verdict(1))
    judging.answer(UUID(int=1), Unjudged.FAILED)
    assert judging.ready() == (paid(1, 0), verdict(1))
    judging.done()
    judging.say(UUID(int=2), "nobody thinks about it")
    assert judging.speaking is None


def test_after_the_end_nothing_is_thought_about_or_ready(judging: Judging) -> None:
    judging.start_thinking()
    judging.answer(UUID(int=1), verdict(1))
    assert indices(judging.stop()) == [1, 2, 3, 4, 5, 6]
    assert judging.ready() is None
    assert judging.start_thinking() == []
    assert (judging.speaking, len(judging), judging.thinking) == (None, 0, 0)


def test_a_gap_in_the_chain_s_order_is_a_bug() -> None:
    judging = Judging()
    judging.add(paid(1))
    with pytest.raises(AssertionError):
        judging.add(paid(3))


@given(sessions=st.lists(st.integers(0, 3), max_size=30), seed=st.integers(0, 2**32))
def test_whatever_brains_do_verdicts_come_once_in_order_and_players_see_only_their_turn(
    sessions: list[int], seed: int
) -> None:
    chance = random.Random(seed)
    judging, coming = Judging(), [paid(index, session) for index, session in enumerate(sessions, start=1)]
    thinking: dict[int, list[str]] = {}
    said: dict[int, str] = defaultdict(str)
    judged: list[int] = []
    while coming or len(judging):
        match chance.choice(["pay", "say", "show", "answer", "judge"]):
            case "pay" if coming:
                judging.add(coming.pop(0))
            case "say" if thinking:
                index = chance.choice(list(thinking))
                piece = f"{index}."
                thinking[index].append(piece)
                judging.say(UUID(int=index), piece)
            case "show" if (speaking := judging.speaking) is not None:
                first = next(iter(judging))
                assert speaking == first.message
                said[first.index] += judging.unsaid()
            case "answer" if thinking:
                index = chance.choice(list(thinking))
                judging.answer(UUID(int=index), verdict(index))
                spoken = "".join(thinking.pop(index))
                assert spoken.startswith(said[index])
            case "judge" if (ready := judging.ready()) is not None:
                judged.append(ready[0].index)
                assert ready[1] == verdict(ready[0].index)
                judging.done()
            case _:
                pass
        for started in judging.start_thinking():
            assert all(
                coming_sessions != started.message.session_id
                for coming_sessions in (
                    other.message.session_id for other in judging if other.index < started.index
                )
            )
            thinking[started.index] = []
        assert judging.thinking <= MAX_THINKING
        assert judging.thinking == len(thinking)
    assert judged == list(range(1, len(sessions) + 1))
