"""One line of text, edited in a terminal that is not told to do it by itself, so that others can write above it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Final

LONGEST: Final = 10_000
"""Characters of a line; more are not taken."""


class Interrupted(Exception):
    """Ctrl-C."""


class Ended(Exception):
    """Ctrl-D on an empty line."""


@dataclass(slots=True)
class LineEditor:
    """Bytes of keys in, whole lines out. `text` is what is being written; the cursor is at its end.

    Known are: backspace, ctrl-W (a word back), ctrl-U (all), enter, ctrl-C, ctrl-D. What begins with escape, such as
    arrows, is left out.
    """

    text: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )
    _escape: str = ""

    def feed(self, keys: bytes) -> list[str]:
        """The lines that these keys have ended.

        Raises:
            Interrupted: ctrl-C.
            Ended: ctrl-D on an empty line.
        """
        lines: list[str] = []
        for key in self._decoder.decode(keys):
            if self._escape:
                self._skip(key)
                continue
            match key:
                case "\r" | "\n":
                    lines.append(self.text)
                    self.text = ""
                case "\x03":
                    raise Interrupted
                case "\x04":
                    if not self.text:
                        raise Ended
                case "\x7f" | "\x08":
                    self.text = self.text[:-1]
                case "\x17":
                    self.text = self.text.rstrip()
                    self.text = self.text[: self.text.rfind(" ") + 1]
                case "\x15":
                    self.text = ""
                case "\x1b":
                    self._escape = key
                case _ if key >= " " and len(self.text) < LONGEST:
                    self.text += key
        return lines

    def _skip(self, key: str) -> None:
        """Of an escape sequence: `ESC [ … letter`, `ESC O letter`, or `ESC` and one key."""
        self._escape += key
        introduced = self._escape[1] in "[O"
        if not introduced or (len(self._escape) > 2 and "@" <= key <= "~"):
            self._escape = ""
