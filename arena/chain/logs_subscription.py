"""`logsSubscribe` over a websocket that comes back whenever it is lost.

It is a hint, never the truth: notifications may come late, twice, in any order, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Never

import structlog
import trio
from pydantic_core import from_json
from solders.pubkey import Pubkey

from arena.chain import wire
from arena.chain.backoff import Backoff
from arena.chain.client import Commitment
from arena.chain.websocket import ConnectionClosed, HandshakeError, Websocket, WebsocketAddress

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1024 * 1024
CONNECT_SECONDS = 10.0
PING_SECONDS = 10.0
STABLE_SECONDS = 10.0


class SubscriptionLost(Exception):
    """The node said something that ends the conversation."""


@dataclass(frozen=True, slots=True)
class LogNotice:
    """A transaction that mentions the program. `error` is None when it succeeded."""

    signature: str
    slot: int
    error: object
    logs: tuple[str, ...] | None


class LogsSubscription:
    """Notifications of one program.

    Args:
        ws_url: ws or wss. It may hold an API key, so it is in no log.
        on_notice: called for each notification; must not block.
        on_change: called after the subscription was made (True) and lost (False); must not block.
        ping_interval: seconds between pings; as long again without a pong means the connection is dead.

    Raises:
        ValueError: `ws_url` is no websocket URL.
    """

    def __init__(
        self,
        ws_url: str,
        program_id: Pubkey,
        commitment: Commitment,
        *,
        on_notice: Callable[[LogNotice], None],
        on_change: Callable[[bool], None],
        backoff: Backoff | None = None,
        ping_interval: float = PING_SECONDS,
    ) -> None:
        self._address = WebsocketAddress(ws_url)
        self._request = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "logsSubscribe",
                "params": [{"mentions": [str(program_id)]}, {"commitment": commitment.value}],
            }
        )
        self._on_notice = on_notice
        self._on_change = on_change
        self._backoff = backoff or Backoff()
        self._ping_interval = ping_interval
        self._scope = trio.CancelScope()
        self.connected = False
        self.connections = 0
        self.last_error: str | None = None

    async def run(self) -> Never:
        """Subscribe, listen, and start over when the connection is lost, until cancelled."""
        while True:
            started = trio.current_time()
            await self._once()
            if trio.current_time() - started > STABLE_SECONDS:
                self._backoff.reset()
            await trio.sleep(self._backoff.next())

    def reconnect(self) -> None:
        """Give up the present connection and make another."""
        self._scope.cancel()

    async def _once(self) -> None:
        try:
            with trio.CancelScope() as self._scope:
                connection = await self._address.connect(
                    timeout=CONNECT_SECONDS, max_message_bytes=MAX_MESSAGE_BYTES
                )
                async with aclosing(connection), trio.open_nursery() as nursery:
                    nursery.start_soon(self._ping, connection)
                    await self._listen(connection)
        except* (HandshakeError, ConnectionClosed, SubscriptionLost, trio.TooSlowError) as group:
            self.last_error = ", ".join(sorted({_name(error) for error in _leaves(group)}))
        finally:
            if self.connected:
                self.connected = False
                log.info("chain subscription lost", reason=self.last_error)
                self._on_change(False)

    async def _listen(self, connection: Websocket) -> Never:
        await connection.send(self._request)
        with trio.fail_after(CONNECT_SECONDS):
            messages = await connection.receive()
        subscription = _confirmation(messages.pop(0))
        self.connected = True
        self.connections += 1
        self.last_error = None
        log.info("chain subscription made", connections=self.connections)
        self._on_change(True)
        while True:
            for message in messages:
                notice = _notice(message, subscription)
                if notice is not None:
                    self._on_notice(notice)
            messages = await connection.receive()

    async def _ping(self, connection: Websocket) -> Never:
        while True:
            await trio.sleep(self._ping_interval)
            with trio.fail_after(self._ping_interval):
                await connection.ping()


def _message(raw: bytes) -> dict[str, object]:
    try:
        return wire.as_object(from_json(raw, allow_inf_nan=False))
    except ValueError as error:
        raise SubscriptionLost("a message that is no JSON object") from error


def _confirmation(raw: bytes) -> object:
    answer = _message(raw)
    if answer.get("id") != 1 or answer.get("result") is None:
        raise SubscriptionLost("the node refused to subscribe")
    return answer["result"]


def _notice(raw: bytes, subscription: object) -> LogNotice | None:
    message = _message(raw)
    if message.get("method") != "logsNotification":
        return None
    try:
        params = wire.as_object(message["params"])
        if params["subscription"] != subscription:
            return None
        result = wire.as_object(params["result"])
        value = wire.as_object(result["value"])
        return LogNotice(
            signature=wire.as_signature(value["signature"]),
            slot=wire.as_u64(wire.as_object(result["context"])["slot"]),
            error=value["err"],
            logs=wire.as_logs(value["logs"]),
        )
    except (ValueError, LookupError) as error:
        raise SubscriptionLost("a notification that makes no sense") from error


def _leaves(group: BaseExceptionGroup[Exception]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _name(error: BaseException) -> str:
    return str(error) if isinstance(error, SubscriptionLost) else type(error).__name__
