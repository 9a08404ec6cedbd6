from collections.abc import Sequence

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.brains import Delta, InvalidBrain, Prompt, Turn, Verdict, make_brain, public_view, validate
from arena.brains.matching import betrays
from arena.brains.passphrase import PassphraseBrain, PassphrasePublic, PassphraseSecret

PUBLIC: dict[str, object] = {
    "persona": "You are a grumpy dragon. You sleep on gold.",
    "hints": [
        {"after_messages": 5, "text": "It is what a thief would say."},
        {"after_messages": 2, "text": "It has two words."},
    ],
}
SECRET: dict[str, object] = {"phrase": "Open Sesame"}


async def collect(
    message: str,
    index: int = 1,
    history: Sequence[Turn] = (),
    public: dict[str, object] = PUBLIC,
    secret: dict[str, object] = SECRET,
) -> tuple[list[str], Verdict]:
    deltas: list[str] = []
    verdicts: list[Verdict] = []
    brain = make_brain("passphrase", public, secret)
    async for part in brain.answer(message, history, index):
        match part:
            case Delta(text):
                assert not verdicts
                deltas.append(text)
            case Verdict():
                verdicts.append(part)
    (verdict,) = verdicts
    assert isinstance(brain, Prompt)
    assert brain.at_once(message, history, index) == verdict
    return deltas, verdict


async def test_a_reply_is_streamed_and_then_judged() -> None:
    deltas, verdict = await collect("hello")
    assert not verdict.solved
    assert "".join(deltas) == verdict.reply
    assert len(deltas) > 1
    assert all(len(delta.split()) <= 5 for delta in deltas)


async def test_the_phrase_solves_the_bot() -> None:
    _, verdict = await collect("is it... open sesame?")
    assert verdict.solved
    assert verdict.reply.startswith("A grumpy dragon")


async def test_the_same_message_at_the_same_index_has_the_same_reply() -> None:
    assert await collect("hello", 7) == await collect("hello", 7)


async def test_replies_vary_with_message_and_index() -> None:
    assert (
        len({(await collect("hello", 1))[1].reply, *[(await collect(f"{n}"))[1].reply for n in range(40)]})
        > 3
    )
    assert len({(await collect("hello", index))[1].reply for index in range(60, 100)}) > 3


async def test_a_hint_is_part_of_the_reply_once_enough_messages_came() -> None:
    for index in range(1, 9):
        reply = (await collect("hello", index))[1].reply
        assert ("two words" in reply) == (index >= 2)
        assert ("thief" in reply) == (index >= 5)
        if index >= 5:
            assert reply.index("two words") < reply.index("thief")


async def test_a_solving_message_needs_no_hints() -> None:
    assert "two words" not in (await collect("open sesame", 9))[1].reply


async def test_a_repeated_guess_is_noticed() -> None:
    history = [Turn(1, "Is it gold?", "no")]
    first, again = await collect("is it gold", 2), await collect("is it gold", 2, history)
    assert first[1].reply != again[1].reply
    assert not again[1].solved


@pytest.mark.parametrize("voice", ["stern", "playful", "weary"])
async def test_voices_differ(voice: str) -> None:
    replies = {
        (await collect("x", public={**PUBLIC, "voice": other}))[1].reply for other in ("stern", "weary")
    }
    replies.add((await collect("x", public={**PUBLIC, "voice": voice}))[1].reply)
    assert len(replies) == (2 if voice != "playful" else 3)


letters = st.text("abcdehlmnorst ' ", min_size=3, max_size=12).filter(
    lambda text: len(text.replace(" ", "")) > 4
)


