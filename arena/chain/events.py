"""What the program tells: its events, and how to find them in a transaction's logs.

Logs are text that other programs write into as well, and that nodes shorten. So an event counts only if our
own program printed it, and a log that is not complete beyond doubt is refused: "there is no event" is never a
guess.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

from solders.pubkey import Pubkey

from arena.chain.accounts import ExpiryRule
from arena.chain.codec import EVENT


class LogsIncomplete(Exception):
    """The logs cannot tell which events there were: missing, truncated, or not what the program prints.

    Fetch them again, from another node if need be.
    """


class CloseReason(IntEnum):
    """Why a bot could be closed."""

    SOLVED = 0
    EXPIRED = 1  # past closes_at
    IDLE = 2  # by its own terms
    UNPLAYED = 3  # no fee was kept, and its creator signed
    ABANDONED = 4  # by anyone, after the grace period


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What all events have: which bot, and the bot after the instruction. Amounts are lamports.

    `bot` is the address that follows from `founding_key` and `bot_id`. `event_seq` grows by one with every
    event of the bot, from 1.
    """

    bot: Pubkey
    founding_key: Pubkey
    bot_id: UUID
    pot: int
    message_count: int
    event_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BotCreated(_Event):
    """A bot was opened; times are seconds since the epoch."""

    creator: Pubkey
    quote_key: Pubkey
    payout_key: Pubkey
    admin: Pubkey
    platform: Pubkey
    objective_hash: bytes
    fee_base: int
    fee_cap: int
    initial_pot: int
    rent_reserve: int
    created_at: int
    closes_at: int
    idle_min_messages: int
    fee_growth_bps: int
    idle_after: int
    pot_bps: int
    creator_bps: int
    expiry_rule: ExpiryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFeeRecorded(_Event):
    """A message was paid; `message_index` is its place in the order of messages, from 1."""

    message_id: UUID
    content_hash: bytes
    player: Pubkey
    message_index: int
    amount: int
    pot_share: int
    creator_share: int
    platform_share: int
    recorded_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardSettled(_Event):
    """The winner was paid."""

    winner: Pubkey
    message_index: int
    reward: int
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFeeRefunded(_Event):
    """A fee was paid back, or set aside as unclaimed where the wallet could not hold it (not `delivered`)."""

    player: Pubkey
    message_index: int
    amount: int
    pot_share: int
    creator_share: int
    platform_share: int
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BotClosed(_Event):
    """The bot is gone and everybody was paid; `pot` is 0.

    to_creator = creator_due + pot_to_creator + unclaimed + forfeited + rent_reserve + surplus.
    `forfeited` is what the heir (or, after the grace period, the platform) had coming but could not hold.
    """

    closer: Pubkey
    heir: Pubkey
    to_heir: int
    to_platform: int
    to_creator: int
    creator_due: int
    pot_to_creator: int
    unclaimed: int
    forfeited: int
    rent_reserve: int
    surplus: int
    reason: CloseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(_Event):
    """The admin replaced the keys."""

    quote_key: Pubkey
    payout_key: Pubkey


ProgramEvent = BotCreated | MessageFeeRecorded | RewardSettled | MessageFeeRefunded | BotClosed | KeysRotated

_EVENTS: dict[str, type[ProgramEvent]] = {
    kind.__name__: kind
    for kind in (BotCreated, MessageFeeRecorded, RewardSettled, MessageFeeRefunded, BotClosed, KeysRotated)
}
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bot_id": lambda value: UUID(bytes=value),
    "message_id": lambda value: UUID(bytes=value),
    "expiry_rule": ExpiryRule,
    "reason": CloseReason,
}

_TRUNCATED = "Log truncated"  # the whole line; what a program prints has a prefix
_INVOKED = re.compile(r"Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[([0-9]{1,3})\]")
_ENDED = re.compile(r"Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (success|failed.*)", re.DOTALL)
_DATA = "Program data: "


@dataclass(slots=True)
class _Invocation:
    program: str
    events: int = 0


def parse_events(program_id: Pubkey, logs: Sequence[str] | None) -> list[ProgramEvent]:
    """The program's events in the logs of one successful transaction, in order.

    A transaction that did not invoke the program has none. Raises LogsIncomplete if the logs are missing or
    truncated, if an invocation has no end or failed (look at the transaction's error first: a failed one has
    no events), if the program printed something that is not an event of its own, or ended without printing
    exactly one.
    """
    if not logs:
        raise LogsIncomplete("there are no logs")
    ours = str(program_id)
    events: list[ProgramEvent] = []
    stack: list[_Invocation] = []
    for line in logs:
        if line == _TRUNCATED:
            raise LogsIncomplete("the logs were truncated")
        if line.startswith(_DATA):
            if stack and stack[-1].program == ours:
                stack[-1].events += 1
                events.append(_decode_line(line))
        elif invoked := _INVOKED.fullmatch(line):
            stack.append(_Invocation(invoked[1]))
            if int(invoked[2]) != len(stack):
                raise LogsIncomplete(f"a line is missing before {line!r}")
        elif ended := _ENDED.fullmatch(line):
            if ended[2] != "success":
                raise LogsIncomplete(f"the transaction failed: {line!r}")
            if not stack or stack[-1].program != ended[1]:
                raise LogsIncomplete(f"a line is missing before {line!r}")
            if ended[1] == ours and stack[-1].events != 1:
                raise LogsIncomplete(f"an instruction printed {stack[-1].events} events")
            stack.pop()
    if stack:
        raise LogsIncomplete("an invocation has no end")
    return events


def decode_event(data: bytes) -> ProgramEvent:
    """Decode one event, as the program handed it to the log. Raises LogsIncomplete."""
    name, form = EVENT.get(data[:8], (None, None))
    if name is None or form is None:
        raise LogsIncomplete("the program printed something that is no event of its own")
    if len(data) != form.size:
        raise LogsIncomplete(f"{name} has {form.size} bytes, not {len(data)}")
    values = form.decode(data)
    try:
        for key in _CONVERSIONS.keys() & values.keys():
            values[key] = _CONVERSIONS[key](values[key])
    except ValueError as error:
        raise LogsIncomplete(f"{name} cannot be decoded: {error}") from error
    return _EVENTS[name](**values)


def _decode_line(line: str) -> ProgramEvent:
    try:
        data = b64decode(line.removeprefix(_DATA), validate=True)
    except ValueError as error:
        raise LogsIncomplete(f"not base64: {error}") from error
    return decode_event(data)
