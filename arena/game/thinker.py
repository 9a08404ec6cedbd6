"""The brain's work on a bot's messages, beside the bot's mailbox: each ends as a message to the bot."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
import trio
from pydantic_core import to_json

from actors import Context, Timer
from arena.brains import Brain, Limited, Prompt, Turn, Verdict
from arena.crashpoints import crash_point
from arena.game import terms
from arena.game.chain_facts import PaidMessage
from arena.game.frames import ReplyDelta
from arena.game.judging import Judging
from arena.game.messages import BrainAnswered, Published, ShowReply
from arena.game.recollection import Recollection
from arena.game.services import Services
from arena.game.thinking import Unjudged, think, think_at_once
from arena.problems import Problem
from arena.store import messages
from arena.store.bots import Bot
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)

OUTAGE_PAUSE = 1.0
SHOW_INTERVAL = 0.05
"""Seconds between two pieces of a reply: what is said faster is shown together, or is read in the reply itself."""


class Thinker:
    """Has the brain think about what `judging` has waiting.

    Args:
        publish: shows a piece of a reply, as it comes.
    """

    def __init__(
        self,
        services: Services,
        context: Context,
        bot: Bot,
        judging: Judging,
        publish: Callable[[Published], None],
    ) -> None:
        self._services = services
        self._context = context
        self.use_brain_of(bot)
        self._judging = judging
        self._publish = publish
        self._tasks: dict[UUID, trio.CancelScope] = {}
        self._to_think: set[UUID] = set()
        """Messages that a brain without thinking had no verdict on."""
        self._shown: UUID | None = None
        self._show_at = 0.0
        """When the next piece of the reply to the message `_shown` may be shown."""
        self._showing: Timer | None = None
        self._recollection = Recollection(terms.turns_told(bot))

    def use_brain_of(self, bot: Bot) -> None:
        """From the next message on."""
        self._bot = bot
        self._brain: Brain = terms.brain_of(self._services, bot)
        # asked once: whether something follows a protocol is costly to tell
        self._limited = self._brain if isinstance(self._brain, Limited) else None
        self._prompt = self._brain if isinstance(self._brain, Prompt) else None

    @property
    def is_limited(self) -> bool:
        """Whether the brain could be unavailable at any time."""
        return self._limited is not None

    def unavailable(self) -> str | None:
        """Why the brain could not judge a message now, if it could not."""
        return None if self._limited is None else self._limited.unavailable()

    def at_once(self, paid: PaidMessage) -> Verdict | None:
        """The verdict on a message whose turn it is, if it is known without thinking.

        None: it has to be thought about.
        """
        if not self._need_not_think(paid) or self._services.winding_down.began:
            return None
        assert self._prompt is not None
        history = self._recollection.of(paid.message.session_id) or []
        verdict = think_at_once(self._prompt, paid.message.text, history, paid.index)
        if verdict is None:
            self._to_think.add(paid.message.id)
        return verdict

    def _need_not_think(self, paid: PaidMessage) -> bool:
        """Whether the brain is a rule, which has not failed with this message, and knows what its player has said."""
        message = paid.message
        return (
            self._prompt is not None
            and message.id not in self._to_think
            and self._recollection.knows(message.session_id)
            and paid.earlier is None
            and not message.adopted
        )

    def go_on(self) -> None:
        """Start to think about what can be thought about, and show what can be shown."""
        # what is paid when the arena is about to end is judged after its next start
        begun = (
            [] if self._services.winding_down.began else self._judging.start_thinking(self._need_not_think)
        )
        for paid in begun:
            self._tasks[paid.message.id] = self._context.start_task(self._think, paid, name="brain")
        self.show()

    def show(self) -> None:
        """Show the reply as far as it is said, or soon if a piece of it has just been shown."""
        if (message := self._judging.speaking) is None:
            return
        now = trio.current_time()
        if message.id != self._shown or now >= self._show_at:
            self._shown, self._show_at = message.id, now + SHOW_INTERVAL
            frame = to_json(ReplyDelta(id=message.client_id, text=self._judging.unsaid()))
            self._publish(Published(None, message.session_id, frame))
        elif self._showing is None or not self._showing.active:
            # by the mailbox: a task that waits costs more than the piece
            self._showing = self._context.send_later(self._show_at - now, ShowReply())

    def answered(self, answer: BrainAnswered) -> None:
        """The bot has got an answer."""
        self._tasks.pop(answer.message_id, None)
        self._to_think.discard(answer.message_id)
        self._judging.answer(answer.message_id, answer.verdict)
        if self._judging.speaking is None:
            self._stop_showing()

    def judged(self, paid: PaidMessage, verdict: Verdict) -> None:
        """The verdict is committed: from now on it is part of what its player's messages are judged by."""
        turn = Turn(paid.index, paid.message.text, verdict.reply)
        self._recollection.add(paid.message.session_id, turn)

    def stop(self) -> None:
        """Nothing that waits is thought about any more, and what was said is read anew."""
        self._recollection.clear()
        self._to_think.clear()
        self._judging.stop()
        for scope in self._tasks.values():
            scope.cancel()
        self._tasks.clear()
        self._stop_showing()

    def _stop_showing(self) -> None:
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None

    async def _think(self, paid: PaidMessage) -> None:
        # until the bot has got the answer, and with it has committed the verdict
        with self._services.winding_down.working():
            await self._think_about(paid)

    async def _think_about(self, paid: PaidMessage) -> None:
        crash_point("brain_running")
        message = paid.message

        def on_delta(text: str) -> None:
            self._judging.say(message.id, text)
            self.show()

        verdict: Verdict | Unjudged
        if paid.earlier is not None:
            verdict = paid.earlier
        elif message.adopted:
            verdict = Unjudged.FAILED  # a text that is lost cannot be judged
        else:
            verdict = await think(
                self._brain,
                message.text,
                await self._history(paid),
                paid.index,
                deadline=self._services.settings.arena_verdict_timeout,
                on_delta=on_delta,
            )
        while True:
            try:
                await self._context.ref.ask(BrainAnswered(message.id, verdict))
                return
            except Problem as outage:
                log.warning("verdict_postponed", bot_id=str(message.bot_id), reason=str(outage))
                await trio.sleep(OUTAGE_PAUSE)

    async def _history(self, paid: PaidMessage) -> list[Turn]:
        session_id = paid.message.session_id
        if (kept := self._recollection.of(session_id)) is not None:
            return kept
        while True:
            try:
                earlier = await messages.history(
                    self._services.database,
                    session_id,
                    before_index=paid.index,
                    limit=terms.turns_told(self._bot),
                )
            except DatabaseUnavailable:
                await trio.sleep(OUTAGE_PAUSE)
                continue
            turns = [Turn(turn.message_index or 0, turn.text, turn.reply) for turn in earlier]
            self._recollection.keep(session_id, turns)
            return turns
