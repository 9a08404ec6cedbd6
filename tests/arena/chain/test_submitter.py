"""The submitter against a node whose answers are chosen, on real sockets."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import trio
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction, VersionedTransaction

from arena.chain.client import ChainClient
from arena.chain.submitter import (
    CONFIRMED_EVERY,
    Expired,
    Failed,
    Landed,
    Outcome,
    Outgoing,
    Submitter,
    SubmitterFull,
    TransactionKind,
)

SOMEWHERE = Pubkey.from_string("Vote111111111111111111111111111111111111111")
LAST_VALID = 100
PAYER = Keypair()


def outgoing(number: int = 1) -> Outgoing:
    instruction = transfer(TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=SOMEWHERE, lamports=number))
    message = Message.new_with_blockhash([instruction], PAYER.pubkey(), Hash.default())
    transaction = Transaction([PAYER], message, Hash.default())
    return Outgoing(
        str(transaction.signatures[0]), bytes(transaction), LAST_VALID, TransactionKind.FEE, UUID(int=number)
    )


class Cluster:
    """What the scripted node says, to be changed by a test."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.height = 1
        self.processed = 50
        self.recent: dict[str, dict[str, object]] = {}
        self.history: dict[str, dict[str, object]] = {}
        self.sent: list[str] = []
        self.would_fail: object = None
        node.script.update(
            sendTransaction=self.send,
            getSignatureStatuses=self.statuses,
            getBlockHeight=lambda _: self.height,
            getSlot=lambda _: self.height,
            simulateTransaction=self.simulate,
        )

    def simulate(self, encoded: str, config: dict[str, object]) -> dict[str, object]:
        assert config["replaceRecentBlockhash"] is True
        return {
            "context": {"slot": self.processed},
            "value": {"err": self.would_fail, "logs": [], "unitsConsumed": 0},
        }

    def send(self, encoded: str, config: dict[str, object]) -> str:
        assert config["skipPreflight"] is True
        signature = str(VersionedTransaction.from_bytes(base64.b64decode(encoded)).signatures[0])
        self.sent.append(signature)
        return signature

    def statuses(self, signatures: list[str], config: dict[str, bool]) -> dict[str, object]:
        known = {**self.history, **self.recent} if config["searchTransactionHistory"] else self.recent
        return {"context": {"slot": self.processed}, "value": [known.get(sig) for sig in signatures]}


def status(stage: str, error: object = None, slot: int = 42) -> dict[str, object]:
    return {"slot": slot, "confirmations": None, "err": error, "confirmationStatus": stage}


@pytest.fixture
def cluster(scripted_node: Any) -> Cluster:
    return Cluster(scripted_node)


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(5):
        while not condition():
            await trio.sleep(0.005)


class Bench:
    """A submitter, the outcomes that it told of, and its client."""

    def __init__(self, cluster: Cluster, **options: Any) -> None:
        self.outcomes: list[Outcome] = []
        self.refuse = 0
        self.client = ChainClient(cluster.node.url, timeout=1.0)
        options = {"interval": 0.02, "sends_per_second": 10_000.0, "backoff_maximum": 0.05, **options}
        self.submitter = Submitter(self.client, self.note, **options)

    async def note(self, outcome: Outcome) -> None:
        await trio.lowlevel.checkpoint()
        if self.refuse:
            self.refuse -= 1
            raise RuntimeError("not now")
        self.outcomes.append(outcome)


@pytest.fixture
async def bench(cluster: Cluster, nursery: trio.Nursery) -> Bench:
    bench = Bench(cluster)
    nursery.start_soon(bench.submitter.run)
    return bench


async def test_a_transaction_is_sent_until_it_is_finalized(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    bench.submitter.submit(sent)
    await until(lambda: len(cluster.sent) >= 3)
    assert not bench.outcomes
    cluster.recent[sent.signature] = status("finalized")
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Landed(sent, 42)]
    await until(lambda: not bench.submitter.is_pending(sent.signature))


