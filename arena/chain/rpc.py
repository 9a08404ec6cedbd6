"""JSON-RPC over HTTP to a Solana node, with a limit on everything.

Nothing that a node or the network does gets past this module except as one of two exceptions:
`ChainUnavailable` (try again) and `RpcError` (the node understood the request and said no).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import trio

T = TypeVar("T")

MAX_RESPONSE_BYTES = 8 * 1024 * 1024
MAX_RETRY_AFTER = 60.0

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
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("a URL of http or https was expected")
        self._url = url
        self._timeout = timeout
        self._places = trio.CapacityLimiter(max_concurrent)
        self._max_response_bytes = max_response_bytes
        self._ids = itertools.count(1)
        self._http = httpx.AsyncClient(
            timeout=timeout,
            limits=httpx.Limits(max_connections=max_concurrent, max_keepalive_connections=max_concurrent),
            headers={"content-type": "application/json"},
            follow_redirects=False,
            trust_env=False,  # a proxy variable of the environment must not see signed payments
        )

    async def call(self, method: str, params: list[object], decode: Callable[[object], T]) -> T:
        """Call `method` and return `decode(result)`.

        Raises:
            ChainUnavailable: no answer in time, an HTTP error, or a result that `decode` cannot make sense
                of.
            RpcError: the node's own error.
        """
        request_id = next(self._ids)
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        try:
            with trio.fail_after(self._timeout):
                async with self._places:
                    raw = await self._post(method, json.dumps(body).encode())
        except trio.TooSlowError:
            raise ChainUnavailable(f"{method}: no answer within {self._timeout:g} s") from None
        result = _result(method, request_id, raw)
        try:
            return decode(result)
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            raise ChainUnavailable(f"{method}: an answer that makes no sense: {error!r:.200}") from error

    async def aclose(self) -> None:
        """Close the connections. Calls after this raise."""
        await self._http.aclose()

    async def _post(self, method: str, body: bytes) -> bytes:
        try:
            async with self._http.stream("POST", self._url, content=body) as response:
                # Some nodes send a JSON-RPC error with a status of 400 or 500: only these are worth reading.
                if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.status_code in range(
                    502, 505
                ):
                    raise ChainUnavailable(
                        f"{method}: HTTP {response.status_code}", retry_after=_retry_after(response)
                    )
                received = bytearray()
                async for part in response.aiter_bytes():
                    received += part
                    if len(received) > self._max_response_bytes:
                        raise ChainUnavailable(
                            f"{method}: an answer of more than {self._max_response_bytes} bytes"
                        )
        except httpx.HTTPError as error:
            # The type says enough; the text of some of these holds the URL.
            raise ChainUnavailable(f"{method}: {type(error).__name__}") from error
        if response.status_code != httpx.codes.OK and not received.lstrip().startswith(b"{"):
            raise ChainUnavailable(
                f"{method}: HTTP {response.status_code}", retry_after=_retry_after(response)
            )
        return bytes(received)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds of a Retry-After header; its other form, a date, is not worth the trouble."""
    value = response.headers.get("retry-after", "")
    return (
        min(float(value), MAX_RETRY_AFTER)
        if value.isascii() and value.isdecimal() and len(value) < 10
        else None
    )


def _result(method: str, request_id: int, raw: bytes) -> object:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ChainUnavailable(f"{method}: an answer that is no JSON") from error
    if not isinstance(answer, dict):
        raise ChainUnavailable(f"{method}: an answer that is no object")
    refusal = answer.get("error")
    if refusal is not None:
        if not isinstance(refusal, dict) or type(refusal.get("code")) is not int:
            raise ChainUnavailable(f"{method}: an error without a code")
        raise RpcError(refusal["code"], str(refusal.get("message", ""))[:500], refusal.get("data"))
    if answer.get("id") != request_id or "result" not in answer:
        raise ChainUnavailable(f"{method}: an answer to something else")
    return answer["result"]
