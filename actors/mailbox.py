"""A bounded queue with one reader, made for one task switch per message and none when busy."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

import outcome
import trio
from trio.lowlevel import Abort, RaiseCancelT, Task

from actors.errors import ActorStopped, MailboxFull
from actors.message import AnswerT, Message
from actors.waking import WOKEN

if TYPE_CHECKING:
    from actors.undelivered import UndeliveredMail

logger = logging.getLogger("actors")


class Overflow(Enum):
    """What becomes of a told message when the mailbox is full. Nothing is ever lost without a trace."""

    REFUSE = "refuse"
    """The teller gets `MailboxFull` and decides."""
    DROP_NEWEST = "drop_newest"
    """It becomes a dead letter: for actors that would rather miss something than fall behind."""
    DROP_OLDEST = "drop_oldest"
    """The message that has waited longest becomes a dead letter: for actors that want the latest news.

    If that is an ask, its asker gets `MailboxFull`.
    """


class Ask:
    """A message whose sender may be waiting for the answer.

    It is rescheduled directly by the answer: an ask costs the asker one task switch. Without a task it is an
    envelope that may wait for room in the mailbox, which is how timers deliver.
    """

    __slots__ = ("_mailbox", "message", "task")

    def __init__(self, message: Message[Any], task: Task | None = None) -> None:
        self.message = message
        self.task = task
        self._mailbox: Mailbox | None = None

    @property
    def awaited(self) -> bool:
        """Whether anybody wants the answer."""
        return self.task is not None

    def answer(self, value: object) -> None:
        """Hand the answer over; does nothing when nobody waits any more."""
        task, self.task = self.task, None
        if task is not None:
            trio.lowlevel.reschedule(task, outcome.Value(value))

    def fail(self, error: BaseException) -> None:
        """Raise in the asker; does nothing when nobody waits any more."""
        task, self.task = self.task, None
        if task is not None:
            trio.lowlevel.reschedule(task, outcome.Error(error))

    async def wait(self, mailbox: Mailbox) -> Any:
        """Wait for the answer. Must be called right after queueing, without a checkpoint between."""
        self._mailbox = mailbox
        return await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _raise_cancel: RaiseCancelT) -> Abort:
        self.task = None
        if self._mailbox is not None:
            self._mailbox.withdraw(self)
        return Abort.SUCCEEDED


class Inquiry(Ask, Generic[AnswerT]):
    """An ask for which no task waits: the answer is handed to a function. Made by `ActorRef.inquire`."""

    __slots__ = ("_answered", "_failed")

    def __init__(
        self,
        message: Message[AnswerT],
        answered: Callable[[AnswerT], None],
        failed: Callable[[BaseException], None],
        mailbox: Mailbox,
    ) -> None:
        super().__init__(message)
        self._answered: Callable[[Any], None] | None = answered
        self._failed: Callable[[BaseException], None] | None = failed
        self._mailbox = mailbox

    @property
    def awaited(self) -> bool:
        return self._answered is not None

    def answer(self, value: object) -> None:
        answered = self._answered
        if answered is not None:
            self._forget()
            self._call(answered, value)

    def fail(self, error: BaseException) -> None:
        failed = self._failed
        if failed is not None:
            self._forget()
            self._call(failed, error)

    def cancel(self) -> None:
        """The answer is not wanted any more. A message that still waits for room is not handled. May be repeated."""
        self._forget()
        if self._mailbox is not None:
            self._mailbox.withdraw(self)

    def _forget(self) -> None:
        self._answered = self._failed = None

    def _call(self, function: Callable[[Any], None], value: object) -> None:
        try:
            function(value)
        except Exception:
            # it is the asker's fault, and not to be the actor's, in whose task it is called
            logger.exception("an answer to %s could not be taken", type(self.message).__name__)


Item: TypeAlias = Message[Any] | Ask
"""What is queued: a told message as it is, everything else in an `Ask`."""

Entry: TypeAlias = tuple[Item, float]
"""An item, and when it was queued, on trio's clock in seconds."""