async def test_an_end_that_nobody_wants_to_know_of_is_not_told(
    cluster: Cluster, nursery: trio.Nursery
) -> None:
    bench = Bench(cluster, wanted=lambda outcome: not isinstance(outcome, Landed))
    nursery.start_soon(bench.submitter.run)
    landing, failing = outgoing(), outgoing()
    cluster.recent[landing.signature] = status("finalized")
    cluster.recent[failing.signature] = status("finalized", error={"InstructionError": [0, "Custom"]})
    bench.submitter.submit(landing)
    bench.submitter.submit(failing)
    await until(lambda: not bench.submitter.status.pending and not bench.submitter.status.concluding)
    assert [type(outcome) for outcome in bench.outcomes] == [Failed]
    assert not bench.submitter.is_pending(landing.signature)


async def test_a_confirmed_one_is_neither_sent_again_nor_done(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.recent[sent.signature] = status("confirmed")
    bench.submitter.submit(sent)
    await until(lambda: cluster.node.count("getSignatureStatuses") >= 2)
    before = len(cluster.sent)
    looked = cluster.node.count("getSignatureStatuses")
    await until(lambda: cluster.node.count("getSignatureStatuses") >= looked + 4)
    assert len(cluster.sent) <= before + 1
    assert not bench.outcomes


async def test_confirmed_ones_are_looked_at_in_turns(bench: Bench, cluster: Cluster) -> None:
    many = [outgoing(number) for number in range(4 * CONFIRMED_EVERY)]
    cluster.recent = {sent.signature: status("confirmed") for sent in many}
    for sent in many:
        bench.submitter.submit(sent)

    def looks() -> list[list[str]]:
        return [params[0] for method, params in cluster.node.calls if method == "getSignatureStatuses"]

    await until(lambda: len(looks()) > CONFIRMED_EVERY + 1)
    first, *later = looks()
    assert len(first) == len(many)
    turns = later[:CONFIRMED_EVERY]
    assert {len(turn) for turn in turns} == {4}
    assert {signature for turn in turns for signature in turn} == set(cluster.recent)


async def test_one_whose_confirmation_is_undone_is_sent_again(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.recent[sent.signature] = status("confirmed")
    bench.submitter.submit(sent)
    await until(lambda: cluster.node.count("getSignatureStatuses") >= 3)
    del cluster.recent[sent.signature]
    before = len(cluster.sent)
    await until(lambda: len(cluster.sent) >= before + 2)
    assert not bench.outcomes


async def test_a_failure_counts_only_when_it_is_final(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    error = {"InstructionError": [0, {"Custom": 6004}]}
    cluster.recent[sent.signature] = status("confirmed", error)
    bench.submitter.submit(sent)
    await until(lambda: cluster.node.count("getSignatureStatuses") >= 3)
    assert not bench.outcomes
    cluster.recent[sent.signature] = status("finalized", error)
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Failed(sent, 42, {"InstructionError": [0, {"Custom": 6004}]})]


async def test_one_that_cannot_land_any_more_expires(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    bench.submitter.submit(sent)
    cluster.height = LAST_VALID
    cluster.processed = LAST_VALID + 5
    await until(lambda: cluster.node.count("getBlockHeight") >= 4)
    assert not bench.outcomes, "at the last valid height it may still land"
    cluster.height = LAST_VALID + 1
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Expired(sent)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("AccountNotFound", "AccountNotFound"),
        ("InsufficientFundsForFee", "InsufficientFundsForFee"),
        (
            {"InsufficientFundsForRent": {"account_index": 0}},
            {"InsufficientFundsForRent": {"account_index": 0}},
        ),
        # what a program says now, it would have said in a block
        ({"InstructionError": [1, {"Custom": 6002}]}, None),
        ("BlockhashNotFound", None),
        (None, None),
    ],
)
async def test_what_kept_it_out_of_every_block_is_told(
    bench: Bench, cluster: Cluster, error: object, told: object
) -> None:
    sent = outgoing()
    cluster.would_fail = error
    cluster.height = cluster.processed = LAST_VALID + 1
    bench.submitter.submit(sent)
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Expired(sent, told)]


