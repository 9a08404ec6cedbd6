"""What an arena that has been running gets from newer migrations."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

import persistence
from arena.economy import FeeSchedule
from arena.ids import new_id
from arena.store import MIGRATIONS, bot_lists, bots
from persistence import Database, migrate, open_database
from tests.fixtures.postgres import PostgresServer

NAME, FOLDER = MIGRATIONS


@pytest.fixture
async def older(postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of before lists of bots could be sorted."""
    files = sorted(
        (file for file in FOLDER.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    for file in takewhile(lambda file: not file.name.endswith("_lists.sql"), files):
        shutil.copy(str(file), tmp_path)
    with postgres_server.database_without_tables() as dsn:
        async with open_database(dsn, max_size=2) as database:
            await migrate(database, persistence.MIGRATIONS, (NAME, tmp_path))
            yield database


async def add_bot(database: Database, **terms: Any) -> Any:
    bot_id, user_id = new_id(), new_id()
    await database.execute("insert into users (id, wallet) values ($1, $2)", user_id, user_id.hex[:32])
    await database.execute(
        """
        insert into bots (id, creator_id, address, founding_key, name, kind, public, secret, salt,
            objective_hash,
            fee_base, fee_growth_bps, fee_cap, message_count, pot_bps, creator_bps, initial_pot,
            closes_at, idle_after, idle_min_messages, expiry_rule, status)
        values ($1, $2, $3, 'k', 'The Gatekeeper', 'passphrase', $4::text::jsonb, '', '',
            decode(repeat('00', 32), 'hex'), $5, $6, $7, $8, 8000, 1000, 1, now(), 0, 0, 'creator', 'open')
        """,
        bot_id,
        user_id,
        str(bot_id),
        json.dumps({"persona": "Grumpy", "objective": "Say it.", "hints": [{"text": "cave"}]}),
        terms["base"],
        terms["growth"],
        terms["cap"],
        terms["count"],
    )
    return bot_id


async def test_bots_get_the_price_that_they_have_and_are_found_by_their_words(older: Database) -> None:
    terms = [
        {"base": 1_000_000, "growth": 0, "cap": 1_000_000, "count": 7},
        {"base": 1_000_003, "growth": 777, "cap": 9_000_000, "count": 13},
        {"base": 1_000_000, "growth": 10_000, "cap": 2**53 - 1, "count": 40},
        {"base": 3, "growth": 100, "cap": 5, "count": 1_000_000},
        {"base": 2**52, "growth": 9_999, "cap": 2**53 - 1, "count": 2},
    ]
    made = {await add_bot(older, **one): one for one in terms}
    await migrate(older, persistence.MIGRATIONS, MIGRATIONS)
    for bot_id, one in made.items():
        bot = await bots.get(older, bot_id)
        assert bot is not None
        assert bot.next_price == FeeSchedule(one["base"], one["growth"], one["cap"]).price(one["count"])
    assert len(await bot_lists.page(older, text="gate grumpy say")) == len(terms)
    assert await bot_lists.page(older, text="cave") == []


async def test_keys_of_repeated_requests_stay_their_owners(older: Database) -> None:
    user_id = new_id()
    await older.execute("insert into users (id, wallet) values ($1, $2)", user_id, user_id.hex[:32])
    await older.execute(
        "insert into idempotency_keys (user_id, key, request_hash) values ($1, 'k', decode(repeat('00', 32), 'hex'))",
        user_id,
    )
    await migrate(older, persistence.MIGRATIONS, MIGRATIONS)
    assert await older.fetch_value("select owner from idempotency_keys") == str(user_id)