class Mailbox:
    """Messages wait here, also while the actor restarts.

    Three lanes: *signals* from the runtime overtake everything; the *queue* holds up to ``capacity``
    messages; asks that found it full wait behind it in the *backlog*, which is as long as there are askers
    waiting, and move up in order. An asker that is cancelled in the backlog takes its message along.
    """

    __slots__ = (
        "_backlog", "_capacity", "_queue", "_reader", "_signals", "_undelivered", "closed", "overflow",
    )  # fmt: skip

    def __init__(self, undelivered: UndeliveredMail, capacity: int, closed: str | None) -> None:
        self._undelivered = undelivered
        self._capacity = capacity
        self.overflow = Overflow.REFUSE
        # Made when needed, as an idle actor should be small; the queue is given up when the reader sleeps.
        self._queue: deque[Entry] | None = None
        self._backlog: OrderedDict[Ask, float] | None = None
        self._signals: deque[Entry] | None = None
        self._reader: Task | None = None
        self.closed = closed
        """Why nothing is accepted; None when open."""

    @property
    def capacity(self) -> int:
        """How many messages may be queued."""
        return self._capacity

    @capacity.setter
    def capacity(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a mailbox has room for one message at least, not {capacity}")
        self._capacity = capacity
        self._move_up()

    @property
    def backlog(self) -> int:
        """How many asks wait for room."""
        return len(self._backlog) if self._backlog else 0

    def __len__(self) -> int:
        """How many messages wait to be handled, the backlog included."""
        return (len(self._queue) if self._queue else 0) + self.backlog

    def put(self, message: Message[Any]) -> None:
        """Queue a told message. Raises `ActorStopped`, or `MailboxFull` if that is the policy."""
        if self.closed is not None:
            raise ActorStopped(self._undelivered.path, self.closed)
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        elif len(queue) >= self._capacity and not self._make_room(queue, message):
            return
        queue.append((message, trio.current_time()))
        reader = self._reader
        if reader is not None:
            self._reader = None
            trio.lowlevel.reschedule(reader, WOKEN)

    def put_ask(self, ask: Ask) -> None:
        """Queue an ask, behind the queue if that is full. Raises `ActorStopped`."""
        if self.closed is not None:
            raise ActorStopped(self._undelivered.path, self.closed)
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        if len(queue) >= self._capacity:
            if self._backlog is None:
                self._backlog = OrderedDict()
            self._backlog[ask] = trio.current_time()
        else:
            queue.append((ask, trio.current_time()))
            self.wake()

    def put_signal(self, message: Message[Any]) -> None:
        """Queue a message of the runtime in front of everything; it is never refused."""
        if self._signals is None:
            self._signals = deque()
        self._signals.append((message, trio.current_time()))
        self.wake()

    def take(self) -> Entry | None:
        """The next message to handle and since when it has waited, or None."""
        if self._signals:
            return self._signals.popleft()
        if not self._queue:
            return None
        entry = self._queue.popleft()
        if self._backlog:
            self._move_up()
        return entry

    def wait(self) -> Awaitable[object]:
        """To be awaited at once: sleep until `wake`, which every put calls. Only the actor's own task waits here."""
        assert self._reader is None, "a mailbox has one reader"
        assert not self._queue, "there is something to take"
        self._queue = None
        self._reader = trio.lowlevel.current_task()
        return trio.lowlevel.wait_task_rescheduled(self._stop_waiting)  # noqa: ASYNC105 (one coroutine less)

    def wake(self) -> None:
        """Wake the reader, if it sleeps."""
        reader, self._reader = self._reader, None
        if reader is not None:
            trio.lowlevel.reschedule(reader, WOKEN)

    def withdraw(self, ask: Ask) -> None:
        """Forget an ask that still waits for room; one that is queued stays."""
        if self._backlog:
            self._backlog.pop(ask, None)

    def drain(self) -> Iterator[Item]:
        """Take everything out, in order."""
        while (entry := self.take()) is not None:
            yield entry[0]

    def forget_signals(self) -> None:
        """Drop the signals that an earlier incarnation of the actor had asked for."""
        self._signals = None

    def _make_room(self, queue: deque[Entry], message: Message[Any]) -> bool:
        """Apply the policy to a message that finds the queue full; whether it is to be queued."""
        full = MailboxFull(self._undelivered.path, self._capacity)
        match self.overflow:
            case Overflow.REFUSE:
                raise full
            case Overflow.DROP_NEWEST:
                self._undelivered.dropped(message, full)
                return False
            case Overflow.DROP_OLDEST:
                self._undelivered.dropped(queue.popleft()[0], full)
                return True

    def _move_up(self) -> None:
        # Behind a queue only: there is a backlog as long as the queue is full.
        if self._backlog and self._queue is not None:
            while self._backlog and len(self._queue) < self._capacity:
                self._queue.append(self._backlog.popitem(last=False))

    def _stop_waiting(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._reader = None
        return Abort.SUCCEEDED
