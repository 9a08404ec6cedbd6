"""A player who does not give up: whatever the server does, the message is said once and its verdict is heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from trio_websocket import ConnectionClosed, HandshakeError

from arena.chain.client import ChainClient, ChainUnavailable
from arena.cli.arena_client import ArenaClient, ArenaError, arena_client
from arena.ids import new_id

SOL = 1_000_000_000
PHRASE = "the northern lights"
PAUSE = 0.2
_OUTAGES = ("unreachable", "nonsense", "503", "busy", "shutting_down")
_PASSING = (OSError, ConnectionClosed, HandshakeError, ArenaError)


def draft(**values: Any) -> dict[str, Any]:
    """A bot that a creator may open."""
    return {
        "name": "Boreas",
        "kind": "passphrase",
        "public": {"persona": "Boreas guards the winter sky", "objective": "Say what dances at night."},
        "secret": {"phrase": PHRASE},
        "fee_base": SOL // 100,
        "fee_growth_bps": 100,
        "fee_cap": SOL // 10,
        "initial_pot": SOL // 2,
        "closes_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        **values,
    }


@asynccontextmanager
async def funded_client(
    url: str, lamports: int = 2 * SOL, wallet: Keypair | None = None
) -> AsyncIterator[ArenaClient]:
    """A signed-in wallet with money: a new one, unless there is one already."""
    async with arena_client(url, wallet or Keypair()) as client:
        await client.sign_in()
        config = await client.call("GET", "/chain")
        await client.call("POST", "/faucet", {"address": client.address, "lamports": lamports})
        async with ChainClient(config["rpc_url"]) as chain:
            with trio.fail_after(30):
                while await chain.balance(client.wallet.pubkey()) < lamports:
                    await trio.sleep(0.05)
        yield client


async def persistently(
    client: ArenaClient, method: str, path: str, body: dict[str, Any] | None = None, within: float = 60
) -> dict[str, Any]:
    """An answer, however often the server has to be asked."""
    with trio.fail_after(within):
        while True:
            try:
                return await client.call(method, path, body)
            except ArenaError as error:
                if error.code not in _OUTAGES and "unavailable" not in error.code:
                    raise
                await trio.sleep(PAUSE)


async def open_bot(client: ArenaClient, within: float = 60, **values: Any) -> dict[str, Any]:
    """Draft a bot and open it; returns once it takes messages."""
    drafted = await persistently(client, "POST", "/bots", draft(**values))
    bot: dict[str, Any] = drafted["bot"]
    signed = {"transaction": client.sign(drafted["transaction"])}
    await persistently(client, "POST", f"/bots/{bot['id']}/open", signed)
    with trio.fail_after(within):
        while (await persistently(client, "GET", f"/bots/{bot['id']}"))["status"] != "open":
            await trio.sleep(PAUSE)
    return bot


class Player:
    """One wallet in one chat, across disconnections. `frames` are the durable ones, each once, in order."""

    def __init__(self, client: ArenaClient, bot_id: str) -> None:
        self.client = client
        self.bot_id = bot_id
        self.frames: list[dict[str, Any]] = []
        self.deltas: list[dict[str, Any]] = []
        self.paid: set[UUID] = set()

    @property
    def seq(self) -> int:
        return max((frame["seq"] for frame in self.frames), default=0)

    def seen(self, **values: Any) -> list[dict[str, Any]]:
        return [
            frame for frame in self.frames if all(frame.get(name) == value for name, value in values.items())
        ]

    async def say(self, text: str, within: float = 90) -> dict[str, Any]:
        """Say it and pay for it; the reply."""
        message_id = new_id()
        await self._until(lambda: self.seen(type="reply", id=str(message_id)), within, message_id, text)
        [reply] = self.seen(type="reply", id=str(message_id))
        return reply

    async def try_to_say(self, text: str, within: float = 90) -> dict[str, Any]:
        """Say it and pay for it; the reply, or the refund that was promised instead."""
        message_id = new_id()

        def ends() -> list[dict[str, Any]]:
            return self.seen(type="reply", id=str(message_id)) or self.seen(type="refund", id=str(message_id))

        await self._until(ends, within, message_id, text)
        return ends()[0]

    async def until(self, within: float = 90, **values: Any) -> dict[str, Any]:
        """Listen until a durable frame with these values has come."""
        await self._until(lambda: self.seen(**values), within)
        return self.seen(**values)[0]

    async def _until(self, done: Any, within: float, message_id: UUID | None = None, text: str = "") -> None:
        with trio.fail_after(within):
            while not done():
                try:
                    await self._connected(done, message_id, text)
                except _PASSING:
                    await trio.sleep(PAUSE)

    async def _connected(self, done: Any, message_id: UUID | None, text: str) -> None:
        async with self.client.chat(self.bot_id) as chat:
            await chat.send(type="resume", after=self.seq)
            asked = message_id is None or bool(self.seen(type="payment", id=str(message_id)))
            if not asked:
                await chat.send(type="message", id=message_id, text=text)
            while not done():
                try:
                    frame = await chat.receive()
                except ArenaError as error:
                    if error.code == "message_already_paid":
                        continue
                    raise
                if frame["type"] == "quote" and frame["id"] == str(message_id):
                    await chat.send(
                        type="pay", id=message_id, transaction=self.client.sign(frame["transaction"])
                    )
                elif frame["type"] == "reply.delta":
                    self.deltas.append(frame)
                elif "seq" in frame and frame["type"] != "welcome":
                    assert frame["seq"] > self.seq, "frames come once, in order"
                    self.frames.append(frame)


async def lamports(client: ArenaClient, address: str) -> int:
    """As the chain has it; waits for one that is just being started again."""
    with trio.fail_after(30):
        while True:
            config = await persistently(client, "GET", "/chain")
            try:
                async with ChainClient(config["rpc_url"]) as chain:
                    return await chain.balance(Pubkey.from_string(address))
            except ChainUnavailable:
                await trio.sleep(PAUSE)


async def call_chain(client: ArenaClient, method: str, *params: object) -> Any:
    """What the arena's node answers to a method that only tests know."""
    url = (await client.call("GET", "/chain"))["rpc_url"]
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = (await http.post(url, json=body)).json()
    assert "error" not in answer, answer
    return answer["result"]
