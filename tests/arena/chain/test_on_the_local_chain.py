"""Client, feed and submitter with the real program on the real local chain, over real sockets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.accounts import decode_bot
from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.chain.client import Blockhash, ChainClient, Commitment, TransactionRejected
from arena.chain.cosigning import LIGHTHOUSE
from arena.chain.events import MessageFeeRecorded
from arena.chain.feed import ChainEvent, Feed
from arena.chain.instructions import BotTerms, close_bot, create_bot, record_message_fee, settle_reward
from arena.chain.own_transactions import own_transaction
from arena.chain.pda import bot_address
from arena.chain.reasons import explain, explain_expiry
from arena.chain.submitter import Expired, Failed, Landed, Outcome, Outgoing, Submitter, TransactionKind
from arena.localnet import Endpoints, LocalnetConfig, serve

SOL = 1_000_000_000
FEE = SOL // 100


class Handler:
    """Collects what the feed hands out."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[ChainEvent](1000)

    def hand(
        self,
        bot_id: UUID,
        event: ChainEvent,
        handled: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._send.send_nowait(event)
        handled()

    async def next(self, count: int) -> list[ChainEvent]:
        with trio.fail_after(20):
            return [await self._receive.receive() for _ in range(count)]


@dataclass
class Stage:
    """A running chain, funded wallets, and a submitter at work."""

    endpoints: Endpoints
    client: ChainClient
    submitter: Submitter
    outcomes: trio.MemoryReceiveChannel[Outcome]
    creator: Keypair
    player: Keypair
    quote: Keypair
    payout: Keypair
    platform: Keypair

    async def submit(
        self,
        instruction: Instruction,
        payer: Keypair,
        kind: TransactionKind,
        blockhash: Blockhash | None = None,
    ) -> Outcome:
        latest = blockhash or await self.client.latest_blockhash()
        signed = own_transaction([instruction], payer, latest, cosigners=[self.quote])
        self.submitter.submit(
            Outgoing(signed.signature, signed.transaction, latest.last_valid_block_height, kind, uuid4())
        )
        with trio.fail_after(20):
            return await self.outcomes.receive()

    async def open_bot(self, bot_id: UUID) -> Pubkey:
        instruction = create_bot(
            DEFAULT_PROGRAM_ID,
            creator=self.creator.pubkey(),
            quote_key=self.quote.pubkey(),
            payout_key=self.payout.pubkey(),
            admin=Keypair().pubkey(),
            platform=self.platform.pubkey(),
            bot_id=bot_id,
            terms=BotTerms(
                objective_hash=bytes(32),
                fee_base=FEE,
                fee_growth_bps=0,
                fee_cap=FEE,
                pot_bps=8_000,
                creator_bps=1_000,
                initial_pot=SOL,
                closes_at=int(time.time()) + 86_400,
            ),
        )
        assert isinstance(await self.submit(instruction, self.creator, TransactionKind.CREATE), Landed)
        return bot_address(DEFAULT_PROGRAM_ID, self.quote.pubkey(), bot_id)

    async def pay(self, bot: Pubkey, *, valid_for: int = 60, blockhash: Blockhash | None = None) -> Outcome:
        instruction = record_message_fee(
            DEFAULT_PROGRAM_ID,
            bot=bot,
            player=self.player.pubkey(),
            quote_key=self.quote.pubkey(),
            message_id=uuid4(),
            content_hash=bytes(32),
            amount=FEE,
            valid_until=int(time.time()) + valid_for,
        )
        return await self.submit(instruction, self.player, TransactionKind.FEE, blockhash)

    async def settle_and_close(self, bot: Pubkey, index: int) -> None:
        settle = settle_reward(
            DEFAULT_PROGRAM_ID,
            bot=bot,
            payout_key=self.payout.pubkey(),
            winner=self.player.pubkey(),
            message_index=index,
            reward=SOL + index * FEE * 8 // 10,
            proof=bytes(32),
        )
        assert isinstance(await self.submit(settle, self.payout, TransactionKind.SETTLE), Landed)
        state = await self.client.account(bot, Commitment.FINALIZED)
        assert state is not None
        account = decode_bot(state.data)
        close = close_bot(
            DEFAULT_PROGRAM_ID,
            bot=bot,
            closer=self.payout.pubkey(),
            creator=account.creator,
            platform=account.platform,
            heir=account.heir,
            expected_message_count=index,
        )
        assert isinstance(await self.submit(close, self.payout, TransactionKind.CLOSE), Landed)


@pytest.fixture
async def stage(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Stage]:
    config = LocalnetConfig(
        tmp_path / "chain",
        rpc_port=0,
        slot_ms=20,
        finalized_after=4,
        programs={DEFAULT_PROGRAM_ID: program_path()},
    )
    endpoints: Endpoints = await nursery.start(serve, config)
    async with ChainClient(endpoints.rpc_url) as client:
        send, outcomes = trio.open_memory_channel[Outcome](100)
        submitter = Submitter(client, send.send, interval=0.05)
        nursery.start_soon(submitter.run)
        wallets = [Keypair() for _ in range(5)]
        for wallet in wallets:
            await client.airdrop(wallet.pubkey(), 10 * SOL)
        with trio.fail_after(10):
            while any(account is None for account in await client.accounts([w.pubkey() for w in wallets])):
                await trio.sleep(0.02)
        yield Stage(endpoints, client, submitter, outcomes, *wallets)


async def test_every_event_of_a_whole_life_comes_once_and_in_order(
    stage: Stage, nursery: trio.Nursery
) -> None:
    handler, bot_id = Handler(), uuid4()
    feed = Feed(stage.client, stage.endpoints.ws_url, DEFAULT_PROGRAM_ID, handler, poll_interval=0.2)
    feed.track(bot_id, bot_address(DEFAULT_PROGRAM_ID, stage.quote.pubkey(), bot_id), 0)
    nursery.start_soon(feed.run)
    bot = await stage.open_bot(bot_id)
    for _ in range(3):
        assert isinstance(await stage.pay(bot), Landed)
    await stage.settle_and_close(bot, 3)
    events = await handler.next(6)
    assert [type(event.event).__name__ for event in events] == [
        "BotCreated",
        "MessageFeeRecorded",
        "MessageFeeRecorded",
        "MessageFeeRecorded",
        "RewardSettled",
        "BotClosed",
    ]
    assert [event.event.event_seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert [e.event.message_index for e in events if isinstance(e.event, MessageFeeRecorded)] == [1, 2, 3]
    assert feed.status.tracked == 0


async def test_what_happened_while_the_subscription_was_down_is_made_up_for(
    stage: Stage, nursery: trio.Nursery, tcp_proxy: Any
) -> None:
    proxy = await tcp_proxy(stage.endpoints.ws_port)
    handler, bot_id = Handler(), uuid4()
    bot = await stage.open_bot(bot_id)
    feed = Feed(
        stage.client,
        f"ws://127.0.0.1:{proxy.port}",
        DEFAULT_PROGRAM_ID,
        handler,
        poll_interval=0.2,
        backoff_initial=0.05,
        backoff_maximum=0.2,
    )
    feed.track(bot_id, bot, 0)
    nursery.start_soon(feed.run)
    assert len(await handler.next(1)) == 1
    proxy.refuse = True
    await proxy.cut()
    for _ in range(3):
        await stage.pay(bot)
    assert [event.event.event_seq for event in await handler.next(3)] == [2, 3, 4]
    assert feed.status.contradictions == 0


async def test_a_feed_that_starts_late_reads_the_history(stage: Stage, nursery: trio.Nursery) -> None:
    bot_id = uuid4()
    bot = await stage.open_bot(bot_id)
    for _ in range(2):
        await stage.pay(bot)
    await stage.settle_and_close(bot, 2)
    handler = Handler()
    feed = Feed(stage.client, stage.endpoints.ws_url, DEFAULT_PROGRAM_ID, handler, poll_interval=0.2)
    feed.track(bot_id, bot, 1)
    nursery.start_soon(feed.run)
    assert [event.event.event_seq for event in await handler.next(4)] == [2, 3, 4, 5]


async def test_a_payment_that_the_program_refuses_has_failed_with_its_code(stage: Stage) -> None:
    bot = await stage.open_bot(uuid4())
    outcome = await stage.pay(bot, valid_for=-10)
    assert isinstance(outcome, Failed)
    assert outcome.error == "InstructionError(1): Custom 6002", "QuoteExpired"


async def test_a_payment_with_a_blockhash_that_never_was_expires(stage: Stage) -> None:
    bot = await stage.open_bot(uuid4())
    height = await stage.client.block_height(Commitment.FINALIZED)
    unknown = Blockhash((await stage.client.latest_blockhash()).hash.new_unique(), height + 5)
    assert isinstance(await stage.pay(bot, blockhash=unknown), Expired)
    state = await stage.client.account(bot)
    assert state is not None
    assert decode_bot(state.data).message_count == 0


@pytest.mark.parametrize(
    ("lamports", "code"),
    [
        (0, "funds_insufficient"),
        (9_999_999, "funds_insufficient"),
        (FEE - 1 + 10_000, "funds_insufficient"),
        (FEE + 10_000 + 1, "funds_below_rent"),
        (FEE + 10_000, None),
    ],
)
async def test_a_wallet_that_cannot_pay_is_told_so_by_the_chain(
    stage: Stage, lamports: int, code: str | None
) -> None:
    """Empty, without the amount, or left with less than a wallet may hold; with exactly the price it may pay."""
    bot = await stage.open_bot(uuid4())
    poor = Keypair()
    if lamports:
        await stage.client.airdrop(poor.pubkey(), lamports)
        with trio.fail_after(10):
            while not await stage.client.balance(poor.pubkey()):
                await trio.sleep(0.02)
    instruction = record_message_fee(
        DEFAULT_PROGRAM_ID,
        bot=bot,
        player=poor.pubkey(),
        quote_key=stage.quote.pubkey(),
        message_id=uuid4(),
        content_hash=bytes(32),
        amount=FEE,
        valid_until=int(time.time()) + 60,
    )
    signed = own_transaction(
        [instruction], poor, await stage.client.latest_blockhash(), cosigners=[stage.quote]
    )
    if code is None:
        await stage.client.send(signed.transaction)
        return
    with pytest.raises(TransactionRejected) as rejected:
        await stage.client.send(signed.transaction)
    assert explain(rejected.value.cause, DEFAULT_PROGRAM_ID, signed.transaction).code == code


async def test_what_else_the_chain_refuses_before_it_lands(stage: Stage) -> None:
    bot = await stage.open_bot(uuid4())

    async def refusal(
        payer: Keypair, *instructions: Instruction, known: bool = True, units: int = 60_000
    ) -> str:
        at = await stage.client.latest_blockhash()
        if not known:
            at = Blockhash(at.hash.new_unique(), at.last_valid_block_height)
        signers = [stage.quote, stage.player]
        signed = own_transaction(instructions, payer, at, cosigners=signers, unit_limit=units)
        with pytest.raises(TransactionRejected) as rejected:
            await stage.client.send(signed.transaction)
        return explain(rejected.value.cause, DEFAULT_PROGRAM_ID, signed.transaction).code

    def fee(amount: int) -> Instruction:
        return record_message_fee(
            DEFAULT_PROGRAM_ID,
            bot=bot,
            player=stage.player.pubkey(),
            quote_key=stage.quote.pubkey(),
            message_id=uuid4(),
            content_hash=bytes(32),
            amount=amount,
            valid_until=int(time.time()) + 60,
        )

    assert await refusal(stage.player, fee(FEE + 1)) == "program_refused"
    assert await refusal(stage.player, fee(FEE), units=300) == "compute_exceeded"
    assert await refusal(stage.player, Instruction(LIGHTHOUSE, b"", [])) == "program_missing"
    assert await refusal(stage.player, fee(FEE), known=False) == "transaction_expired"
    landed = own_transaction(
        [fee(FEE)], stage.player, await stage.client.latest_blockhash(), cosigners=[stage.quote]
    )
    await stage.client.send(landed.transaction)
    with trio.fail_after(10):
        while (await stage.client.transaction(landed.signature)) is None:  # until it is confirmed
            await trio.sleep(0.02)
    with pytest.raises(TransactionRejected) as again:
        await stage.client.send(landed.transaction)
    assert explain(again.value.cause, DEFAULT_PROGRAM_ID, landed.transaction).code == "transaction_spent"


async def test_a_payment_after_the_end_of_its_bot_says_that_it_is_over(stage: Stage) -> None:
    bot = await stage.open_bot(uuid4())
    assert isinstance(await stage.pay(bot), Landed)
    await stage.settle_and_close(bot, 1)
    outcome = await stage.pay(bot)
    assert isinstance(outcome, Failed)
    transaction = outcome.outgoing.transaction
    assert explain(outcome.cause, DEFAULT_PROGRAM_ID, transaction).code == "bot_not_live"


async def test_a_payment_of_an_empty_wallet_lands_nowhere_and_is_known_for_it(stage: Stage) -> None:
    bot = await stage.open_bot(uuid4())
    stage.player = Keypair()
    outcome = await stage.pay(bot)
    assert outcome == Expired(outcome.outgoing, "AccountNotFound")
    found = explain_expiry(outcome.cause, DEFAULT_PROGRAM_ID, outcome.outgoing.transaction)
    assert found.code == "funds_insufficient"
