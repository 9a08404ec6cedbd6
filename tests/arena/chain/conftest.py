"""What the tests of the chain client share: a node that says whatever a test tells it to."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import h11
import pytest
import trio
from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.chain.pda import bot_address
from arena.chain.program.interface import BOT, EVENTS, Field, discriminator, encoded_size, layout
from tests.tcp_proxy import TcpProxy


@dataclass
class RawAnswer:
    """An HTTP answer, byte for byte."""

    body: bytes
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)


class NodeError(Exception):
    """A JSON-RPC error to answer with."""

    def __init__(self, code: int, message: str = "no", data: object = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class HangError(Exception):
    """Do not answer."""


class HangUpError(Exception):
    """Close the connection instead of answering."""


class ScriptedNode:
    """A JSON-RPC node on a real socket.

    `script[method]` is an answer, or a function of the params that gives one.
    """

    RawAnswer = RawAnswer
    NodeError = NodeError
    Hang = HangError
    HangUp = HangUpError

    def __init__(self) -> None:
        self.script: dict[str, Any] = {}
        self.calls: list[tuple[str, list[Any]]] = []
        self.takes_batches = True
        self.batches: list[int] = []
        """How many calls there were in each batch."""
        self.url = ""

    def count(self, method: str) -> int:
        return sum(called == method for called, _ in self.calls)

    async def serve(self, task_status: trio.TaskStatus[None]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        task_status.started()
        await trio.serve_listeners(self._connection, listeners)

    async def _connection(self, stream: trio.SocketStream) -> None:
        try:
            http = h11.Connection(h11.SERVER)
            while True:
                body = b""
                while True:
                    event = http.next_event()
                    if event is h11.NEED_DATA:
                        http.receive_data(await stream.receive_some(65536))
                    elif isinstance(event, h11.Data):
                        body += event.data
                    elif isinstance(event, h11.EndOfMessage):
                        break
                    elif isinstance(event, h11.ConnectionClosed):
                        return
                try:
                    answer = self._answer(json.loads(body))
                except HangError:
                    await trio.sleep_forever()
                headers = [*answer.headers, ("content-length", str(len(answer.body)))]
                await stream.send_all(
                    http.send(h11.Response(status_code=answer.status, headers=headers))
                    + http.send(h11.Data(answer.body))
                    + http.send(h11.EndOfMessage())
                )
                http.start_next_cycle()
        except (HangUpError, trio.BrokenResourceError, h11.RemoteProtocolError):
            pass
        finally:
            with trio.move_on_after(0):
                await stream.aclose()

    def _answer(self, request: Any) -> RawAnswer:
        if not isinstance(request, list):
            answer: object = self._answer_one(request)
        elif self.takes_batches:
            self.batches.append(len(request))
            answers = [self._answer_one(one) for one in request]
            raw = [one for one in answers if isinstance(one, RawAnswer)]
            answer = raw[0] if raw else answers
        else:
            answer = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
        if isinstance(answer, RawAnswer):
            return answer
        return RawAnswer(json.dumps(answer).encode(), headers=[("content-type", "application/json")])

    def _answer_one(self, request: dict[str, Any]) -> RawAnswer | dict[str, object]:
        method, params = request["method"], request["params"]
        self.calls.append((method, params))
        answer: dict[str, object] = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            result = self.script[method]
            if isinstance(result, Callable):
                result = result(*params)
            if isinstance(result, RawAnswer):
                return result
            if isinstance(result, Exception):
                raise result
            answer["result"] = result
        except NodeError as error:
            answer["error"] = error.error
        return answer


@pytest.fixture
async def scripted_node(nursery: trio.Nursery) -> ScriptedNode:
    node = ScriptedNode()
    await nursery.start(node.serve)
    return node


class Recipes:
    """How the program writes its accounts and its logs."""

    program_id = Pubkey.from_bytes(bytes([9] * 32))
    founding_key = Pubkey.from_bytes(bytes([8] * 32))
    page = 1000  # signatures that the node lists at once

    def signature(self, number: int) -> str:
        return str(Signature.from_bytes(number.to_bytes(8, "big") * 8))

    def address(self, bot: UUID) -> Pubkey:
        return bot_address(self.program_id, self.founding_key, bot)

    def account(self, address: str, seq: int) -> dict[str, object]:
        """A bot's account as the RPC shows it, blank but for what the feed looks at."""
        head = discriminator("account", "Bot")
        data = self._pack(head, BOT, version=b"\x01", event_seq=seq.to_bytes(8, "little"))
        return {
            "lamports": 1,
            "owner": str(self.program_id),
            "data": [base64.b64encode(data).decode(), "base64"],
            "executable": False,
        }

    def logs(self, bot: UUID, seq: int, kind: str) -> list[str]:
        """What an instruction prints: "created", "fee" or "closed"."""
        name = {"created": "BotCreated", "fee": "MessageFeeRecorded", "closed": "BotClosed"}[kind]
        fields = next(event for event in EVENTS if event.name == name).fields
        data = self._pack(
            discriminator("event", name),
            fields,
            bot=bytes(self.address(bot)),
            founding_key=bytes(self.founding_key),
            bot_id=bot.bytes,
            event_seq=seq.to_bytes(8, "little"),
        )
        return [
            f"Program {self.program_id} invoke [1]",
            f"Program data: {base64.b64encode(data).decode()}",
            f"Program {self.program_id} success",
        ]

    def _pack(self, head: bytes, fields: Sequence[Field], **values: bytes) -> bytes:
        data = bytearray(encoded_size(fields))
        data[: len(head)] = head
        for member, offset in layout(fields):
            value = values.get(member.name, b"")
            data[offset : offset + len(value)] = value
        return bytes(data)


@pytest.fixture
def recipes() -> Recipes:
    return Recipes()


@pytest.fixture
def tcp_proxy(nursery: trio.Nursery) -> Callable[[int], Awaitable[TcpProxy]]:
    """A proxy in front of a port of this machine."""

    async def start(port: int) -> TcpProxy:
        proxy = TcpProxy(port)
        await nursery.start(proxy.serve)
        return proxy

    return start
