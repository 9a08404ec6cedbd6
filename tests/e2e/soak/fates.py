"""What one wallet has been told about one bot, frame by frame, and whether that can be true.

The rules are those of `docs/protocol.md`: each message comes to one end, a verdict or a refund, unless the chain takes
its payment back; what a rollback does not undo is never told twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]


@dataclass(slots=True)
class Fate:
    """One message: where it stands, and what happened on the way."""

    status: str = "unpaid"
    """unpaid, accepted, confirmed, judged, due, refunded, taken back, dead"""
    signature: str = ""
    index: int = 0
    verdict: str = ""
    refund: int = 0
    failures: int = 0
    """Payments that landed with an error: they cost the network's fee."""

    @property
    def under_way(self) -> bool:
        return self.status in ("accepted", "confirmed", "taken back")

    @property
    def paid(self) -> bool:
        return self.status in ("confirmed", "judged", "due", "refunded")


_BEFORE = {
    # what a message has to be before such a frame
    "accepted": ("unpaid", "dead"),
    "confirmed": ("accepted", "taken back"),
    "taken_back": ("confirmed", "judged", "due", "refunded"),
    "failed": ("accepted", "taken back"),
    "expired": ("accepted", "taken back"),
}
_AFTER = {"taken_back": "taken back", "failed": "dead", "expired": "dead"}


@dataclass(slots=True)
class Fates:
    """Takes frames one after the other."""

    wallet: str = ""
    messages: dict[str, Fate] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seq: int = 0
    pot: int = 0
    message_count: int = 0
    status: str = "open"
    winner: str = ""
    winning_index: int = 0
    reward: int = 0
    rewarded: bool = False
    refunds: dict[int, int] = field(default_factory=dict)
    """Lamports that went back, by the message's index; of all players."""
    rollbacks: int = 0
    _repeatable: set[object] = field(default_factory=set)
    """What a rollback may have undone without saying so, and may therefore be told once more."""

    @classmethod
    def of(cls, wallet: str, frames: Iterable[Frame]) -> Fates:
        fates = cls(wallet)
        for frame in frames:
            fates.take(frame)
        return fates

    @property
    def over(self) -> bool:
        return self.status in ("closed", "halted")

    @property
    def settled(self) -> bool:
        """The bot is closed. A payment may still be on its way, to be told that it never lands."""
        return self.over and not any(fate.under_way for fate in self.messages.values())

    @property
    def takes_messages(self) -> bool:
        return self.status == "open"

    def fate(self, message_id: str) -> Fate:
        return self.messages.get(message_id) or Fate()

    def take(self, frame: Frame) -> None:
        if frame["seq"] <= self.seq:
            self._say(f"frame {frame['seq']} came after frame {self.seq}")
        self.seq = frame["seq"]
        match frame["type"]:
            case "payment":
                self._payment(frame)
            case "reply":
                self._reply(frame)
            case "refund":
                self._refund(frame)
            case "pot":
                self.pot, self.message_count = frame["pot"], frame["message_count"]
            case "settlement":
                self._settlement(frame)
            case "rollback":
                self._rollback(frame)
            case other:
                self._say(f"a frame of the unknown type {other}")

    def _say(self, what: str) -> None:
        self.wrong.append(what)

    def _payment(self, frame: Frame) -> None:
        fate = self.messages.setdefault(frame["id"], Fate())
        status = frame["status"]
        if fate.status not in _BEFORE[status]:
            self._say(f"message {frame['id']} is {status} after it was {fate.status}")
        if status == "accepted":
            fate.signature = frame["signature"]
        elif fate.signature != frame["signature"]:
            self._say(f"message {frame['id']} is {status} by another payment than was accepted")
        fate.status = _AFTER.get(status, status)
        fate.index = frame.get("message_index") or 0
        fate.verdict, fate.refund = "", 0
        fate.failures += status == "failed"

    def _reply(self, frame: Frame) -> None:
        if frame["wallet"] != self.wallet and frame["id"] not in self.messages:
            return  # what others say is public from the verdict on
        fate = self.messages.setdefault(frame["id"], Fate())
        if fate.status != "confirmed":
            self._say(f"message {frame['id']} has a verdict after it was {fate.status}")
        if (frame["wallet"], frame["message_index"]) != (self.wallet, fate.index):
            self._say(f"the verdict of message {frame['id']} is about another one")
        fate.status, fate.verdict = "judged", frame["verdict"]

    def _refund(self, frame: Frame) -> None:
        index, amount = frame["message_index"], frame["amount"]
        if frame["status"] == "due":
            fate = self.messages.setdefault(frame["id"], Fate())
            if fate.status != "confirmed" or fate.index != index:
                self._say(f"message {frame['id']} is to be refunded after it was {fate.status}")
            fate.status, fate.refund = "due", amount
            return
        if frame["status"] != "paid":
            self._say(f"the refund of message {index} is {frame['status']}")
        if index in self.refunds and ("refund", index) not in self._repeatable:
            self._say(f"message {index} is refunded a second time")
        self._repeatable.discard(("refund", index))
        self.refunds[index] = amount
        for mine in self.messages.values():
            if mine.index == index and mine.paid:
                if mine.status not in ("due", "refunded") or mine.refund != amount:
                    self._say(f"message {index} was refunded after it was {mine.status}")
                mine.status = "refunded"

    def _settlement(self, frame: Frame) -> None:
        status = frame["status"]
        before = {
            "solved": ("open",),
            "expired": ("open",),
            "paid": ("solved",),
            "closed": ("solved", "expired"),
        }.get(status, ())
        if self.status not in before and status not in self._repeatable:
            self._say(f"the bot is {status} after it was {self.status}")
        self._repeatable.discard(status)
        if status == "solved":
            self.winner, self.winning_index = frame["winner"], frame["message_index"]
            self.reward = frame["reward"]
        if status == "paid":
            if self.rewarded and "reward" not in self._repeatable:
                self._say("the reward is paid a second time")
            self._repeatable.discard("reward")
            self.rewarded = True
            if (frame["winner"], frame["reward"]) != (self.winner, self.reward):
                self._say("the reward is another one than was told")
            return
        if status == "closed" and self.winner and not self.rewarded:
            self._say("the bot is closed before the reward was paid")
        self.status = status

    def _rollback(self, frame: Frame) -> None:
        self.rollbacks += 1
        kept = frame["message_count"]
        self.pot, self.message_count = frame["pot"], kept
        for message_id, fate in self.messages.items():
            if fate.paid and fate.index > kept:
                self._say(f"message {message_id} was undone and its player not told")
        self.refunds = {index: amount for index, amount in self.refunds.items() if index <= kept}
        self._repeatable = {("refund", index) for index in self.refunds}
        if self.winning_index > kept:
            self.winner, self.winning_index, self.reward, self.rewarded = "", 0, 0, False
            self.status = "open"
        elif self.status != "open":
            self._repeatable |= {"reward"}
            if self.status == "closed":
                self._repeatable |= {"closed"}
                self.status = "solved" if self.winner else "expired"
