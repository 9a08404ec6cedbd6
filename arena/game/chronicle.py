"""What the chain says of a bot: taken in event by event, and taken back when a fork does so."""

from __future__ import annotations

import time
from functools import partial

import structlog
from solders.pubkey import Pubkey

from arena.chain.client import Commitment
from arena.chain.events import BotClosed, BotCreated, MessageFeeRefunded, RewardSettled
from arena.chain.feed import ChainEvent
from arena.crashpoints import crash_point
from arena.game import adoption, chain_facts, rollback, terms, verdicts
from arena.game.bot_changes import BotChanges
from arena.game.bot_record import BotRecord
from arena.game.finality import Finality
from arena.game.frames import SettlementFrame
from arena.game.judge import Judge
from arena.game.judging import Judging
from arena.game.paying import Paying
from arena.game.refusals import bot_not_halted
from arena.game.services import Services
from arena.problems import unavailable
from arena.store import chain_events, messages, solutions
from arena.store.bots import BotStatus

log = structlog.get_logger(__name__)


class Chronicle:
    """One bot's events. What returns True has changed rows that parts of the bot know otherwise: it has to start over.

    Attributes:
        last_paid_at: unix seconds; when a message was paid last, or the bot was opened.
    """

    def __init__(
        self,
        services: Services,
        record: BotRecord,
        paying: Paying,
        judging: Judging,
        judge: Judge,
    ) -> None:
        self.last_paid_at = 0.0
        self._services = services
        self._record = record
        self._paying = paying
        self._judging = judging
        self._judge = judge

    def track(self) -> None:
        """Have the feed tell of what comes after the last event that is known."""
        bot = self._record.bot
        self._services.feed.track(bot.id, Pubkey.from_string(bot.address), self._record.mirror.event_seq)

    async def record(self, seen: ChainEvent) -> bool:
        """Commit an event and do what follows from it.

        Raises:
            Problem: it makes no sense, and may yet be taken back.
        """
        if seen.event.event_seq <= self._record.mirror.event_seq:
            return False  # handled already, and told again after a restart
        if self._record.status is BotStatus.HALTED:
            return False  # it is on the chain, and is told again when operators let the bot go on
        if seen.event.event_seq > self._record.mirror.event_seq + 1:
            log.error("event_ahead_of_its_turn", bot_id=str(self._record.id), event_seq=seen.event.event_seq)
            self.track()  # once more, from what is known
            return False
        crash_point("event_received")
        changes, fact = await self._meaning(seen)
        await self._record.commit(changes)
        keys = chain_facts.keys_of(seen.event)
        if keys is not None and not isinstance(fact, chain_facts.Unknown):
            self._record.learn_keys(keys)
        self._services.finality.wake()
        crash_point("event_committed")
        self._act_on(seen, fact)
        return isinstance(fact, adoption.Overtaken)

    def _act_on(self, seen: ChainEvent, fact: chain_facts.Fact | adoption.Overtaken) -> None:
        """What is left to do after the commit."""
        match fact:
            case chain_facts.Paid(paid, verdict):
                self._paying.under_way.pop(seen.signature, None)
                self.last_paid_at = time.time()
                self._services.traffic.message_paid(paid.message.id, is_judged=True)
                if verdict is None:
                    self._judging.add(paid)
                else:
                    self._judge.judged(paid, verdict)
            case chain_facts.PaidTooLate(paid):
                self._paying.under_way.pop(seen.signature, None)
                self._services.traffic.message_paid(paid.message.id, is_judged=False)
                self._record.advance_settlement()
            case adoption.Overtaken():
                pass
            case chain_facts.Unknown():
                log.critical(
                    "bot_halted",
                    bot_id=str(self._record.id),
                    signature=seen.signature,
                    event_seq=seen.event.event_seq,
                )
            case chain_facts.Moved():
                self._record.advance_settlement()
            case None:
                if isinstance(seen.event, BotCreated):
                    self.last_paid_at = time.time()

    async def _meaning(self, seen: ChainEvent) -> tuple[BotChanges, chain_facts.Fact | adoption.Overtaken]:
        """What the event changes and what is left to do: by our rows, or else by what operators have decided."""
        bot = self._record.bot
        adopts = seen.event.event_seq <= self._record.adopts_up_to
        changes = self._record.changes()
        fact: chain_facts.Fact | adoption.Overtaken = await self._fact(changes, seen)
        if isinstance(fact, chain_facts.Unknown) and adopts:
            changes = self._record.changes()
            fact = await adoption.adopt(self._services, changes, bot, seen, list(self._judging))
        if isinstance(fact, chain_facts.Unknown):
            await self._refuse_unless_final(seen)
            changes = self._record.changes()
            chain_facts.halt(changes, seen)
        elif adopts:
            await adoption.missing_transaction(self._services, changes, bot, seen)
        return changes, fact

    async def _refuse_unless_final(self, seen: ChainEvent) -> None:
        """An event that makes no sense may belong to another branch of the chain than what we know.

        It comes again until it and all that we know are final, or one of both was taken back.
        """
        if await chain_events.unfinal(self._services.database, self._record.id, limit=1):
            self._services.finality.wake()
            raise unavailable(
                "chain", "An event does not follow from the last ones, which are not final yet."
            )
        [status] = await self._services.client.statuses([seen.signature], search_history=True)
        if status is None or status.confirmation is not Commitment.FINALIZED:
            raise unavailable("chain", "An event makes no sense, and is not final yet.")

    async def _fact(self, changes: BotChanges, seen: ChainEvent) -> chain_facts.Fact:
        database, bot = self._services.database, self._record.bot
        refunding, solution = None, None
        match seen.event:
            case MessageFeeRefunded(message_index=index):
                refunding = await messages.by_index(database, bot.id, index)
            case RewardSettled() | BotClosed():
                solution = await solutions.get(database, bot.id)
        fact = chain_facts.apply(
            changes,
            bot,
            seen,
            paying=self._paying.under_way,
            reveal=partial(terms.reveal, self._services.secretbox, bot),
            judge=self._judge.unsolved_at_once,
            refunding=refunding,
            solution=solution,
        )
        if isinstance(fact, chain_facts.Paid) and fact.verdict is not None:
            verdicts.tell(changes, fact.paid, fact.verdict)
        return fact

    # -- whether the chain stands by it

    async def learn_finality(self, found: Finality) -> bool:
        """How far the events are final, or from which one on they were taken back."""
        if found.final_up_to is not None:
            changes = self._record.changes()
            changes.write(chain_events.final_up_to(self._record.id, found.final_up_to))
            await self._record.commit(changes)
        return found.taken_back_from is not None and await self._roll_back(found.taken_back_from)

    async def _roll_back(self, event_seq: int) -> bool:
        """The chain took back this event and all after it: start again from the one before."""
        database, bot = self._services.database, self._record.bot
        if event_seq > self._record.mirror.event_seq:
            return False  # undone already
        last = await chain_events.get(database, bot.id, event_seq - 1)
        undone = await messages.after_index(database, bot.id, last.message_count if last else 0)
        log.error("chain_rolled_back", bot_id=str(bot.id), event_seq=event_seq, messages=len(undone))
        changes = self._record.changes()
        rollback.undo(changes, bot, last=last, undone=undone, solution=await solutions.get(database, bot.id))
        crash_point("rollback_planned")
        await self._record.commit(changes)
        crash_point("rollback_committed")
        return True

    # -- operators' decisions

    async def go_on(self, adopts_up_to: int) -> bool:
        """Operators have decided: what the chain says up to this event is taken for true, whatever the rows say."""
        if self._record.status is not BotStatus.HALTED:
            raise bot_not_halted()
        solution = await solutions.get(self._services.database, self._record.id)
        changes = self._record.changes()
        changes.set(status=adoption.status_of(solution))
        changes.emit(SettlementFrame, status="resumed")
        await self._record.commit(changes)
        self._record.adopts_up_to = adopts_up_to
        log.warning("bot_goes_on", bot_id=str(self._record.id), adopts_up_to=adopts_up_to)
        return True
