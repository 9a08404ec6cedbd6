"""A bot: the one owner of a puzzle's messages, verdicts and log.

It accepts payments, hears from the feed what landed, lets its brain judge paid messages in the order of the chain, and
publishes what came of it. Every handler follows the same line: decide, commit, then tell. Whatever fails on the way
crashes the actor, and the supervisor starts it again from its rows, which are as if the message had never come.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
import trio
from solders.pubkey import Pubkey

from actors import Actor, ActorStopped, MailboxFull, Publisher, Subscription, Timer
from arena.brains import Turn, Verdict
from arena.chain.client import ChainUnavailable, Commitment
from arena.chain.events import BotCreated, MessageFeeRefunded, RewardSettled
from arena.chain.feed import ChainEvent
from arena.chain.payment import cosign
from arena.chain.reasons import explain, explain_expiry
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
from arena.game import chain_facts, closing, ending, finality, opening, rollback, terms
from arena.game.bot_changes import SNAPSHOT_KIND, BotChanges, mirror_of
from arena.game.chain_facts import PaidMessage
from arena.game.frames import PaymentFrame, ReplyDelta, ReplyFrame, SettlementFrame
from arena.game.judging import Judging
from arena.game.messages import (
    AcceptPayment,
    Advance,
    BotChanged,
    BotMessage,
    BrainAnswered,
    ChainEventSeen,
    CloseUnplayed,
    FinalityLearnt,
    LobbyEntry,
    Offer,
    OpenBot,
    PaymentState,
    PriceMessage,
    Published,
    SubscribeBot,
    TransactionEnded,
    Wake,
)
from arena.game.outages import outages_are_refusals
from arena.game.refusals import bot_ends_soon, bot_not_live, bot_played, too_many_payments
from arena.game.services import Services
from arena.game.thinking import think
from arena.problems import Problem, not_found
from arena.store import bots, chain_events, messages, solutions, transactions
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus, NewMessage
from arena.store.transactions import TransactionStatus
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)

MAX_UNJUDGED = 1024
"""Paid messages of one bot that may wait for their verdicts; while there are more, further ones are refused."""
MAX_PAYING_PER_SESSION = 4
HISTORY_TURNS = 50
CLOCK_INTERVAL = 30.0
OUTAGE_PAUSE = 1.0
SESSIONS_BEFORE_SWEEP = 256


class BotActor(Actor[BotMessage]):
    """One bot, from its draft to its closing."""

    mailbox_capacity = 512
    refusals = (Problem,)

    def __init__(self, services: Services, bot_id: UUID) -> None:
        self._services = services
        self._id = bot_id
        self._bot: bots.Bot | None = None
        self._paying: dict[UUID, NewMessage] = {}
        self._judging = Judging()
        self._thinking: dict[UUID, trio.CancelScope] = {}
        self._clock: Timer | None = None
        self._watching = False
        """Whether a task asks the chain if it stands by its events."""
        self._unwatched = False
        """There may be an event that the task has not seen yet."""
        self._everybody: Publisher[Published] = Publisher()
        self._sessions: dict[UUID, Publisher[Published]] = {}

    # -- life

    async def started(self) -> None:
        services = self._services
        self.context.on_end(self._close_publishers)
        # the version first: what another activation writes after it makes this one lose
        snapshot = await services.snapshots.load(SNAPSHOT_KIND, str(self._id))
        self._version = snapshot.version if snapshot is not None else 0
        self._bot = bot = await bots.get(services.database, self._id)
        if bot is None:
            return
        self._mirror = mirror_of(bot)
        self._brain = terms.brain_of(services.secretbox, bot)
        self._payable_since = time.time()
        await self._take_up()

    async def _take_up(self) -> None:
        """Go on with what was under way: payments, verdicts, the settlement."""
        database = self._services.database
        self._last_paid_at = await chain_events.last_paid_at(database, self._id)
        for message in await messages.all_unjudged(database, self._id):
            self._judging.add(PaidMessage.of(message))
        for message in await messages.all_paying(database, self._id):
            self._paying[message.id] = message
        for row in await transactions.pending(database, self._id):
            if row.kind in (TransactionKind.CREATE, TransactionKind.FEE):
                self._submit(terms.outgoing(row))
        if self._mirror.status not in (BotStatus.DRAFT, BotStatus.CLOSED):
            self._track()
        ended = self._mirror.status in (BotStatus.SOLVED, BotStatus.EXPIRED)
        if ended or await messages.refunds_due(database, self._id, limit=1):
            self._advance_settlement()
        self._think_on()
        self._watch_finality()
        self._watch_clock()

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
            "paying": len(self._paying),
            **self._judging.describe(),
            "sessions": len(self._sessions),
        }

    async def receive(self, message: BotMessage) -> Any:
        if self._bot is None:
            self.context.stop()
            raise not_found("bot")
        with outages_are_refusals():
            return await self._handle(self._bot, message)

    async def _handle(self, bot: bots.Bot, message: BotMessage) -> Any:
        match message:
            case PriceMessage():
                return self._offer(bot)
            case AcceptPayment():
                return await self._accept(bot, message)
            case ChainEventSeen(event):
                return await self._record(bot, event)
            case FinalityLearnt(finality):
                return await self._learn_finality(bot, finality)
            case BrainAnswered(message_id, verdict):
                self._thinking.pop(message_id, None)
                self._judging.answer(message_id, verdict)
                return await self._judge_what_is_ready(bot)
            case TransactionEnded(outcome):
                return await self._transaction_ended(outcome)
            case SubscribeBot(session_id):
                return self._subscribe(session_id)
            case OpenBot(creator, transaction):
                return await self._open(bot, creator, transaction)
            case CloseUnplayed(creator, transaction):
                return await self._close_unplayed(bot, creator, transaction)
            case Wake():
                return await self._look_at_clock(bot)

    # -- opening

    async def _open(self, bot: bots.Bot, creator: str, transaction: bytes) -> str:
        if self._mirror.status is not BotStatus.DRAFT:
            return await self._creation_signature()
        outgoing = await opening.checked_creation(self._services, bot, creator, transaction)
        changes = BotChanges(self._mirror)
        changes.write(
            transactions.send(terms.new_transaction(outgoing, payer=creator, amount=bot.initial_pot))
        )
        changes.set(status=BotStatus.OPENING)
        await self._commit(changes)
        crash_point("creation_committed")
        self._track()
        self._submit(outgoing)
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
        outgoing = await closing.checked_closing(self._services, bot, creator, transaction)
        changes = BotChanges(self._mirror)
        changes.write(transactions.send(terms.new_transaction(outgoing, payer=creator, amount=0)))
        if self._mirror.status is BotStatus.OPEN:
            self._end_unsolved(bot, changes)
        await self._commit(changes)
        crash_point("closing_committed")
        self._advance_settlement()
        return outgoing.signature

    def _submit(self, outgoing: Outgoing) -> None:
        """Hand over a transaction that is committed. A submitter without room gets it again, later."""
        try:
            self._services.submitter.submit(outgoing)
        except SubmitterFull as error:
            log.warning("submission_postponed", bot_id=str(self._id), reason=str(error))
            self.context.start_task(self._submit_later, outgoing, name="submission")

    async def _submit_later(self, outgoing: Outgoing) -> None:
        while True:
            await trio.sleep(OUTAGE_PAUSE)
            try:
                self._services.submitter.submit(outgoing)
            except SubmitterFull:
                continue
            return

    def _track(self) -> None:
        assert self._bot is not None
        self._services.feed.track(self._id, Pubkey.from_string(self._bot.address), self._mirror.event_seq)

    # -- paying

    def _offer(self, bot: bots.Bot) -> Offer:
        self._refuse_unless_live(bot)
        return Offer(
            bot=bot.address,
            quote_key=str(self._services.keys.quote_pubkey),
            amount=bot.fees.price(self._mirror.message_count),
            closes_at=int(bot.closes_at.timestamp()),
        )

    def _refuse_unless_live(self, bot: bots.Bot) -> None:
        if self._mirror.status is not BotStatus.OPEN:
            raise bot_not_live(self._mirror.status)
        if time.time() >= bot.closes_at.timestamp():
            raise bot_ends_soon()

    async def _accept(self, bot: bots.Bot, payment: AcceptPayment) -> PaymentState:
        known = await messages.by_client_id(
            self._services.database, payment.message.session_id, payment.message.client_id
        )
        if known is not None and known.status is not MessageStatus.DEAD:
            return PaymentState(known.client_id, known.status)
        self._refuse_unless_live(bot)
        mine = sum(message.session_id == payment.message.session_id for message in self._paying.values())
        if mine >= MAX_PAYING_PER_SESSION:
            raise too_many_payments("session")
        # only what was paid counts here: whoever wants to keep others out has to pay for it
        if len(self._judging) >= MAX_UNJUDGED:
            raise too_many_payments("bot")
        if not self._services.submitter.has_room_for_payments:
            raise too_many_payments("arena")

        message = payment.message
        outgoing = Outgoing(
            payment.signature,
            cosign(payment.transaction, self._services.keys.quote),
            payment.last_valid_block_height,
            TransactionKind.FEE,
            self._id,
            message.id,
        )
        changes = BotChanges(self._mirror)
        changes.write(
            messages.accept(message) if known is None else messages.retry(message),
            transactions.send(terms.new_transaction(outgoing, payer=message.wallet, amount=message.amount)),
        )
        changes.emit(
            PaymentFrame,
            session_id=message.session_id,
            id=message.client_id,
            status="accepted",
            signature=payment.signature,
        )
        await self._commit(changes)
        self._paying[message.id] = message
        crash_point("payment_committed")
        self._submit(outgoing)
        crash_point("payment_submitted")
        return PaymentState(message.client_id, MessageStatus.PAYING)

    async def _transaction_ended(self, outcome: Outcome) -> None:
        """A creation or a payment that did not land; one that did is told of by its event, with the books."""
        outgoing = outcome.outgoing
        row = await transactions.get(self._services.database, outgoing.signature)
        if row is None or row.status is not TransactionStatus.PENDING:
            return  # told before, and committed: by now another transaction may be in its place
        message = self._paying.get(outgoing.message_id) if outgoing.message_id is not None else None
        opening_failed = outgoing.kind is TransactionKind.CREATE and self._mirror.status is BotStatus.OPENING
        if isinstance(outcome, Landed) or (message is None and not opening_failed):
            return
        changes = BotChanges(self._mirror)
        match outcome:
            case Failed(slot=slot, cause=cause):
                failure = explain(cause, self._services.program_id, outgoing.transaction)
                changes.write(transactions.failed(outgoing.signature, slot=slot, error=outcome.error))
            case Expired(cause=cause):
                failure = explain_expiry(cause, self._services.program_id, outgoing.transaction)
                changes.write(transactions.expired(outgoing.signature, error=outcome.error))
        if message is None:
            changes.set(status=BotStatus.DRAFT)
        else:
            changes.write(messages.dead(message.id))
            changes.emit(
                PaymentFrame,
                session_id=message.session_id,
                id=message.client_id,
                status="expired" if isinstance(outcome, Expired) else "failed",
                signature=outgoing.signature,
                code=failure.code,
                detail=failure.detail,
            )
        await self._commit(changes)
        if message is not None:
            del self._paying[message.id]
        else:
            self._services.feed.untrack(self._id)

    # -- what the chain says

    async def _record(self, bot: bots.Bot, seen: ChainEvent) -> None:
        if seen.event.event_seq <= self._mirror.event_seq:
            return  # handled already, and told again after a restart
        if seen.event.event_seq > self._mirror.event_seq + 1:
            log.error("event_ahead_of_its_turn", bot_id=str(self._id), event_seq=seen.event.event_seq)
            self._track()  # once more, from what is known
            return
        crash_point("event_received")
        changes = BotChanges(self._mirror)
        fact = await self._fact(changes, bot, seen)
        await self._commit(changes)
        self._watch_finality()
        crash_point("event_committed")
        match fact:
            case chain_facts.Paid(paid):
                del self._paying[paid.message.id]
                self._last_paid_at = time.time()
                self._judging.add(paid)
                self._think_on()
            case chain_facts.PaidTooLate(paid):
                del self._paying[paid.message.id]
                self._advance_settlement()
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

    async def _fact(self, changes: BotChanges, bot: bots.Bot, seen: ChainEvent) -> chain_facts.Fact:
        database = self._services.database
        refunding, solution = None, None
        match seen.event:
            case MessageFeeRefunded(message_index=index):
                refunding = await messages.by_index(database, self._id, index)
            case RewardSettled():
                solution = await solutions.get(database, self._id)
        return chain_facts.apply(
            changes,
            bot,
            seen,
            paying=self._paying,
            reveal=terms.reveal(self._services.secretbox, bot),
            refunding=refunding,
            solution=solution,
        )

    # -- whether the chain stands by it

    def _watch_finality(self) -> None:
        self._unwatched = True
        if not self._watching:
            self._watching = True
            self.context.start_task(self._until_all_is_final, name="finality")

    async def _until_all_is_final(self) -> None:
        """Ask the chain again and again whether it stands by what it said, until all of that is final."""
        services = self._services
        while self._watching:
            self._unwatched = False
            try:
                events = await chain_events.unfinal(services.database, self._id)
                if not events:
                    self._watching = self._unwatched  # an event may have come while we looked
                    continue
                finalized_slot = await services.client.slot(Commitment.FINALIZED)
                seen_slot, statuses = await services.client.statuses_at(
                    [event.signature for event in events], search_history=True
                )
                found = finality.look(events, statuses, finalized_slot=finalized_slot, seen_slot=seen_slot)
                if found != finality.Finality():
                    await self.context.ref.ask(FinalityLearnt(found))
            except (ChainUnavailable, DatabaseUnavailable, Problem) as outage:
                log.info("finality_unknown", bot_id=str(self._id), reason=str(outage))
            await trio.sleep(services.settings.arena_settlement_interval)

    async def _learn_finality(self, bot: bots.Bot, found: finality.Finality) -> None:
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
        self._stop_thinking()
        self._paying.clear()
        await self._take_up()

    # -- judging

    def _think_on(self) -> None:
        """Start to think about what can be thought about, and show what can be shown."""
        if self._mirror.status is not BotStatus.OPEN:
            return
        for paid in self._judging.start_thinking():
            self._thinking[paid.message.id] = self.context.start_task(self._think, paid, name="brain")
        if said := self._judging.unsaid():
            self._show(next(iter(self._judging)).message, said)

    def _show(self, message: NewMessage, text: str) -> None:
        """A piece of a reply, as it comes."""
        frame = ReplyDelta(id=message.client_id, text=text).model_dump_json().encode()
        self._publish(Published(None, message.session_id, frame))

    async def _think(self, paid: PaidMessage) -> None:
        """The brain's work on one message, beside the mailbox; it ends as a message to the bot."""
        crash_point("brain_running")
        message = paid.message

        def on_delta(text: str) -> None:
            if said := self._judging.say(message.id, text):
                self._show(message, said)

        verdict = paid.earlier or await think(
            self._brain,
            message.text,
            await self._history(paid),
            paid.index,
            deadline=self._services.settings.arena_verdict_timeout,
            on_delta=on_delta,
        )
        while True:
            try:
                await self.context.ref.ask(BrainAnswered(message.id, verdict))
                return
            except Problem as outage:
                log.warning("verdict_postponed", bot_id=str(self._id), reason=str(outage))
                await trio.sleep(OUTAGE_PAUSE)

    async def _history(self, paid: PaidMessage) -> list[Turn]:
        while True:
            try:
                earlier = await messages.history(
                    self._services.database,
                    paid.message.session_id,
                    before_index=paid.index,
                    limit=HISTORY_TURNS,
                )
            except DatabaseUnavailable:
                await trio.sleep(OUTAGE_PAUSE)
                continue
            return [Turn(turn.message_index or 0, turn.text, turn.reply) for turn in earlier]

    async def _judge_what_is_ready(self, bot: bots.Bot) -> None:
        while self._mirror.status is BotStatus.OPEN and (ready := self._judging.ready()) is not None:
            await self._judge(bot, *ready)
        self._think_on()

    async def _judge(self, bot: bots.Bot, paid: PaidMessage, verdict: Verdict | None) -> None:
        assert paid.index == self._mirror.judged_count + 1, "verdicts follow the order of the chain"
        message = paid.message
        changes = BotChanges(self._mirror)
        changes.set(judged_count=paid.index)
        if verdict is None:
            chain_facts.refund(changes, paid, reason="unjudged")
        else:
            changes.write(messages.judged(message.id, reply=verdict.reply, solved=verdict.solved))
            changes.emit(
                ReplyFrame,
                session_id=message.session_id,
                id=message.client_id,
                message_id=message.id,
                message_index=paid.index,
                wallet=message.wallet,
                text=message.text,
                reply=verdict.reply,
                verdict="solved" if verdict.solved else "unsolved",
            )
            if verdict.solved:
                await self._solve(bot, paid, changes)
        crash_point("verdict_reached")
        await self._commit(changes)
        crash_point("verdict_committed")
        self._judging.done()
        if verdict is not None and verdict.solved:
            self._stop_thinking()  # of the late ones: their fees go back
        if verdict is None or verdict.solved:
            self._advance_settlement()

    def _stop_thinking(self) -> None:
        self._judging.stop()
        for scope in self._thinking.values():
            scope.cancel()
        self._thinking.clear()

    async def _solve(self, bot: bots.Bot, paid: PaidMessage, changes: BotChanges) -> None:
        """The winner gets the initial pot and what every message up to the winning one added, but for refunds."""
        shares = await messages.pot_shares(self._services.database, self._id, up_to_index=paid.index)
        reward = bot.initial_pot + shares
        changes.write(
            solutions.ended(
                solutions.NewSolution(
                    bot_id=self._id,
                    message_id=paid.message.id,
                    winner_id=paid.message.solver_id,
                    message_index=paid.index,
                    reward=reward,
                    proof=terms.open_salt(self._services.secretbox, bot),
                    revealed=terms.open_secret(self._services.secretbox, bot),
                )
            )
        )
        changes.set(status=BotStatus.SOLVED, ended_at=datetime.now(UTC))
        changes.emit(
            SettlementFrame,
            status="solved",
            winner=paid.message.wallet,
            message_index=paid.index,
            reward=reward,
        )
        for late in list(self._judging)[1:]:
            changes.set(judged_count=late.index)
            chain_facts.refund(changes, late, reason="late")

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
        now = time.time()
        if not self._services.feed.status.is_recent(now):
            self._payable_since = now  # without the chain nobody could have paid
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
        changes.set(status=BotStatus.EXPIRED, ended_at=datetime.now(UTC))
        changes.write(
            solutions.ended(
                solutions.NewSolution(
                    bot_id=self._id,
                    proof=terms.open_salt(self._services.secretbox, bot),
                    revealed=terms.open_secret(self._services.secretbox, bot),
                )
            )
        )
        changes.emit(SettlementFrame, status="expired")

    # -- committing and publishing

    async def _commit(self, changes: BotChanges) -> None:
        await self._services.journal.commit(changes.change(self._version))
        self._version += 1
        turned = changes.mirror.status is not self._mirror.status
        self._mirror = changes.mirror
        if turned:
            self._watch_clock()
        for frame in changes.published:
            self._publish(frame)
        if changes.published:
            self._tell_lobby()

    def _publish(self, published: Published) -> None:
        if published.session_id is None:
            self._everybody.publish(published)
            for publisher in self._sessions.values():
                publisher.publish(published)
        elif published.session_id in self._sessions:
            self._sessions[published.session_id].publish(published)

    def _subscribe(self, session_id: UUID | None) -> Subscription[Published]:
        if session_id is None:
            return self._everybody.subscribe()
        if len(self._sessions) >= SESSIONS_BEFORE_SWEEP:
            self._sessions = {key: publisher for key, publisher in self._sessions.items() if len(publisher)}
        if session_id not in self._sessions:
            self._sessions[session_id] = Publisher()
        return self._sessions[session_id].subscribe()

    def _close_publishers(self) -> None:
        self._everybody.close()
        for publisher in self._sessions.values():
            publisher.close()

    def _tell_lobby(self) -> None:
        bot, mirror = self._bot, self._mirror
        assert bot is not None
        price = bot.fees.price(mirror.message_count)
        entry = LobbyEntry(self._id, mirror.status.value, mirror.pot, mirror.message_count, price)
        try:
            self._services.lobby.tell(BotChanged(entry))
        except (MailboxFull, ActorStopped) as error:
            log.info(
                "lobby_not_told", bot_id=str(self._id), reason=str(error)
            )  # the next change tells it all
