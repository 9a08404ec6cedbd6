"""A bot: the one owner of a puzzle's messages, verdicts and log.

It accepts payments, hears from the feed what landed, lets its brain judge paid messages in the order of the chain, and
publishes what came of it. Every handler follows the same line: decide, commit, then tell. Whatever fails on the way
crashes the actor, and the supervisor starts it again from its rows, which are as if the message had never come.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from solders.pubkey import Pubkey

from actors import Actor, ActorStopped, MailboxFull, Timer
from arena.brains import Verdict
from arena.chain.client import Commitment
from arena.chain.events import BotClosed, BotCreated, MessageFeeRefunded, RewardSettled
from arena.chain.feed import ChainEvent
from arena.chain.submitter import (
    Landed,
    Outcome,
    TransactionKind,
)
from arena.crashpoints import crash_point
from arena.game import (
    adoption,
    chain_facts,
    closing,
    ending,
    opening,
    payments,
    rollback,
    terms,
    verdicts,
)
from arena.game.bot_changes import SNAPSHOT_KIND, BotChanges, mirror_of
from arena.game.bot_publishing import BotPublishing
from arena.game.chain_facts import PaidMessage
from arena.game.finality import Finality
from arena.game.frames import SettlementFrame
from arena.game.judging import Judging
from arena.game.messages import (
    AcceptPayment,
    Advance,
    BotMessage,
    BrainAnswered,
    ChainEventSeen,
    ChangeCredentials,
    CloseUnplayed,
    FinalityLearnt,
    GoOn,
    Offer,
    OpenBot,
    PaymentState,
    PriceMessage,
    ShowReply,
    SubscribeBot,
    TransactionEnded,
    Wake,
)
from arena.game.outages import outages_are_refusals
from arena.game.refusals import (
    bot_ends_soon,
    bot_not_halted,
    bot_not_live,
    bot_played,
    brain_unavailable,
    keys_rotating,
    too_many_payments,
)
from arena.game.services import Services
from arena.game.submission import Submission
from arena.game.thinker import Thinker
from arena.game.thinking import Unjudged
from arena.problems import Problem, not_found, unavailable
from arena.store import bots, chain_events, messages, solutions, transactions, under_way
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus, NewMessage
from arena.store.transactions import TransactionStatus
from persistence import ChangeRejected, WriteConflict

log = structlog.get_logger(__name__)

MAX_UNJUDGED = 1024
"""Paid messages of one bot that may wait for their verdicts; while there are more, further ones are refused."""
MAX_PAYING_PER_SESSION = 4
CLOCK_INTERVAL = 30.0
LOBBY_PAUSE = 2.0
"""Seconds until a lobby whose mailbox was full is told again."""


class BotActor(Actor[BotMessage]):
    """One bot, from its draft to its closing."""

    mailbox_capacity = 512
    refusals = (Problem,)

    def __init__(self, services: Services, bot_id: UUID) -> None:
        self._services = services
        self._id = bot_id
        self._bot: bots.Bot | None = None
        self._paying: dict[str, NewMessage] = {}
        """Messages whose fee is under way, by the signature of its transaction."""
        self._adopts_up_to = 0
        """The `event_seq` up to which operators let the bot take the chain's word for what no row knows."""
        self._judging = Judging()
        self._publishing = BotPublishing(services)
        self._clock: Timer | None = None

    # -- life

    async def started(self) -> None:
        services = self._services
        self.context.on_end(self._publishing.close)
        self.context.on_end(partial(self._services.offers.take_in, self._id))
        # the version first: what another activation writes after it makes this one lose
        snapshot = await services.snapshots.load(SNAPSHOT_KIND, str(self._id))
        self._version = snapshot.version if snapshot is not None else 0
        self._bot = bot = await bots.get(services.database, self._id)
        if bot is None:
            return
        self._mirror = mirror_of(bot)
        self._thinker = Thinker(services, self.context, bot, self._judging, self._publishing.publish)
        self._submission = Submission(services, self.context)
        self._payable_since = time.time()
        await self._take_up()

    async def _take_up(self) -> None:
        """Go on with what was under way: payments, verdicts, the settlement."""
        database = self._services.database
        left = await under_way.of_bot(database, self._id)
        self._last_paid_at = left.last_paid_at
        self._learn_keys(left.keys)
        if left.paid:
            for message in await messages.all_unjudged(database, self._id):
                self._judging.add(PaidMessage.of(message))
        if left.sent:
            await self._take_up_sent()
        if self._mirror.status not in (BotStatus.DRAFT, BotStatus.CLOSED):
            self._track()
        if self._mirror.status not in (BotStatus.DRAFT, BotStatus.OPENING):
            self._tell_lobby()  # an earlier start may have ended before it did
        ended = self._mirror.status in (BotStatus.SOLVED, BotStatus.EXPIRED)
        owes = (left.paid or left.refunding) and await messages.refunds_due(database, self._id, limit=1)
        if ended or owes:
            self._advance_settlement()
        self._think_on()
        self._watch_clock()

    async def _take_up_sent(self) -> None:
        """Transactions that may still land, and the messages that they pay."""
        database = self._services.database
        paying = {message.id: message for message in await messages.all_paying(database, self._id)}
        for row in await transactions.pending(database, self._id):
            if row.kind == TransactionKind.FEE and row.message_id in paying:
                self._paying[row.signature] = paying[row.message_id]
            if row.kind in (TransactionKind.CREATE, TransactionKind.FEE):
                self._submission.submit(terms.outgoing(row))

    def describe(self) -> Mapping[str, object]:
        if self._bot is None:
            return {}
        mirror = self._mirror
        return {
            "name": self._bot.name,
            "status": mirror.status.value,
            "pot": mirror.pot,
            "message_count": mirror.message_count,
            "event_seq": mirror.event_seq,
            "judged_count": mirror.judged_count,
            "keys_are_ours": self._keys_are_ours,
            "paying": len(self._paying),
            **self._judging.describe(),
            "sessions": self._publishing.sessions,
        }

    async def receive(self, message: BotMessage) -> Any:
        if self._bot is None:
            self.context.stop()
            raise not_found("bot")
        with outages_are_refusals:
            return await self._handle(self._bot, message)

    async def _handle(self, bot: bots.Bot, message: BotMessage) -> Any:
        match message:
            case ChainEventSeen(event):
                return await self._record(bot, event)
            case AcceptPayment():
                return await self._accept(bot, message)
            case PriceMessage():
                return self._price(bot)
            case FinalityLearnt(finality):
                return await self._learn_finality(bot, finality)
            case BrainAnswered():
                self._thinker.answered(message)
                return await self._judge_what_is_ready(bot)
            case ShowReply():
                return self._thinker.show()
            case TransactionEnded(outcome):
                return await self._transaction_ended(outcome)
            case SubscribeBot(session_id):
                return self._publishing.subscribe(session_id)
            case OpenBot(creator, transaction):
                return await self._open(bot, creator, transaction)
            case CloseUnplayed(creator, transaction):
                return await self._close_unplayed(bot, creator, transaction)
            case ChangeCredentials(credentials):
                return await self._change_credentials(bot, credentials)
            case GoOn(adopts_up_to):
                return await self._go_on(adopts_up_to)
            case Wake():
                return await self._look_at_clock(bot)

    # -- opening

    async def _open(self, bot: bots.Bot, creator: str, transaction: bytes) -> str:
        if self._mirror.status is not BotStatus.DRAFT:
            return await self._creation_signature()
        self._services.winding_down.refuse()
        outgoing = await opening.checked_creation(self._services, bot, creator, transaction)
        changes = BotChanges(self._mirror)
        changes.write(
            transactions.send(terms.new_transaction(outgoing, payer=creator, amount=bot.initial_pot))
        )
        changes.set(status=BotStatus.OPENING)
        await self._commit(changes)
        crash_point("creation_committed")
        self._track()
        self._submission.submit(outgoing)
        return outgoing.signature

    async def _creation_signature(self) -> str:
        """Opening twice is opening once."""
        [creation] = await transactions.of_bot(
            self._services.database, self._id, kind=TransactionKind.CREATE, limit=1
        )
        return creation.signature

    # -- closing before its time

    async def _close_unplayed(self, bot: bots.Bot, creator: str, transaction: bytes) -> str:
        """End the bot as if it were expired; its settlement brings the closing to its end."""
        under_way = await transactions.pending(self._services.database, self._id, kind=TransactionKind.CLOSE)
        if under_way:
            return under_way[0].signature  # closing twice is closing once
        if self._mirror.status not in (BotStatus.OPEN, BotStatus.EXPIRED):
            raise bot_not_live(self._mirror.status)
        if self._mirror.message_count or self._paying:
            raise bot_played()
        if not self._keys_are_ours:
            raise keys_rotating()
        outgoing = await closing.checked_closing(self._services, bot, creator, transaction)
        changes = BotChanges(self._mirror)
        changes.write(transactions.send(terms.new_transaction(outgoing, payer=creator, amount=0)))
        if self._mirror.status is BotStatus.OPEN:
            self._end_unsolved(bot, changes)
        await self._commit(changes)
        crash_point("closing_committed")
        self._advance_settlement()
        return outgoing.signature

    # -- credentials

    async def _change_credentials(self, bot: bots.Bot, credentials: bytes) -> None:
        """What is being thought about goes on with the old ones."""
        changes = BotChanges(self._mirror)
        changes.write(bots.change_credentials(bot.id, credentials))
        await self._commit(changes)
        self._bot = replace(bot, credentials=credentials)
        self._thinker.use_brain_of(self._bot)
        self._hang_out_offer()

    def _track(self) -> None:
        assert self._bot is not None
        self._services.feed.track(self._id, Pubkey.from_string(self._bot.address), self._mirror.event_seq)

    # -- paying

    def _price(self, bot: bots.Bot) -> Offer:
        self._refuse_unless_live(bot)
        return self._offer(bot)

    def _hang_out_offer(self) -> None:
        """Whoever wants a quote reads it, unless a look at the brain or the status is needed: then the bot is asked."""
        assert self._bot is not None
        if self._mirror.status is BotStatus.OPEN and self._keys_are_ours and not self._thinker.is_limited:
            self._services.offers.hang_out(self._id, self._offer(self._bot))
        else:
            self._services.offers.take_in(self._id)

    def _offer(self, bot: bots.Bot) -> Offer:
        return Offer(
            bot=bot.address,
            quote_key=str(self._services.keys.quote_pubkey),
            amount=self._mirror.next_price,
            closes_at=int(bot.closes_at.timestamp()),
        )

    def _refuse_unless_live(self, bot: bots.Bot) -> None:
        self._services.winding_down.refuse()
        if self._mirror.status is not BotStatus.OPEN:
            raise bot_not_live(self._mirror.status)
        if time.time() >= bot.closes_at.timestamp():
            raise bot_ends_soon()
        if not self._keys_are_ours:
            raise keys_rotating()
        if reason := self._thinker.unavailable():
            raise brain_unavailable(reason)

    def _learn_keys(self, keys: chain_events.Keys | None) -> None:
        """A bot that answers to other keys than ours can neither be paid nor pay: it waits for its rotation."""
        ours = self._services.keys
        self._keys_are_ours = keys is None or keys == chain_events.Keys(
            str(ours.quote_pubkey), str(ours.payout_pubkey)
        )
        if not self._keys_are_ours and self._mirror.status is not BotStatus.CLOSED:
            log.warning("bot_keys_foreign", bot_id=str(self._id), keys=keys)
        self._hang_out_offer()

    async def _accept(self, bot: bots.Bot, payment: AcceptPayment) -> PaymentState:
        """Commit a payment, then send it. One that was accepted before is not accepted again, and is told how far it
        is: nearly always it is new, so that is asked only when something stands against it.
        """
        try:
            self._refuse_payment(bot, payment)
            outgoing = payments.cosigned(self._services, payment)
            changes = BotChanges(self._mirror)
            payments.accepted(changes, payment.message, outgoing, again=payment.again)
            await self._commit(changes)
        except (Problem, ChangeRejected, WriteConflict):
            known = await messages.by_client_id(
                self._services.database, payment.message.session_id, payment.message.client_id
            )
            if known is None or known.status is MessageStatus.DEAD:
                raise
            return PaymentState(known.client_id, known.status)
        self._paying[outgoing.signature] = payment.message
        self._services.traffic.payment_accepted(payment.message.id)
        crash_point("payment_committed")
        self._submission.submit(outgoing)
        crash_point("payment_submitted")
        return PaymentState(payment.message.client_id, MessageStatus.PAYING)

    def _refuse_payment(self, bot: bots.Bot, payment: AcceptPayment) -> None:
        self._refuse_unless_live(bot)
        mine = sum(message.session_id == payment.message.session_id for message in self._paying.values())
        if mine >= MAX_PAYING_PER_SESSION:
            raise too_many_payments("session")
        # only what was paid counts here: whoever wants to keep others out has to pay for it
        if len(self._judging) >= MAX_UNJUDGED:
            raise too_many_payments("bot")
        if not self._services.submitter.has_room_for_payments:
            raise too_many_payments("arena")

    async def _transaction_ended(self, outcome: Outcome) -> None:
        """A creation or a payment that did not land; one that did is told of by its event, with the books."""
        if isinstance(outcome, Landed):
            return
        outgoing = outcome.outgoing
        row = await transactions.get(self._services.database, outgoing.signature)
        if row is None or row.status is not TransactionStatus.PENDING:
            return  # told before, and committed: by now another transaction may be in its place
        message = self._paying.get(outgoing.signature)
        opening_failed = outgoing.kind is TransactionKind.CREATE and self._mirror.status is BotStatus.OPENING
        if message is None and not opening_failed:
            return
        changes = BotChanges(self._mirror)
        payments.ended(self._services, changes, outcome, message)
        if message is None:
            changes.set(status=BotStatus.DRAFT)
        await self._commit(changes)
        if message is not None:
            del self._paying[outgoing.signature]
        else:
            self._services.feed.untrack(self._id)

    # -- what the chain says

    async def _record(self, bot: bots.Bot, seen: ChainEvent) -> None:
        if seen.event.event_seq <= self._mirror.event_seq:
            return  # handled already, and told again after a restart
        if self._mirror.status is BotStatus.HALTED:
            return  # it is on the chain, and is told again when operators let the bot go on
        if seen.event.event_seq > self._mirror.event_seq + 1:
            log.error("event_ahead_of_its_turn", bot_id=str(self._id), event_seq=seen.event.event_seq)
            self._track()  # once more, from what is known
            return
        crash_point("event_received")
        changes, fact = await self._meaning(bot, seen)
        await self._commit(changes)
        keys = chain_facts.keys_of(seen.event)
        if keys is not None and not isinstance(fact, chain_facts.Unknown):
            self._learn_keys(keys)
        self._services.finality.wake()
        crash_point("event_committed")
        match fact:
            case chain_facts.Paid(paid, verdict):
                self._paying.pop(seen.signature, None)
                self._last_paid_at = time.time()
                self._services.traffic.message_paid(paid.message.id, is_judged=True)
                if verdict is None:
                    self._judging.add(paid)
                else:
                    self._judged(paid, verdict)
            case chain_facts.PaidTooLate(paid):
                self._paying.pop(seen.signature, None)
                self._services.traffic.message_paid(paid.message.id, is_judged=False)
                self._advance_settlement()
            case adoption.Overtaken():
                await self._start_over()
            case chain_facts.Unknown():
                log.critical(
                    "bot_halted",
                    bot_id=str(self._id),
                    signature=seen.signature,
                    event_seq=seen.event.event_seq,
                )
            case chain_facts.Moved():
                self._advance_settlement()
            case None:
                if isinstance(seen.event, BotCreated):
                    self._last_paid_at = time.time()
                self._watch_clock()
        await self._judge_what_is_ready(bot)

    async def _meaning(
        self, bot: bots.Bot, seen: ChainEvent
    ) -> tuple[BotChanges, chain_facts.Fact | adoption.Overtaken]:
        """What the event changes and what is left to do: by our rows, or else by what operators have decided."""
        adopts = seen.event.event_seq <= self._adopts_up_to
        changes = BotChanges(self._mirror)
        fact: chain_facts.Fact | adoption.Overtaken = await self._fact(changes, bot, seen)
        if isinstance(fact, chain_facts.Unknown) and adopts:
            changes = BotChanges(self._mirror)
            fact = await adoption.adopt(self._services, changes, bot, seen, list(self._judging))
        if isinstance(fact, chain_facts.Unknown):
            await self._refuse_unless_final(seen)
            changes = BotChanges(self._mirror)
            chain_facts.halt(changes, seen)
        elif adopts:
            await adoption.missing_transaction(self._services, changes, bot, seen)
        return changes, fact

    async def _refuse_unless_final(self, seen: ChainEvent) -> None:
        """An event that makes no sense may belong to another branch of the chain than what we know.

        It comes again until it and all that we know are final, or one of both was taken back.
        """
        if await chain_events.unfinal(self._services.database, self._id, limit=1):
            self._services.finality.wake()
            raise unavailable(
                "chain", "An event does not follow from the last ones, which are not final yet."
            )
        [status] = await self._services.client.statuses([seen.signature], search_history=True)
        if status is None or status.confirmation is not Commitment.FINALIZED:
            raise unavailable("chain", "An event makes no sense, and is not final yet.")

    async def _fact(self, changes: BotChanges, bot: bots.Bot, seen: ChainEvent) -> chain_facts.Fact:
        database = self._services.database
        refunding, solution = None, None
        match seen.event:
            case MessageFeeRefunded(message_index=index):
                refunding = await messages.by_index(database, self._id, index)
            case RewardSettled() | BotClosed():
                solution = await solutions.get(database, self._id)
        fact = chain_facts.apply(
            changes,
            bot,
            seen,
            paying=self._paying,
            reveal=partial(terms.reveal, self._services.secretbox, bot),
            judge=self._unsolved_at_once,
            refunding=refunding,
            solution=solution,
        )
        if isinstance(fact, chain_facts.Paid) and fact.verdict is not None:
            verdicts.tell(changes, fact.paid, fact.verdict)
        return fact

    # -- whether the chain stands by it

    async def _learn_finality(self, bot: bots.Bot, found: Finality) -> None:
        if found.final_up_to is not None:
            changes = BotChanges(self._mirror)
            changes.write(chain_events.final_up_to(self._id, found.final_up_to))
            await self._commit(changes)
        if found.taken_back_from is not None:
            await self._roll_back(bot, found.taken_back_from)

    async def _roll_back(self, bot: bots.Bot, event_seq: int) -> None:
        """The chain took back this event and all after it: start again from the one before."""
        database = self._services.database
        if event_seq > self._mirror.event_seq:
            return  # undone already
        last = await chain_events.get(database, self._id, event_seq - 1)
        undone = await messages.after_index(database, self._id, last.message_count if last else 0)
        log.error("chain_rolled_back", bot_id=str(self._id), event_seq=event_seq, messages=len(undone))
        changes = BotChanges(self._mirror)
        rollback.undo(
            changes, bot, last=last, undone=undone, solution=await solutions.get(database, self._id)
        )
        crash_point("rollback_planned")
        await self._commit(changes)
        crash_point("rollback_committed")
        await self._start_over()

    async def _start_over(self) -> None:
        """Go on from the rows, as after a restart."""
        self._thinker.stop()
        self._paying.clear()
        await self._take_up()

    # -- operators' decisions

    async def _go_on(self, adopts_up_to: int) -> None:
        """Operators have decided: what the chain says up to this event is taken for true, whatever the rows say."""
        if self._mirror.status is not BotStatus.HALTED:
            raise bot_not_halted()
        changes = BotChanges(self._mirror)
        changes.set(status=adoption.status_of(await solutions.get(self._services.database, self._id)))
        changes.emit(SettlementFrame, status="resumed")
        await self._commit(changes)
        self._adopts_up_to = adopts_up_to
        log.warning("bot_goes_on", bot_id=str(self._id), adopts_up_to=adopts_up_to)
        await self._start_over()

    # -- judging

    @property
    def _judges(self) -> bool:
        """Whether verdicts are given now: not while the chain may still tell of lost ones."""
        return self._mirror.status is BotStatus.OPEN and self._mirror.event_seq >= self._adopts_up_to

    def _think_on(self) -> None:
        if self._judges:
            self._thinker.go_on()

    def _unsolved_at_once(self, paid: PaidMessage) -> Verdict | None:
        """The verdict on the message that the chain tells of now, to be committed with it: if it is its turn, the brain
        need not think, and the bot is not solved: a reward is counted from what is committed.
        """
        if self._judging or not self._judges:
            return None
        verdict = self._thinker.at_once(paid)
        return None if verdict is None or verdict.solved else verdict

    async def _judge_what_is_ready(self, bot: bots.Bot) -> None:
        while self._judges and (ready := self._ready()) is not None:
            await self._judge(bot, *ready)
        self._think_on()

    def _ready(self) -> tuple[PaidMessage, Verdict | Unjudged] | None:
        """The message whose turn it is, if its verdict is there or needs no thought."""
        if (paid := self._judging.unthought()) is None:
            return self._judging.ready()
        verdict = self._thinker.at_once(paid)
        return None if verdict is None else (paid, verdict)

    async def _judge(self, bot: bots.Bot, paid: PaidMessage, verdict: Verdict | Unjudged) -> None:
        assert paid.index == self._mirror.judged_count + 1, "verdicts follow the order of the chain"
        changes = BotChanges(self._mirror)
        await verdicts.give(self._services, changes, bot, paid, verdict, list(self._judging)[1:])
        crash_point("verdict_reached")
        await self._commit(changes)
        crash_point("verdict_committed")
        self._judging.done()
        if isinstance(verdict, Verdict):
            self._judged(paid, verdict)
        solved = isinstance(verdict, Verdict) and verdict.solved
        if solved:
            self._thinker.stop()  # of the late ones: their fees go back
        if solved or isinstance(verdict, Unjudged):
            self._advance_settlement()

    def _judged(self, paid: PaidMessage, verdict: Verdict) -> None:
        self._thinker.judged(paid, verdict)
        self._services.traffic.message_judged(paid.message.id)

    def _advance_settlement(self) -> None:
        try:
            self._services.settlement(self._id).tell(Advance())
        except (MailboxFull, ActorStopped) as error:
            # it looks by itself when it starts, and again and again while anything is owed
            log.info("settlement_not_told", bot_id=str(self._id), reason=str(error))

    # -- the clock

    def _watch_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if self._mirror.status is BotStatus.OPEN:
            self._clock = self.context.send_later(CLOCK_INTERVAL, Wake())

    async def _look_at_clock(self, bot: bots.Bot) -> None:
        """A bot ends when its terms say so, once nothing is being paid and everything paid is judged."""
        self._watch_clock()
        if self._publishing.lobby_is_behind:
            self._tell_lobby()
        now = time.time()
        if not self._services.feed.is_recent(now) or self._thinker.unavailable():
            self._payable_since = now  # without the chain, or without a brain, nobody could have paid
        over = ending.is_over(
            bot,
            message_count=self._mirror.message_count,
            last_paid_at=self._last_paid_at,
            payable_since=self._payable_since,
            now=now,
        )
        if self._mirror.status is not BotStatus.OPEN or not over or self._paying or self._judging:
            return
        changes = BotChanges(self._mirror)
        self._end_unsolved(bot, changes)
        await self._commit(changes)
        self._advance_settlement()

    def _end_unsolved(self, bot: bots.Bot, changes: BotChanges) -> None:
        chain_facts.unsolved(changes, bot, terms.reveal(self._services.secretbox, bot))

    # -- committing and publishing

    async def _commit(self, changes: BotChanges) -> None:
        await self._services.journal.commit(changes.change(self._version))
        self._version += 1
        before, self._mirror = self._mirror, changes.mirror
        turned = self._mirror.status is not before.status
        moved = (self._mirror.pot, self._mirror.message_count) != (before.pot, before.message_count)
        if turned:
            self._watch_clock()
        if turned or moved:
            self._hang_out_offer()
        self._publishing.publish(*changes.published)
        if changes.published and (turned or moved):
            self._tell_lobby()

    def _tell_lobby(self) -> None:
        assert self._bot is not None
        if not self._publishing.tell_lobby(self._bot, self._mirror):
            self.context.send_later(LOBBY_PAUSE, Wake())
