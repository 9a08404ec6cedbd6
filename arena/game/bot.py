"""A bot: the one owner of a puzzle's messages, verdicts and log.

It accepts payments, hears from the feed what landed, lets its brain judge paid messages in the order of the chain, and
publishes what came of it. Every handler follows the same line: decide, commit, then tell. Whatever fails on the way
crashes the actor, and the supervisor starts it again from its rows, which are as if the message had never come.

What it does is in parts: `Paying`, `Chronicle` (what the chain says) and `Judge`, all of which change it by its
`BotRecord`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from actors import Actor
from arena.chain.feed import ChainEvent
from arena.chain.submitter import TransactionKind
from arena.crashpoints import crash_point
from arena.game import chain_facts, closing, ending, opening, terms
from arena.game.bot_changes import SNAPSHOT_KIND, BotChanges
from arena.game.bot_publishing import BotPublishing
from arena.game.bot_record import BotRecord
from arena.game.chain_facts import PaidMessage
from arena.game.chronicle import Chronicle
from arena.game.judge import Judge
from arena.game.judging import Judging
from arena.game.messages import (
    AcceptPayment,
    BotMessage,
    BrainAnswered,
    ChainEventSeen,
    ChangeCredentials,
    CloseUnplayed,
    FinalityLearnt,
    GoOn,
    OpenBot,
    PriceMessage,
    ShowReply,
    SubscribeBot,
    TransactionEnded,
    Wake,
)
from arena.game.outages import outages_are_refusals
from arena.game.paying import Paying
from arena.game.refusals import bot_not_live, bot_played, keys_rotating
from arena.game.services import Services
from arena.game.submission import Submission
from arena.game.thinker import Thinker
from arena.problems import Problem, not_found
from arena.store import bots, messages, transactions, under_way
from arena.store.bots import BotStatus


class BotActor(Actor[BotMessage]):
    """One bot, from its draft to its closing."""

    mailbox_capacity = 512
    refusals = (Problem,)

    def __init__(self, services: Services, bot_id: UUID) -> None:
        self._services = services
        self._id = bot_id
        self._exists = False
        self._judging = Judging()
        self._publishing = BotPublishing(services)

    # -- life

    async def started(self) -> None:
        services = self._services
        self.context.on_end(self._publishing.close)
        self.context.on_end(partial(services.offers.take_in, self._id))
        # the version first: what another activation writes after it makes this one lose
        snapshot = await services.snapshots.load(SNAPSHOT_KIND, str(self._id))
        version = snapshot.version if snapshot is not None else 0
        bot = await bots.get(services.database, self._id)
        if bot is None:
            return
        self._exists = True
        self._thinker = Thinker(services, self.context, bot, self._judging, self._publishing.publish)
        self._record = record = BotRecord(
            services, self.context, bot, version, self._publishing, self._thinker
        )
        self._submission = Submission(services, self.context)
        self._paying = Paying(services, record, self._thinker, self._judging, self._submission)
        self._judge = Judge(services, record, self._thinker, self._judging)
        self._chronicle = Chronicle(services, record, self._paying, self._judging, self._judge)
        self._payable_since = time.time()
        await self._take_up()

    async def _take_up(self) -> None:
        """Go on with what was under way: payments, verdicts, the settlement."""
        database, record = self._services.database, self._record
        left = await under_way.of_bot(database, self._id)
        self._chronicle.last_paid_at = left.last_paid_at
        record.learn_keys(left.keys)
        if left.paid:
            for message in await messages.all_unjudged(database, self._id):
                self._judging.add(PaidMessage.of(message))
        if left.sent:
            paying = await messages.all_paying(database, self._id)
            self._paying.take_up(await transactions.pending(database, self._id), paying)
        if record.status not in (BotStatus.DRAFT, BotStatus.CLOSED):
            self._chronicle.track()
        if record.status not in (BotStatus.DRAFT, BotStatus.OPENING):
            record.tell_lobby()  # an earlier start may have ended before it did
        ended = record.status in (BotStatus.SOLVED, BotStatus.EXPIRED)
        owes = (left.paid or left.refunding) and await messages.refunds_due(database, self._id, limit=1)
        if ended or owes:
            record.advance_settlement()
        self._judge.think_on()
        record.watch_clock()

    async def _start_over_if(self, overtaken: bool) -> None:
        """Go on from the rows, as after a restart, if the chain has decided otherwise than was known."""
        if not overtaken:
            return
        self._thinker.stop()
        self._paying.under_way.clear()
        await self._take_up()

    def describe(self) -> Mapping[str, object]:
        if not self._exists:
            return {}
        mirror = self._record.mirror
        return {
            "name": self._record.bot.name,
            "status": mirror.status.value,
            "pot": mirror.pot,
            "message_count": mirror.message_count,
            "event_seq": mirror.event_seq,
            "judged_count": mirror.judged_count,
            "keys_are_ours": self._record.keys_are_ours,
            "paying": len(self._paying.under_way),
            **self._judging.describe(),
            "sessions": self._publishing.sessions,
        }

    async def receive(self, message: BotMessage) -> Any:
        if not self._exists:
            self.context.stop()
            raise not_found("bot")
        with outages_are_refusals:
            return await self._handle(message)

    async def _handle(self, message: BotMessage) -> Any:
        match message:
            case ChainEventSeen(event):
                return await self._hear(event)
            case AcceptPayment():
                return await self._paying.accept(message)
            case PriceMessage():
                return self._paying.price()
            case FinalityLearnt(finality):
                return await self._start_over_if(await self._chronicle.learn_finality(finality))
            case BrainAnswered():
                return await self._judge.brain_answered(message)
            case ShowReply():
                return self._thinker.show()
            case TransactionEnded(outcome):
                return await self._paying.ended(outcome)
            case SubscribeBot(session_id):
                return self._publishing.subscribe(session_id)
            case OpenBot(creator, transaction):
                return await self._open(creator, transaction)
            case CloseUnplayed(creator, transaction):
                return await self._close_unplayed(creator, transaction)
            case ChangeCredentials(credentials):
                return await self._change_credentials(credentials)
            case GoOn(adopts_up_to):
                return await self._start_over_if(await self._chronicle.go_on(adopts_up_to))
            case Wake():
                return await self._look_at_clock()

    async def _hear(self, event: ChainEvent) -> None:
        await self._start_over_if(await self._chronicle.record(event))
        await self._judge.judge_what_is_ready()

    # -- what its creator may do

    async def _open(self, creator: str, transaction: bytes) -> str:
        if self._record.status is not BotStatus.DRAFT:
            return await self._creation_signature()
        self._services.winding_down.refuse()
        bot = self._record.bot
        outgoing = await opening.checked_creation(self._services, bot, creator, transaction)
        changes = self._record.changes()
        changes.write(
            transactions.send(terms.new_transaction(outgoing, payer=creator, amount=bot.initial_pot))
        )
        changes.set(status=BotStatus.OPENING)
        await self._record.commit(changes)
        crash_point("creation_committed")
        self._chronicle.track()
        self._submission.submit(outgoing)
        return outgoing.signature

    async def _creation_signature(self) -> str:
        """Opening twice is opening once."""
        [creation] = await transactions.of_bot(
            self._services.database, self._id, kind=TransactionKind.CREATE, limit=1
        )
        return creation.signature

    async def _close_unplayed(self, creator: str, transaction: bytes) -> str:
        """End the bot as if it were expired; its settlement brings the closing to its end."""
        record = self._record
        closings = await transactions.pending(self._services.database, self._id, kind=TransactionKind.CLOSE)
        if closings:
            return closings[0].signature  # closing twice is closing once
        if record.status not in (BotStatus.OPEN, BotStatus.EXPIRED):
            raise bot_not_live(record.status)
        if record.mirror.message_count or self._paying.under_way:
            raise bot_played()
        if not record.keys_are_ours:
            raise keys_rotating()
        outgoing = await closing.checked_closing(self._services, record.bot, creator, transaction)
        changes = record.changes()
        changes.write(transactions.send(terms.new_transaction(outgoing, payer=creator, amount=0)))
        if record.status is BotStatus.OPEN:
            self._end_unsolved(changes)
        await record.commit(changes)
        crash_point("closing_committed")
        record.advance_settlement()
        return outgoing.signature

    async def _change_credentials(self, credentials: bytes) -> None:
        """What is being thought about goes on with the old ones."""
        record = self._record
        changes = record.changes()
        changes.write(bots.change_credentials(record.id, credentials))
        await record.commit(changes)
        record.bot = replace(record.bot, credentials=credentials)
        self._thinker.use_brain_of(record.bot)
        record.hang_out_offer()

    # -- the clock

    async def _look_at_clock(self) -> None:
        """A bot ends when its terms say so, once nothing is being paid and everything paid is judged."""
        record = self._record
        record.watch_clock()
        if self._publishing.lobby_is_behind:
            record.tell_lobby()
        now = time.time()
        if not self._services.feed.is_recent(now) or self._thinker.unavailable():
            self._payable_since = now  # without the chain, or without a brain, nobody could have paid
        over = ending.is_over(
            record.bot,
            message_count=record.mirror.message_count,
            last_paid_at=self._chronicle.last_paid_at,
            payable_since=self._payable_since,
            now=now,
        )
        if record.status is not BotStatus.OPEN or not over or self._paying.under_way or self._judging:
            return
        changes = record.changes()
        self._end_unsolved(changes)
        await record.commit(changes)
        record.advance_settlement()

    def _end_unsolved(self, changes: BotChanges) -> None:
        bot = self._record.bot
        chain_facts.unsolved(changes, bot, terms.reveal(self._services.secretbox, bot))