@given(
    phrase=st.one_of(
        letters,
        st.sampled_from(
            ["dragon", "not that", "shakes", "the", "hints", "words", "rumpy", "head", "pot", "ear"]
        ),
    ),
    message=st.text(max_size=30),
    index=st.integers(0, 100),
)
@settings(max_examples=150)
def test_no_reply_holds_the_phrase_even_if_the_persona_does(phrase: str, message: str, index: int) -> None:
    async def answer() -> str:
        # past the check of new bots: a stored configuration is trusted, its reply is not
        brain = PassphraseBrain(
            PassphrasePublic(persona=f"the {phrase} of dragons"[:60], hints=()),
            PassphraseSecret.model_construct(phrase=phrase),
        )
        parts = [part async for part in brain.answer(message, (), index)]
        assert isinstance(parts[-1], Verdict)
        assert "".join(part.text for part in parts if isinstance(part, Delta)) == parts[-1].reply
        return parts[-1].reply

    reply = trio.run(answer)
    assert reply
    assert not betrays(reply, phrase)


def test_a_configuration_is_stored_complete_with_defaults() -> None:
    config = validate("passphrase", {"persona": " A dragon "}, SECRET)
    assert config.public == {
        "persona": "A dragon",
        "objective": "Say the phrase.",
        "hints": [],
        "voice": None,
    }
    assert config.secret == SECRET
    assert validate(config.kind, config.public, config.secret) == config
    assert "Sesame" not in repr(config)


@pytest.mark.parametrize(
    ("public", "secret", "field"),
    [
        ({}, SECRET, "public.persona"),
        ({"persona": ""}, SECRET, "public.persona"),
        ({"persona": "x" * 501}, SECRET, "public.persona"),
        ({"persona": "a\x00b"}, SECRET, "public.persona"),
        ({"persona": "A", "surprise": 1}, SECRET, "public.surprise"),
        ({"persona": "A", "voice": "shrill"}, SECRET, "public.voice"),
        (
            {"persona": "A", "hints": [{"after_messages": -1, "text": "x"}]},
            SECRET,
            "public.hints.0.after_messages",
        ),
        ({"persona": "A", "hints": [{"after_messages": 1, "text": "x"}] * 9}, SECRET, "public.hints"),
        ({"persona": "A"}, {}, "secret.phrase"),
        ({"persona": "A"}, {"phrase": "?!"}, "secret.phrase"),
        ({"persona": "A"}, {"phrase": "ab"}, "secret.phrase"),
        ({"persona": "A"}, {"phrase": "a " * 13}, "secret.phrase"),
        ({"persona": "A"}, {"phrase": ["open sesame"]}, "secret.phrase"),
        ({"persona": "Says open sesame a lot"}, SECRET, "public.persona"),
        ({"persona": "A", "objective": "Say open-sesame"}, SECRET, "public.objective"),
        (
            {"persona": "A", "hints": [{"after_messages": 1, "text": "not reopensesame"}]},
            SECRET,
            "public.hints.0.text",
        ),
        (
            {
                "persona": "A",
                "hints": [{"after_messages": 2, "text": "Sesame"}, {"after_messages": 1, "text": "Open"}],
            },
            SECRET,
            "public.hints",
        ),
    ],
)
def test_a_wrong_configuration_is_told_by_field_without_values(
    public: dict[str, object], secret: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidBrain) as caught:
        validate("passphrase", public, secret)
    problem = caught.value
    assert (problem.code, problem.status) == ("brain_invalid", 422)
    errors = problem.extra["errors"]
    assert isinstance(errors, list)
    assert field in [error["field"] for error in errors]
    assert "esame" not in str(problem)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidBrain, match="passphrase"):
        validate("oracle", {}, {})
    with pytest.raises(InvalidBrain):
        make_brain("oracle", {}, {})


def test_locked_hints_are_not_shown() -> None:
    public = validate("passphrase", PUBLIC, SECRET).public

    def texts(count: int, *, ended: bool = False) -> tuple[list[str], object]:
        view = public_view("passphrase", public, count, ended=ended)
        hints = view["hints"]
        assert isinstance(hints, list)
        return [hint["text"][:6] for hint in hints], view.get("hints_locked")

    assert texts(0) == ([], 2)
    assert texts(2) == (["It has"], 1)
    assert texts(5) == (["It has", "It is "], 0)
    assert public_view("passphrase", public, 0, ended=True) == public
