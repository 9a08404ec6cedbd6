"""A bot as it is committed: whatever changes about it goes through `BotRecord.commit`, and is told only after that."""

from __future__ import annotations

from uuid import UUID

import structlog

from actors import ActorStopped, Context, MailboxFull, Timer
from arena.game.bot_changes import BotChanges, mirror_of
from arena.game.bot_publishing import BotPublishing
from arena.game.messages import Advance, Offer, Wake
from arena.game.services import Services
from arena.game.thinker import Thinker
from arena.store.bots import Bot, BotStatus
from arena.store.chain_events import Keys

log = structlog.get_logger(__name__)

CLOCK_INTERVAL = 30.0
"""Seconds between two looks of an open bot at its clock."""
LOBBY_PAUSE = 2.0
"""Seconds until a lobby whose mailbox was full is told again."""


class BotRecord:
    """What one start of a bot knows of its rows, and who is told when they change.

    Args:
        version: of the bot's snapshot; what another activation writes after it makes this one lose.
        thinker: may be unavailable, and then the bot has no offer.

    Attributes:
        bot: what was agreed on when it was drafted, and its credentials.
        mirror: what moves about it.
        keys_are_ours: whether it answers to the arena's keys. A bot that does not can neither be paid nor pay: it waits
            for its rotation.
        adopts_up_to: the `event_seq` up to which operators let the bot take the chain's word for what no row knows.
    """

    def __init__(
        self,
        services: Services,
        context: Context,
        bot: Bot,
        version: int,
        publishing: BotPublishing,
        thinker: Thinker,
    ) -> None:
        self.bot = bot
        self.mirror = mirror_of(bot)
        self.keys_are_ours = True
        self.adopts_up_to = 0
        self._services = services
        self._context = context
        self._version = version
        self._publishing = publishing
        self._thinker = thinker
        self._clock: Timer | None = None

    @property
    def id(self) -> UUID:
        return self.bot.id

    @property
    def status(self) -> BotStatus:
        return self.mirror.status

    def changes(self) -> BotChanges:
        """What is to be committed next; nothing yet."""
        return BotChanges(self.mirror)

    async def commit(self, changes: BotChanges) -> None:
        """Write, then tell.

        Raises:
            StaleSnapshot: another activation of the bot wrote since this one started.
            WriteConflict, ChangeRejected: the rows are not as they should be, and nothing was written.
            JournalClosed: the arena ends.
        """
        await self._services.journal.commit(changes.change(self._version))
        self._version += 1
        before, self.mirror = self.mirror, changes.mirror
        turned = self.mirror.status is not before.status
        moved = (self.mirror.pot, self.mirror.message_count) != (before.pot, before.message_count)
        if turned:
            self.watch_clock()
        if turned or moved:
            self.hang_out_offer()
        self._publishing.publish(*changes.published)
        if changes.published and (turned or moved):
            self.tell_lobby()

    # -- who is told

    def tell_lobby(self) -> None:
        """What it shows of the bot; if it has no time for that, once more in a while."""
        if not self._publishing.tell_lobby(self.bot, self.mirror):
            self._context.send_later(LOBBY_PAUSE, Wake())

    def watch_clock(self) -> None:
        """Wake the bot in a while if it is open, so that it ends in time."""
        if self._clock is not None:
            self._clock.cancel()
        if self.status is BotStatus.OPEN:
            self._clock = self._context.send_later(CLOCK_INTERVAL, Wake())

    def advance_settlement(self) -> None:
        """Money has to go somewhere: have the bot's settlement look."""
        try:
            self._services.settlement(self.id).tell(Advance())
        except (MailboxFull, ActorStopped) as error:
            # it looks by itself when it starts, and again and again while anything is owed
            log.info("settlement_not_told", bot_id=str(self.id), reason=str(error))

    # -- what a message costs

    def offer(self) -> Offer:
        """The price of the next message, whether one is taken or not."""
        return Offer(
            bot=self.bot.address,
            quote_key=str(self._services.keys.quote_pubkey),
            amount=self.mirror.next_price,
            closes_at=int(self.bot.closes_at.timestamp()),
        )

    def hang_out_offer(self) -> None:
        """Whoever wants a quote reads it, unless a look at the brain or the status is needed: then the bot is asked."""
        if self.status is BotStatus.OPEN and self.keys_are_ours and not self._thinker.is_limited:
            self._services.offers.hang_out(self.id, self.offer())
        else:
            self._services.offers.take_in(self.id)

    def learn_keys(self, keys: Keys | None) -> None:
        """The keys that the bot answers to; None: no event has told."""
        ours = self._services.keys
        self.keys_are_ours = keys is None or keys == Keys(str(ours.quote_pubkey), str(ours.payout_pubkey))
        if not self.keys_are_ours and self.status is not BotStatus.CLOSED:
            log.warning("bot_keys_foreign", bot_id=str(self.id), keys=keys)
        self.hang_out_offer()
