"""Messages of a websocket out of bytes, and bytes out of messages (RFC 6455), for a server. No I/O.

A frame that is a whole message, which is nearly every one, is taken apart right here. The others (control frames,
fragments) go through the protocol of the library `websockets`, each in one piece, so that it stands between two frames
whenever it is asked. https://datatracker.ietf.org/doc/html/rfc6455#section-5.2 has the layout.
"""

from __future__ import annotations

import logging
from codecs import IncrementalDecoder, getincrementaldecoder
from collections import deque
from typing import Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # without a compiler; slower
    from websockets.utils import apply_mask

_SILENT: Final = logging.Logger("arena.front.framing", level=logging.CRITICAL)
_OPEN: Final = State.OPEN
_WHOLE_TEXT: Final = 0x81
_WHOLE_BINARY: Final = 0x82
_MASKED: Final = 0x80
_MAX_CONTROL: Final = 125
_Utf8Decoder: Final = getincrementaldecoder("utf-8")


class Framing:
    """Both directions of one connection.

    Args:
        max_message: bytes of a message of the client, in however many frames.

    Attributes:
        messages: of the client, in their order, for whoever takes them: text that is UTF-8, or binary.
    """

    def __init__(self, max_message: int) -> None:
        self.messages: deque[bytes] = deque()
        self._max_message = max_message
        self._buffer = b""
        self._protocol = ServerProtocol(state=_OPEN, max_size=max_message, logger=_SILENT)
        self._fragments: bytearray | None = None  # of a message that is still to be completed
        self._text: IncrementalDecoder | None = None  # of the same, if it is text

    @property
    def is_open(self) -> bool:
        """Neither side has closed."""
        return self._protocol.state is _OPEN

    @property
    def is_over(self) -> bool:
        """Nothing will come any more that counts: both sides have closed, or the client broke the rules."""
        return self._protocol.eof_sent

    @property
    def fault(self) -> int | None:
        """The code with which the client was left because it broke the rules; None: it did not."""
        left = self._protocol.close_sent if self._protocol.close_rcvd is None else None
        return left.code if left is not None and self._protocol.eof_sent else None

    def receive(self, data: bytes) -> bytes:
        """Take in what has come. Returns what is to be sent in answer: pongs, or why the client is left."""
        buffer = self._buffer + data if self._buffer else data
        place, end = 0, len(buffer)
        while end - place >= 2 and not self._protocol.eof_sent:
            first, second = buffer[place], buffer[place + 1]
            length, start = second & 0x7F, place + 6
            if length == 126:
                if end - place < 4:
                    break
                length, start = buffer[place + 2] << 8 | buffer[place + 3], place + 8
            elif length == 127:
                if end - place < 10:
                    break
                length, start = int.from_bytes(buffer[place + 2 : place + 10], "big"), place + 14
            # what is a message in itself, and right by its header, is not looked at any closer
            is_whole = (first == _WHOLE_TEXT or first == _WHOLE_BINARY) and second >= _MASKED  # noqa: SIM109 -- faster
            if (not is_whole or length > self._max_message) and (fault := self._fault(first, second, length)):
                self._protocol.fail(*fault)
                break
            stop = start + length
            if stop > end:
                break
            if is_whole and self._fragments is None and self._protocol.state is _OPEN:
                message = apply_mask(buffer[start:stop], buffer[start - 4 : start])
                if first == _WHOLE_TEXT and not _is_utf8(message):
                    self._protocol.fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
                    break
                self.messages.append(message)
            else:
                self._hand_over(buffer[place:stop])
            place = stop
        self._buffer = b"" if self._protocol.eof_sent else buffer[place:]
        return self._outgoing()

    def close(self, code: int, reason: str) -> bytes:
        """Close from our side. Returns what is to be sent: nothing, if it is closed already."""
        if self.is_open:
            self._protocol.send_close(code, reason)
        return self._outgoing()

    def _fault(self, first: int, second: int, length: int) -> tuple[CloseCode, str] | None:
        """What is wrong with a frame by its header alone, so that nobody waits for the rest of it."""
        if length > self._max_message:
            return CloseCode.MESSAGE_TOO_BIG, f"more than {self._max_message} bytes"
        if second < _MASKED:
            return CloseCode.PROTOCOL_ERROR, "a client masks its frames"
        if first & 0x70:
            return CloseCode.PROTOCOL_ERROR, "reserved bits must be 0"
        opcode = first & 0x0F
        if opcode & 0x08:
            if length > _MAX_CONTROL or first < 0x80:
                return CloseCode.PROTOCOL_ERROR, "a control frame is short and whole"
            if opcode > Opcode.PONG:
                return CloseCode.PROTOCOL_ERROR, "no such opcode"
        elif opcode > Opcode.BINARY:
            return CloseCode.PROTOCOL_ERROR, "no such opcode"
        return None

    def _hand_over(self, frame: bytes) -> None:
        was_open = self._protocol.state is _OPEN
        self._protocol.receive_data(frame)
        for event in self._protocol.events_received():
            if was_open and isinstance(event, Frame) and event.opcode <= Opcode.BINARY:
                self._collect(event)

    def _collect(self, frame: Frame) -> None:
        """A fragment."""
        if self._fragments is None:
            self._fragments = bytearray()
            self._text = _Utf8Decoder() if frame.opcode is Opcode.TEXT else None
        self._fragments += frame.data
        if self._text is not None:
            try:
                self._text.decode(frame.data, final=frame.fin)
            except UnicodeDecodeError:
                self._protocol.fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
                return
        if frame.fin:
            self.messages.append(bytes(self._fragments))
            self._fragments = self._text = None

    def _outgoing(self) -> bytes:
        writes = self._protocol.data_to_send()
        return b"".join(writes) if writes else b""


def text_frame(message: bytes) -> bytes:
    """A message of ours as a frame; it is UTF-8."""
    length = len(message)
    if length < 126:
        return b"\x81%c%b" % (length, message)
    if length < 65_536:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), message)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), message)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
