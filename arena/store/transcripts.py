"""What everybody may read of the conversations with a bot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from persistence import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMessage:
    """A judged message. ``signature`` is that of the transaction that paid ``amount`` lamports for it."""

    message_id: UUID
    message_index: int
    wallet: str
    username: str | None
    text: str
    reply: str
    solved: bool
    amount: int
    signature: str
    judged_at: datetime


async def page(
    database: Database,
    bot_id: UUID,
    *,
    newest_first: bool = True,
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
) -> list[PublicMessage]:
    """A page of a bot's judged messages whose index is between ``after`` and ``before``, both left out.

    A text becomes public together with its verdict. The one that solved the bot does so when its reward is final: a
    fork may still take its payment back, and then nobody else is to know the answer. What was refunded never does, nor
    what was adopted from the chain, whose text nobody knows.
    """
    records = await database.fetch(
        f"""
        select m.id as message_id, m.message_index, u.wallet, u.username, m.text, m.reply, m.solved, m.amount,
            m.fee_signature as signature, m.judged_at
        from messages m join users u on u.id = m.solver_id
        where m.bot_id = $1 and m.status = 'judged' and not m.adopted
            and (not m.solved or exists (
                select from bot_solutions s
                where s.bot_id = m.bot_id and s.status in ('paid', 'closed', 'abandoned')
            ))
            and m.message_index > $2 and ($3::bigint is null or m.message_index < $3)
        order by m.message_index {"desc" if newest_first else "asc"} limit $4
        """,  # noqa: S608 -- made of constants
        bot_id,
        after,
        before,
        limit,
    )
    return [PublicMessage(**record) for record in records]
