"""Giving verdicts: each in its turn, committed, and only then part of what comes after it."""

from __future__ import annotations

from arena.brains import Verdict
from arena.crashpoints import crash_point
from arena.game import verdicts
from arena.game.bot_record import BotRecord
from arena.game.chain_facts import PaidMessage
from arena.game.judging import Judging
from arena.game.messages import BrainAnswered
from arena.game.services import Services
from arena.game.thinker import Thinker
from arena.game.thinking import Unjudged
from arena.store.bots import BotStatus


class Judge:
    """One bot's: has `thinker` think, and commits what it says of the messages in `judging`."""

    def __init__(self, services: Services, record: BotRecord, thinker: Thinker, judging: Judging) -> None:
        self._services = services
        self._record = record
        self._thinker = thinker
        self._judging = judging

    @property
    def _is_sitting(self) -> bool:
        """Whether verdicts are given now: not while the chain may still tell of lost ones."""
        return (
            self._record.status is BotStatus.OPEN
            and self._record.mirror.event_seq >= self._record.adopts_up_to
        )

    def think_on(self) -> None:
        """Have what waits be thought about."""
        if self._is_sitting:
            self._thinker.go_on()

    def unsolved_at_once(self, paid: PaidMessage) -> Verdict | None:
        """The verdict on the message that the chain tells of now, to be committed with it: if it is its turn, the brain
        need not think, and the bot is not solved: a reward is counted from what is committed.
        """
        if self._judging or not self._is_sitting:
            return None
        verdict = self._thinker.at_once(paid)
        return None if verdict is None or verdict.solved else verdict

    def judged(self, paid: PaidMessage, verdict: Verdict) -> None:
        """A verdict is committed."""
        self._thinker.judged(paid, verdict)
        self._services.traffic.message_judged(paid.message.id)

    async def brain_answered(self, answer: BrainAnswered) -> None:
        """The brain is done with a message, whose turn may have come."""
        self._thinker.answered(answer)
        await self.judge_what_is_ready()

    async def judge_what_is_ready(self) -> None:
        """Give all verdicts that there are, and go on to think."""
        while self._is_sitting and (ready := self._ready()) is not None:
            await self._judge(*ready)
        self.think_on()

    def _ready(self) -> tuple[PaidMessage, Verdict | Unjudged] | None:
        """The message whose turn it is, if its verdict is there or needs no thought."""
        if (paid := self._judging.unthought()) is None:
            return self._judging.ready()
        verdict = self._thinker.at_once(paid)
        return None if verdict is None else (paid, verdict)

    async def _judge(self, paid: PaidMessage, verdict: Verdict | Unjudged) -> None:
        assert paid.index == self._record.mirror.judged_count + 1, "verdicts follow the order of the chain"
        changes = self._record.changes()
        late = list(self._judging)[1:]
        await verdicts.give(self._services, changes, self._record.bot, paid, verdict, late)
        crash_point("verdict_reached")
        await self._record.commit(changes)
        crash_point("verdict_committed")
        self._judging.done()
        if isinstance(verdict, Verdict):
            self.judged(paid, verdict)
        solved = isinstance(verdict, Verdict) and verdict.solved
        if solved:
            self._thinker.stop()  # of the late ones: their fees go back
        if solved or isinstance(verdict, Unjudged):
            self._record.advance_settlement()
