"""How bots ended, and how far their money has moved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from arena.store.batch import RANK_SETTLEMENT, RANK_SOLUTION, RANK_TAKEN_BACK, insert, update
from persistence import Database, Statement, Write


class SolutionStatus(StrEnum):
    """``solved`` → ``paid`` (the reward is final) → ``closed`` (all dues are final).

    A bot that nobody solved goes from ``expired`` to ``closed``. ``abandoned``: a stranger closed it before its
    reward was paid, after the grace period.
    """

    SOLVED = "solved"
    EXPIRED = "expired"
    PAID = "paid"
    CLOSED = "closed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSolution:
    """How a bot ended. Without a winner (``None`` in all three) it expired or was closed by its creator.

    ``proof`` is the salt of the commitment, ``revealed`` the puzzle's secret: both are public from now on.
    ``reward`` is in lamports, 0 without a winner.
    """

    bot_id: UUID
    message_id: UUID | None = None
    winner_id: UUID | None = None
    message_index: int | None = None
    reward: int = 0
    proof: bytes
    revealed: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution(NewSolution):
    """The whole row, with the winner's wallet."""

    winner: str | None
    status: SolutionStatus
    settle_signature: str | None
    close_signature: str | None
    created_at: datetime
    updated_at: datetime


INSERT = insert(
    "solutions.insert",
    "bot_solutions",
    {
        "bot_id": "uuid",
        "message_id": "uuid",
        "winner_id": "uuid",
        "message_index": "bigint",
        "reward": "bigint",
        "proof": "bytea",
        "revealed": "jsonb",
        "status": "text",
    },
    RANK_SOLUTION,
)
"""Single writer: the bot's actor, in the change that ends the bot."""

SETTLED = update(
    "solutions.settled",
    "bot_solutions",
    {"bot_id": "uuid", "signature": "text"},
    set_="status = 'paid', settle_signature = v.signature",
    where="t.bot_id = v.bot_id and t.status = 'solved'",
    rank=RANK_SETTLEMENT,
)
"""Single writer: the bot's settlement actor."""

CLOSED = update(
    "solutions.closed",
    "bot_solutions",
    {"bot_id": "uuid", "signature": "text"},
    set_="status = 'closed', close_signature = v.signature",
    where="t.bot_id = v.bot_id and t.status in ('paid', 'expired')",
    rank=RANK_SETTLEMENT,
)
"""Single writer: the bot's settlement actor."""


ABANDONED = update(
    "solutions.abandoned",
    "bot_solutions",
    {"bot_id": "uuid", "signature": "text"},
    set_="status = 'abandoned', close_signature = v.signature",
    where="t.bot_id = v.bot_id and t.status = 'solved'",
    rank=RANK_SETTLEMENT,
)
"""Single writer: the bot's settlement actor."""

TAKEN_BACK = Statement(
    name="solutions.taken_back",
    sql="""delete from bot_solutions t using unnest($1::uuid[]) as v(bot_id)
        where t.bot_id = v.bot_id and t.status = 'solved'""",
    columns=1,
    rank=RANK_TAKEN_BACK,
)
"""Single writer: the bot's actor. A solution that was paid is final."""


def ended(solution: NewSolution) -> Write:
    """Insert how a bot ended, as ``solved`` or ``expired``."""
    status = SolutionStatus.EXPIRED if solution.message_id is None else SolutionStatus.SOLVED
    return INSERT.row(
        solution.bot_id,
        solution.message_id,
        solution.winner_id,
        solution.message_index,
        solution.reward,
        solution.proof,
        json.dumps(dict(solution.revealed)),
        status.value,
    )


def taken_back(bot_id: UUID) -> Write:
    """Delete a solution: the chain took the winning message back."""
    return TAKEN_BACK.row(bot_id)


def settled(bot_id: UUID, signature: str) -> Write:
    """``solved`` to ``paid``: the settlement is final."""
    return SETTLED.row(bot_id, signature)


def closed(bot_id: UUID, signature: str) -> Write:
    """``paid`` or ``expired`` to ``closed``: the close is final."""
    return CLOSED.row(bot_id, signature)


def abandoned(bot_id: UUID, signature: str) -> Write:
    """``solved`` to ``abandoned``: a stranger's closing is final."""
    return ABANDONED.row(bot_id, signature)


async def get(database: Database, bot_id: UUID) -> Solution | None:
    """How the bot ended, or ``None`` while it has not."""
    record = await database.fetch_one(
        """
        select s.bot_id, s.message_id, s.winner_id, s.message_index, s.reward, s.proof,
            s.revealed::text as revealed, u.wallet as winner, s.status, s.settle_signature, s.close_signature,
            s.created_at, s.updated_at
        from bot_solutions s left join users u on u.id = s.winner_id where s.bot_id = $1
        """,
        bot_id,
    )
    return None if record is None else _solution(record)


async def unfinished(database: Database, *, after: UUID | None = None, limit: int = 1000) -> list[UUID]:
    """A page of the ids of bots that ended and whose money is not final yet, by id."""
    records = await database.fetch(
        """
        select bot_id from bot_solutions
        where status not in ('closed', 'abandoned') and ($1::uuid is null or bot_id > $1)
        order by bot_id limit $2
        """,
        after,
        limit,
    )
    return [record["bot_id"] for record in records]


def _solution(record: Record) -> Solution:
    values = dict(record)
    return Solution(
        **values | {"revealed": json.loads(values["revealed"]), "status": SolutionStatus(values["status"])}
    )