async def test_a_node_that_cannot_tell_why_keeps_nobody_waiting(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.node.script["simulateTransaction"] = cluster.node.NodeError(-32005, "behind")
    cluster.height = cluster.processed = LAST_VALID + 1
    bench.submitter.submit(sent)
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Expired(sent)]


async def test_a_node_that_is_behind_proves_nothing(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.height = LAST_VALID + 10
    cluster.processed = LAST_VALID + 9
    bench.submitter.submit(sent)
    await until(lambda: cluster.node.count("getSlot") >= 4)
    assert not bench.outcomes
    cluster.recent[sent.signature] = status("finalized")
    cluster.processed += 10
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Landed(sent, 42)]


async def test_what_landed_long_ago_is_found_in_the_history(bench: Bench, cluster: Cluster) -> None:
    landed, failed = outgoing(1), outgoing(2)
    cluster.height = cluster.processed = LAST_VALID + 1000
    cluster.history[landed.signature] = status("finalized", slot=7)
    cluster.history[failed.signature] = status("finalized", "AccountNotFound", slot=8)
    bench.submitter.submit(landed)
    bench.submitter.submit(failed)
    await until(lambda: len(bench.outcomes) == 2)
    assert set(bench.outcomes) == {Landed(landed, 7), Failed(failed, 8, "AccountNotFound")}


async def test_an_outage_decides_nothing(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.height = cluster.processed = LAST_VALID + 1000
    node = cluster.node
    script = dict(node.script)
    node.script.update(dict.fromkeys(script, node.RawAnswer(b"", 503)))
    bench.submitter.submit(sent)
    await until(lambda: len(node.calls) >= 6)
    assert not bench.outcomes
    assert bench.submitter.status.last_error is not None
    for method in ("getBlockHeight", "getSlot"):  # one after the other comes back
        node.script[method] = script[method]
        before = len(node.calls)
        await until(lambda before=before: len(node.calls) >= before + 4)
        assert not bench.outcomes
    node.script.update(script)
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Expired(sent)]
    await until(lambda: bench.submitter.status.last_error is None)


