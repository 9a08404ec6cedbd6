"""The LLM brain: a language model talks to the player, and decides by calling a tool.

Talking the model into it is the game. What a player can never get out of it is what it does not have: the key, which
is no part of any prompt, and what other players said.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import openai
import structlog
import trio
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from arena.brains.base import Delta, Turn, Verdict
from arena.brains.censor import Censor
from arena.brains.kind import BrainKind
from arena.brains.llm_config import LlmCredentials, LlmPublic, LlmSecret
from arena.brains.llm_prompt import conversation, estimated_tokens, tools
from arena.brains.llm_stream import BrokenAnswer, Reading
from arena.brains.llm_wire import endpoint
from arena.brains.means import Endpoints, Means, Purse, Reservation

MAX_ATTEMPTS: Final = 3
FIRST_WAIT: Final = 0.5
"""Seconds before the second attempt, at most; before each further one twice as long."""
MAX_WAIT: Final = 10.0
"""An endpoint that wants us to wait longer has failed."""

_PASSING: Final = frozenset({408, 409, 425, 429})
_MALFORMED: Final = (
    openai.OpenAIError,
    httpx2.HTTPError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
)
"""What the client raises at answers that are none."""

log = structlog.get_logger(__name__)


class LlmFailed(Exception):
    """No answer can be had. The message has no word of what was sent or answered."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt came to nothing."""

    reason: str
    again: bool = True
    after: float = 0.0
    """Seconds that the endpoint wants us to wait."""
    free: bool = False
    """Nothing can have been spent."""


class LlmBrain:
    """See the module. ``answer`` is the interface of :class:`arena.brains.base.Brain`."""

    def __init__(self, public: LlmPublic, secret: LlmSecret, url: str | None, key: str, purse: Purse) -> None:
        self._public = public
        self._secret = secret
        self._url = url
        self._key = key
        self._purse = purse

    def unavailable(self) -> str | None:
        if self._url is None:
            return "Its language model cannot be reached by this arena."
        least = estimated_tokens(self._public, conversation(self._public, self._secret, (), ""))
        return None if self._purse.affords(least) else "It has spent for today what it may."

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        """The model's words as they come, then the verdict. Once anything was said there is no other attempt.

        Raises:
            SpendingLimitReached: nothing was sent.
            LlmFailed: no attempt came to an answer.
        """
        if self._url is None:
            raise LlmFailed("the endpoint is not one of those that this arena talks to")
        asked = conversation(self._public, self._secret, history, message)
        estimate = estimated_tokens(self._public, asked)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            reserved = await self._purse.reserve(estimate)
            reading, censor = Reading(), Censor(self._key)
            said: list[str] = []
            try:
                async for text in self._texts(self._url, asked, reading):
                    if piece := censor.pass_on(text):
                        said.append(piece)
                        yield Delta(piece)
                solved, last = reading.end()
            except BrokenAnswer as broken:
                failure = _Failure(f"the answer is broken: {broken}")
            except _MALFORMED as error:
                failure = _failure(error)
            else:
                await _correct(reserved, reading.used)
                if rest := censor.pass_on(last) + censor.rest():
                    said.append(rest)
                    yield Delta(rest)
                yield Verdict(solved, "".join(said))
                return
            await _correct(reserved, 0 if failure.free else reading.used)
            log.warning("llm_attempt_failed", endpoint=self._url, attempt=attempt, reason=failure.reason)
            if said or not failure.again or attempt == MAX_ATTEMPTS:
                raise LlmFailed(failure.reason)
            longest = FIRST_WAIT * 2 ** (attempt - 1)
            await trio.sleep(max(failure.after, random.uniform(longest / 2, longest)))  # noqa: S311 -- jitter

    async def _texts(
        self, url: str, asked: Sequence[ChatCompletionMessageParam], reading: Reading
    ) -> AsyncIterator[str]:
        """One attempt: the texts in the chunks of the answer, which ``reading`` has taken in."""
        public = self._public
        limits: dict[str, Any] = {public.limit_name: public.max_tokens}
        if public.temperature_percent is not None:
            limits["temperature"] = public.temperature_percent / 100
        async with endpoint(url, self._key) as client:
            stream = await client.chat.completions.create(
                model=public.model,
                messages=asked,
                tools=tools(public),
                stream=True,
                stream_options={"include_usage": True},
                **limits,
            )
            async for chunk in stream:
                # the client does not check what it was sent
                if not isinstance(chunk, BaseModel):
                    raise BrokenAnswer("a chunk has another form")
                if text := reading.take(chunk.model_dump(warnings=False)):
                    yield text


class LlmKind(BrainKind[LlmPublic, LlmSecret, LlmCredentials]):
    """LLM brains for the registry."""

    name = "llm"
    public = LlmPublic
    secret = LlmSecret
    credentials = LlmCredentials

    def objections(
        self, public: LlmPublic, secret: LlmSecret, credentials: LlmCredentials, endpoints: Endpoints
    ) -> Iterator[tuple[str, str]]:
        if public.endpoint is not None:
            if public.endpoint not in endpoints.allowed:
                allowed = ", ".join(sorted(endpoints.allowed)) or "none"
                yield "public.endpoint", f"must be one that this arena allows: {allowed}"
            if credentials.api_key is None:
                yield "credentials.api_key", "is needed with an endpoint of your choice"
            return
        if endpoints.url is None:
            yield "public.endpoint", "is needed: this arena has no language model of its own"
        elif public.model not in endpoints.models:
            yield "public.model", f"must be one of {', '.join(endpoints.models)}"
        if credentials.api_key is not None:
            yield "credentials.api_key", "is only for an endpoint of your choice"

    def make(
        self, public: LlmPublic, secret: LlmSecret, credentials: LlmCredentials, means: Means
    ) -> LlmBrain:
        endpoints = means.endpoints
        if public.endpoint is None:
            purse = means.purses(public.daily_tokens, house=True)
            return LlmBrain(public, secret, endpoints.url, endpoints.key, purse)
        # what may be connected to is the operator's decision of today, not that of the day when the bot was made
        allowed = public.endpoint if public.endpoint in endpoints.allowed else None
        purse = means.purses(public.daily_tokens, house=False)
        return LlmBrain(public, secret, allowed, credentials.api_key or "", purse)


async def _correct(reserved: Reservation, used: int | None) -> None:
    """Give back what was set aside too much. None: nobody knows, and all of it counts as spent."""
    if used is not None:
        await reserved.correct(used)


def _failure(error: Exception) -> _Failure:
    """What an error of the client means. Its own message is not used: it may quote what was sent."""
    match error:
        case openai.APIStatusError(status_code=status):
            again = status in _PASSING or status >= 500
            after = _retry_after(error.response)
            return _Failure(f"the endpoint answers {status}", again and after <= MAX_WAIT, after, free=True)
        case openai.APIConnectionError():
            unreached = isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
            reason = (
                "the endpoint cannot be reached" if unreached else "the connection broke or took too long"
            )
            return _Failure(reason, free=unreached)
        case _:
            return _Failure(f"the answer is broken: {type(error).__name__}")


def _retry_after(response: httpx2.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except ValueError:  # a date: our own waits will do
        return 0.0
