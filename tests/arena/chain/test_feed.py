"""The feed against a node that lags, lies, repeats itself, loses its voice and goes away.

The node is scripted and on real sockets, JSON-RPC and the websocket; accounts and logs are the program's own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

import arena.chain.deliveries
import arena.chain.feed
from arena.chain.client import ChainClient
from arena.chain.feed import ChainEvent, Feed, FeedFull
from arena.chain.tracked_bot import AHEAD_SECONDS, MAX_AHEAD_SECONDS, REORDER_SECONDS
from arena.problems import unavailable

PATIENCE = 5.0


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(PATIENCE):
        while not condition():
            await trio.sleep(0.005)


class Chain:
    """A chain of made-up transactions, and what a node tells of it."""

    def __init__(self, node: Any, recipes: Any) -> None:
        self.node = node
        self.recipes = recipes
        self.slot = 100
        self.landed: dict[str, dict[str, Any]] = {}
        self.by_address: dict[str, list[str]] = defaultdict(list)
        self.seqs: dict[str, int] = {}  # what the accounts say
        self.polls: list[float] = []  # when the accounts were looked at
        self.walks: list[float] = []  # when a history was
        self.hidden: set[str] = set()  # listed, but getTransaction does not have them yet
        self.unlisted: set[str] = set()
        self.sockets: set[WebSocketConnection] = set()
        self.refuse_sockets = False
        self.accept_silently = False
        self.ws_url = ""
        node.script.update(
            getMultipleAccounts=self.accounts,
            getSignaturesForAddress=self.signatures,
            getTransaction=self.transaction,
        )

    # --- what happens on it ---

    def land(
        self,
        bot: UUID,
        seq: int,
        kind: str = "fee",
        *,
        error: object = None,
        same_slot: bool = False,
        logs: list[str] | None = None,
        account: bool = True,
    ) -> str:
        """A transaction with one event of a bot. Returns its signature."""
        return self.land_many(
            [(bot, seq, kind)], error=error, same_slot=same_slot, logs=logs, account=account
        )

    def land_many(
        self,
        events: list[tuple[UUID, int, str]],
        *,
        error: object = None,
        same_slot: bool = False,
        logs: list[str] | None = None,
        account: bool = True,
    ) -> str:
        if not same_slot:
            self.slot += 1
        signature = self.recipes.signature(len(self.landed) + 1)
        lines = [line for event in events for line in self.recipes.logs(*event)] if logs is None else logs
        self.landed[signature] = {"slot": self.slot, "err": error, "logs": lines}
        for bot, seq, kind in events:
            address = str(self.recipes.address(bot))
            self.by_address[address].append(signature)
            if error is None and account:
                self.seqs[address] = seq
                if kind == "closed":
                    del self.seqs[address]
        return signature

    async def notify(self, *signatures: str) -> None:
        """Tell every subscriber of these transactions, in this order."""
        for signature in signatures:
            landed = self.landed[signature]
            value = {"signature": signature, "err": landed["err"], "logs": landed["logs"]}
            await self.say(
                {
                    "jsonrpc": "2.0",
                    "method": "logsNotification",
                    "params": {
                        "result": {"context": {"slot": landed["slot"]}, "value": value},
                        "subscription": 77,
                    },
                }
            )

    async def say(self, message: object) -> None:
        assert self.sockets
        for socket in list(self.sockets):
            await socket.send_message(message if isinstance(message, str) else json.dumps(message))

    async def cut(self) -> None:
        """Cut all websockets without a word."""
        for socket in list(self.sockets):
            await socket._stream.aclose()

    # --- what a node says ---

    def accounts(self, addresses: list[str], _config: object) -> dict[str, object]:
        self.polls.append(trio.current_time())
        value = [
            self.recipes.account(address, self.seqs[address]) if address in self.seqs else None
            for address in addresses
        ]
        return {"context": {"slot": self.slot}, "value": value}

    def signatures(self, address: str, config: dict[str, Any]) -> list[dict[str, object]]:
        self.walks.append(trio.current_time())
        newest_first = [sig for sig in reversed(self.by_address[address]) if sig not in self.unlisted]
        if "before" in config:
            newest_first = newest_first[newest_first.index(config["before"]) + 1 :]
        return [
            {
                "signature": signature,
                "slot": self.landed[signature]["slot"],
                "err": self.landed[signature]["err"],
                "memo": None,
                "blockTime": 1_700_000_000 + self.landed[signature]["slot"],
                "confirmationStatus": "confirmed",
            }
            for signature in newest_first[: min(config["limit"], self.recipes.page)]
        ]

    def transaction(self, signature: str, _config: object) -> dict[str, object] | None:
        if signature in self.hidden:
            return None
        landed = self.landed[signature]
        return {
            "slot": landed["slot"],
            "blockTime": 1_700_000_000 + landed["slot"],
            "meta": {
                "err": landed["err"],
                "logMessages": landed["logs"],
                "preBalances": [],
                "postBalances": [],
            },
            "transaction": ["", "base64"],
        }

    async def serve_websocket(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, self._socket, "127.0.0.1", 0, None)
            self.ws_url = f"ws://127.0.0.1:{server.port}"
            task_status.started()

    async def _socket(self, request: WebSocketRequest) -> None:
        if self.refuse_sockets:
            await request.reject(503)
            return
        socket = await request.accept()
        try:
            asked = json.loads(await socket.get_message())
            assert asked["method"] == "logsSubscribe"
            assert asked["params"][1] == {"commitment": "confirmed"}
            if self.accept_silently:
                await trio.sleep_forever()
            await socket.send_message(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": 77}))
            self.sockets.add(socket)
            while True:
                await socket.get_message()
        except ConnectionClosed:
            pass
        finally:
            self.sockets.discard(socket)


class Recorder:
    """A handler that writes down what it is given, and checks the rules of giving."""

    def __init__(self) -> None:
        self.seen: dict[UUID, list[ChainEvent]] = defaultdict(list)
        self.busy: set[UUID] = set()
        self.most_busy = 0
        self.refuse: dict[tuple[UUID, int], int] = {}
        self.failures: dict[UUID, Exception] = {}
        self.gate: trio.Event | None = None
        self.attempts = 0
        self.raises = False

    def hand(
        self,
        bot_id: UUID,
        event: ChainEvent,
        handled: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        assert bot_id not in self.busy, "two events of one bot at once"
        self.busy.add(bot_id)
        self.most_busy = max(self.most_busy, len(self.busy))
        self.attempts += 1
        if self.raises:
            self.busy.discard(bot_id)
            raise unavailable("actor")
        trio.lowlevel.spawn_system_task(self._handle, bot_id, event, handled, failed)

    async def _handle(
        self,
        bot_id: UUID,
        event: ChainEvent,
        handled: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        if self.gate is not None:
            await self.gate.wait()
        key = (bot_id, event.event.event_seq)
        self.busy.discard(bot_id)
        if self.refuse.get(key, 0):
            self.refuse[key] -= 1
            failed(self.failures.get(bot_id) or RuntimeError("not now"))
        else:
            self.seen[bot_id].append(event)
            handled()

    def seqs(self, bot_id: UUID) -> list[int]:
        return [found.event.event_seq for found in self.seen[bot_id]]


class Bench:
    def __init__(self, chain: Chain, **options: Any) -> None:
        self.chain = chain
        self.recorder = Recorder()
        self.client = ChainClient(chain.node.url, timeout=1.0)
        options = {"poll_interval": 0.04, "backoff_initial": 0.02, "backoff_maximum": 0.1, **options}
        self.feed = Feed(self.client, chain.ws_url, chain.recipes.program_id, self.recorder, **options)

    def track(self, bot: UUID, after: int = 0) -> None:
        self.feed.track(bot, self.chain.recipes.address(bot), after)

    async def subscribed(self) -> None:
        await until(lambda: self.feed.status.subscribed and self.chain.sockets)


@pytest.fixture
async def chain(scripted_node: Any, recipes: Any, nursery: trio.Nursery) -> Chain:
    chain = Chain(scripted_node, recipes)
    await nursery.start(chain.serve_websocket)
    return chain


@pytest.fixture
async def bench(chain: Chain, nursery: trio.Nursery) -> Bench:
    """A running feed whose poll is so slow that the subscription has to do the work."""
    bench = Bench(chain, poll_interval=60.0)
    nursery.start_soon(bench.feed.run)
    await bench.subscribed()
    return bench


@pytest.fixture
async def polling(chain: Chain, nursery: trio.Nursery) -> Bench:
    """A running feed that has no subscription."""
    chain.refuse_sockets = True
    bench = Bench(chain)
    nursery.start_soon(bench.feed.run)
    return bench


A, B = UUID(int=1), UUID(int=2)


async def test_a_notification_is_an_event_at_once(bench: Bench, chain: Chain) -> None:
    bench.track(A)
    signature = chain.land(A, 1, "created")
    asked = chain.node.count("getTransaction")
    await until(lambda: chain.node.count("getMultipleAccounts"))
    await chain.notify(signature)
    await until(lambda: bench.recorder.seqs(A) == [1])
    await chain.notify(chain.land(A, 2))
    await until(lambda: bench.recorder.seqs(A) == [1, 2])
    found = bench.recorder.seen[A][1]
    assert (found.slot, found.block_time) == (chain.slot, None)
    assert chain.node.count("getTransaction") <= asked + 1
    assert bench.feed.status.handled == 2
    assert bench.feed.status.lagging == 0
    assert bench.feed.handled_seq(A) == 2


async def test_notifications_in_any_order_and_any_number_come_out_in_order(
    bench: Bench, chain: Chain
) -> None:
    bench.track(A)
    await until(lambda: chain.node.count("getSignaturesForAddress"))
    signatures = [chain.land(A, seq) for seq in range(1, 8)]
    for place in (2, 2, 6, 0, 1, 1, 5, 4, 3, 0, 6):
        await chain.notify(signatures[place])
    await until(lambda: bench.recorder.seqs(A) == [1, 2, 3, 4, 5, 6, 7])
    await chain.notify(*signatures)
    await chain.notify(chain.land(A, 8))
    await until(lambda: len(bench.recorder.seqs(A)) >= 8)
    assert bench.recorder.seqs(A) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert bench.feed.status.contradictions == 0


async def test_what_no_notification_told_is_fetched_when_a_later_one_comes(
    bench: Bench, chain: Chain
) -> None:
    bench.track(A)
    await until(lambda: chain.node.count("getSignaturesForAddress"))
    for seq in range(1, 5):
        chain.land(A, seq)
    await chain.notify(chain.land(A, 5))
    await until(lambda: bench.recorder.seqs(A) == [1, 2, 3, 4, 5])
    assert bench.recorder.seen[A][0].block_time is not None


async def test_without_a_subscription_polling_finds_everything(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    polling.track(B)
    for seq in range(1, 4):
        chain.land(A, seq)
        chain.land(B, seq)
        await until(
            lambda seq=seq: polling.recorder.seqs(A) == polling.recorder.seqs(B) == [*range(1, seq + 1)]
        )
    status = polling.feed.status
    assert (status.subscribed, status.tracked, status.lagging) == (False, 2, 0)
    assert status.last_poll_at is not None


async def test_after_a_restart_only_what_was_not_handled_is_fetched(
    chain: Chain, nursery: trio.Nursery
) -> None:
    for seq in range(1, 41):
        chain.land(A, seq)
    bench = Bench(chain)
    bench.track(A, after=37)
    nursery.start_soon(bench.feed.run)
    await until(lambda: bench.recorder.seqs(A) == [38, 39, 40])
    assert chain.node.count("getTransaction") <= 16


async def test_a_long_gap_is_walked_page_by_page(chain: Chain, nursery: trio.Nursery) -> None:
    chain.recipes.page = 7
    for seq in range(1, 61):
        chain.land(A, seq)
        chain.land(A, seq, error="AccountNotFound")
    bench = Bench(chain)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await until(lambda: len(bench.recorder.seqs(A)) == 60)
    assert bench.recorder.seqs(A) == [*range(1, 61)]


async def test_a_gap_longer_than_what_may_wait_is_closed_in_parts(
    chain: Chain, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena.chain.feed, "MAX_PENDING", 5)
    for seq in range(1, 31):
        chain.land(A, seq)
    bench = Bench(chain)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await until(lambda: len(bench.recorder.seqs(A)) == 30)
    assert bench.recorder.seqs(A) == [*range(1, 31)]


async def test_the_order_inside_a_slot_is_not_trusted(chain: Chain, nursery: trio.Nursery) -> None:
    for seq in (1, 2):
        chain.land(A, seq)
    for seq in (5, 3, 6, 4):  # listed the wrong way
        chain.land(A, seq, same_slot=True)
    chain.seqs[str(chain.recipes.address(A))] = 6
    bench = Bench(chain)
    bench.track(A, after=4)
    nursery.start_soon(bench.feed.run)
    await until(lambda: bench.recorder.seqs(A) == [5, 6])


async def test_several_events_of_one_transaction(bench: Bench, chain: Chain) -> None:
    bench.track(A)
    bench.track(B)
    await until(lambda: chain.node.count("getSignaturesForAddress") >= 2)
    await chain.notify(chain.land_many([(A, 1, "created"), (B, 1, "created"), (A, 2, "fee")]))
    await until(lambda: bench.recorder.seqs(A) == [1, 2] and bench.recorder.seqs(B) == [1])


async def test_failed_transactions_and_strange_bots_are_none_of_its_business(
    bench: Bench, chain: Chain
) -> None:
    bench.track(A)
    await until(lambda: chain.node.count("getSignaturesForAddress"))
    failed = chain.land(A, 1, error={"InstructionError": [0, {"Custom": 6000}]})
    await chain.notify(failed, chain.land(B, 1), chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])
    assert bench.recorder.seen[A][0].signature != failed
    assert bench.recorder.seqs(B) == []
    assert bench.feed.status.foreign == 1


async def test_a_handler_that_fails_is_asked_again_and_nothing_is_skipped(bench: Bench, chain: Chain) -> None:
    bench.track(A)
    bench.track(B)
    bench.recorder.refuse[A, 2] = 3
    await until(lambda: chain.node.count("getSignaturesForAddress") >= 2)
    await chain.notify(*(chain.land(A, seq) for seq in (1, 2, 3)), chain.land(B, 1))
    await until(lambda: bench.recorder.seqs(A) == [1, 2, 3] and bench.recorder.seqs(B) == [1])
    assert bench.recorder.attempts == 7
    assert bench.feed.status.handled == 4


async def test_an_outage_of_the_handler_is_a_line_in_the_log_and_a_bug_has_its_traceback(
    bench: Bench, chain: Chain
) -> None:
    bench.track(A)
    bench.track(B)
    bench.recorder.refuse[A, 1] = bench.recorder.refuse[B, 1] = 1
    bench.recorder.failures[A] = unavailable("database")
    with capture_logs() as logs:
        await chain.notify(chain.land(A, 1), chain.land(B, 1))
        await until(lambda: bench.recorder.seqs(A) == [1] and bench.recorder.seqs(B) == [1])
    assert {
        (entry["event"], entry["bot_id"], "exc_info" in entry) for entry in logs if "bot_id" in entry
    } == {
        ("event_postponed", str(A), False),
        ("an event could not be handled", str(B), True),
    }


async def test_a_slow_bot_does_not_hold_up_another(bench: Bench, chain: Chain) -> None:
    bench.recorder.gate = trio.Event()
    bench.track(A)
    bench.track(B)
    await until(lambda: chain.node.count("getSignaturesForAddress") >= 2)
    await chain.notify(*(chain.land(A, seq) for seq in (1, 2, 3)), *(chain.land(B, seq) for seq in (1, 2)))
    await until(lambda: bench.recorder.most_busy == 2)
    assert bench.feed.status.lagging == 2
    bench.recorder.gate.set()
    await until(lambda: bench.recorder.seqs(A) == [1, 2, 3] and bench.recorder.seqs(B) == [1, 2])


async def test_handlers_at_once_are_bounded(
    chain: Chain, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena.chain.deliveries, "HANDLERS_AT_ONCE", 3)
    bench = Bench(chain)
    bots = [UUID(int=number) for number in range(1, 11)]
    for bot in bots:
        chain.land(bot, 1)
        chain.land(bot, 2)
        bench.track(bot)
    nursery.start_soon(bench.feed.run)
    await until(lambda: all(bench.recorder.seqs(bot) == [1, 2] for bot in bots))
    assert bench.recorder.most_busy <= 3


async def test_a_lost_subscription_comes_back_and_what_happened_meanwhile_is_found(
    bench: Bench, chain: Chain
) -> None:
    bench.track(A)
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])
    chain.refuse_sockets = True
    await chain.cut()
    await until(lambda: not bench.feed.status.subscribed)
    chain.land(A, 2)
    chain.refuse_sockets = False
    await bench.subscribed()
    await until(lambda: bench.recorder.seqs(A) == [1, 2])
    await chain.notify(chain.land(A, 3))
    await until(lambda: bench.recorder.seqs(A) == [1, 2, 3])
    assert bench.feed.status.connections == 2


# --- an account that is ahead of its events ---


async def next_poll(chain: Chain) -> float:
    """Wait for it. Returns when it was."""
    before = len(chain.polls)
    with trio.fail_after(60):
        while len(chain.polls) == before:
            await trio.sleep(0.005)
    return chain.polls[-1]


@pytest.fixture
async def told(chain: Chain, nursery: trio.Nursery) -> Bench:
    """A running feed with a subscription that has told of all there is: an event. Its clock waits for nothing."""
    bench = Bench(chain, poll_interval=2.0)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await bench.subscribed()
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])
    await next_poll(chain)
    chain.walks.clear()
    return bench


async def test_an_account_that_is_ahead_is_given_time_for_its_notification(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    for seq in (2, 4):
        signatures = [chain.land(A, seq), chain.land(A, seq + 1)]
        await next_poll(chain)
        for signature in signatures:
            await trio.sleep(AHEAD_SECONDS - 0.1)
            await chain.notify(signature)
        await next_poll(chain)
    assert told.recorder.seqs(A) == [1, 2, 3, 4, 5]
    assert chain.walks == []
    assert told.feed.status.connections == 1


async def test_if_no_notification_comes_its_history_is_read(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    chain.land(A, 2)
    polled = await next_poll(chain)
    await until(lambda: told.recorder.seqs(A) == [1, 2])
    assert chain.walks == [pytest.approx(polled + AHEAD_SECONDS, abs=0.02)]


async def test_of_many_events_some_notifications_do_not_put_the_others_off_for_long(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    signatures = [chain.land(A, seq) for seq in range(2, 41)]
    polled = await next_poll(chain)
    while not chain.walks:
        await trio.sleep(AHEAD_SECONDS - 0.1)
        await chain.notify(signatures.pop(0))
    await until(lambda: told.recorder.seqs(A) == [*range(1, 41)])
    assert chain.walks == [pytest.approx(polled + MAX_AHEAD_SECONDS, abs=0.02)]
    later = chain.land(A, 41)  # which is waited for anew
    await next_poll(chain)
    await trio.sleep(AHEAD_SECONDS - 0.1)
    await chain.notify(later)
    await next_poll(chain)
    assert told.recorder.seqs(A)[-1] == 41
    assert len(chain.walks) == 1


async def test_a_later_event_shows_that_an_earlier_one_is_missing(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    signatures = [chain.land(A, seq) for seq in (2, 3, 4)]
    polled = await next_poll(chain)
    await trio.sleep(0.5)
    await chain.notify(signatures[2])
    await trio.sleep(REORDER_SECONDS / 2)
    await chain.notify(signatures[1])
    await until(lambda: told.recorder.seqs(A) == [1, 2, 3, 4])
    assert chain.walks == [pytest.approx(polled + 0.5 + REORDER_SECONDS, abs=0.02)]


async def test_what_the_subscription_cannot_tell_of_is_read_soon(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    for seq in (1, 2):  # before it was tracked
        chain.land(B, seq)
    tracked = trio.current_time()
    told.track(B)
    await until(lambda: told.recorder.seqs(B) == [1, 2])
    chain.land(A, 2)  # before there was the subscription
    await chain.cut()
    cut = trio.current_time()
    await until(lambda: told.recorder.seqs(A) == [1, 2])
    assert told.feed.status.connections == 2
    assert chain.walks == [
        pytest.approx(tracked + REORDER_SECONDS, abs=0.02),
        pytest.approx(cut + REORDER_SECONDS, abs=0.04),
    ]


async def test_without_a_subscription_nothing_is_waited_for(
    told: Bench, chain: Chain, autojump_clock: trio.abc.Clock
) -> None:
    chain.land(A, 2)
    polled = await next_poll(chain)
    await trio.sleep(0.3)
    chain.refuse_sockets = True
    await chain.cut()
    await until(lambda: told.recorder.seqs(A) == [1, 2])
    chain.land(A, 3)
    again = await next_poll(chain)
    await until(lambda: told.recorder.seqs(A) == [1, 2, 3])
    assert chain.walks == [pytest.approx(polled + 0.3, abs=0.02), pytest.approx(again, abs=0.02)]


GIBBERISH = [
    "not json",
    "[]",
    '{"method":"logsNotification"}',
    '{"method":"logsNotification","params":{"subscription":77,"result":{"context":{"slot":1},"value":{}}}}',
    "[" * 100_000,
    '"' + "x" * (1024 * 1024 + 10) + '"',
]


@pytest.mark.parametrize("said", GIBBERISH, ids=lambda said: said[:20])
async def test_gibberish_on_the_websocket_costs_only_the_connection(
    bench: Bench, chain: Chain, said: str
) -> None:
    bench.track(A)
    with suppress(ConnectionClosed):  # who has heard enough hangs up
        await chain.say(said)
    await until(lambda: bench.feed.status.connections == 2 and chain.sockets)
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])


async def test_messages_that_mean_nothing_to_it_are_passed_over(bench: Bench, chain: Chain) -> None:
    bench.track(A)
    await chain.say({"jsonrpc": "2.0", "method": "slotNotification", "params": {}})
    await chain.say({"method": "logsNotification", "params": {"subscription": 5, "result": None}})
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])
    assert bench.feed.status.connections == 1


async def test_a_node_that_never_confirms_the_subscription_is_left(
    chain: Chain, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.chain.logs_subscription.CONNECT_SECONDS", 0.1)
    chain.accept_silently = True
    bench = Bench(chain)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    chain.land(A, 1)
    await until(lambda: bench.recorder.seqs(A) == [1])
    await until(lambda: bench.feed.status.last_error == "TooSlowError")
    chain.accept_silently = False
    await bench.subscribed()


async def test_a_connection_that_is_open_and_dead_is_noticed(
    chain: Chain, nursery: trio.Nursery, tcp_proxy: Any
) -> None:
    proxy = await tcp_proxy(int(chain.ws_url.rpartition(":")[2]))
    chain.ws_url = f"ws://127.0.0.1:{proxy.port}"
    bench = Bench(chain, poll_interval=60.0, ping_interval=0.1)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await bench.subscribed()
    await trio.sleep(0.3)  # pings are answered
    assert bench.feed.status.connections == 1
    proxy.freeze()
    chain.land(A, 1)
    await until(lambda: not bench.feed.status.subscribed)
    assert bench.recorder.seqs(A) == []
    proxy.thaw()
    await until(lambda: bench.recorder.seqs(A) == [1])
    assert bench.feed.status.connections == 2


async def test_a_subscription_that_has_gone_silent_is_made_again(chain: Chain, nursery: trio.Nursery) -> None:
    bench = Bench(chain, poll_interval=0.02)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await bench.subscribed()
    for seq in range(1, 100):
        chain.land(A, seq)
        await until(lambda seq=seq: bench.recorder.seqs(A) == [*range(1, seq + 1)])
        if bench.feed.status.connections > 1:
            break
    assert bench.feed.status.connections == 2


@pytest.mark.parametrize("logs", [["Log truncated"], None], ids=["truncated", "missing"])
async def test_logs_that_cannot_be_read_are_no_proof_that_nothing_happened(
    chain: Chain, nursery: trio.Nursery, logs: list[str] | None
) -> None:
    bench = Bench(chain, poll_interval=0.05)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await bench.subscribed()
    signature = chain.land(A, 1)
    whole = chain.landed[signature]["logs"]
    chain.landed[signature]["logs"] = logs
    await chain.notify(signature)
    await until(lambda: bench.feed.status.lagging == 1)
    assert bench.recorder.seqs(A) == []
    chain.landed[signature]["logs"] = whole
    await until(lambda: bench.recorder.seqs(A) == [1])


async def test_a_stranger_cannot_stop_a_bot_with_unreadable_logs(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    chain.land(A, 1)
    chain.land(A, 1, logs=["Log truncated"])
    chain.land(A, 2)
    chain.land(A, 2, logs=["Log truncated"])
    await until(lambda: polling.recorder.seqs(A) == [1, 2])
    await until(lambda: polling.feed.status.lagging == 0)


async def test_a_node_that_lists_what_it_cannot_show_yet(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    chain.land(A, 1)
    late = chain.land(A, 2)
    chain.hidden.add(late)
    chain.land(A, 3)
    await until(lambda: polling.recorder.seqs(A) == [1])
    await until(lambda: chain.node.count("getSignaturesForAddress") >= 4)
    assert polling.recorder.seqs(A) == [1]
    chain.hidden.clear()
    await until(lambda: polling.recorder.seqs(A) == [1, 2, 3])


async def test_a_node_whose_lists_lag_behind_its_accounts(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    chain.land(A, 1)
    chain.unlisted.add(chain.land(A, 2))
    await until(lambda: polling.recorder.seqs(A) == [1])
    await until(lambda: polling.feed.status.lagging == 1)
    chain.unlisted.clear()
    await until(lambda: polling.recorder.seqs(A) == [1, 2])


async def test_a_node_that_restarted_behind_is_waited_for(polling: Bench, chain: Chain) -> None:
    for seq in (1, 2, 3):
        chain.land(A, seq)
    polling.track(A, after=3)
    chain.seqs[str(chain.recipes.address(A))] = 1
    polls = chain.node.count("getMultipleAccounts")
    await until(lambda: chain.node.count("getMultipleAccounts") >= polls + 3)
    assert polling.recorder.attempts == 0
    chain.land(A, 4)
    await until(lambda: polling.recorder.seqs(A) == [4])


@pytest.mark.parametrize("method", ["getMultipleAccounts", "getSignaturesForAddress", "getTransaction"])
async def test_an_outage_is_waited_out(polling: Bench, chain: Chain, method: str) -> None:
    polling.track(A)
    chain.land(A, 1)
    await until(lambda: polling.recorder.seqs(A) == [1])
    healthy = chain.node.script[method]
    for broken in (
        chain.node.RawAnswer(b"", 429),
        chain.node.RawAnswer(b"", 503),
        chain.node.HangUp(),
        {"what": "ever"},
    ):
        chain.node.script[method] = broken
        before = chain.node.count(method)
        seq = polling.recorder.seqs(A)[-1] + 1
        chain.land(A, seq)
        await until(lambda before=before: chain.node.count(method) >= before + 3)
        assert polling.feed.status.last_error is not None
        chain.node.script[method] = healthy
        await until(lambda seq=seq: polling.recorder.seqs(A)[-1] == seq)
    assert polling.recorder.seqs(A) == [1, 2, 3, 4, 5]
    await until(lambda: polling.feed.status.lagging == 0)


async def test_a_closed_bot_is_followed_to_its_end_and_let_go(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    chain.land(A, 1)
    await until(lambda: polling.recorder.seqs(A) == [1])
    chain.land(A, 2)
    chain.land(A, 3, "closed")
    await until(lambda: polling.recorder.seqs(A) == [1, 2, 3])
    await until(lambda: polling.feed.status.tracked == 0)
    asked = chain.node.count("getSignaturesForAddress")
    await trio.sleep(0.1)
    assert chain.node.count("getSignaturesForAddress") == asked


async def test_one_whose_end_was_handled_before_the_restart_is_let_go(polling: Bench, chain: Chain) -> None:
    chain.land(A, 1)
    chain.land(A, 2, "closed")
    polling.track(A, after=2)
    await until(lambda: polling.feed.status.tracked == 0)
    assert polling.recorder.attempts == 0


async def test_money_sent_to_where_a_bot_was_does_not_bring_it_back(polling: Bench, chain: Chain) -> None:
    chain.land(A, 1)
    address = str(chain.recipes.address(A))
    chain.land(A, 2, "closed")
    healthy = chain.accounts

    def dusty(addresses: list[str], config: object) -> dict[str, object]:
        answer = healthy(addresses, config)
        dust = {**chain.recipes.account(address, 9), "owner": "11111111111111111111111111111111"}
        return {**answer, "value": [dust for _ in addresses]}

    chain.node.script["getMultipleAccounts"] = dusty
    polling.track(A)
    await until(lambda: polling.recorder.seqs(A) == [1, 2])
    await until(lambda: polling.feed.status.tracked == 0)


async def test_a_bot_may_be_tracked_before_it_exists(polling: Bench, chain: Chain) -> None:
    polling.track(A)
    await until(lambda: chain.node.count("getMultipleAccounts") >= 2)
    assert polling.feed.status.tracked == 1
    chain.land(A, 1, "created")
    await until(lambda: polling.recorder.seqs(A) == [1])


async def test_untracked_means_no_more_events(bench: Bench, chain: Chain) -> None:
    bench.recorder.gate = trio.Event()
    bench.track(A)
    bench.track(B)
    await until(lambda: chain.node.count("getSignaturesForAddress") >= 2)
    await chain.notify(*(chain.land(A, seq) for seq in (1, 2, 3)), chain.land(B, 1))
    await until(lambda: bench.recorder.busy == {A, B})  # so all of them are here
    bench.feed.untrack(A)
    assert bench.feed.status.tracked == 1
    assert bench.feed.handled_seq(A) is None
    bench.recorder.gate.set()
    await until(lambda: not bench.recorder.busy)
    await chain.notify(chain.land(A, 4))
    await until(lambda: bench.feed.status.foreign == 1)
    assert bench.recorder.seqs(A) == [1]


async def test_tracked_anew_while_at_work_it_starts_where_it_was_told_to(bench: Bench, chain: Chain) -> None:
    bench.recorder.gate = trio.Event()
    bench.track(A)
    await until(lambda: chain.node.count("getSignaturesForAddress"))
    await chain.notify(*(chain.land(A, seq) for seq in (1, 2, 3)))
    await until(lambda: bench.recorder.busy)
    bench.feed.untrack(A)
    bench.track(A)  # its owner restarted and has not handled the first
    bench.recorder.gate.set()
    await until(lambda: len(bench.recorder.seqs(A)) == 4)
    assert bench.recorder.seqs(A) == [1, 1, 2, 3]


async def test_tracking_anew_ends_a_long_wait(chain: Chain, nursery: trio.Nursery) -> None:
    bench = Bench(chain, backoff_initial=60.0, backoff_maximum=60.0)
    chain.land(A, 1)
    bench.recorder.refuse[A, 1] = 1
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await until(lambda: bench.recorder.attempts == 1 and not bench.recorder.busy)
    bench.track(A)
    await until(lambda: bench.recorder.seqs(A) == [1])


async def test_one_number_in_two_transactions_is_noticed(bench: Bench, chain: Chain) -> None:
    bench.track(A)
    await until(lambda: chain.node.count("getSignaturesForAddress"))
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.recorder.seqs(A) == [1])
    await chain.notify(chain.land(A, 1))
    await until(lambda: bench.feed.status.contradictions == 1)
    assert bench.recorder.seqs(A) == [1]


async def test_tracking_is_bounded_and_checked(chain: Chain) -> None:
    bench = Bench(chain, max_tracked=1)
    bench.track(A)
    bench.track(A)
    with pytest.raises(FeedFull):
        bench.track(B)
    with pytest.raises(ValueError, match="one address"):
        bench.feed.track(B, chain.recipes.address(A), 0)
    with pytest.raises(ValueError, match="negative"):
        bench.track(A, after=-1)
    bench.feed.untrack(B)
    bench.feed.untrack(A)
    bench.track(B)
    assert bench.feed.status.tracked == 1


async def test_what_it_cannot_work_with_is_refused_at_once(chain: Chain) -> None:
    with pytest.raises(ValueError, match="websocket"):
        Feed(ChainClient(chain.node.url), "http://x", chain.recipes.program_id, Recorder())
    with pytest.raises(ValueError, match="commitment"):
        Feed(ChainClient(chain.node.url, "processed"), chain.ws_url, chain.recipes.program_id, Recorder())


async def test_it_goes_on_where_it_was_when_run_again(chain: Chain) -> None:
    bench = Bench(chain)
    bench.track(A)
    for seq in range(1, 5):
        chain.land(A, seq)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.feed.run)
            await until(lambda seq=seq: bench.recorder.seqs(A) == [*range(1, seq + 1)])
            nursery.cancel_scope.cancel()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RuntimeError):
            await bench.feed.run()
        nursery.cancel_scope.cancel()


async def test_an_event_that_is_being_handled_when_the_feed_ends_is_not_handed_out_twice(
    chain: Chain,
) -> None:
    bench = Bench(chain)
    gate = bench.recorder.gate = trio.Event()
    bench.track(A)
    chain.land(A, 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        await until(lambda: bench.recorder.busy)
        nursery.cancel_scope.cancel()
    assert bench.feed.handled_seq(A) == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        chain.land(A, 2)
        await trio.sleep(0.2)
        assert bench.recorder.attempts == 1
        gate.set()
        await until(lambda: bench.recorder.seqs(A) == [1, 2])
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("at_once", [1, 64])
async def test_what_fails_while_the_feed_is_not_running_is_handed_out_by_the_next_run(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(arena.chain.deliveries, "HANDLERS_AT_ONCE", at_once)
    bench = Bench(chain)
    gate = bench.recorder.gate = trio.Event()
    bots = [UUID(int=number) for number in range(1, 6)]
    for bot in bots:
        chain.land(bot, 1)
        bench.track(bot)
        bench.recorder.refuse[bot, 1] = 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        await until(lambda: len(bench.recorder.busy) == min(at_once, len(bots)))
        await trio.sleep(0.1)  # the others wait for a place
        nursery.cancel_scope.cancel()
    gate.set()
    await until(lambda: not bench.recorder.busy)
    assert bench.feed.status.handled == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        await until(lambda: all(bench.recorder.seqs(bot) == [1] for bot in bots))
        nursery.cancel_scope.cancel()


async def test_a_handler_that_raises_is_asked_again_however_many_wait(
    chain: Chain, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena.chain.deliveries, "HANDLERS_AT_ONCE", 1)
    bench = Bench(chain)
    gate = bench.recorder.gate = trio.Event()
    bots = [UUID(int=number) for number in range(1, 401)]
    for bot in bots:
        chain.land(bot, 1)
        bench.track(bot)
    nursery.start_soon(bench.feed.run)
    await until(lambda: bench.feed.status.lagging == len(bots) and bench.recorder.busy)
    bench.recorder.raises = True
    with capture_logs():
        gate.set()
        await until(lambda: bench.recorder.attempts > len(bots))
        bench.recorder.raises = False
    await until(lambda: all(bench.recorder.seqs(bot) == [1] for bot in bots))
    assert bench.recorder.most_busy == 1


async def test_a_bot_that_is_untracked_while_its_event_is_handled_is_forgotten(
    chain: Chain, nursery: trio.Nursery
) -> None:
    bench = Bench(chain)
    gate = bench.recorder.gate = trio.Event()
    chain.land(A, 1)
    bench.track(A)
    nursery.start_soon(bench.feed.run)
    await until(lambda: bench.recorder.busy)
    bench.feed.untrack(A)
    chain.land(A, 2)
    assert bench.feed.status.tracked == 0
    gate.set()
    await until(lambda: not bench.recorder.busy)
    bench.track(A, 1)
    await until(lambda: bench.recorder.seqs(A) == [1, 2])


async def test_a_bot_that_is_untracked_while_the_feed_ends_leaves_its_place_to_another(chain: Chain) -> None:
    bench = Bench(chain, max_tracked=1, backoff_initial=60.0, backoff_maximum=60.0)
    chain.land(A, 1)
    bench.recorder.refuse[A, 1] = 1
    bench.track(A)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.feed.run)
        await until(lambda: bench.recorder.attempts == 1 and not bench.recorder.busy)
        await trio.testing.wait_all_tasks_blocked()  # it rests after its failure
        nursery.cancel_scope.cancel()
        bench.feed.untrack(A)
    bench.track(B)
