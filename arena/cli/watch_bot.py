"""What is said to one bot, live: first the last messages of its transcript, then whatever happens."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

import click
import trio
from rich.console import Console, RenderableType
from rich.text import Text
from solders.keypair import Keypair

from arena.chain.backoff import Backoff
from arena.cli.arena_client import ArenaClient, ArenaError, Json, arena_client
from arena.cli.bot_talk import changed, happened, said, standing
from arena.cli.live import FIRST_WAIT, LONGEST_WAIT, Connected, Live, State, Waiting
from arena.cli.plain import plain
from arena.cli.terminal import (
    Screen,
    Trouble,
    can_be_drawn_on,
    connection_json,
    connection_words,
    echo_json,
    is_passing,
)

PAGES = 10
"""Of a hundred bots each, that are looked through for a part of a name."""
CANDIDATES_TOLD = 8
REMEMBERED = 1000
"""Messages that were shown and may come again."""


class View(Protocol):
    """Who is told what happens."""

    def state(self, state: State) -> None: ...
    def frame(self, bot: Json, frame: Json) -> None: ...
    def said(self, bot: Json, message: Json) -> None:
        """A message of the transcript."""


async def watch_bot(url: str, wanted: str, last: int, *, as_json: bool) -> None:
    """Until it is cancelled. Raises `ArenaError` if there is no such bot, or several."""
    console = Console(highlight=False)
    async with arena_client(url, Keypair()) as client, trio.open_nursery() as nursery:
        view: View
        if as_json:
            view = Objects()
        elif can_be_drawn_on(console):
            view = drawn = Drawn(console)
            nursery.start_soon(drawn.screen.run)
        else:
            view = Lines()
        await Watcher(client, view, last).watch(wanted, nursery)
        nursery.cancel_scope.cancel()


class Watcher:
    """Fits what is asked for over HTTP together with what the websocket tells."""

    def __init__(self, client: ArenaClient, view: View, last: int) -> None:
        self._client = client
        self._view = view
        self._last = last
        self._shown: deque[str] = deque(maxlen=REMEMBERED)
        self._newest = 0

    async def watch(self, wanted: str, nursery: trio.Nursery) -> None:
        bot = await self._find(wanted)
        live = Live(self._client.url, f"/ws/bots/{bot['id']}")
        nursery.start_soon(live.run)
        begun = False
        async for event in live:
            if not isinstance(event, dict):
                self._view.state(event)
                continue
            if event["type"] == "welcome" and not begun:
                # only now: what is said from here on comes by itself
                begun = True
                bot |= await self._ask(f"/bots/{bot['id']}")
                await self._transcript(
                    bot, {"order": "newest", "limit": str(max(1, self._last))}, show=self._last > 0
                )
            if event["type"] == "rollback":
                self._shown.clear()
            if event["type"] == "reply":
                if event["message_id"] in self._shown:
                    continue
                self._note(event)
            bot = changed(bot, event)
            self._view.frame(bot, event)
            if event["type"] == "settlement" and event["status"] in ("paid", "closed"):
                # the text that solved it is in the transcript when its reward is final, by the closing at the latest
                await self._transcript(bot, {"order": "oldest", "after": str(self._newest), "limit": "10"})

    def _note(self, message: Json) -> None:
        self._shown.append(message["message_id"])
        self._newest = max(self._newest, message["message_index"])

    async def _transcript(self, bot: Json, wanted: dict[str, str], *, show: bool = True) -> None:
        page = await self._ask(f"/bots/{bot['id']}/messages?{urlencode(wanted)}")
        for message in sorted(page["messages"], key=lambda message: int(message["message_index"])):
            if message["message_id"] not in self._shown:
                self._note(message)
                if show:
                    self._view.said(bot, message)

    async def _find(self, wanted: str) -> Json:
        """The bot with this id, or with this in its name: open ones first, one that is called so before all."""
        try:
            return await self._ask(f"/bots/{UUID(wanted)}")
        except ValueError:
            pass
        part = wanted.casefold()
        found = [bot async for bot in self._named(part)]
        exact = [bot for bot in found if bot["name"].casefold() == part]
        for some in (exact, found):
            open_ones = [bot for bot in some if bot["status"] == "open"]
            for candidates in (open_ones, some):
                if len(candidates) == 1:
                    return candidates[0]
        if not found:
            raise ArenaError("bot_not_found", f"no bot is called anything like {plain(wanted)}")
        names = ", ".join(f"{plain(bot['name'])} ({bot['id']})" for bot in found[:CANDIDATES_TOLD])
        rest = ", …" if len(found) > CANDIDATES_TOLD else ""
        raise ArenaError("bot_ambiguous", f"several bots are called like that: {names}{rest}")

    async def _named(self, part: str) -> AsyncIterator[Json]:
        asked = {"sort": "newest", "limit": "100"}
        for _ in range(PAGES):
            page = await self._ask(f"/bots?{urlencode(asked)}")
            for bot in page["bots"]:
                if part in bot["name"].casefold():
                    yield bot
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    async def _ask(self, path: str) -> Json:
        """An answer, however often the arena has to be asked."""
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        failed = False
        while True:
            try:
                answer = await self._client.call("GET", path)
            except ArenaError as error:
                if not is_passing(error):
                    raise
                failed = True
                wait = backoff.next()
                self._view.state(Waiting(trio.current_time() + wait, error.code))
                await trio.sleep(wait)
            else:
                if failed:
                    self._view.state(Connected())
                return answer


class Objects:
    """For programs: frames as they come, messages of the transcript as `said`."""

    def state(self, state: State) -> None:
        echo_json(connection_json(state, trio.current_time()))

    def frame(self, bot: Json, frame: Json) -> None:  # noqa: ARG002
        echo_json(frame)

    def said(self, bot: Json, message: Json) -> None:  # noqa: ARG002
        echo_json({"type": "said", **message})


class Lines:
    """For a pipe: what happens, a line each."""

    def __init__(self) -> None:
        self._trouble = Trouble()

    def state(self, state: State) -> None:
        self._trouble.tell(state, trio.current_time())

    def frame(self, bot: Json, frame: Json) -> None:
        shown = happened(frame, bot["name"], lines=False)
        if frame["type"] in ("welcome", "pot", "rollback"):
            shown.append(standing(bot, datetime.now(UTC)))
        for line in shown:
            click.echo(line.plain)

    def said(self, bot: Json, message: Json) -> None:
        for line in said(message, bot["name"], lines=False):
            click.echo(line.plain)


class Drawn:
    """In a terminal: what happens scrolls by, above a line that says how the bot stands."""

    def __init__(self, console: Console) -> None:
        self.screen = Screen(console, self._foot, whole=False)
        self._state: State | None = None
        self._bot: Json | None = None

    def state(self, state: State) -> None:
        self._state = state
        self.screen.change()

    def frame(self, bot: Json, frame: Json) -> None:
        self._bot = bot
        self.screen.print(*happened(frame, bot["name"]))
        self.screen.change()

    def said(self, bot: Json, message: Json) -> None:
        self._bot = bot
        self.screen.print(*said(message, bot["name"]))

    def _foot(self, width: int, height: int) -> RenderableType:  # noqa: ARG002
        words = Text(no_wrap=True, overflow="ellipsis")
        if self._state is not None:
            live = isinstance(self._state, Connected)
            words.append("● ", "green" if live else "yellow")
            if not live:
                words.append(connection_words(self._state, trio.current_time()) + "  ", "yellow")
        if self._bot is not None:
            words.append_text(standing(self._bot, datetime.now(UTC)))
        return words
