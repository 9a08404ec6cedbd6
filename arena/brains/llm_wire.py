"""The connection to an endpoint: nothing is sent but what we mean to send, and no more is read than an answer has.

The official client adds headers of its own, some of them from this process's environment (``OPENAI_…``). A creator's
endpoint must not get the operator's; so the request's headers are made here, all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from ssl import SSLContext
from typing import Final

import httpx2
import trio
from openai import AsyncOpenAI

MAX_BYTES: Final = 2 * 1024 * 1024
"""Of a response."""
TIMEOUTS: Final = httpx2.Timeout(20.0, connect=5.0)
"""Seconds between two pieces of an answer; all of it together is bounded by the verdict's deadline."""

_SENT: Final = frozenset({"host", "accept", "content-type", "content-length", "connection"})
_UNUSED_KEY: Final = "none"


@asynccontextmanager
async def endpoint(url: str, key: str) -> AsyncIterator[AsyncOpenAI]:
    """A client for this endpoint and key. Proxies and keys of the environment are ignored, redirects not followed."""
    # reading the certificates takes a tenth of a second, the first time
    trusted = await trio.to_thread.run_sync(_certificates) if url.startswith("https:") else None
    async with httpx2.AsyncClient(
        transport=Wire(key, trusted), trust_env=False, follow_redirects=False, timeout=TIMEOUTS
    ) as http:
        yield AsyncOpenAI(
            api_key=key or _UNUSED_KEY, base_url=url, http_client=http, max_retries=0, timeout=TIMEOUTS
        )


class Wire(httpx2.AsyncBaseTransport):
    """Requests with our headers alone, and responses of bounded size."""

    def __init__(self, key: str, trusted: SSLContext | None) -> None:
        """`trusted`: whose certificates are believed; None: the endpoint has no TLS."""
        self._key = key
        self._inner = httpx2.AsyncHTTPTransport(
            verify=trusted if trusted is not None else False, trust_env=False
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() in _SENT]
        headers += [("user-agent", "arena"), ("accept-encoding", "identity")]
        if self._key:
            headers.append(("authorization", f"Bearer {self._key}"))
        response = await self._inner.handle_async_request(
            httpx2.Request(
                request.method,
                request.url,
                headers=headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        if response.headers.get("content-encoding", "identity") != "identity":
            # a few bytes could become any number
            await response.stream.aclose()
            raise httpx2.RemoteProtocolError("the response is compressed, which it was asked not to be")
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A stream that breaks when it has had :data:`MAX_BYTES`."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_BYTES
        async for piece in self._inner:
            left -= len(piece)
            if left < 0:
                raise httpx2.RemoteProtocolError(f"the response has more than {MAX_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def _certificates() -> SSLContext:
    """The system's certificates, read once."""
    return httpx2.create_ssl_context(trust_env=False)
