"""What clients may say over each kind of socket, and what is not understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from arena.problems import Problem
from arena.ws.connection import MAX_FRAME_BYTES
from arena.ws.protocol import (
    ChatClientFrame,
    LobbyClientFrame,
    MessageFrame,
    PayFrame,
    PingFrame,
    PongFrame,
    ResumeFrame,
    SpectatorClientFrame,
)

F = TypeVar("F")

_object: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class FrameRefused(Problem):
    """What the client sent is not a frame. `frame_id` is its id, if it could be made out."""

    def __init__(self, code: str, detail: str, frame_id: UUID | None = None) -> None:
        super().__init__(code, "This is not a frame of this protocol", 422, detail)
        self.frame_id = frame_id


class Dialect(Generic[F]):
    """The frames of `union`, told apart by their `type`, which is one of `types`."""

    def __init__(self, union: TypeAdapter[F], types: Sequence[str]) -> None:
        self._union = union
        self._types = f"{', '.join(types[:-1])} or {types[-1]}"

    def decode(self, data: bytes | str) -> F:
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
            return self._union.validate_json(data)
        except ValidationError as error:
            raise self._refusal(data, error) from None

    def _refusal(self, data: bytes | str, error: ValidationError) -> FrameRefused:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        match first["type"]:
            case "json_invalid":
                return FrameRefused("frame_malformed", "A frame is a JSON object in UTF-8.")
            case "model_attributes_type" | "union_tag_not_found" | "dict_type":
                return FrameRefused("frame_malformed", "A frame is a JSON object with a `type`.", id_of(data))
            case "union_tag_invalid":
                return FrameRefused("frame_unknown", f"`type` is {self._types} here.", id_of(data))
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


CHAT: Final = Dialect[MessageFrame | PayFrame | ResumeFrame | PingFrame | PongFrame](
    TypeAdapter(ChatClientFrame), ["message", "pay", "resume", "ping", "pong"]
)
SPECTATOR: Final = Dialect[ResumeFrame | PingFrame | PongFrame](
    TypeAdapter(SpectatorClientFrame), ["resume", "ping", "pong"]
)
LOBBY: Final = Dialect[PingFrame | PongFrame](TypeAdapter(LobbyClientFrame), ["ping", "pong"])
