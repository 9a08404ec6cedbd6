"""Payments that were signed and of which it is not known yet whether the arena has them.

They are beside the wallet's file from before they are sent until the arena says that it has them. `pay` may be
repeated, so whoever finds one there sends it again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

MOST: Final = 32


@dataclass(frozen=True, slots=True)
class Pending:
    """A payment that was signed. `transaction` is base64, `amount` lamports."""

    id: str
    bot_id: str
    text: str
    amount: int
    transaction: str


_List = TypeAdapter(list[Pending])


class PendingPayments:
    """Those of the wallet at this path. Each change is on the disk when the method returns."""

    def __init__(self, wallet: Path) -> None:
        self._path = wallet.with_name(f"{wallet.name}.pending")
        self._payments = self._read()

    def at(self, bot_id: str) -> list[Pending]:
        return [payment for payment in self._payments if payment.bot_id == bot_id]

    def remember(self, payment: Pending) -> None:
        self._write([*(other for other in self._payments if other.id != payment.id), payment][-MOST:])

    def settle(self, message_id: str) -> None:
        """The arena has it, or it came to nothing."""
        if any(payment.id == message_id for payment in self._payments):
            self._write([payment for payment in self._payments if payment.id != message_id])

    def _read(self) -> list[Pending]:
        try:
            return _List.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValidationError) as error:
            raise ValueError(f"{self._path} cannot be read: look at it, then remove it ({error})") from error

    def _write(self, payments: list[Pending]) -> None:
        written = self._path.with_name(f"{self._path.name}.new")
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump([asdict(payment) for payment in payments], file)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._path)
        self._payments = payments
