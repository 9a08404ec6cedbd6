"""What the next message to each bot costs: hung out by the bots, so that whoever wants to know need not ask."""

from __future__ import annotations

from uuid import UUID

from arena.game.messages import Offer


class Offers:
    """The offers of bots that are awake and take messages. Each is written by its bot alone.

    What is read here is what the bot would have answered a moment ago. It binds nobody: a payment is examined by the
    bot when it comes.
    """

    __slots__ = ("_offers",)

    def __init__(self) -> None:
        self._offers: dict[UUID, Offer] = {}

    def __len__(self) -> int:
        return len(self._offers)

    def of(self, bot_id: UUID) -> Offer | None:
        """The bot's offer; None: ask it, and it says why not, or wakes up."""
        return self._offers.get(bot_id)

    def hang_out(self, bot_id: UUID, offer: Offer) -> None:
        """This is what it costs from now on."""
        self._offers[bot_id] = offer

    def take_in(self, bot_id: UUID) -> None:
        """From now on the bot has to be asked. May be repeated."""
        self._offers.pop(bot_id, None)
