"""The passphrase brain: a character that guards a phrase and lets hints slip as messages add up.

Deterministic: the same message at the same index with the same history gets the same reply, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from arena.brains.base import Delta, Turn, Verdict
from arena.brains.kind import BrainKind, NoCredentials
from arena.brains.matching import betrays, first_clause, mentions, says, words
from arena.brains.means import Endpoints, Means
from arena.brains.passphrase_lines import LABELS, LAST_RESORT, PLAIN, REFUSALS, REPEATS, SURRENDERS, Voice
from arena.brains.text import Printable, Stripped, said

MAX_PHRASE_WORDS: Final = 12
MIN_PHRASE_LETTERS: Final = 3

_VOICES: Final[tuple[Voice, ...]] = ("stern", "playful", "weary")
_NAME_LENGTH: Final = 60


def _sayable(phrase: str) -> str:
    spoken = words(phrase)
    if len("".join(spoken)) < MIN_PHRASE_LETTERS or len(spoken) > MAX_PHRASE_WORDS:
        # the phrase itself is not shown
        raise ValueError(
            f"must have at least {MIN_PHRASE_LETTERS} letters or digits and at most {MAX_PHRASE_WORDS} words"
        )
    return phrase


class Hint(BaseModel):
    """``text`` is part of every reply from the bot's message number ``after_messages`` on."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    after_messages: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    text: Annotated[str, Stripped, Printable, Field(max_length=240)]


class PassphrasePublic(BaseModel):
    """What everybody may know of the puzzle; hints only once they are unlocked."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    persona: Annotated[str, Stripped, Printable, Field(max_length=500)]
    """Who the bot is. It is called by the first clause in its replies."""
    objective: Annotated[str, Stripped, Printable, Field(max_length=500)] = "Say the phrase."
    """What players are asked to achieve."""
    hints: Annotated[tuple[Hint, ...], Field(max_length=8)] = ()
    voice: Literal["stern", "playful", "weary"] | None = None
    """How the bot talks; none: it follows from the persona."""


class PassphraseSecret(BaseModel):
    """What solves the bot."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    phrase: Annotated[str, Stripped, Printable, Field(max_length=200), AfterValidator(_sayable)] = Field(
        repr=False
    )


def betrayals(public: PassphrasePublic, secret: PassphraseSecret) -> Iterator[tuple[str, str]]:
    """Where a public part gives the phrase away: pairs of a field's name and what is wrong with it."""
    for name, text in (("persona", public.persona), ("objective", public.objective)):
        if mentions(text, secret.phrase):
            yield name, "contains the phrase"
    for number, hint in enumerate(public.hints):
        if betrays(hint.text, secret.phrase):
            yield f"hints.{number}.text", "contains the phrase, maybe inside of words"
    if betrays(" ".join(hint.text for hint in _in_order(public.hints)), secret.phrase):
        yield "hints", "contain the phrase when read one after the other"


def unlocked(hints: Sequence[Hint], message_index: int) -> tuple[Hint, ...]:
    """The hints that are known once the bot has had ``message_index`` messages, in order of unlocking."""
    return tuple(hint for hint in _in_order(hints) if message_index >= hint.after_messages)


class PassphraseBrain:
    """See the module. A `Brain` that is `Prompt`."""

    def __init__(self, public: PassphrasePublic, secret: PassphraseSecret) -> None:
        self._public = public
        self._phrase = secret.phrase
        self._name = _name(public.persona)
        self._voice = public.voice or _VOICES[_hash(public.persona) % len(_VOICES)]

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        """The reply in groups of words, then the verdict."""
        verdict = self.at_once(message, history, message_index)
        async for delta in said(verdict.reply):
            yield delta
        yield verdict

    def at_once(self, message: str, history: Sequence[Turn], message_index: int) -> Verdict:
        """The verdict, always."""
        solved = says(message, self._phrase)
        return Verdict(solved, self._reply(message, history, message_index, solved=solved))

    def _reply(self, message: str, history: Sequence[Turn], message_index: int, *, solved: bool) -> str:
        """The first of the possible replies that does not hold the letters of the phrase.

        Persona, templates and hints could all do so by accident (a phrase such as "not that").
        """
        if solved:
            lines, hints = SURRENDERS[self._voice], ""
        else:
            spoken = words(message)
            repeated = any(words(turn.text) == spoken for turn in history)
            lines = (REPEATS if repeated else REFUSALS)[self._voice]
            hints = " ".join(hint.text for hint in unlocked(self._public.hints, message_index))
        start = _hash(f"{message_index}\n{message}") % len(lines)
        openings = (line.format(name=self._name) for line in (*lines[start:], *lines[:start]))
        for opening in chain(openings, () if solved else PLAIN, (LAST_RESORT,)):
            for label in LABELS:
                reply = f"{opening} {label} {hints}" if hints else opening
                if not betrays(reply, self._phrase):
                    return reply
        return LAST_RESORT  # a hint betrays the phrase; refused when the bot was made, so never


class PassphraseKind(BrainKind[PassphrasePublic, PassphraseSecret, NoCredentials]):
    """Passphrase brains for the registry."""

    name = "passphrase"
    public = PassphrasePublic
    secret = PassphraseSecret
    credentials = NoCredentials

    def objections(
        self,
        public: PassphrasePublic,
        secret: PassphraseSecret,
        credentials: NoCredentials,
        endpoints: Endpoints,
    ) -> Iterator[tuple[str, str]]:
        for field, message in betrayals(public, secret):
            yield f"public.{field}", message

    def view(self, public: PassphrasePublic, message_count: int) -> dict[str, object]:
        shown = unlocked(public.hints, message_count)
        return public.model_copy(update={"hints": shown}).model_dump(mode="json") | {
            "hints_locked": len(public.hints) - len(shown)
        }

    def confirms(self, secret: PassphraseSecret, text: str) -> tuple[str, bool]:
        return "the winning text says the phrase", says(text, secret.phrase)

    def make(
        self,
        public: PassphrasePublic,
        secret: PassphraseSecret,
        credentials: NoCredentials,
        means: Means,
    ) -> PassphraseBrain:
        return PassphraseBrain(public, secret)


def _in_order(hints: Sequence[Hint]) -> list[Hint]:
    return sorted(hints, key=lambda hint: hint.after_messages)


def _name(persona: str) -> str:
    """How a persona is called: ``"You are a grumpy dragon. You …"`` is ``"A grumpy dragon"``."""
    for start in ("you are ", "you're ", "i am ", "i'm "):
        if persona.lower().startswith(start):
            persona = persona[len(start) :]
            break
    name = first_clause(persona, _NAME_LENGTH) or "The guardian"
    return name[0].upper() + name[1:]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
