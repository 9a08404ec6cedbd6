"""Scripts: what is a sound one, and how players walk through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.brains import (
    Delta,
    InvalidBrain,
    Prompt,
    Turn,
    Verdict,
    confirms,
    history_turns,
    make_brain,
    validate,
)
from arena.brains.matching import words
from arena.brains.script import MAX_STATES, MAX_TURNS, MAX_TURNS_AT_ONCE

PUBLIC: dict[str, object] = {"persona": "A cat that guards a cellar", "objective": "Get into the cellar."}


def rule(when: str, *replies: str, to: str | None = None) -> dict[str, Any]:
    return {"when": [when], "replies": replies or ("So be it.",), "to": to}


def script(**states: dict[str, Any]) -> dict[str, Any]:
    return {"start": "start", "states": {"won": {"solved": True}, **states}}


CAT = script(
    start={
        "rules": [
            rule("* fish|milk *", "The cat purrs.", to="friendly"),
            rule("* dog *", "It hisses.", "It scratches you."),
        ],
        "otherwise": ["It looks away.", "It yawns. It is a hungry cat."],
    },
    friendly={
        "rules": [rule("* open * door|cellar *", "It steps aside.", to="won"), rule("* dog *", to="start")],
        "otherwise": ["It purrs on."],
    },
)


async def hear(
    message: str, *earlier: str, secret: dict[str, Any] | None = None
) -> tuple[list[str], Verdict]:
    history = [Turn(index, text, None) for index, text in enumerate(earlier, 1)]
    brain = make_brain("script", PUBLIC, secret or CAT)
    parts = [part async for part in brain.answer(message, history, len(history) + 1)]
    assert isinstance(parts[-1], Verdict)
    assert isinstance(brain, Prompt)
    assert brain.at_once(message, history, len(history) + 1) == (
        None if len(history) > MAX_TURNS_AT_ONCE else parts[-1]
    )
    return [part.text for part in parts if isinstance(part, Delta)], parts[-1]


async def reply(message: str, *earlier: str) -> str:
    return (await hear(message, *earlier))[1].reply


def refused(secret: dict[str, Any], public: dict[str, object] = PUBLIC) -> str:
    with pytest.raises(InvalidBrain) as error:
        validate("script", public, secret)
    return error.value.detail


# -- walking


async def test_the_first_rule_that_fits_is_followed() -> None:
    assert await reply("Here is some fish!") == "The cat purrs."
    assert await reply("fish for the dog") == "The cat purrs."


async def test_where_one_is_follows_from_what_one_has_said() -> None:
    assert not (await hear("open the door"))[1].solved
    assert (await hear("Open the door, please.", "a fish for you"))[1] == Verdict(True, "It steps aside.")
    assert not (await hear("Open the door, please.", "a fish for you", "I have a dog"))[1].solved


async def test_replies_are_said_in_their_order_and_the_last_one_again_and_again() -> None:
    assert await reply("a dog") == "It hisses."
    assert await reply("a dog", "the dog") == "It scratches you."
    assert await reply("a dog", "the dog", "what?", "dog!") == "It scratches you."
    assert await reply("hm", "a dog") == "It looks away."
    assert await reply("hm", "well", "so") == "It yawns. It is a hungry cat."


async def test_a_reply_is_streamed_in_pieces() -> None:
    pieces, verdict = await hear("hm", "well")
    assert len(pieces) > 1
    assert "".join(pieces) == verdict.reply


async def test_a_way_back_can_be_walked_twice() -> None:
    assert (await hear("open the cellar", "milk", "dog", "milk"))[1].solved


# -- what is a sound script


def test_a_sound_script_is_stored_with_its_defaults() -> None:
    config = validate("script", PUBLIC, CAT)
    assert validate("script", config.public, config.secret) == config
    assert config.secret["states"]["won"] == {"rules": [], "otherwise": [], "solved": True}  # type: ignore[index]
    assert config.credentials == {}


START = {"rules": [rule("go", to="won")], "otherwise": ["No."]}


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        (script(start=START, attic=START), "no way leads to attic"),
        (script(start={**START, "rules": [rule("go", to="hell")]}), "no such state: hell"),
        (
            script(
                start={**START, "rules": [rule("go", to="won"), rule("fall", to="pit")]},
                pit={"rules": [rule("climb")], "otherwise": ["It is dark."]},
            ),
            "no way leads to a solved state from pit",
        ),
        (script(start={**START, "rules": []}), "needs rules"),
        (script(start={**START, "otherwise": []}), "needs rules"),
        (script(start={**START, "solved": True}), "neither rules nor otherwise"),
        ({"start": "won", "states": {"won": {"solved": True}, "start": START}}, "start must not be solved"),
        ({"start": "nowhere", "states": script(start=START)["states"]}, "no such state: nowhere"),
        (script(start={**START, "rules": [rule("(a+)+$", to="won")]}), "must be words"),
        (script(start={**START, "rules": [rule("*", to="won")]}), "must have a word"),
        (script(start={**START, "rules": [{"when": ["go"], "replies": []}]}), "replies"),
        (script(start={**START, "rules": [{"when": [], "replies": ["x"]}]}), "when"),
        (script(start=START, Über=START), "Über"),
        (script(start=START, **{f"s{number}": START for number in range(MAX_STATES)}), "at most"),
        (script(start={**START, "otherwise": ["x" * 601]}), "600"),
        (script(start={**START, "otherwise": ["\x07"]}), "control characters"),
        (script(start={**START, "mood": "good"}), "mood"),
        ({}, "secret.start"),
    ],
)
def test_what_is_wrong_with_a_script_is_said(secret: dict[str, Any], complaint: str) -> None:
    assert complaint in refused(secret)


def test_a_public_part_that_solves_the_bot_is_refused() -> None:
    secret = script(start={**START, "rules": [rule("* cellar *", to="won")]})
    assert "public.objective: solves the bot" in refused(secret)


def test_what_a_script_says_is_not_shown_when_it_is_refused() -> None:
    detail = refused(script(start={**START, "otherwise": ["the word is xyzzy", "\x07"]}))
    assert "xyzzy" not in detail
    assert "xyzzy" not in repr(validate("script", PUBLIC, script(start={**START, "otherwise": ["xyzzy"]})))


def test_a_winning_message_has_to_lead_to_a_solved_state() -> None:
    secret = validate("script", PUBLIC, CAT).secret
    assert confirms("script", secret, "open the cellar")[1] is True  # type: ignore[index]
    assert confirms("script", secret, "a fish")[1] is False  # type: ignore[index]


def test_much_of_what_a_player_has_said_counts() -> None:
    assert history_turns("script") == MAX_TURNS > history_turns("passphrase")


# -- all scripts

WORDS = "abcde"
patterns = st.lists(
    st.one_of(st.sampled_from(WORDS), st.just("a|b"), st.just("*")), min_size=1, max_size=4
).map(" ".join)


@st.composite
def scripts(draw: st.DrawFn) -> dict[str, Any]:
    """Scripts, sound ones mostly not among them by chance: a way from each state to the next is always there."""
    size = draw(st.integers(1, 5))
    names = [f"s{number}" for number in range(size)] + ["won"]
    states: dict[str, Any] = {"won": {"solved": True}}
    for number in range(size):
        extra = draw(st.lists(st.tuples(patterns, st.sampled_from([*names, None])), max_size=3))
        rules = [rule(f"{draw(patterns)} a", f"on from {number}", to=names[number + 1])]
        rules += [rule(f"b {pattern}", f"by {pattern}", to=to) for pattern, to in extra]
        states[names[number]] = {
            "rules": draw(st.permutations(rules)),
            "otherwise": draw(st.lists(st.text("xyz", min_size=1, max_size=9), min_size=1, max_size=3)),
        }
    return {"start": "s0", "states": states}


messages = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=12)


@settings(max_examples=60)
@given(scripts(), messages)
async def test_a_walk_ends_and_is_the_same_each_time(secret: dict[str, Any], said: Sequence[str]) -> None:
    stored = validate("script", PUBLIC, secret).secret
    place = "s0"
    for number, text in enumerate(said):
        pieces, verdict = await hear(text, *said[:number], secret=stored)
        assert (pieces, verdict) == await hear(text, *said[:number], secret=stored)
        assert "".join(pieces) == verdict.reply != ""
        # by hand: the place is the one that the rules lead to, one message after the other
        fitting = [
            rule
            for rule in stored["states"][place]["rules"]  # type: ignore[index]
            if any(_fits(pattern, text) for pattern in rule["when"])
        ]
        place = (fitting[0]["to"] or place) if fitting else place
        assert verdict.solved == (place == "won")
        if verdict.solved:
            assert confirms("script", stored, text)[1] is True  # type: ignore[index]
            return


def _fits(pattern: str, text: str) -> bool:
    """Matching as one would write it down: slow, and right."""

    def fits(tokens: list[str], said: Sequence[str]) -> bool:
        if not tokens:
            return not said
        if tokens[0] == "*":
            return any(fits(tokens[1:], said[skip:]) for skip in range(len(said) + 1))
        return bool(said) and said[0] in tokens[0].split("|") and fits(tokens[1:], said[1:])

    return fits(pattern.split(), words(text))
