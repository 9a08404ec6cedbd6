"""Sending a bot's log to a client: every durable frame once and in order, then what is new.

It subscribes first, then replays the log from the last frame that the client has, then goes on live. Whatever
interrupts it (the subscription lags, the actor starts anew, the database is away), it starts over from the last frame
sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
import trio

from actors import SubscriberLagged, Subscription
from arena.game.messages import Publication
from arena.problems import Problem
from arena.store.events import BotEvent
from arena.ws.connection import Connection, ConnectionClosed
from arena.ws.outages import QUERY_TIMEOUT, Patience
from arena.ws.protocol import error_frame

log = structlog.get_logger(__name__)

SUBSCRIBE_TIMEOUT = 15.0
RESUME_GRACE = 1.0
"""Seconds that a new client has to say from where it resumes; then it gets what is new since it connected."""
REPLAY_PAGE = 200
"""Frames read from the log at once."""
MIN_PAUSE = 0.05
"""Seconds between two replays: what resuming over and over can cost."""


@dataclass(frozen=True, slots=True)
class Log:
    """A bot's log as one client may see it.

    Attributes:
        subscribe: what is published from now on.
        page: the frames after a number, in order, so many at most.
        head: the number of the newest frame, whoever may see it.
    """

    subscribe: Callable[[], Awaitable[Subscription[Publication]]]
    page: Callable[[int, int], Awaitable[list[BotEvent]]]
    head: Callable[[], Awaitable[int]]


class Following:
    """Sends `log` to `connection`; without `resume`, what comes after the frame `after`."""

    def __init__(self, connection: Connection, log: Log, after: int) -> None:
        self._connection = connection
        self._log = log
        self._cursor = after  # the last durable frame sent, or that the client says it has
        self._resumed = False  # the cursor is what the client says, and not checked yet
        self._patience = Patience(connection)
        self._spoken = trio.Event()
        self._streaming = trio.CancelScope()

    def spoken(self) -> None:
        """The client has sent something: if it was not `resume`, it wants what is new."""
        self._spoken.set()

    def resume(self, after: int) -> None:
        """Start over, from the frame after this one."""
        self._cursor = after
        self._resumed = True
        self._streaming.cancel()
        self._spoken.set()

    async def run(self) -> None:
        """Until the connection is closed."""
        with trio.move_on_after(RESUME_GRACE):
            await self._spoken.wait()
        try:
            while True:
                with trio.CancelScope() as self._streaming:
                    await self._patience.attempt(self._follow)
                await trio.sleep(MIN_PAUSE)
        except ConnectionClosed:
            log.debug("a connection was closed while frames came")

    async def _follow(self) -> None:
        """Everything after the cursor, until the subscription ends."""
        with trio.fail_after(SUBSCRIBE_TIMEOUT):
            subscription = await self._log.subscribe()
        try:
            await self._replay()
            self._patience.restored()
            await subscription.forward(self._send, self._connection.is_flushed)
        except trio.EndOfChannel:
            log.debug("a publisher has ended")
        except SubscriberLagged:
            log.debug("a subscription lagged")
        finally:
            subscription.close()

    def _send(self, publication: Publication) -> None:
        frames: list[bytes] = []
        for published in publication:
            if published.seq is not None:
                if published.seq <= self._cursor:
                    continue
                self._cursor = published.seq
            frames.append(published.frame)
        if frames:
            self._connection.send_nowait(*frames)

    async def _replay(self) -> None:
        if self._resumed:
            await self._check_cursor()
        while True:
            with trio.fail_after(QUERY_TIMEOUT):
                page = await self._log.page(self._cursor, REPLAY_PAGE)
            for event in page:
                # waits for room in the outbox: a long replay goes at the client's pace
                await self._connection.send(event.frame)
                self._cursor = event.seq
            if len(page) < REPLAY_PAGE:
                return

    async def _check_cursor(self) -> None:
        """A client that is ahead of the log would never be sent anything again."""
        with trio.fail_after(QUERY_TIMEOUT):
            head = await self._log.head()
        self._resumed = False
        if self._cursor > head:
            self._cursor = head
            problem = Problem(
                "seq_unknown", "No such frame", 409, f"The newest frame is {head}; going on from there."
            )
            await self._connection.send(error_frame(problem))