async def test_a_refusal_by_the_node_is_no_end(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    cluster.node.script["sendTransaction"] = cluster.node.NodeError(-32003, "bad signature")
    bench.submitter.submit(sent)
    await until(lambda: cluster.node.count("sendTransaction") >= 3)
    assert not bench.outcomes
    assert bench.submitter.is_pending(sent.signature)


async def test_an_outcome_is_told_until_it_is_taken(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    bench.refuse = 3
    cluster.recent[sent.signature] = status("finalized")
    bench.submitter.submit(sent)
    await until(lambda: bench.submitter.status.concluding == 1)
    assert bench.submitter.is_pending(sent.signature)
    await until(lambda: bench.outcomes)
    assert bench.outcomes == [Landed(sent, 42)]
    await until(lambda: not bench.submitter.is_pending(sent.signature))


async def test_an_outcome_that_nobody_takes_does_not_hold_up_others(
    cluster: Cluster, nursery: trio.Nursery
) -> None:
    stuck, fine = outgoing(1), outgoing(2)
    told = []

    async def note(outcome: Outcome) -> None:
        if outcome.outgoing == stuck:
            await trio.sleep_forever()
        told.append(outcome)

    async with ChainClient(cluster.node.url) as client:
        submitter = Submitter(client, note, interval=0.02)
        nursery.start_soon(submitter.run)
        cluster.recent = {stuck.signature: status("finalized"), fine.signature: status("finalized")}
        submitter.submit(stuck)
        submitter.submit(fine)
        await until(lambda: told)
    assert told == [Landed(fine, 42)]


async def test_submitting_twice_is_submitting_once(bench: Bench, cluster: Cluster) -> None:
    sent = outgoing()
    bench.submitter.submit(sent)
    bench.submitter.submit(sent)
    assert bench.submitter.status.pending == 1
    other = Outgoing(sent.signature, sent.transaction, 7, sent.kind, sent.bot_id)
    with pytest.raises(ValueError, match="another transaction"):
        bench.submitter.submit(other)
    cluster.recent[sent.signature] = status("finalized")
    await until(lambda: bench.outcomes and not bench.submitter.is_pending(sent.signature))
    assert len(bench.outcomes) == 1


async def test_what_could_never_land_is_not_taken(cluster: Cluster) -> None:
    bench = Bench(cluster)
    good, other = outgoing(1), outgoing(2)
    unsigned = good.transaction[:1] + bytes(64) + good.transaction[65:]
    blank = str(Signature.default())
    for signature, raw in (
        (other.signature, good.transaction),
        (good.signature, unsigned),
        (blank, unsigned),
        (good.signature, b""),
    ):
        with pytest.raises(ValueError):
            bench.submitter.submit(replace(good, signature=signature, transaction=raw))
    assert bench.submitter.status.pending == 0


async def test_it_is_bounded_and_says_so(cluster: Cluster) -> None:
    bench = Bench(cluster, capacity=2)
    bench.submitter.submit(outgoing(1))
    bench.submitter.submit(outgoing(2))
    with pytest.raises(SubmitterFull):
        bench.submitter.submit(outgoing(3))
    bench.submitter.submit(outgoing(2))  # already there
    assert bench.submitter.status.pending == 2


async def test_a_tenth_of_its_room_is_not_for_players(cluster: Cluster) -> None:
    bench = Bench(cluster, capacity=10)
    for number in range(9):
        assert bench.submitter.has_room_for_payments
        bench.submitter.submit(outgoing(number))
    assert not bench.submitter.has_room_for_payments
    bench.submitter.submit(outgoing(9))


async def test_sends_are_spaced_and_new_ones_go_first(cluster: Cluster, nursery: trio.Nursery) -> None:
    bench = Bench(cluster, sends_per_second=200.0, interval=0.01)
    for number in range(40):
        bench.submitter.submit(outgoing(number))
    nursery.start_soon(bench.submitter.run)
    started = trio.current_time()
    await until(lambda: len(cluster.sent) >= 40)
    assert trio.current_time() - started >= 0.175, "4 at a time, that is as many as in 20 ms"
    late = outgoing(99)
    before = len(cluster.sent)
    bench.submitter.submit(late)
    await until(lambda: late.signature in cluster.sent)
    assert cluster.sent.index(late.signature) < before + 20, "behind those being sent, before those that wait"


async def test_a_node_that_asks_for_peace_gets_it(bench: Bench, cluster: Cluster) -> None:
    node = cluster.node
    node.script["sendTransaction"] = node.RawAnswer(b"", 429, [("retry-after", "1")])
    bench.submitter.submit(outgoing(1))
    await until(lambda: node.count("sendTransaction") == 1)
    await trio.sleep(0.1)
    assert node.count("sendTransaction") == 1


async def test_it_goes_on_where_it_was_when_run_again(cluster: Cluster) -> None:
    bench = Bench(cluster)
    sent = outgoing()
    bench.submitter.submit(sent)
    for _ in range(2):
        before = len(cluster.sent)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.submitter.run)
            await until(lambda before=before: len(cluster.sent) > before)
            nursery.cancel_scope.cancel()
    assert not bench.outcomes
    cluster.recent[sent.signature] = status("finalized")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.submitter.run)
        await until(lambda: bench.outcomes)
        nursery.cancel_scope.cancel()
    assert bench.outcomes == [Landed(sent, 42)]


async def test_many_at_once_are_looked_up_together(bench: Bench, cluster: Cluster) -> None:
    many = [outgoing(number) for number in range(300)]
    cluster.recent = {sent.signature: status("finalized") for sent in many}
    for sent in many:
        bench.submitter.submit(sent)
    await until(lambda: len(bench.outcomes) == 300)
    assert {outcome.outgoing for outcome in bench.outcomes} == set(many)
    sizes = [len(params[0]) for method, params in cluster.node.calls if method == "getSignatureStatuses"]
    assert max(sizes) == 256
