"""A client of the arena's public interfaces: sign in, open bots, chat, pay."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import trio
from solders.keypair import Keypair
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, open_websocket_url

from arena.game.signing import sign_first

Json = dict[str, Any]

HANDSHAKE_TIMEOUT = 10.0
"""Seconds for opening or closing a websocket: a server that ends in between does not answer any more."""


class ArenaError(Exception):
    """The arena refused something, or cannot be reached. `code` is the problem's code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code


class ArenaClient:
    """One wallet's connection to an arena at `url`. Use `arena_client` to make one.

    A token that has run out is refreshed, and what it was needed for is asked again.
    """

    def __init__(self, url: str, wallet: Keypair, http: httpx.AsyncClient) -> None:
        self.url = url.rstrip("/")
        self.wallet = wallet
        self._http = http
        self._token = ""
        self._refresh_token = ""
        self._renewing = trio.Lock()

    @property
    def address(self) -> str:
        return str(self.wallet.pubkey())

    async def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request to the API, or with a path below `/admin` to the operators'. Raises `ArenaError`."""
        token = self._token
        try:
            return await self._call(method, path, body)
        except ArenaError as error:
            if error.code != "token_expired":
                raise
        await self._renew(token)
        return await self._call(method, path, body)

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        prefix = "" if path.startswith("/admin/") else "/api/v1"
        try:
            response = await self._http.request(
                method, f"{self.url}{prefix}{path}", json=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise ArenaError("unreachable", f"{self.url} does not answer: {error}") from error
        try:
            answer: Json = response.json() if response.content else {}
        except ValueError:
            raise ArenaError("nonsense", f"{self.url} does not speak the arena's protocol") from None
        if response.is_error:
            raise ArenaError(
                str(answer.get("code", response.status_code)),
                str(answer.get("detail") or answer.get("title") or response.reason_phrase),
            )
        return answer

    async def token(self, refused: bool) -> str:
        """The access token, for a websocket; another one if the last was `refused`. Raises `ArenaError`."""
        if refused:
            await self._renew(self._token)
        elif not self._token:
            await self.sign_in()
        return self._token

    async def sign_in(self) -> str:
        """Prove to hold the wallet; returns the access token, which this client uses from now on."""
        nonce = await self._call("POST", "/auth/nonce", {"address": self.address})
        signature = self.wallet.sign_message(nonce["message"].encode())
        session = await self._call(
            "POST",
            "/auth/session",
            {"address": self.address, "nonce": nonce["nonce"], "signature": str(signature)},
        )
        return self._signed_in(session)

    async def _renew(self, run_out: str) -> None:
        """Replace the token that has run out, once, however many ask; sign in again if the session is over, too."""
        async with self._renewing:
            if self._token != run_out:
                return
            # the same request is sent until it is answered: a lost answer costs no session
            request = {"refresh_token": self._refresh_token, "id": str(uuid4())}
            for last in (False, True):
                try:
                    self._signed_in(await self._call("POST", "/auth/refresh", request))
                    return
                except ArenaError as error:
                    if error.code == "refresh_token_invalid":
                        break
                    if last or error.code != "unreachable":
                        raise
            await self.sign_in()

    def _signed_in(self, session: Json) -> str:
        self._token, self._refresh_token = str(session["token"]), str(session["refresh_token"])
        return self._token

    async def open_bot(self, draft: Json) -> tuple[Json, str]:
        """Draft a bot and open it; the draft and the creation's signature."""
        drafted = await self.call("POST", "/bots", draft)
        signed = self.sign(drafted["transaction"])
        opened = await self.call("POST", f"/bots/{drafted['bot']['id']}/open", {"transaction": signed})
        return drafted["bot"], opened["signature"]

    def sign(self, transaction: str) -> str:
        """What a wallet does with an unsigned transaction, base64: sign its own place."""
        return base64.b64encode(sign_first(base64.b64decode(transaction), self.wallet)).decode()

    @asynccontextmanager
    async def chat(self, bot_id: str) -> AsyncIterator[Chat]:
        """The wallet's chat with a bot."""
        session = await self.call("GET", f"/chats/{bot_id}")
        url = self.url.replace("http", "ws", 1) + session["websocket"]
        try:
            async with open_websocket_url(
                url,
                extra_headers=[(b"Authorization", f"Bearer {self._token}".encode())],
                connect_timeout=HANDSHAKE_TIMEOUT,
                disconnect_timeout=HANDSHAKE_TIMEOUT,
            ) as socket:
                yield Chat(socket)
        except (OSError, ConnectionClosed, HandshakeError) as error:
            raise ArenaError("disconnected", f"the chat ended: {error}") from error


class Chat:
    """Frames to and from one session."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket

    async def send(self, **frame: Any) -> None:
        await self._socket.send_message(json.dumps(frame, default=str))

    async def receive(self) -> Json:
        """The next frame. Raises `ArenaError` for an `error` frame. Answers the server's pings."""
        while (frame := await self._next())["type"] == "ping":
            await self.send(type="pong")
        if frame["type"] == "error":
            raise ArenaError(frame["code"], frame.get("detail") or "")
        return frame

    async def _next(self) -> Json:
        frame: Json = json.loads(await self._socket.get_message())
        return frame

    async def until(self, *types: str, of: UUID | None = None) -> Json:
        """The next frame of one of these types; with `of`, of the message with this id."""
        while True:
            frame = await self.receive()
            if frame["type"] in types and (of is None or frame.get("id") == str(of)):
                return frame


@asynccontextmanager
async def arena_client(url: str, wallet: Keypair, *, timeout: float = 30.0) -> AsyncIterator[ArenaClient]:
    """A client that is not signed in yet."""
    async with httpx.AsyncClient(timeout=timeout) as http:
        yield ArenaClient(url, wallet, http)
