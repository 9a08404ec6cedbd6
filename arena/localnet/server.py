"""Serve a local chain: two listeners, one node."""

import logging
import socket
from dataclasses import dataclass

import trio

from arena.localnet.config import LocalnetConfig
from arena.localnet.http import HttpServer
from arena.localnet.node import Node
from arena.localnet.pubsub import PubsubServer
from arena.localnet.subscriptions import Subscriptions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the chain is to be found."""

    rpc_url: str
    ws_url: str
    rpc_port: int
    ws_port: int


async def serve(
    config: LocalnetConfig, *, task_status: trio.TaskStatus[Endpoints] = trio.TASK_STATUS_IGNORED
) -> None:
    """Run a chain until cancelled; started with its endpoints once requests are answered.

    Raises:
        DataDirectoryLocked: another chain runs in the data directory.
        LedgerCorrupt: what it holds cannot be trusted.
        LedgerFailed: the disk failed while running.
        ProgramNotLoadable: one of the programs.
        OSError: a port or the data directory cannot be used.
    """
    node = await trio.to_thread.run_sync(Node.open, config)
    await serve_node(node, task_status=task_status)


async def serve_node(
    node: Node, *, task_status: trio.TaskStatus[Endpoints] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve an open node until cancelled, then close it; the rest is as for `serve`."""
    config = node.config
    try:
        subscriptions = Subscriptions(node.bank)
        node.observer = subscriptions
        rpc, ws = await _listen(config)
        endpoints = _endpoints(config.host, rpc, ws)
        async with trio.open_nursery() as nursery:
            await nursery.start(node.run)
            http, pubsub = HttpServer(node), PubsubServer(node, subscriptions)
            nursery.start_soon(trio.serve_listeners, http.serve_connection, [rpc])
            nursery.start_soon(trio.serve_listeners, pubsub.serve_connection, [ws])
            log.info("local chain at %s and %s", endpoints.rpc_url, endpoints.ws_url)
            task_status.started(endpoints)
    finally:
        node.close()


async def _listen(config: LocalnetConfig) -> tuple[trio.SocketListener, trio.SocketListener]:
    rpc = await _listener(config.host, config.rpc_port)
    try:
        if config.ws_port is not None:
            return rpc, await _listener(config.host, config.ws_port)
        try:
            return rpc, await _listener(config.host, _port(rpc) + 1)
        except OSError:
            if config.rpc_port:
                raise
            return rpc, await _listener(config.host, 0)  # any port was asked for: its neighbour may be taken
    except BaseException:
        rpc.socket.close()
        raise


async def _listener(host: str, port: int) -> trio.SocketListener:
    return (await trio.open_tcp_listeners(port, host=host))[0]


def _port(listener: trio.SocketListener) -> int:
    port: int = listener.socket.getsockname()[1]
    return port


def _endpoints(host: str, rpc: trio.SocketListener, ws: trio.SocketListener) -> Endpoints:
    if rpc.socket.family == socket.AF_INET6:
        host = f"[{host}]"
    return Endpoints(f"http://{host}:{_port(rpc)}", f"ws://{host}:{_port(ws)}", _port(rpc), _port(ws))
