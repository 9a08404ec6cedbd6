"""What is said: the frames of the arena's protocol, checked and encoded by every side alike."""

from __future__ import annotations

from typing import Final

from arena.game.frames import ReplyFrame
from arena.ws.dialects import CHAT
from arena.ws.protocol import MessageFrame
from benchmarks.harness.load import ID_PLACE

BOTS: Final = 50
"""That the connections are spread over."""
MAILBOX: Final = 64
"""Messages that a session or a bot may have waiting."""
TEXT: Final = "Is it true that the vault opens for whoever names the river that runs uphill?"
REPLY: Final = "Many have asked me that. The river keeps its name to itself, and so do I: try another way."
WALLET: Final = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"
PAYLOAD: Final = f'{{"type":"message","id":"{ID_PLACE}","text":"{TEXT}"}}'.encode()


def decoded(data: bytes | str) -> MessageFrame:
    """The message in a client's frame. Raises `FrameRefused`."""
    frame = CHAT.decode(data)
    assert isinstance(frame, MessageFrame), "the load generator says nothing else"
    return frame


def reply(message: MessageFrame, index: int) -> bytes:
    """The frame of a bot's reply to its message number `index`."""
    frame = ReplyFrame(
        seq=index,
        id=message.id,
        message_id=message.id,
        message_index=index,
        wallet=WALLET,
        text=message.text,
        reply=REPLY,
        verdict="unsolved",
    )
    return frame.__pydantic_serializer__.to_json(frame)
