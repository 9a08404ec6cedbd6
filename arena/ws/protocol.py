"""The frames of a chat: what clients send, and what a connection answers.

What happened in the game (`payment`, `reply`, `reply.delta`, `pot`, `settlement`, `refund`) are the frames of
`arena.game.frames`. All are JSON objects with `type`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from arena.edge.encoding import TransactionBytes
from arena.game import frames
from arena.problems import Problem
from arena.store.messages import MessageStatus
from arena.ws.connection import MAX_FRAME_BYTES, SUBPROTOCOL

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


class PingFrame(Frame):
    """Are you there? The answer is `pong`."""

    type: Literal["ping"]


ClientFrame = Annotated[MessageFrame | PayFrame | ResumeFrame | PingFrame, Field(discriminator="type")]
_client_frame: TypeAdapter[MessageFrame | PayFrame | ResumeFrame | PingFrame] = TypeAdapter(ClientFrame)
_object: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


# -- to the client


class WelcomeFrame(Frame):
    """The first frame of every connection."""

    type: Literal["welcome"] = "welcome"
    protocol: Literal["arena.v1"] = SUBPROTOCOL
    session_id: UUID
    bot_id: UUID
    wallet: str
    seq: int = Field(description="the newest frame of the bot; resume after it to get only what is new")
    max_text_length: int = Field(description="characters of a message")


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


class PongFrame(Frame):
    type: Literal["pong"] = "pong"


ServerFrame = Annotated[
    WelcomeFrame
    | QuoteFrame
    | PaymentStateFrame
    | ErrorFrame
    | PongFrame
    | frames.PaymentFrame
    | frames.ReplyDelta
    | frames.ReplyFrame
    | frames.PotFrame
    | frames.RollbackFrame
    | frames.SettlementFrame
    | frames.RefundFrame,
    Field(discriminator="type"),
]

PONG: Final = PongFrame().encode()


class FrameRefused(Problem):
    """What the client sent is not a frame. `frame_id` is its id, if it could be made out."""

    def __init__(self, code: str, detail: str, frame_id: UUID | None = None) -> None:
        super().__init__(code, "This is not a frame of this protocol", 422, detail)
        self.frame_id = frame_id


def decode(data: bytes | str) -> MessageFrame | PayFrame | ResumeFrame | PingFrame:
    """A client's frame.

    Raises:
        FrameRefused: `frame_too_large`, `frame_malformed` (not a JSON object), `frame_unknown` (no such
            type) or `frame_invalid`.
    """
    # a character has up to 4 bytes; only a text that could be too long is measured
    if len(data) > MAX_FRAME_BYTES or (
        isinstance(data, str)
        and len(data) * 4 > MAX_FRAME_BYTES
        and len(data.encode("utf-8", "surrogatepass")) > MAX_FRAME_BYTES
    ):
        raise FrameRefused("frame_too_large", f"A frame has at most {MAX_FRAME_BYTES} bytes.")
    try:
        return _client_frame.validate_json(data)
    except ValidationError as error:
        raise _refusal(data, error) from None


def error_frame(problem: Problem, frame_id: UUID | None = None) -> bytes:
    """The frame that tells a client of a problem."""
    retry_after = problem.extra.get("retry_after")
    return ErrorFrame(
        code=problem.code,
        detail=problem.detail or problem.title,
        id=frame_id,
        retry_after=retry_after if isinstance(retry_after, int) else None,
    ).encode()


def frames_schema() -> dict[str, Any]:
    """The JSON Schema of all frames: `client` and `server` are the two unions."""
    _, definitions = models_json_schema([(ErrorFrame, "serialization")])
    client = _client_frame.json_schema(mode="validation", ref_template="#/$defs/{model}")
    server = TypeAdapter[Any](ServerFrame).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    defs = definitions.get("$defs", {}) | client.pop("$defs") | server.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frames of the arena's websockets",
        "$defs": {**defs, "client": client, "server": server},
        "anyOf": [{"$ref": "#/$defs/client"}, {"$ref": "#/$defs/server"}],
    }


def _refusal(data: bytes | str, error: ValidationError) -> FrameRefused:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    match first["type"]:
        case "json_invalid":
            return FrameRefused("frame_malformed", "A frame is a JSON object in UTF-8.")
        case "model_attributes_type" | "union_tag_not_found" | "dict_type":
            return FrameRefused("frame_malformed", "A frame is a JSON object with a `type`.", id_of(data))
        case "union_tag_invalid":
            return FrameRefused("frame_unknown", "`type` is message, pay, resume or ping.", id_of(data))
    where = ".".join(str(part) for part in first["loc"][1:])  # the first part is the union's tag
    message = first["msg"].removeprefix("Value error, ")
    return FrameRefused("frame_invalid", f"{where}: {message}", id_of(data))


def id_of(data: bytes | str) -> UUID | None:
    """The `id` of a frame that is not handled, so that the client knows which one it was."""
    if len(data) > MAX_FRAME_BYTES:
        return None
    try:
        return UUID(str(_object.validate_json(data).get("id")))
    except ValueError:  # pydantic's errors are some
        return None
