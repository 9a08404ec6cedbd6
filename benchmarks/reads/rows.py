"""What there is to read: bots that are open, and others that were solved, by the same SQL as a running arena's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import trio
from solders.keypair import Keypair

import persistence
from arena import store
from arena.economy import ExpiryRule
from arena.ids import new_id
from arena.store import bot_texts, bots, messages, sessions, solutions, users
from arena.store.bots import BotStatus, Mirror, NewBot
from arena.store.messages import NewMessage
from arena.store.solutions import NewSolution
from arena.store.users import User
from persistence import Change, Database, Journal, Write, migrate, open_database

OPEN: Final = 200
SOLVED: Final = 60
POT: Final = 50_000_000
PRICE: Final = 1_000_000


async def fill(dsn: str) -> None:
    """Create the tables, and the rows in them."""
    async with open_database(dsn) as database, trio.open_nursery() as nursery:
        await migrate(database, persistence.MIGRATIONS, store.MIGRATIONS)
        journal = Journal(database)
        nursery.start_soon(journal.run)
        creators = [await _user(database) for _ in range(10)]
        async with trio.open_nursery() as filling:
            for number in range(OPEN):
                filling.start_soon(_open, journal, creators[number % 10], number)
            for number in range(SOLVED):
                filling.start_soon(_solved, database, journal, creators[number % 10], number)
        await database.execute("analyze")
        nursery.cancel_scope.cancel()


async def _open(journal: Journal, creator: User, number: int) -> None:
    bot = _bot(creator, number)
    await journal.commit(Change((bots.draft(bot), bot_texts.add(bot))))
    await journal.commit(Change((bots.mirror(_mirror(bot, BotStatus.OPEN, pot=POT + number)),)))


async def _solved(database: Database, journal: Journal, creator: User, number: int) -> None:
    bot = _bot(creator, number)
    await journal.commit(Change((bots.draft(bot), bot_texts.add(bot))))
    winner = await _user(database)
    session = await sessions.find_or_create(database, bot.id, winner.id)
    for write in _solve(bot, session.id, winner, reward=POT + number):
        await journal.commit(Change((write,)))


async def _user(database: Database) -> User:
    return await users.find_or_create(database, str(Keypair().pubkey()))


def _bot(creator: User, number: int) -> NewBot:
    return NewBot(
        id=new_id(),
        creator_id=creator.id,
        address=str(Keypair().pubkey()),
        founding_key=str(Keypair().pubkey()),
        name=f"The Gatekeeper {number}",
        kind="passphrase",
        public={"persona": "A gatekeeper", "hints": [{"after_messages": 5, "text": "It opens a cave."}]},
        secret=b"encrypted secret",
        salt=b"encrypted salt",
        objective_hash=bytes(range(32)),
        fee_base=PRICE,
        fee_growth_bps=1_000,
        fee_cap=10 * PRICE,
        pot_bps=8_000,
        creator_bps=1_000,
        initial_pot=POT,
        closes_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=7),
        idle_after=0,
        idle_min_messages=0,
        expiry_rule=ExpiryRule.LAST_PLAYER,
    )


def _mirror(bot: NewBot, status: BotStatus, *, pot: int) -> Mirror:
    return Mirror(
        bot_id=bot.id,
        was=BotStatus.DRAFT,
        status=status,
        pot=pot,
        message_count=1,
        event_seq=2,
        judged_count=1,
        next_price=bot.fees.price(1),
        frame_seq=0,
    )


def _solve(bot: NewBot, session_id: UUID, winner: User, *, reward: int) -> Iterator[Write]:
    message_id, text = new_id(), "Open sesame"
    yield messages.accept(
        NewMessage(
            id=message_id,
            bot_id=bot.id,
            session_id=session_id,
            solver_id=winner.id,
            wallet=winner.wallet,
            client_id=new_id(),
            text=text,
            content_hash=messages.content_hash(message_id, text),
            amount=PRICE,
            valid_until=datetime.now(UTC) + timedelta(minutes=1),
        )
    )
    signature = str(Keypair().sign_message(message_id.bytes))
    yield messages.paid(
        message_id, message_index=1, pot_share=PRICE * 8 // 10, fee_signature=signature, fee_slot=1
    )
    yield messages.judged(message_id, reply="It opens.", solved=True)
    yield solutions.ended(
        NewSolution(
            bot_id=bot.id,
            message_id=message_id,
            winner_id=winner.id,
            message_index=1,
            reward=reward,
            proof=bytes(32),
            revealed={},
        )
    )
    yield solutions.settled(bot.id, signature)
    yield bots.mirror(_mirror(bot, BotStatus.SOLVED, pot=0))
