import asyncio
import contextvars
import threading
from collections import deque

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from persistence import BridgeClosed, ThreadBridge
from tests.fixtures.garbage import garbage_of_ours

who = contextvars.ContextVar("who", default="nobody")


async def double(n: int) -> int:
    await asyncio.sleep(0)
    return 2 * n


class Patient:
    """A coroutine function that waits on the asyncio side, and writes down what happens to it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.started = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    async def __call__(self) -> str:
        self._token.run_sync_soon(self.started.set)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.log.append("cancelled")
            await asyncio.sleep(0.02)
            self.log.append("unwound")
            raise
        return "never"


async def test_a_call_runs_on_the_thread_of_asyncio_and_its_result_comes_back() -> None:
    async def where() -> tuple[int, bool]:
        return threading.get_ident(), asyncio.get_running_loop().is_running()

    async with ThreadBridge() as bridge:
        assert await bridge.call(double, 21) == 42
        thread, running = await bridge.call(where)
    assert running
    assert thread != threading.get_ident()


async def test_errors_pass_as_they_are() -> None:
    async def fail() -> None:
        raise KeyError("this")

    async with ThreadBridge() as bridge:
        with pytest.raises(KeyError, match="this"):
            await bridge.call(fail)
        assert await bridge.call(double, 1) == 2


async def test_many_calls_at_once_each_get_their_own_result() -> None:
    results: dict[int, int] = {}

    async with ThreadBridge() as bridge:

        async def call(n: int) -> None:
            results[n] = await bridge.call(double, n)

        async with trio.open_nursery() as nursery:
            for n in range(1000):
                nursery.start_soon(call, n)
    assert results == {n: 2 * n for n in range(1000)}


async def test_context_variables_go_along() -> None:
    async def ask() -> str:
        return who.get()

    who.set("somebody")
    async with ThreadBridge() as bridge:
        assert await bridge.call(ask) == "somebody"


async def test_a_cancelled_call_returns_after_asyncio_has_unwound() -> None:
    patient = Patient()
    async with ThreadBridge() as bridge:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.call, patient)
            await patient.started.wait()
            nursery.cancel_scope.cancel()
        assert patient.log == ["cancelled", "unwound"]


async def test_a_result_that_comes_in_spite_of_a_cancellation_is_kept() -> None:
    started = trio.Event()
    token = trio.lowlevel.current_trio_token()

    async def stubborn() -> str:
        token.run_sync_soon(started.set)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "done all the same"
        return "never"

    results: list[str] = []
    async with ThreadBridge() as bridge:

        async def call() -> None:
            results.append(await bridge.call(stubborn))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await started.wait()
            nursery.cancel_scope.cancel()
    assert results == ["done all the same"]


async def test_a_caller_that_is_cancelled_already_calls_nothing() -> None:
    called: list[int] = []

    async def call() -> None:
        called.append(1)

    async with ThreadBridge() as bridge:
        with trio.CancelScope() as scope:
            scope.cancel()
            await bridge.call(call)
        await bridge.call(double, 1)
    assert scope.cancelled_caught
    assert not called


class Staggered(deque[object]):
    """Seems to be empty once, and is looked at again only when `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = threading.Event()
        self.go_on = threading.Event()

    def __bool__(self) -> bool:
        filled = len(self) > 0
        if not filled and not self.looked.is_set():
            self.looked.set()
            self.go_on.wait(5)
        return filled


async def test_a_cancellation_that_overtakes_its_call_is_not_lost() -> None:
    """The call and its cancellation both come while the asyncio thread is between its two queues."""
    patient = Patient()
    async with ThreadBridge() as bridge, trio.open_nursery() as nursery:
        queue = Staggered()
        bridge._in = queue  # type: ignore[assignment]
        nursery.start_soon(bridge.call, double, 1)
        await trio.to_thread.run_sync(queue.looked.wait)
        with trio.fail_after(5):
            async with trio.open_nursery() as cancelled:
                cancelled.start_soon(bridge.call, patient)
                await wait_all_tasks_blocked()
                cancelled.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    await wait_all_tasks_blocked()
                queue.go_on.set()


async def test_a_bridge_that_is_closed_refuses() -> None:
    bridge = ThreadBridge()
    with pytest.raises(BridgeClosed):
        await bridge.call(double, 1)
    async with bridge:
        pass
    with pytest.raises(BridgeClosed):
        await bridge.call(double, 1)


async def test_closing_ends_what_is_under_way(nursery: trio.Nursery) -> None:
    patient = Patient()
    ended = trio.Event()

    async def call(bridge: ThreadBridge) -> None:
        with pytest.raises(BridgeClosed):
            await bridge.call(patient)
        ended.set()

    async with ThreadBridge() as bridge:
        nursery.start_soon(call, bridge)
        await patient.started.wait()
    with trio.fail_after(5):
        await ended.wait()
    assert patient.log == ["cancelled", "unwound"]


async def test_a_caller_may_be_cancelled_while_the_bridge_closes() -> None:
    patient = Patient()
    async with trio.open_nursery() as nursery, ThreadBridge() as bridge:
        nursery.start_soon(bridge.call, patient)
        await patient.started.wait()
        # the thread ends, and what it has to say waits until this task lets the others run
        bridge._loop.call_soon_threadsafe(bridge._stop.set)
        while bridge._thread.is_alive():
            bridge._thread.join(0.01)
        nursery.cancel_scope.cancel()
    assert patient.log == ["cancelled", "unwound"]


async def test_an_interpreter_exit_on_the_asyncio_side_closes_the_bridge() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    async with ThreadBridge() as bridge:
        with pytest.raises(SystemExit):
            await bridge.call(leave)
        with trio.fail_after(5):
            for _ in range(2):
                with pytest.raises(BridgeClosed):
                    await bridge.call(double, 1)


async def test_a_thread_that_cannot_start_its_loop_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_files() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(asyncio, "new_event_loop", no_more_files)
    monkeypatch.setattr("asyncio.events.new_event_loop", no_more_files)
    with trio.fail_after(5), pytest.raises(OSError, match="Too many"):
        async with ThreadBridge():
            pass


async def test_the_thread_is_over_when_the_bridge_is_closed() -> None:
    async with ThreadBridge():
        assert any(thread.name == "asyncio-bridge" for thread in threading.enumerate())
    assert not any(thread.name == "asyncio-bridge" for thread in threading.enumerate())


async def test_what_failed_or_was_cancelled_leaves_no_garbage() -> None:
    async def fail() -> None:
        raise ValueError("no")

    async with ThreadBridge() as bridge:
        with garbage_of_ours() as found:
            with pytest.raises(ValueError, match="no"):
                await bridge.call(fail)
            patient = Patient()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bridge.call, patient)
                await patient.started.wait()
                nursery.cancel_scope.cancel()
            assert patient.log == ["cancelled", "unwound"]
    assert not found
