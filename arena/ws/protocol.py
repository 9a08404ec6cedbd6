"""The frames of the websockets: what clients send, and what a connection answers.

What happened in the game (`payment`, `reply`, `reply.delta`, `pot`, `settlement`, `refund`) are the frames of
`arena.game.frames`. All are JSON objects with `type`. The unions at the end say which frame goes over which socket.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from arena.edge.encoding import TransactionBytes
from arena.game import frames
from arena.problems import Problem
from arena.store.messages import MessageStatus
from arena.ws.connection import SUBPROTOCOL

MAX_SEQ: Final = 2**53 - 1
"""The largest integer that every JSON parser keeps exact."""


class Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def encode(self) -> bytes:
        """The frame as JSON; members that are not set are left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


# -- from the client


class MessageFrame(Frame):
    """Ask for the price of saying something. The answer is `quote`."""

    type: Literal["message"]
    id: UUID = Field(description="chosen by the client, one for each message; repeating it is safe")
    text: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class PayFrame(Frame):
    """Pay for a quoted message. The answer is `payment.state`, the rest follows as durable frames."""

    type: Literal["pay"]
    id: UUID = Field(description="the message's")
    transaction: TransactionBytes = Field(description="the quote's transaction, signed by the wallet; base64")


class ResumeFrame(Frame):
    """Send everything after `after` again, in order, then go on live. 0: from the beginning."""

    type: Literal["resume"]
    after: Annotated[int, Field(ge=0, le=MAX_SEQ, strict=True)]


# -- both ways


class PingFrame(Frame):
    """Are you there? The answer is `pong`. The server asks a client that has been silent for a while."""

    type: Literal["ping"] = "ping"


class PongFrame(Frame):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"


PING: Final = PingFrame().encode()
PONG: Final = PongFrame().encode()


# -- to the client


class WelcomeFrame(Frame):
    """The first frame of a chat."""

    type: Literal["welcome"] = "welcome"
    protocol: Literal["arena.v1"] = SUBPROTOCOL
    session_id: UUID
    bot_id: UUID
    wallet: str
    seq: int = Field(description="the newest frame of the bot; resume after it to get only what is new")
    max_text_length: int = Field(description="characters of a message")


class SpectatorWelcomeFrame(Frame):
    """The first frame for a spectator of a bot."""

    type: Literal["welcome"] = "welcome"
    protocol: Literal["arena.v1"] = SUBPROTOCOL
    bot_id: UUID
    seq: int = Field(description="the newest frame of the bot; resume after it to get only what is new")


class LobbyWelcomeFrame(Frame):
    """The first frame in the lobby."""

    type: Literal["welcome"] = "welcome"
    protocol: Literal["arena.v1"] = SUBPROTOCOL


class LobbyFrame(Frame):
    """The open bots with the largest pots. What was told of bots before does not count any more."""

    type: Literal["lobby"] = "lobby"
    bots: list[frames.BotEntry]
    more: bool = Field(description="there are more open bots than these: `GET /bots` has them all")


class QuoteFrame(Frame):
    """The price of a message, and the transaction that pays it, for the wallet to sign."""

    type: Literal["quote"] = "quote"
    id: UUID
    message_id: UUID = Field(description="the message's id on chain")
    amount: int = Field(description="lamports")
    valid_until: int = Field(description="Unix seconds; it cannot be paid afterwards")
    transaction: TransactionBytes = Field(description="unsigned; base64")


class PaymentStateFrame(Frame):
    """The answer to `pay`: where the payment stands right now. Not durable."""

    type: Literal["payment.state"] = "payment.state"
    id: UUID
    status: MessageStatus = Field(
        description="paying: on its way; paid: the verdict follows; dead: nothing was paid; "
        "refunding, refunded: the fee goes back"
    )


class ErrorFrame(Frame):
    """Something was refused or failed; the connection stays open. Codes are stable."""

    type: Literal["error"] = "error"
    code: str
    detail: str
    id: UUID | None = Field(default=None, description="of the message that it is about")
    retry_after: int | None = Field(default=None, description="seconds after which to try again")


# -- which frames go over which socket

ChatClientFrame = Annotated[
    MessageFrame | PayFrame | ResumeFrame | PingFrame | PongFrame, Field(discriminator="type")
]
ChatServerFrame = Annotated[
    WelcomeFrame
    | QuoteFrame
    | PaymentStateFrame
    | ErrorFrame
    | PingFrame
    | PongFrame
    | frames.PresenceFrame
    | frames.PresenceFrame
    | frames.PaymentFrame
    | frames.ReplyDelta
    | frames.ReplyFrame
    | frames.PotFrame
    | frames.RollbackFrame
    | frames.SettlementFrame
    | frames.RefundFrame,
    Field(discriminator="type"),
]

SpectatorClientFrame = Annotated[ResumeFrame | PingFrame | PongFrame, Field(discriminator="type")]
SpectatorServerFrame = Annotated[
    SpectatorWelcomeFrame
    | ErrorFrame
    | PingFrame
    | PongFrame
    | frames.PresenceFrame
    | frames.PresenceFrame
    | frames.ReplyFrame
    | frames.PotFrame
    | frames.RollbackFrame
    | frames.SettlementFrame
    | frames.RefundFrame,
    Field(discriminator="type"),
]

LobbyClientFrame = Annotated[PingFrame | PongFrame, Field(discriminator="type")]
LobbyServerFrame = Annotated[
    LobbyWelcomeFrame
    | ErrorFrame
    | PingFrame
    | PongFrame
    | frames.PresenceFrame
    | LobbyFrame
    | frames.BotFrame,
    Field(discriminator="type"),
]


def error_frame(problem: Problem, frame_id: UUID | None = None) -> bytes:
    """The frame that tells a client of a problem."""
    retry_after = problem.extra.get("retry_after")
    return ErrorFrame(
        code=problem.code,
        detail=problem.detail or problem.title,
        id=frame_id,
        retry_after=retry_after if isinstance(retry_after, int) else None,
    ).encode()
