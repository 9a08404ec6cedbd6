"""Run a local chain in the foreground until SIGINT or SIGTERM."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import trio
from solders.pubkey import Pubkey

from arena.localnet.config import Limits, LocalnetConfig
from arena.localnet.errors import DataDirectoryLocked, LocalnetError
from arena.localnet.server import Endpoints, serve

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOCKED = 3
ENDPOINTS = "endpoints.json"
"""in the data directory while the chain answers: its process id and URLs"""


def parse_config(arguments: Sequence[str]) -> LocalnetConfig:
    """The configuration that the command line describes; exits with a message when it is wrong."""
    parser = argparse.ArgumentParser("python -m arena.localnet", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--rpc-port", type=int, default=8899, help="0: any free port (default: %(default)s)")
    parser.add_argument("--ws-port", type=int, help="default: the port after the RPC's")
    parser.add_argument("--slot-ms", type=int, default=400)
    parser.add_argument("--confirmed-after", type=int, default=1, metavar="SLOTS")
    parser.add_argument("--finalized-after", type=int, default=8, metavar="SLOTS")
    parser.add_argument("--program", action="append", default=[], metavar="ID=PATH", type=_program)
    parser.add_argument("--compact-bytes", type=int, default=Limits().compact_bytes)
    parser.add_argument("--history", type=int, default=Limits().history, help="transactions to remember")
    parser.add_argument("--forkable", action="store_true", help="for tests: allow arena_dropSlots")
    parser.add_argument("--faulty", action="store_true", help="for tests: allow arena_misbehave")
    options = parser.parse_args(arguments)
    try:
        return LocalnetConfig(
            data_dir=options.data_dir,
            host=options.host,
            rpc_port=options.rpc_port,
            ws_port=options.ws_port,
            slot_ms=options.slot_ms,
            confirmed_after=options.confirmed_after,
            finalized_after=options.finalized_after,
            programs=dict(options.program),
            forkable=options.forkable,
            faulty=options.faulty,
            limits=Limits(compact_bytes=options.compact_bytes, history=options.history),
        )
    except ValueError as error:
        parser.error(str(error))


def command_line(config: LocalnetConfig) -> list[str]:
    """The arguments that make `parse_config` return `config` (of the limits: those that have an option)."""
    arguments = [
        f"--data-dir={config.data_dir.absolute()}",
        f"--host={config.host}",
        f"--rpc-port={config.rpc_port}",
        f"--slot-ms={config.slot_ms}",
        f"--confirmed-after={config.confirmed_after}",
        f"--finalized-after={config.finalized_after}",
        f"--compact-bytes={config.limits.compact_bytes}",
        f"--history={config.limits.history}",
    ]
    if config.ws_port is not None:
        arguments.append(f"--ws-port={config.ws_port}")
    if config.forkable:
        arguments.append("--forkable")
    if config.faulty:
        arguments.append("--faulty")
    return [*arguments, *(f"--program={key}={path.absolute()}" for key, path in config.programs.items())]


def _program(text: str) -> tuple[Pubkey, Path]:
    key, separator, path = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError("expected ID=PATH")
    try:
        return Pubkey.from_string(key), Path(path)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{key} is not a program id") from error


async def run(config: LocalnetConfig) -> None:
    """Serve until a signal asks to stop."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            endpoints = await nursery.start(serve, config)
            _announce(config.data_dir, endpoints)
            async for _ in signals:
                break
            _withdraw(config.data_dir)
            nursery.cancel_scope.cancel()


def _announce(directory: Path, endpoints: Endpoints) -> None:
    content = {"pid": os.getpid(), "rpc_url": endpoints.rpc_url, "ws_url": endpoints.ws_url}
    temporary = directory / f"{ENDPOINTS}.tmp"
    temporary.write_text(json.dumps(content))
    temporary.rename(directory / ENDPOINTS)
    print(f"RPC {endpoints.rpc_url}  pubsub {endpoints.ws_url}  data {directory}", flush=True)  # noqa: T201


def _withdraw(directory: Path) -> None:
    with suppress(OSError):
        (directory / ENDPOINTS).unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    config = parse_config(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    code = EXIT_FAILED
    try:
        trio.run(run, config)
    except* DataDirectoryLocked as group:
        code = EXIT_LOCKED
        _complain(group)
    except* (LocalnetError, OSError) as group:
        _complain(group)
    else:
        code = 0
    return code


def _complain(error: BaseException) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
