"""A streamed answer taken apart: text as it comes, and at its end whether the model has decided. No I/O.

What an endpoint sends is believed as far as it has the protocol's form, and no further.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arena.brains.llm_config import TOOL

MAX_TEXT: Final = 10_000
"""Characters of a reply."""
MAX_ARGUMENTS: Final = 10_000
MAX_CALLS: Final = 8
MAX_USAGE: Final = 1_000_000
"""Tokens of one request; an endpoint that reports more is not believed."""

NOTHING_SAID: Final = "You have me. The pot is yours."
FILTERED: Final = "I would rather not talk about that."


class BrokenAnswer(Exception):
    """An answer that is not one; the message says in which way, and nothing of what was in it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _Function(_Part):
    name: str | None = None
    arguments: str | None = None


class _Call(_Part):
    index: Annotated[int, Field(ge=0, lt=MAX_CALLS)] = 0
    function: _Function | None = None


class _Delta(_Part):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(_Part):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(_Part):
    total_tokens: int


class _Chunk(_Part):
    choices: list[_Choice] = []
    usage: _Usage | None = None


class _Arguments(_Part):
    last_words: str = ""


class Reading:
    """One answer while it comes."""

    def __init__(self) -> None:
        self.used: int | None = None
        """The tokens that the endpoint says it took; None: it has not said, or nothing that can be."""
        self._finish: str | None = None
        self._length = 0
        self._blank = True
        self._names: dict[int, str] = {}
        self._arguments: dict[int, str] = {}

    def take(self, document: object) -> str:
        """The next chunk, as decoded JSON; returns the text in it. A reply does not begin with blanks.

        Raises:
            BrokenAnswer: it has another form, or all of it is longer than an answer can be.
        """
        try:
            chunk = _Chunk.model_validate(document)
        except ValidationError:
            raise BrokenAnswer("a chunk has another form") from None
        if chunk.usage is not None and 0 <= chunk.usage.total_tokens <= MAX_USAGE:
            self.used = chunk.usage.total_tokens
        text = ""
        for choice in chunk.choices:
            if choice.index != 0:
                continue
            self._finish = choice.finish_reason or self._finish
            if choice.delta is not None:
                text += (choice.delta.content or "") + (choice.delta.refusal or "")
                for call in choice.delta.tool_calls or ():
                    self._take_call(call)
        if self._blank:
            text = text.lstrip()
            self._blank = not text
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise BrokenAnswer(f"it says more than {MAX_TEXT} characters")
        return text

    def end(self) -> tuple[bool, str]:
        """Whether the model has decided for the player, and what it says beyond the text that was taken.

        Raises:
            BrokenAnswer: the answer is cut off, says nothing, or calls a tool in a way that means nothing.
        """
        if self._finish is None:
            raise BrokenAnswer("it is cut off")
        calls = self._names.keys() | self._arguments.keys()
        if not calls:
            if not self._blank:
                return False, ""
            if self._finish == "content_filter":
                return False, FILTERED
            raise BrokenAnswer("it says nothing")
        if any(self._names.get(index) != TOOL for index in calls):
            raise BrokenAnswer("it calls a tool that there is not")
        try:
            [words, *_] = [
                _Arguments.model_validate_json(self._arguments.get(index) or "{}").last_words.strip()
                for index in sorted(calls)
            ]
        except ValidationError:
            raise BrokenAnswer("it calls its tool with arguments that are none") from None
        if self._blank:
            return True, words or NOTHING_SAID
        return True, f"\n\n{words}" if words else ""

    def _take_call(self, call: _Call) -> None:
        if call.function is None:
            return
        if call.function.name:
            self._names[call.index] = self._names.get(call.index, "") + call.function.name
        if call.function.arguments:
            arguments = self._arguments.get(call.index, "") + call.function.arguments
            if len(arguments) > MAX_ARGUMENTS:
                raise BrokenAnswer(f"its tool's arguments have more than {MAX_ARGUMENTS} characters")
            self._arguments[call.index] = arguments
