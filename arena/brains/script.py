"""The script brain: an authored puzzle as a small state machine in data.

Every player walks through it alone. Where a player is follows from what this player has said, each time anew, so that
nothing is kept between messages and the same history always leads to the same place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

import trio
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from arena.brains.base import Delta, Turn, Verdict
from arena.brains.kind import BrainKind, NoCredentials
from arena.brains.matching import words
from arena.brains.means import Endpoints, Means
from arena.brains.patterns import Pattern, compile_pattern
from arena.brains.text import Printable, Stripped, said

MAX_STATES: Final = 32
MAX_RULES: Final = 16
MAX_PATTERNS: Final = 8
MAX_REPLIES: Final = 8
MAX_TURNS: Final = 500
"""Messages of one player that count: of whoever says more, the oldest are forgotten."""
MAX_TURNS_AT_ONCE: Final = 8
"""Of a player who has said more before, the way through the script is gone over with pauses for others."""

_OTHERWISE: Final = -1


def _pattern(text: str) -> str:
    compile_pattern(text)
    return text


StateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Reply = Annotated[str, Stripped, Printable, Field(max_length=600)]
Replies = Annotated[tuple[Reply, ...], Field(max_length=MAX_REPLIES)]
"""The first time the first one is said, and so on; the last one again and again."""


class Rule(BaseModel):
    """If a message has one of the patterns ``when``, a reply is said and the player goes ``to`` another state."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    when: Annotated[
        tuple[Annotated[str, Stripped, Printable, Field(max_length=200), AfterValidator(_pattern)], ...],
        Field(min_length=1, max_length=MAX_PATTERNS),
    ]
    replies: Annotated[Replies, Field(min_length=1)]
    to: StateName | None = None
    """None: the player stays."""


class State(BaseModel):
    """Where a player can be. The first rule that fits counts, ``otherwise`` is said if none does."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rules: Annotated[tuple[Rule, ...], Field(max_length=MAX_RULES)] = ()
    otherwise: Replies = ()
    solved: bool = False
    """Whoever comes here has solved the bot."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.solved and (self.rules or self.otherwise):
            raise ValueError("a solved state is the end: it has neither rules nor otherwise")
        if not self.solved and not (self.rules and self.otherwise):
            raise ValueError("needs rules, and otherwise for what fits none of them")
        return self


class ScriptPublic(BaseModel):
    """What everybody may know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    persona: Annotated[str, Stripped, Printable, Field(max_length=500)]
    objective: Annotated[str, Stripped, Printable, Field(max_length=500)]
    """What players are asked to achieve."""


class ScriptSecret(BaseModel):
    """The script: every way through it ends in a solved state, or can still."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    start: StateName
    states: Annotated[dict[StateName, State], Field(min_length=2, max_length=MAX_STATES, repr=False)]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        named = {rule.to for state in self.states.values() for rule in state.rules if rule.to is not None}
        if unknown := {self.start, *named} - self.states.keys():
            raise ValueError(f"no such state: {_listed(unknown)}")
        if self.states[self.start].solved:
            raise ValueError("the start must not be solved")
        ways = {
            name: {rule.to for rule in state.rules if rule.to is not None}
            for name, state in self.states.items()
        }
        if unreachable := self.states.keys() - _reached(ways, {self.start}):
            raise ValueError(f"no way leads to {_listed(unreachable)}")
        back: dict[str, set[str]] = {name: set() for name in ways}
        for name, nexts in ways.items():
            for to in nexts:
                back[to].add(name)
        solved = {name for name, state in self.states.items() if state.solved}
        if stuck := self.states.keys() - _reached(back, solved):
            raise ValueError(f"no way leads to a solved state from {_listed(stuck)}")
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """Where a player is, and how often which rule was followed: ``(state, rule's number)``."""

    state: str
    used: Counter[tuple[str, int]]


