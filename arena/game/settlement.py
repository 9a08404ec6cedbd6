"""A settlement: brings one bot's money to where it belongs, and does not rest before.

Each step is one transaction of ours. It is committed before it is sent, watched until it is final, and only then is the
next one planned, from the finalized account and the rows. What the steps did comes back as program events to the bot,
whose facts they are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, assert_never
from uuid import UUID

import structlog
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from actors import Actor, ActorStopped, MailboxFull, Timer
from arena.chain.accounts import AccountMalformed, BotAccount, decode_bot
from arena.chain.client import ChainUnavailable, Commitment
from arena.chain.instructions import close_bot, refund_message_fee, settle_reward
from arena.chain.own_transactions import own_transaction
from arena.chain.submitter import (
    Expired,
    Failed,
    Landed,
    Outcome,
    Outgoing,
    SubmitterFull,
    TransactionKind,
)
from arena.crashpoints import crash_point
from arena.game import settlement_plan as plan
from arena.game import terms
from arena.game.messages import Advance, RewardFinal, SettlementMessage, TransactionEnded
from arena.game.services import Services
from arena.store import bots, chain_events, messages, solutions, transactions
from arena.store.bots import BotStatus
from arena.store.solutions import SolutionStatus
from persistence import Change, DatabaseUnavailable, Write

log = structlog.get_logger(__name__)

FAILURE_PAUSE = 2.0
"""Seconds after the first failure of a step; each further one in a row doubles it."""
FAILURE_PAUSE_MAX = 300.0

_KINDS = (TransactionKind.SETTLE, TransactionKind.REFUND, TransactionKind.CLOSE)


class SettlementActor(Actor[SettlementMessage]):
    """The settlement of the bot `bot_id`: idle while the bot owes nothing, stopped when its account is gone."""

    mailbox_capacity = 64

    def __init__(self, services: Services, bot_id: UUID) -> None:
        self._services = services
        self._id = bot_id
        self._bot: bots.Bot | None = None
        self._pending: Outgoing | None = None
        self._timer: Timer | None = None
        self._account: BotAccount | None = None
        self._waiting_for = ""
        self._failures = 0
        """Steps in a row that landed with an error. Each has cost the network's fee."""

    async def started(self) -> None:
        database = self._services.database
        self._bot = await bots.get(database, self._id)
        if self._bot is None:
            return
        self._pending = await self._under_way()
        self._again(0)

    async def _under_way(self) -> Outgoing | None:
        """The step that is committed and not known to be final."""
        rows = await transactions.pending(self._services.database, self._id)
        steps = [terms.outgoing(row) for row in rows if row.kind in _KINDS]
        assert len(steps) <= 1, "one step at a time"
        return steps[0] if steps else None

    def describe(self) -> Mapping[str, object]:
        return {
            "pending": self._pending.kind if self._pending else None,
            "transaction": self._pending.signature if self._pending else None,
            "waiting_for": self._waiting_for,
        }

    async def receive(self, message: SettlementMessage) -> Any:
        if self._bot is None:
            self.context.stop()
            return
        match message:
            case Advance():
                await self._advance(self._bot)
            case TransactionEnded(outcome):
                await self._ended(outcome)

    async def _advance(self, bot: bots.Bot) -> None:
        if self._timer is not None:
            # this is the look that it was to bring; one more in the mailbox would start anew what is to stop
            self._timer.cancel()
        try:
            if self._pending is None:
                # the creator's closing of an unplayed bot is committed by the bot
                self._pending = await self._under_way()
            if self._pending is not None:
                self._submit(self._pending)
                return
            step = await self._plan(bot)
            log.debug("settlement_step", bot_id=str(self._id), step=step)
            match step:
                case plan.Wait(why):
                    self._waiting_for = why
                    self._again(self._services.settings.arena_settlement_interval)
                case plan.Idle():
                    self.context.stop()
                case plan.Done():
                    await self._done()
                case plan.Refund() | plan.Settle() | plan.Close():
                    self._waiting_for = ""
                    await self._send(bot, step)
                case _:
                    assert_never(step)
        except (ChainUnavailable, DatabaseUnavailable, AccountMalformed) as error:
            # an account of our program that is no bot: the node is wrong, or knows a newer program than we do
            self._waiting_for = str(error)
            self._again(self._services.settings.arena_settlement_interval)

    async def _done(self) -> None:
        """The account is gone. If it was not we who closed it, write down who did."""
        database = self._services.database
        solution = await solutions.get(database, self._id)
        if solution is None or solution.close_signature is not None:
            self.context.stop()
            return
        closing = await chain_events.closing(database, self._id)
        if closing is None:
            self._waiting_for = "the closing is not known to be final yet"
            self._again(self._services.settings.arena_settlement_interval)
            return
        unpaid = solution.status is SolutionStatus.SOLVED
        await self._commit((solutions.abandoned if unpaid else solutions.closed)(self._id, closing))
        self.context.stop()

    async def _plan(self, bot: bots.Bot) -> plan.Step:
        database, client = self._services.database, self._services.client
        current = await bots.get(database, self._id)
        assert current is not None
        if current.status in (BotStatus.DRAFT, BotStatus.OPENING, BotStatus.HALTED):
            return plan.Idle()
        state = await client.account(Pubkey.from_string(bot.address), Commitment.FINALIZED)
        if state is not None and state.owner != self._services.program_id:
            state = None  # the account is gone; anyone can send money to where it was
        if state is None and current.status is not BotStatus.CLOSED:
            return plan.Wait("the account is not final yet, or its end has not been seen")
        self._account = account = decode_bot(state.data) if state is not None else None
        if account is not None and account.payout_key != self._services.keys.payout_pubkey:
            return plan.Wait("the bot answers to another payout key than ours: rotate its keys")
        solution = await solutions.get(database, self._id)
        step = plan.next_step(
            account,
            solution=_solution(solution),
            ended=current.status is BotStatus.EXPIRED,
            refunds=[
                plan.RefundDue(row.id, row.message_index or 0, row.wallet, row.amount)
                # after what the chain has paid back already, which the rows may learn much later
                for row in await messages.refunds_due(
                    database, self._id, after_index=account.refund_cursor if account else 0
                )
            ],
            accounted=current.judged_count,
            now=time.time(),
        )
        moves_money = isinstance(step, plan.Refund | plan.Settle | plan.Close)
        if (
            moves_money
            and account is not None
            and account.event_seq > await chain_events.final_seq(database, self._id)
        ):
            return plan.Wait("what the chain has finalized is not known to be what our books say")
        return step

    async def _send(self, bot: bots.Bot, step: plan.Refund | plan.Settle | plan.Close) -> None:
        """Commit the step's transaction, then send it."""
        services = self._services
        blockhash = await services.client.latest_blockhash()
        instruction, kind, amount, message_id = self._instruction(bot, step)
        signed = own_transaction(
            [instruction],
            services.keys.payout,
            blockhash,
            unit_price=services.settings.arena_priority_fee,
        )
        outgoing = Outgoing(
            signed.signature,
            signed.transaction,
            blockhash.last_valid_block_height,
            kind,
            self._id,
            message_id,
        )
        payer = str(services.keys.payout_pubkey)
        crash_point(f"{kind}_planned")
        await self._commit(transactions.send(terms.new_transaction(outgoing, payer=payer, amount=amount)))
        self._pending = outgoing
        crash_point(f"{kind}_committed")
        self._submit(outgoing)
        crash_point(f"{kind}_submitted")

    def _submit(self, outgoing: Outgoing) -> None:
        try:
            self._services.submitter.submit(outgoing)
        except SubmitterFull as error:
            self._waiting_for = str(error)
            self._again(self._services.settings.arena_settlement_interval)

    def _instruction(
        self, bot: bots.Bot, step: plan.Refund | plan.Settle | plan.Close
    ) -> tuple[Instruction, TransactionKind, int, UUID | None]:
        program_id, payout = self._services.program_id, self._services.keys.payout_pubkey
        address = Pubkey.from_string(bot.address)
        match step:
            case plan.Refund(due):
                instruction = refund_message_fee(
                    program_id,
                    bot=address,
                    payout_key=payout,
                    player=Pubkey.from_string(due.player),
                    message_index=due.message_index,
                    amount=due.amount,
                )
                return instruction, TransactionKind.REFUND, due.amount, due.message_id
            case plan.Settle(solution):
                instruction = settle_reward(
                    program_id,
                    bot=address,
                    payout_key=payout,
                    winner=Pubkey.from_string(solution.winner),
                    message_index=solution.message_index,
                    reward=solution.reward,
                    proof=solution.proof,
                )
                return instruction, TransactionKind.SETTLE, solution.reward, None
            case plan.Close(expected):
                assert self._account is not None
                instruction = close_bot(
                    program_id,
                    bot=address,
                    closer=payout,
                    creator=self._account.creator,
                    platform=self._account.platform,
                    heir=self._account.heir,
                    expected_message_count=expected,
                )
                return instruction, TransactionKind.CLOSE, 0, None

    async def _ended(self, outcome: Outcome) -> None:
        """A step's transaction is final. Whatever it came to, the chain is asked again what is next."""
        outgoing = outcome.outgoing
        if self._pending is None or self._pending.signature != outgoing.signature:
            return  # told before, and committed
        pause = 0.0
        match outcome:
            case Landed(slot=slot):
                self._failures = 0
                await self._commit(
                    transactions.landed(outgoing.signature, slot=slot), *self._progress(outgoing)
                )
            case Failed(slot=slot, error=error):
                log.warning("settlement_step_failed", bot_id=str(self._id), kind=outgoing.kind, error=error)
                await self._commit(transactions.failed(outgoing.signature, slot=slot, error=error))
                pause = min(FAILURE_PAUSE * 2**self._failures, FAILURE_PAUSE_MAX)
                self._failures += 1
                self._waiting_for = f"the last step failed: {error}"
            case Expired():
                log.warning("settlement_step_expired", bot_id=str(self._id), kind=outgoing.kind)
                await self._commit(transactions.expired(outgoing.signature))
        crash_point(f"{outgoing.kind}_ended")
        if isinstance(outcome, Landed) and outgoing.kind is TransactionKind.SETTLE:
            self._tell_lobby()
        self._pending = None
        self._again(pause)

    def _progress(self, landed: Outgoing) -> list[Write]:
        match landed.kind:
            case TransactionKind.SETTLE:
                return [solutions.settled(self._id, landed.signature)]
            case TransactionKind.CLOSE:
                return [solutions.closed(self._id, landed.signature)]
            case _:
                return []

    def _tell_lobby(self) -> None:
        try:
            self._services.lobby.tell(RewardFinal())
        except (MailboxFull, ActorStopped) as error:
            # leaderboards are read again after a while in any case
            log.info("lobby_not_told", bot_id=str(self._id), reason=str(error))

    async def _commit(self, *writes: Write) -> None:
        await self._services.journal.commit(Change(writes=writes))

    def _again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.context.send_later(seconds, Advance())


def _solution(row: solutions.Solution | None) -> plan.Solution | None:
    if row is None or row.message_index is None or row.winner is None:
        return None
    return plan.Solution(row.message_index, row.winner, row.reward, row.proof)
