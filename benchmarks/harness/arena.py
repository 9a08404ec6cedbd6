"""A whole arena, as `arena serve` runs it, with what it stands on kept off its core."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from arena.game.demo_bots import demo_bots
from benchmarks.harness.cores import Cores
from benchmarks.harness.process import Server, running

START_TIMEOUT: Final = 90.0
END_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Arena:
    """A running arena with a bot that anybody may watch."""

    server: Server
    bot_id: str


def arena_command(*options: str) -> Callable[[int], list[str]]:
    """`arena serve` with these options: a command for `running`."""
    # `env` becomes the arena: the process is the same
    return lambda port: ["env", f"ARENA_PORT={port}", sys.executable, "-m", "arena", "serve", *options]


@contextmanager
def arena(here: Cores) -> Iterator[Arena]:
    """A fresh arena with its demo bots and no limits; its Postgres and its chain run on the other cores.

    Raises:
        ServerFailed: it did not start.
        TimeoutError: its bots are not open after `START_TIMEOUT`.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "ARENA_DATA_DIR": folder,
            "ARENA_SLOT_MS": "100",
            "ARENA_RATE_LIMITS": "false",
            "ARENA_CONNECTIONS_PER_ADDRESS": "0",
            "DATABASE_URL": "",
        }
        with running(
            arena_command(),
            cores=here.server,
            environment=settings,
            end_timeout=END_TIMEOUT,
        ) as server:
            bot_id = _first_bot(server)
            for child in server.children():
                os.sched_setaffinity(child, here.others)
            yield Arena(server, bot_id)


def _first_bot(server: Server) -> str:
    """Of the demo bots, once all of them are open. The port is open long before that."""
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up:
        try:
            with urlopen(f"http://127.0.0.1:{server.port}/api/v1/bots?status=open", timeout=5) as answer:
                bots = json.load(answer)["bots"]
        except (URLError, TimeoutError):
            bots = []
        if len(bots) >= len(demo_bots()):
            return str(bots[0]["id"])
        time.sleep(0.2)
    raise TimeoutError(f"the bots are not open after {START_TIMEOUT:g} s")
