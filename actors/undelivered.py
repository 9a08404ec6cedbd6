"""What becomes of messages that get no answer: their asker hears of it, and operators find them."""

from __future__ import annotations

import trio

from actors.deadletters import DeadLetters, Undelivered
from actors.errors import ActorCrashed, ActorStopped, MailboxFull
from actors.mailbox import Ask, Item
from actors.stats import KindStats


class UndeliveredMail:
    """Deals with the unanswered messages of one actor."""

    __slots__ = ("_dead_letters", "path", "stats")

    def __init__(self, path: str, stats: KindStats, dead_letters: DeadLetters) -> None:
        self.path = path
        self.stats = stats
        self._dead_letters = dead_letters

    def turn_away(self, item: Item, error: ActorStopped) -> None:
        """The actor ended before it had handled the message."""
        if isinstance(item, Ask):
            item.fail(error)
        self._add(item, Undelivered.STOPPED, None)

    def crashed(self, item: Item, cause: BaseException) -> None:
        """The actor crashed while it handled the message."""
        message = item.message if isinstance(item, Ask) else item
        if isinstance(item, Ask):
            error = ActorCrashed(self.path, type(message).__name__)
            error.__cause__ = cause
            item.fail(error)
        self._add(item, Undelivered.CRASHED, cause)

    def refused(self, item: Item, refusal: BaseException) -> None:
        """The actor said no. That is an answer, if anybody asked."""
        if isinstance(item, Ask) and item.awaited:
            item.fail(refusal)
        else:
            self._add(item, Undelivered.REFUSED, refusal)

    def dropped(self, item: Item, error: MailboxFull) -> None:
        """There was no room, and the mailbox's policy is to drop."""
        if isinstance(item, Ask):
            item.fail(error)
        self._add(item, Undelivered.OVERFLOW, None)

    def _add(self, item: Item, reason: Undelivered, error: BaseException | None) -> None:
        message = item.message if isinstance(item, Ask) else item
        self.stats.dead_letters[reason] += 1
        self._dead_letters.add(self.path, message, reason, trio.current_time(), error)
