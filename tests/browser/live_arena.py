"""A running arena, seen from plain tests, and people who use its API beside the browser.

Playwright's plain API and trio do not share a thread well, so trio has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from anyio.from_thread import BlockingPortal
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import PAUSE, SOL, Player, call_chain, funded_client, lamports, open_bot


class Person:
    """Somebody with a wallet and money who uses the API, while others use the pages."""

    def __init__(self, portal: BlockingPortal, client: ArenaClient) -> None:
        self.client = client
        self._portal = portal
        self._chats: dict[str, Player] = {}

    @property
    def address(self) -> str:
        return self.client.address

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to the API. Raises `ArenaError`."""
        return self._portal.call(self.client.call, method, path, body)

    def open_bot(self, **values: Any) -> dict[str, Any]:
        """A bot that takes messages; its solution is `tests.e2e.player.PHRASE` unless `values` say otherwise."""
        return self._portal.call(partial(open_bot, self.client, **values))

    def say(self, bot_id: str, text: str) -> dict[str, Any]:
        """Say it, pay for it, hear the reply."""
        return self._portal.call(self.chat(bot_id).say, text)

    def until(self, bot_id: str, **values: Any) -> dict[str, Any]:
        """Listen until a durable frame with these values has come."""
        return self._portal.call(partial(self.chat(bot_id).until, **values))

    def chat(self, bot_id: str) -> Player:
        return self._chats.setdefault(bot_id, Player(self.client, bot_id))

    @property
    def token(self) -> str:
        """A new session's, to be used by a page."""
        return self._portal.call(self.client.sign_in)

    def lamports(self, address: str) -> int:
        """As the chain has it."""
        return self._portal.call(lamports, self.client, address)

    def wait_for_lamports(self, address: str, expected: int, within: float = 30) -> None:
        """Until the chain has them there."""

        async def there() -> None:
            with trio.fail_after(within):
                while await lamports(self.client, address) != expected:
                    await trio.sleep(PAUSE)

        self._portal.call(there)

    def chain(self, method: str, *params: object) -> Any:
        """What the arena's node answers. Raises: AssertionError: an error."""
        return self._portal.call(call_chain, self.client, method, *params)


class LiveArena:
    """A process that can be killed and started again, and the people in it."""

    def __init__(self, process: ArenaProcess, portal: BlockingPortal, people: ExitStack) -> None:
        self.process = process
        self.url = process.url
        self._portal = portal
        self._people = people

    def start(self, **more: str) -> None:
        """Start it (again) and wait until it is ready. `more` are variables of its environment."""
        self._portal.call(partial(self.process.start, **more))

    def person(self, wallet: Keypair | None = None, balance: int = 10 * SOL) -> Person:
        """Somebody signed in, with that many lamports from the faucet."""
        entered = self._portal.wrap_async_context_manager(funded_client(self.url, balance, wallet))
        return Person(self._portal, self._people.enter_context(entered))


@contextmanager
def live_arena(
    data_dir: Path, portal: BlockingPortal, *, demo: bool = False, settings: dict[str, str] | None = None
) -> Iterator[LiveArena]:
    """One that is ready."""
    with arena_process(data_dir, demo=demo, settings=settings) as process, ExitStack() as people:
        arena = LiveArena(process, portal, people)
        arena.start()
        yield arena