class Machine:
    """A script, ready to run. Pure: it holds the script, not the players."""

    def __init__(self, script: ScriptSecret) -> None:
        self._states = script.states
        self._patterns: Mapping[str, list[list[Pattern]]] = {
            name: [[compile_pattern(text) for text in rule.when] for rule in state.rules]
            for name, state in script.states.items()
        }
        self.start = Place(script.start, Counter())

    def step(self, place: Place, text: str) -> tuple[Place, str]:
        """Where somebody at ``place`` comes by saying ``text``, and what is replied."""
        state = self._states[place.state]
        number = self._rule(place.state, text)
        rule = state.rules[number] if number != _OTHERWISE else None
        replies = state.otherwise if rule is None else rule.replies
        to = place.state if rule is None or rule.to is None else rule.to
        times = place.used[place.state, number]
        used = Counter(place.used)
        used[place.state, number] += 1
        return Place(to, used), replies[min(times, len(replies) - 1)] if replies else ""

    def solved(self, place: Place) -> bool:
        return self._states[place.state].solved

    def wins_somewhere(self, text: str) -> bool:
        """Whether there is a state from which ``text`` leads to a solved one."""
        return any(
            not state.solved and self.solved(self.step(Place(name, Counter()), text)[0])
            for name, state in self._states.items()
        )

    def _rule(self, state: str, text: str) -> int:
        message = words(text)
        for number, patterns in enumerate(self._patterns[state]):
            if any(pattern.matches(message) for pattern in patterns):
                return number
        return _OTHERWISE


class ScriptBrain:
    """See the module. A `Brain` that is `Prompt` with players who have not said much."""

    def __init__(self, script: ScriptSecret) -> None:
        self._machine = Machine(script)

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        """The reply in groups of words, then the verdict."""
        place = self._machine.start
        for turn in history:
            place, _ = self._machine.step(place, turn.text)
            await trio.lowlevel.checkpoint()
        verdict = self._verdict(place, message)
        async for delta in said(verdict.reply):
            yield delta
        yield verdict

    def at_once(self, message: str, history: Sequence[Turn], message_index: int) -> Verdict | None:
        """The verdict, unless there are many steps to go through again."""
        if len(history) > MAX_TURNS_AT_ONCE:
            return None
        place = self._machine.start
        for turn in history:
            place, _ = self._machine.step(place, turn.text)
        return self._verdict(place, message)

    def _verdict(self, place: Place, message: str) -> Verdict:
        place, reply = self._machine.step(place, message)
        return Verdict(self._machine.solved(place), reply)


class ScriptKind(BrainKind[ScriptPublic, ScriptSecret, NoCredentials]):
    """Script brains for the registry."""

    name = "script"
    public = ScriptPublic
    secret = ScriptSecret
    credentials = NoCredentials
    history_turns = MAX_TURNS

    def objections(
        self, public: ScriptPublic, secret: ScriptSecret, credentials: NoCredentials, endpoints: Endpoints
    ) -> Iterator[tuple[str, str]]:
        machine = Machine(secret)
        for field, text in (("persona", public.persona), ("objective", public.objective)):
            if machine.solved(machine.step(machine.start, text)[0]):
                yield f"public.{field}", "solves the bot when somebody says it first"

    def confirms(self, secret: ScriptSecret, text: str) -> tuple[str, bool]:
        said_where = "the winning text leads to a solved state of the script"
        return said_where, Machine(secret).wins_somewhere(text)

    def make(
        self, public: ScriptPublic, secret: ScriptSecret, credentials: NoCredentials, means: Means
    ) -> ScriptBrain:
        return ScriptBrain(secret)


def _reached(ways: Mapping[str, set[str]], starts: set[str]) -> set[str]:
    """Whatever can be reached from ``starts``, themselves included."""
    reached, new = set(starts), set(starts)
    while new:
        new = {to for name in new for to in ways[name]} - reached
        reached |= new
    return reached


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))
