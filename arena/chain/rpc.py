"""JSON-RPC over HTTP to a Solana node, with a limit on everything.

Nothing that a node or the network does gets past this module except as one of two exceptions:
`ChainUnavailable` (try again) and `RpcError` (the node understood the request and said no).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import structlog
import trio
from pydantic_core import from_json, to_json

from arena.chain.http import Answer, HttpPoster, PostFailed
from arena.chain.places import Places

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_RESPONSE_BYTES = 8 * 1024 * 1024
MAX_RETRY_AFTER = 60.0

_OK: Final = 200
_BUSY: Final = frozenset({429, 502, 503, 504})

# https://github.com/anza-xyz/agave/blob/master/rpc-client-api/src/custom_error.rs
PREFLIGHT_FAILURE = -32002


class ChainUnavailable(Exception):
    """The node could not be asked, or did not answer with something that makes sense. Asking again may help.

    Attributes:
        retry_after: seconds that the node asked to wait, or None.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RpcError(Exception):
    """The node answered with a JSON-RPC error object."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class JsonRpc:
    """Calls to one endpoint.

    Args:
        url: where to post to. It may hold an API key, so it is in no message and no log.
        timeout: seconds for one call, the wait for a free place included.
        max_concurrent: how many calls are under way at most; more wait.

    Raises:
        ValueError: `url` is no http or https URL.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        max_concurrent: int = 32,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self._http = HttpPoster(url, max_response_bytes=max_response_bytes)
        self._timeout = timeout
        self._places = Places(max_concurrent)
        self._ids = itertools.count(1)
        self._takes_batches = True

    async def call(self, method: str, params: list[object], decode: Callable[[object], T]) -> T:
        """Call `method` and return `decode(result)`.

        Raises:
            ChainUnavailable: no answer in time, an HTTP error, or a result that `decode` cannot make sense
                of.
            RpcError: the node's own error.
        """
        request_id = next(self._ids)
        answer = _parsed(method, await self._post(method, _request(request_id, method, params)))
        if not isinstance(answer, dict):
            raise ChainUnavailable(f"{method}: an answer that is no object")
        return _result(method, request_id, answer, decode)

    async def call_all(
        self, method: str, calls: Sequence[list[object]], decode: Callable[[object], T]
    ) -> list[T | RpcError | ChainUnavailable]:
        """Call `method` once for each of the params, in one post. What each came to, in their order.

        A node that does not take batches is found out once, and from then on called one by one.

        Raises:
            ChainUnavailable: there is no answer to any of them.
        """
        if len(calls) > 1 and self._takes_batches:
            answers = await self._post_batch(method, calls, decode)
            if answers is not None:
                return answers
            log.info("chain_node_takes_no_batches", method=method)
            self._takes_batches = False
        found: list[T | RpcError | ChainUnavailable] = []
        for params in calls:
            try:
                found.append(await self.call(method, params, decode))
            except (RpcError, ChainUnavailable) as error:
                if isinstance(error, ChainUnavailable) and error.retry_after is not None:
                    raise  # it asks for peace
                found.append(error)
        return found

    async def aclose(self) -> None:
        """Close the connections. Calls after this raise."""
        await self._http.aclose()

    async def _post_batch(
        self, method: str, calls: Sequence[list[object]], decode: Callable[[object], T]
    ) -> list[T | RpcError | ChainUnavailable] | None:
        """None: the node answers the batch as a whole, so it does not understand it."""
        ids = [next(self._ids) for _ in calls]
        requests = [_request(number, method, params) for number, params in zip(ids, calls, strict=True)]
        answer = await self._post(method, b"[" + b",".join(requests) + b"]")
        if answer.status in range(400, 500) and answer.status not in _BUSY:
            return None
        answers = _parsed(method, answer)
        if not isinstance(answers, list):
            return None
        by_id = {answer["id"]: answer for answer in answers if isinstance(answer, dict) and _has_id(answer)}
        found: list[T | RpcError | ChainUnavailable] = []
        for number in ids:
            try:
                found.append(_result(method, number, by_id.get(number, {}), decode))
            except (RpcError, ChainUnavailable) as error:
                found.append(error)
        return found

    async def _post(self, method: str, body: bytes) -> Answer:
        try:
            with trio.fail_after(self._timeout):
                async with self._places:
                    answer = await self._http.post(body)
        except trio.TooSlowError:
            raise ChainUnavailable(f"{method}: no answer within {self._timeout:g} s") from None
        except PostFailed as error:
            raise ChainUnavailable(f"{method}: {error}") from error
        return answer


def _retry_after(answer: Answer) -> float | None:
    """Seconds of a Retry-After header; its other form, a date, is not worth the trouble."""
    value = answer.headers.get(b"retry-after", b"")
    return min(float(value), MAX_RETRY_AFTER) if value.isdigit() and len(value) < 10 else None


def _request(request_id: int, method: str, params: list[object]) -> bytes:
    return to_json({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


def _parsed(method: str, answer: Answer) -> object:
    # Some nodes send a JSON-RPC error with a status of 400 or 500: only these are worth reading.
    if answer.status in _BUSY or (answer.status != _OK and not answer.body.lstrip().startswith((b"{", b"["))):
        raise ChainUnavailable(f"{method}: HTTP {answer.status}", retry_after=_retry_after(answer))
    try:
        return from_json(answer.body, allow_inf_nan=False)
    except ValueError as error:
        raise ChainUnavailable(f"{method}: an answer that is no JSON") from error


def _has_id(answer: dict[str, object]) -> bool:
    return type(answer.get("id")) is int


def _result(method: str, request_id: int, answer: dict[str, object], decode: Callable[[object], T]) -> T:
    refusal = answer.get("error")
    if refusal is not None:
        if not isinstance(refusal, dict) or type(refusal.get("code")) is not int:
            raise ChainUnavailable(f"{method}: an error without a code")
        raise RpcError(refusal["code"], str(refusal.get("message", ""))[:500], refusal.get("data"))
    if answer.get("id") != request_id or "result" not in answer:
        raise ChainUnavailable(f"{method}: an answer to something else")
    try:
        return decode(answer["result"])
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise ChainUnavailable(f"{method}: an answer that makes no sense: {error!r:.200}") from error
