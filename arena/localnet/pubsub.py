"""The websocket side: subscribe and unsubscribe requests in, notifications out."""

import logging
from collections.abc import Callable, Mapping

import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_server_stream

from arena.localnet import wire
from arena.localnet.node import Node
from arena.localnet.params import Params, pubkey
from arena.localnet.rpc import Call, error_body, parse, request_id, result_body
from arena.localnet.rpcerrors import (
    RpcError,
    internal_error,
    invalid_params,
    invalid_request,
    method_not_found,
)
from arena.localnet.subscriptions import (
    AccountTopic,
    LogsTopic,
    RootTopic,
    SignatureTopic,
    SlotTopic,
    Subscription,
    Subscriptions,
    Topic,
)
from arena.localnet.transactions import Json

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_TRY_AGAIN_LATER = 1013
_PING_SECONDS = 30.0


def _signature(params: Params) -> Topic:
    params.at_most(2)
    signature, config = params.signature(0), params.config(1)
    return SignatureTopic(signature, config.commitment(), config.flag("enableReceivedNotification"))


def _logs(params: Params) -> Topic:
    params.at_most(2)
    config = params.config(1)
    match params.value(0, "filter"):
        case "all" | "allWithVotes":
            return LogsTopic(None, config.commitment())
        case {"mentions": [address]}:
            return LogsTopic(pubkey(address), config.commitment())
        case {"mentions": _}:
            raise invalid_params("Invalid Request: Only 1 address supported")
        case _:
            raise invalid_params(
                'Invalid params: a filter is "all", "allWithVotes" or {"mentions": [address]}'
            )


def _account(params: Params) -> Topic:
    params.at_most(2)
    key, config = params.pubkey(0), params.config(1)
    encoding = config.choice("encoding", wire.ACCOUNT_ENCODINGS, "binary")
    return AccountTopic(key, config.commitment(), encoding, config.data_slice())


def _slot(params: Params) -> Topic:
    params.at_most(0)
    return SlotTopic()


def _root(params: Params) -> Topic:
    params.at_most(0)
    return RootTopic()


_KINDS: Mapping[str, tuple[type[Topic], Callable[[Params], Topic]]] = {
    "account": (AccountTopic, _account),
    "logs": (LogsTopic, _logs),
    "root": (RootTopic, _root),
    "signature": (SignatureTopic, _signature),
    "slot": (SlotTopic, _slot),
}


class PubsubServer:
    """Give `serve_connection` every accepted stream."""

    def __init__(self, node: Node, subscriptions: Subscriptions) -> None:
        self._node = node
        self._subscriptions = subscriptions
        self._connections = 0

    async def serve_connection(self, stream: trio.SocketStream) -> None:
        self._connections += 1
        try:
            async with trio.open_nursery() as nursery:
                socket = await self._handshake(nursery, stream)
                if socket is not None:
                    await _Conversation(self._node, self._subscriptions, socket).run()
                nursery.cancel_scope.cancel()
        except* (ConnectionClosed, HandshakeError, trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("a websocket client went away")
        except* Exception:
            # The barrier of one connection: what the protocol library makes of strange bytes must not end the
            # chain.
            log.exception("a websocket connection failed")
        finally:
            self._connections -= 1
            await trio.aclose_forcefully(stream)

    async def _handshake(
        self, nursery: trio.Nursery, stream: trio.SocketStream
    ) -> WebSocketConnection | None:
        limits = self._node.config.limits
        with trio.move_on_after(_HANDSHAKE_SECONDS):
            request = await wrap_server_stream(nursery, stream, max_message_size=limits.request_bytes)
            if self._connections > limits.connections:
                await request.reject(503, body=b"too many connections")
                return None
            return await request.accept()
        return None


class _Conversation:
    """One connection: reads requests, while a second task sends what is in the outbox."""

    def __init__(self, node: Node, subscriptions: Subscriptions, socket: WebSocketConnection) -> None:
        self._limits = node.config.limits
        self._all = subscriptions
        self._socket = socket
        self._mine: dict[int, Subscription] = {}
        self._outbox, self._waiting = trio.open_memory_channel[bytes](self._limits.outbox)
        self._overflow = trio.Event()

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                nursery.start_soon(self._close_on_overflow, nursery.cancel_scope)
                nursery.start_soon(self._ping)
                while True:
                    self._receive(await self._socket.get_message())
        finally:
            for subscription in list(self._mine.values()):
                self._all.remove(subscription)
            self._mine.clear()

    def _send(self, message: bytes) -> None:
        try:
            self._outbox.send_nowait(message)
        except trio.WouldBlock:
            self._overflow.set()

    async def _write(self) -> None:
        async for message in self._waiting:
            with trio.move_on_after(self._limits.send_seconds) as scope:
                await self._socket.send_message(message.decode())
            if scope.cancelled_caught:
                self._overflow.set()

    async def _ping(self) -> None:
        while True:
            await trio.sleep(_PING_SECONDS)
            with trio.move_on_after(_PING_SECONDS) as scope:
                await self._socket.ping()
            if scope.cancelled_caught:
                self._overflow.set()

    async def _close_on_overflow(self, conversation: trio.CancelScope) -> None:
        await self._overflow.wait()
        log.info("a websocket client does not keep up and is disconnected")
        with trio.move_on_after(_CLOSE_SECONDS):
            await self._socket.aclose(_TRY_AGAIN_LATER, "too slow")
        conversation.cancel()

    def _receive(self, message: str | bytes) -> None:
        request: Json = None
        try:
            request = parse(message if isinstance(message, bytes) else message.encode())
            if isinstance(request, list):
                raise invalid_request("Batches are not supported on a websocket")
            call = Call(request)
            subscription: Subscription | None = None
            if call.method.endswith("Unsubscribe"):
                result: Json = self._unsubscribe(call)
            else:
                subscription = self._subscribe(call)
                result = subscription.id
        except RpcError as error:
            self._send(error_body(request_id(request), error))
            return
        if not call.is_notification:
            self._send(result_body(call.id, result))
        if subscription is not None:
            self._all.begin(subscription)

    def _subscribe(self, call: Call) -> Subscription:
        kind = _KINDS.get(call.method.removesuffix("Subscribe"))
        if kind is None or not call.method.endswith("Subscribe"):
            raise method_not_found()
        topic = kind[1](call.params)
        if len(self._mine) >= self._limits.subscriptions:
            raise internal_error(f"Too many subscriptions (max: {self._limits.subscriptions})")
        subscription = self._all.add(topic, self._send, self._forget)
        self._mine[subscription.id] = subscription
        return subscription

    def _unsubscribe(self, call: Call) -> bool:
        kind = _KINDS.get(call.method.removesuffix("Unsubscribe"))
        if kind is None:
            raise method_not_found()
        call.params.at_most(1)
        subscription = self._mine.get(call.params.integer(0, "subscription"))
        if subscription is None or not isinstance(subscription.topic, kind[0]):
            raise invalid_params("Invalid subscription id.")
        self._all.remove(subscription)
        self._forget(subscription)
        return True

    def _forget(self, subscription: Subscription) -> None:
        self._mine.pop(subscription.id, None)
