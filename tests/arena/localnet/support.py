"""What the tests of the local chain share: a running chain and the clients that talk to it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import trio
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.types import TxOpts
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from trio_websocket import WebSocketConnection, open_websocket_url

from arena.localnet import Endpoints, LocalnetConfig, serve
from arena.localnet.node import Node
from arena.localnet.server import serve_node

SOL = 1_000_000_000
LEVELS = ["processed", "confirmed", "finalized"]
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


@dataclass
class Chain:
    """One running chain and what tests do with it."""

    config: LocalnetConfig
    endpoints: Endpoints
    client: AsyncClient
    http: httpx.AsyncClient
    node: Node | None = None
    """for tests that move time themselves: its slots are a minute long"""

    async def call(self, method: str, *params: Any) -> Any:
        """The whole JSON-RPC response."""
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
        return (await self.http.post("/", json=body)).json()

    async def result(self, method: str, *params: Any) -> Any:
        response = await self.call(method, *params)
        assert "error" not in response, response
        return response["result"]

    async def post(self, body: bytes) -> Any:
        return (await self.http.post("/", content=body)).json()

    async def funded(self, lamports: int = 10 * SOL, *, commitment: str = "confirmed") -> Keypair:
        """A new wallet whose airdrop is as far as `commitment`."""
        keypair = Keypair()
        signature = await self.result("requestAirdrop", str(keypair.pubkey()), lamports)
        await self.reach(signature, commitment)
        return keypair

    async def blockhash(self, commitment: str = "confirmed") -> Hash:
        value = await self.result("getLatestBlockhash", {"commitment": commitment})
        return Hash.from_string(value["value"]["blockhash"])

    async def signed(
        self, signers: list[Keypair], *instructions: Instruction, blockhash: Hash | None = None
    ) -> VersionedTransaction:
        blockhash = blockhash or await self.blockhash()
        message = Message.new_with_blockhash(list(instructions), signers[0].pubkey(), blockhash)
        return VersionedTransaction(message, signers)

    async def send(
        self, signers: list[Keypair], *instructions: Instruction, skip_preflight: bool = False
    ) -> Signature:
        transaction = await self.signed(signers, *instructions)
        opts = TxOpts(skip_preflight=skip_preflight, preflight_commitment=Confirmed)
        return (await self.client.send_raw_transaction(bytes(transaction), opts=opts)).value

    async def status(self, signature: Signature | str) -> Any:
        config = {"searchTransactionHistory": True}
        return (await self.result("getSignatureStatuses", [str(signature)], config))["value"][0]

    async def reach(self, signature: Signature | str, commitment: str) -> Any:
        """Wait until a transaction is confirmed or finalized; its status."""
        wanted = LEVELS[LEVELS.index(commitment) :]

        async def reached() -> Any:
            status = await self.status(signature)
            if status and status["confirmationStatus"] in wanted:
                return status
            await self.step()
            return None

        return await eventually(reached)

    async def balance(self, key: Pubkey, commitment: str = "processed") -> int:
        balance: int = (await self.result("getBalance", str(key), {"commitment": commitment}))["value"]
        return balance

    async def step(self) -> None:
        """Begin the next slot, if time is this test's to move."""
        if self.node is not None:
            await self.node.advance(self.node.bank.slot + 1)

    async def sleep_slots(self, slots: int) -> None:
        """Wait until this many more slots have begun."""
        target = await self.result("getSlot", {"commitment": "processed"}) + slots

        async def begun() -> bool:
            slot: int = await self.result("getSlot", {"commitment": "processed"})
            return slot >= target

        await eventually(begun)


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """The first true value of `condition`, which is asked again and again."""
    with trio.fail_after(seconds):
        while not (value := await condition()):
            await trio.sleep(0.005)  # the chain is another program: it has to be asked
        return value


def pay(sender: Keypair, receiver: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=sender.pubkey(), to_pubkey=receiver, lamports=lamports))


def memo(text: bytes, *signers: Keypair) -> Instruction:
    return Instruction(MEMO, text, [AccountMeta(key.pubkey(), True, False) for key in signers])


@asynccontextmanager
async def running(config: LocalnetConfig) -> AsyncIterator[Chain]:
    async with trio.open_nursery() as nursery:
        endpoints: Endpoints = await nursery.start(serve, config)
        async with (
            AsyncClient(endpoints.rpc_url, Confirmed) as client,
            httpx.AsyncClient(base_url=endpoints.rpc_url) as http,
        ):
            yield Chain(config, endpoints, client, http)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def stepped(config: LocalnetConfig) -> AsyncIterator[Chain]:
    """A chain whose slots begin when the test says so."""
    node = Node.open(replace(config, slot_ms=60_000))
    async with trio.open_nursery() as nursery:
        endpoints: Endpoints = await nursery.start(serve_node, node)
        async with (
            AsyncClient(endpoints.rpc_url, Confirmed) as client,
            httpx.AsyncClient(base_url=endpoints.rpc_url) as http,
        ):
            yield Chain(node.config, endpoints, client, http, node)
        nursery.cancel_scope.cancel()


class Subscriber:
    """One websocket connection."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.raw: list[str] = []
        self._pending: list[Any] = []

    async def call(self, method: str, *params: Any) -> Any:
        """The response; notifications that come first are kept for `notified`."""
        await self.socket.send_message(
            json.dumps({"jsonrpc": "2.0", "id": 9, "method": method, "params": params})
        )
        while "id" not in (message := await self._receive()):
            self._pending.append(message)
        return message

    async def subscribe(self, method: str, *params: Any) -> int:
        response = await self.call(method, *params)
        assert "error" not in response, response
        number: int = response["result"]
        return number

    async def notified(self, method: str) -> Any:
        """The parameters of the next notification, which must be of this method."""
        message = self._pending.pop(0) if self._pending else await self._receive()
        assert message["method"] == method, message
        return message["params"]

    async def _receive(self) -> Any:
        with trio.fail_after(5):
            text = await self.socket.get_message()
        assert isinstance(text, str)
        self.raw.append(text)
        return json.loads(text)


@asynccontextmanager
async def subscriber(chain: Chain) -> AsyncIterator[Subscriber]:
    async with open_websocket_url(chain.endpoints.ws_url) as socket:
        yield Subscriber(socket)
