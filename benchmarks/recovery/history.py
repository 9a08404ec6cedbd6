"""Months of play, written into the database of `benchmarks.paid.world` in a few statements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from benchmarks.paid.chain import BPS, BotOnChain
from benchmarks.paid.world import FEE

SESSIONS_OF_A_BOT: Final = 10
MESSAGES_OF_A_SESSION: Final = 3
MESSAGES: Final = SESSIONS_OF_A_BOT * MESSAGES_OF_A_SESSION
"""Of a bot."""
PLAYERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class History:
    """What is in the database."""

    bots: list[BotOnChain]
    unjudged: int
    """Paid messages without a verdict, each of another bot: the arena ended before it was given."""


async def write(database: asyncpg.Connection, bots: list[BotOnChain], *, unjudged: int) -> History:
    """Give every open bot its sessions, its messages with their verdicts, and the events that tell of them; the last
    message of some is still to be judged. These bots are spread over all, as bots are woken in the order of their ids.
    """
    share = FEE * bots[0].pot_bps // BPS
    for statement in _STATEMENTS:
        await database.execute(statement)
    await database.execute(
        """
        insert into messages (
            id, bot_id, session_id, solver_id, client_id, text, content_hash, amount, valid_until, status,
            message_index, pot_share, fee_signature, fee_slot, reply, solved, judged_at
        )
        select gen_random_uuid(), bot_id, session_id, solver_id, gen_random_uuid(), 'Is it the river?',
            sha256('Is it the river?'), $1::bigint, now(), case when late then 'paid' else 'judged' end,
            message_index, $2::bigint, md5(random()::text) || md5(random()::text), 900,
            case when late then null else 'Many have asked me that.' end, case when late then null else false end,
            case when late then null else now() end
        from (
            select c.bot_id, c.id as session_id, c.solver_id, c.place * $3::integer + number as message_index,
                c.bot_number * $4::bigint % $6::bigint < $4::bigint
                    and c.place * $3::integer + number = $5::integer as late
            from seats as c cross join generate_series(1, $3::integer) as number
        ) as said
        """,
        FEE,
        share,
        MESSAGES_OF_A_SESSION,
        unjudged,
        MESSAGES,
        len(bots),
    )
    await database.execute(
        """
        insert into chain_events (bot_id, event_seq, kind, signature, slot, pot, message_count, final)
        select m.bot_id, 1 + message_index, 'MessageFeeRecorded', fee_signature, fee_slot,
            b.initial_pot + pot_share * message_index, message_index, true
        from messages m join bots b on b.id = m.bot_id
        """,
    )
    await database.execute(
        """
        insert into bot_events (bot_id, seq, session_id, frame)
        select bot_id, message_index, session_id,
            jsonb_build_object('type', 'reply', 'seq', message_index, 'reply', reply)
        from messages where status = 'judged'
        """,
    )
    await database.execute(
        """
        update bots b set message_count = $1::bigint, event_seq = 1 + $1::bigint,
            pot = initial_pot + $1::bigint * $2::bigint,
            judged_count = $1::bigint - late, frame_seq = $1::bigint - late
        from (select bot_id, count(*) filter (where status = 'paid') as late from messages group by bot_id) as said
        where said.bot_id = b.id
        """,
        MESSAGES,
        share,
    )
    await database.execute("analyze")
    grown = [replace(bot, initial_pot=bot.initial_pot + MESSAGES * share, messages=MESSAGES) for bot in bots]
    return History(grown, unjudged)


_STATEMENTS: Final = (
    f"""
    insert into users (id, wallet)
    select gen_random_uuid(), 'player' || lpad(number::text, 34, '0') from generate_series(1, {PLAYERS}) as number
    """,
    f"""
    create unlogged table seats as
    select gen_random_uuid() as id, b.id as bot_id, b.number as bot_number, place, p.id as solver_id
    from (select id, row_number() over (order by id) as number from bots) as b
    cross join generate_series(0, {SESSIONS_OF_A_BOT - 1}) as place
    join (select id, row_number() over (order by id) - 1 as number from users where wallet like 'player%') as p
        on p.number = (b.number * {SESSIONS_OF_A_BOT} + place) % {PLAYERS}
    """,
    "insert into chat_sessions (id, bot_id, solver_id) select id, bot_id, solver_id from seats",
)
