"""asyncio from trio: one thread runs an asyncio loop, and a trio task hops over to it once per call.

asyncpg needs asyncio. Of the ways to have both, a thread costs the least once work is grouped, cancels properly and
passes errors on as they are. Wake-ups are coalesced in both directions: a burst of calls wakes the other side once.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, TypeVarTuple, cast

import outcome
import trio

T = TypeVar("T")
ArgsT = TypeVarTuple("ArgsT")


class BridgeClosed(RuntimeError):
    """The asyncio side is shut down, or was while the call was under way."""


class ThreadBridge:
    """The asyncio thread. Use it as an async context manager, once."""

    def __init__(self) -> None:
        self._in: deque[_Call[Any]] = deque()
        self._cancelled: deque[_Call[Any]] = deque()
        self._out: deque[_Call[Any]] = deque()
        self._in_armed = False
        self._out_armed = False
        self._closed = True
        self._failure: Exception | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    async def __aenter__(self) -> Self:
        self._trio = trio.lowlevel.current_trio_token()
        self._ended = trio.Event()
        self._started = trio.Event()
        # a daemon, so that a trio that crashed does not keep the process
        self._thread = threading.Thread(target=self._main, name="asyncio-bridge", daemon=True)
        self._thread.start()
        with trio.CancelScope(shield=True):
            await self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        self._closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what is still under way on the asyncio side, and wait for the thread."""
        self._closed = True
        with suppress(RuntimeError):  # the loop is over already
            self._loop.call_soon_threadsafe(self._stop.set)
        with trio.CancelScope(shield=True):
            await self._ended.wait()
        self._thread.join()

    async def call(self, async_fn: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T:
        """Run `async_fn(*args)` on the asyncio side.

        Cancelling cancels it there and waits until it has unwound; if it finishes in spite of that, its result is
        kept. Raises what it raises, and `BridgeClosed`.
        """
        if self._closed:
            raise BridgeClosed("the bridge is closed")
        await trio.lowlevel.checkpoint_if_cancelled()
        call = _Call(async_fn, args)
        self._in.append(call)
        self._wake_asyncio()

        def abort(raise_cancel: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            call.raise_cancel = raise_cancel
            self._cancelled.append(call)
            self._wake_asyncio()
            return trio.lowlevel.Abort.FAILED  # woken only once asyncio has really unwound

        return cast("T", await trio.lowlevel.wait_task_rescheduled(abort))

    def _wake_asyncio(self) -> None:
        if not self._in_armed:
            self._in_armed = True
            with suppress(RuntimeError):  # the loop is over: `_end` sees to all who wait
                self._loop.call_soon_threadsafe(self._drain_in)

    # -- on the asyncio thread

    def _main(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                try:
                    runner.run(self._until_stopped())
                finally:
                    self._closed = (
                        True  # from here on the runner cancels what it has, and must not be given more
                    )
        except (Exception, SystemExit) as error:  # noqa: BLE001 (whoever opens the bridge, or called, is told)
            self._failure = error if isinstance(error, Exception) else None
        finally:
            with suppress(trio.RunFinishedError):
                self._trio.run_sync_soon(self._end)

    async def _until_stopped(self) -> None:
        self._stop = asyncio.Event()
        self._trio.run_sync_soon(self._started.set)
        await self._stop.wait()

    def _drain_in(self) -> None:
        self._in_armed = False
        while self._in and not self._closed:
            self._start(self._in.popleft())
        while self._cancelled:
            call = self._cancelled.popleft()
            call.cancel()

    def _start(self, call: _Call[Any]) -> None:
        call.task = self._loop.create_task(call.run(), context=call.context)
        call.task.add_done_callback(lambda _: self._finished(call))
        if call.raise_cancel is not None:
            call.cancel()

    def _finished(self, call: _Call[Any]) -> None:
        self._out.append(call)
        if not self._out_armed:
            self._out_armed = True
            with suppress(trio.RunFinishedError):
                self._trio.run_sync_soon(self._drain_out)

    # -- on the trio thread

    def _drain_out(self) -> None:
        self._out_armed = False
        while self._out:
            self._out.popleft().resume()

    def _end(self) -> None:
        """The thread is over: nothing may wait for it any more."""
        self._closed = True
        self._drain_out()
        while self._in:
            self._in.popleft().fail(BridgeClosed("the bridge was closed"))
        self._started.set()
        self._ended.set()


class _Call(Generic[T]):
    """One call under way, between two threads."""

    __slots__ = ("_args", "_async_fn", "_cancelled", "_waiter", "context", "raise_cancel", "task")

    def __init__(self, async_fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> None:
        self._async_fn = async_fn
        self._args = args
        self._cancelled = False
        self._waiter = trio.lowlevel.current_task()
        self.context = contextvars.copy_context()
        self.raise_cancel: trio.lowlevel.RaiseCancelT | None = None
        self.task: asyncio.Task[T] | None = None

    async def run(self) -> T:
        return await self._async_fn(*self._args)

    def cancel(self) -> None:
        """Once, also when the cancellation was seen before the call: a second one would interrupt the unwinding."""
        if self.task is not None and not self._cancelled:
            self._cancelled = True
            self.task.cancel()

    def resume(self) -> None:
        # no variable here may hold the outcome: its traceback leads back to this frame, and to the task
        trio.lowlevel.reschedule(self._waiter, self._outcome())

    def _outcome(self) -> outcome.Outcome[T]:
        task, self.task = self.task, None
        assert task is not None
        if task.cancelled():
            if self.raise_cancel is not None:
                return outcome.capture(cast("Callable[[], T]", self.raise_cancel))
            return outcome.Error(BridgeClosed("the call was cancelled on the asyncio side"))
        if (error := task.exception()) is not None:
            return outcome.Error(error)
        return outcome.Value(task.result())

    def fail(self, error: Exception) -> None:
        trio.lowlevel.reschedule(self._waiter, outcome.Error(error))
