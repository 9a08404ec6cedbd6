"""The frames a bot publishes: what happened, as players see it.

A durable frame carries `seq`, its number in the bot's log `bot_events`; a client that reconnects asks for everything
after the last `seq` it saw. The others are not durable: after a `ReplyDelta` the `ReplyFrame` holds the whole reply,
and of `PresenceFrame` and `BotFrame` only the latest counts.
Amounts are lamports.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Lamports = Annotated[int, Field(ge=0)]


class Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PaymentFrame(Frame):
    """Where the payment of one message stands. Seen by its player alone."""

    type: Literal["payment"] = "payment"
    seq: int
    id: UUID = Field(description="the client's id of the message")
    status: Literal["accepted", "confirmed", "taken_back", "failed", "expired"] = Field(
        description="accepted: committed, co-signed and being sent; confirmed: the chain has it, the verdict follows; "
        "taken_back: the chain forgot it again, it is being sent anew and what was said of it does not count; "
        "failed, expired: nothing was paid and the message will not be judged"
    )
    signature: str
    message_index: int | None = None
    code: str | None = Field(default=None, description="why it failed or expired")
    detail: str | None = Field(default=None, description="the same in words, with what to do about it")


class ReplyDelta(Frame):
    """A piece of a reply while the bot is still speaking."""

    type: Literal["reply.delta"] = "reply.delta"
    id: UUID
    text: str


class ReplyFrame(Frame):
    """A message, the bot's reply and the verdict: they become public together."""

    type: Literal["reply"] = "reply"
    seq: int
    id: UUID
    message_id: UUID = Field(description="the id on chain")
    message_index: int
    wallet: str
    text: str
    reply: str
    verdict: Literal["solved", "unsolved"]


class PotFrame(Frame):
    """The pot after a fee was recorded, and what the next message costs."""

    type: Literal["pot"] = "pot"
    seq: int
    pot: Lamports
    message_count: int
    next_price: Lamports


class RollbackFrame(Frame):
    """The chain took events back: what followed message `message_count` does not count until it lands again."""

    type: Literal["rollback"] = "rollback"
    seq: int
    pot: Lamports
    message_count: int
    next_price: Lamports


class Reveal(Frame):
    """What the objective hash on chain committed to.

    `objective_hash` = sha256(salt ‖ canonical JSON of kind, public and secret).
    """

    salt: str = Field(description="32 bytes, hexadecimal")
    kind: str
    public: dict[str, Any]
    secret: dict[str, Any]


class SettlementFrame(Frame):
    """How a bot ends: `solved` or `expired`, then `paid` (solved only), then `closed`.

    `halted`: something that cannot be was seen on the chain; until it is `resumed`, or for good, the bot stands still.
    """

    type: Literal["settlement"] = "settlement"
    seq: int
    status: Literal["solved", "expired", "paid", "closed", "halted", "resumed"]
    winner: str | None = None
    message_index: int | None = None
    reward: Lamports | None = None
    signature: str | None = None
    reveal: Reveal | None = None


class RefundFrame(Frame):
    """A fee on its way back: the message could not be judged, or came after the winning one."""

    type: Literal["refund"] = "refund"
    seq: int
    id: UUID | None = Field(
        default=None, description="the client's id of the message; for its player, when due"
    )
    message_index: int
    amount: Lamports
    status: Literal["due", "paid", "unclaimed"]
    reason: Literal["late", "unjudged", "spending_limit"] | None = None
    signature: str | None = None


class PresenceFrame(Frame):
    """How many there are with a bot. Somebody in several tabs is one; a player who also watches is a player."""

    type: Literal["presence"] = "presence"
    bot_id: UUID
    players: int = Field(ge=0, description="who have a chat with it open")
    watching: int = Field(ge=0, description="who only look on")


class BotEntry(Frame):
    """A bot in the lobby."""

    id: UUID
    name: str
    kind: str
    status: str = Field(description="as in `GET /bots`; only an `open` one takes messages")
    pot: Lamports
    next_price: Lamports
    message_count: int
    closes_at: datetime
    players: int = Field(ge=0, description="who have a chat with it open")
    watching: int = Field(ge=0, description="who only look on")


class BotFrame(Frame):
    """A bot in the lobby as it is now, whatever was told of it before."""

    type: Literal["bot"] = "bot"
    bot: BotEntry


DurableFrame = PaymentFrame | ReplyFrame | PotFrame | RollbackFrame | SettlementFrame | RefundFrame
PublishedFrame = Annotated[DurableFrame | ReplyDelta, Field(discriminator="type")]
