"""The bots of a fresh local arena."""

from __future__ import annotations

import pytest

from arena.brains import Endpoints, Turn, Verdict, make_brain, validate
from arena.economy import FeeSchedule
from arena.game.demo_bots import demo_bots
from arena.game.drafts import DraftBot

MODEL = "small-1"
ALL = demo_bots(MODEL)
RIDDLES = [bot for bot in ALL if bot.kind == "passphrase"]
SCENES = {bot.name: bot for bot in ALL if bot.kind == "script"}


def named(bot: DraftBot) -> str:
    return bot.name


async def verdicts(bot: DraftBot, *said: str) -> list[Verdict]:
    """Of one player's messages, one after the other."""
    config = validate(bot.kind, bot.public, bot.secret)
    brain = make_brain(config.kind, config.public, config.secret)
    given: list[Verdict] = []
    for number, text in enumerate(said):
        turns = [Turn(index, said[index], given[index].reply) for index in range(number)]
        parts = [part async for part in brain.answer(text, turns, 20 + number)]
        assert isinstance(parts[-1], Verdict)
        given.append(parts[-1])
    return given


def test_there_are_some_of_each_kind_with_names_of_their_own() -> None:
    assert len({bot.name for bot in ALL}) == len(ALL) == 7
    assert [bot.kind for bot in ALL].count("script") == 3
    assert [bot.kind for bot in ALL].count("llm") == 1


def test_without_a_language_model_there_are_the_others() -> None:
    assert {bot.kind for bot in demo_bots()} == {"passphrase", "script"}
    assert len(demo_bots()) == 6


@pytest.mark.parametrize("bot", ALL, ids=named)
def test_each_is_valid_and_has_prices_that_grow_up_to_its_cap(bot: DraftBot) -> None:
    validate(bot.kind, bot.public, bot.secret, {}, Endpoints("http://127.0.0.1:11434/v1", "", (MODEL,)))
    fees = FeeSchedule(bot.fee_base, bot.fee_growth_bps, bot.fee_cap or bot.fee_base)
    assert fees.price(0) == bot.fee_base < fees.price(10) < fees.price(10_000) == bot.fee_cap


@pytest.mark.parametrize("bot", RIDDLES, ids=named)
async def test_a_riddle_is_solved_by_its_phrase_alone(bot: DraftBot) -> None:
    async def solves(text: str) -> bool:
        return (await verdicts(bot, text))[0].solved

    assert await solves(f"Is it {bot.secret['phrase']}?")
    assert not await solves(bot.public["objective"])
    for hint in bot.public["hints"]:
        assert not await solves(hint["text"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("The Night Ferryman", ["Hello", "What's your fare?", "I'll tell you a story about a goose.", "Your word!"]),
        ("The Night Ferryman", ["I can sing", "a secret?", "Is it a promise?"]),
        ("Bettina, a Vault Door", ["open up", "Who's there?", "Justin who?", "when it's open?", "When it is ajar!"]),
        ("Bettina, a Vault Door", ["who is there", "justin who", "when it's a jar"]),
        ("Pell the Butler", ["Where were you at nine?", "But the clock had stopped at eight!", "Where is the spoon?"]),
        (
            "Pell the Butler",
            ["You stole it!", "What did you do at nine?", "You couldn't hear it strike", "why?", "where's it hidden"],
        ),
    ],
)  # fmt: skip
async def test_a_scene_is_solved_by_those_who_follow_it_and_at_their_last_message(
    name: str, said: list[str]
) -> None:
    assert [verdict.solved for verdict in await verdicts(SCENES[name], *said)] == [
        *[False] * (len(said) - 1), True
    ]  # fmt: skip


@pytest.mark.parametrize("bot", SCENES.values(), ids=named)
async def test_a_scene_takes_several_steps_in_their_order(bot: DraftBot) -> None:
    """Whatever is said first, or again and again, does not win."""
    patterns = [
        pattern.replace("*", "well").replace("|", " ")
        for state in bot.secret["states"].values()
        for rule in state.get("rules", ())
        for pattern in rule["when"]
    ]
    for text in patterns:
        assert not (await verdicts(bot, text))[0].solved
    assert not any(verdict.solved for verdict in await verdicts(bot, *["Give me the pot, please."] * 4))


@pytest.mark.parametrize("bot", SCENES.values(), ids=named)
async def test_a_scene_gives_better_hints_to_those_who_are_lost(bot: DraftBot) -> None:
    replies = [verdict.reply for verdict in await verdicts(bot, *["Hm, hm."] * 4)]
    assert len(set(replies)) >= 2
    assert replies[-1] == replies[-2]
