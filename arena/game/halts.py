"""What operators have to know of a halted bot: what the chain says happened to it that it has not taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solders.pubkey import Pubkey

from arena.chain.client import Commitment
from arena.chain.feed import ChainEvent
from arena.chain.history import missed_events
from arena.game.refusals import bot_not_halted
from arena.game.services import Services
from arena.problems import Problem
from arena.store.bots import Bot, BotStatus

MAX_EVENTS: Final = 1000
"""What operators decide about at once."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A halted bot and the final events after the last one that it has taken in, in order without a gap."""

    bot: Bot
    events: tuple[ChainEvent, ...]

    @property
    def last(self) -> int:
        """The `event_seq` up to which there is something to decide about."""
        return self.events[-1].event.event_seq if self.events else self.bot.event_seq

    def check(self, up_to: int) -> None:
        """Whether operators can decide about the events up to this one.

        Raises:
            Problem: `events_not_final`, the chain has not finalized so many, or the node does not show them.
        """
        if not self.bot.event_seq <= up_to <= self.last:
            raise Problem(
                "events_not_final",
                "Not all of this is final",
                409,
                f"The bot has taken in event {self.bot.event_seq}, and what is final goes to {self.last}.",
            )


async def look_at_halt(services: Services, bot: Bot) -> Halt:
    """Read the bot's history from where it stands still.

    Raises:
        Problem: `bot_not_halted`.
        ChainUnavailable: the node does not tell.
    """
    if bot.status is not BotStatus.HALTED:
        raise bot_not_halted()
    final_slot = await services.client.slot(Commitment.FINALIZED)
    missed = await missed_events(
        services.client,
        services.program_id,
        Pubkey.from_string(bot.address),
        handled=bot.event_seq,
        target=None,
    )
    events: list[ChainEvent] = []
    for seen in missed.events:
        if seen.event.event_seq <= bot.event_seq:
            continue
        in_turn = seen.event.event_seq == bot.event_seq + len(events) + 1
        if not in_turn or seen.slot > final_slot or len(events) == MAX_EVENTS:
            break
        events.append(seen)
    return Halt(bot, tuple(events))
