"""A real Postgres for the store's tests, and a small world of rows to start from."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import trio
from solders.keypair import Keypair

from arena.economy import ExpiryRule
from arena.ids import new_id
from arena.store import bot_texts, bots, messages, sessions, solutions, transactions, users
from arena.store.bots import Bot, BotStatus, Mirror, NewBot
from arena.store.messages import Message, NewMessage
from arena.store.sessions import ChatSession
from arena.store.transactions import NewTransaction
from arena.store.users import User
from persistence import Change, Database, Journal, Write, open_database
from tests.fixtures.postgres import postgres, postgres_server

Commit = Callable[..., Awaitable[None]]

__all__ = ["postgres", "postgres_server"]


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    """The game's schema, empty."""
    async with open_database(postgres, max_size=4) as database:
        yield database


@pytest.fixture
async def commit(database: Database, nursery: trio.Nursery) -> Commit:
    """Write through the journal, as actors do."""
    journal = Journal(database)
    nursery.start_soon(journal.run)

    async def commit(*writes: Write) -> None:
        await journal.commit(Change(writes=writes))

    return commit


@pytest.fixture
def world(database: Database, commit: Commit) -> "World":
    return World(database, commit)


def wallet() -> str:
    return str(Keypair().pubkey())


def signature() -> str:
    return str(Keypair().sign_message(os.urandom(8)))


@dataclass
class World:
    """Makes rows; every default is what a test does not care about."""

    database: Database
    commit: Commit
    _height: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    async def user(self) -> User:
        return await users.find_or_create(self.database, wallet())

    def draft(self, creator: User, **changes: object) -> NewBot:
        bot = NewBot(
            id=new_id(),
            creator_id=creator.id,
            address=wallet(),
            founding_key=wallet(),
            name="The Gatekeeper",
            kind="passphrase",
            public={"persona": "A gatekeeper", "hints": []},
            secret=b"encrypted secret",
            salt=b"encrypted salt",
            objective_hash=bytes(32),
            fee_base=1_000_000,
            fee_growth_bps=100,
            fee_cap=10_000_000,
            pot_bps=8_000,
            creator_bps=1_000,
            initial_pot=50_000_000,
            closes_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=7),
            idle_after=0,
            idle_min_messages=0,
            expiry_rule=ExpiryRule.LAST_PLAYER,
        )
        return replace(bot, **changes)  # type: ignore[arg-type]

    async def bot(self, status: BotStatus = BotStatus.OPEN, *, creator: User | None = None) -> Bot:
        """A bot in ``status``, with room for a thousand messages in its counters."""
        draft = self.draft(creator or await self.user())
        await self.commit(bots.draft(draft), bot_texts.add(draft))
        await self.mirror(draft.id, was=BotStatus.DRAFT, status=status, message_count=1_000)
        bot = await bots.get(self.database, draft.id)
        assert bot is not None
        return bot

    async def mirror(self, bot_id: UUID, **changes: object) -> None:
        """Update the bot's row from what it is to ``changes``."""
        bot = await bots.get(self.database, bot_id)
        assert bot is not None
        state = Mirror(
            bot_id=bot.id,
            was=bot.status,
            status=bot.status,
            pot=bot.pot,
            message_count=bot.message_count,
            event_seq=bot.event_seq,
            judged_count=bot.judged_count,
            next_price=bot.next_price,
            frame_seq=bot.frame_seq,
            opened_at=bot.opened_at,
            ended_at=bot.ended_at,
        )
        await self.commit(bots.mirror(replace(state, **changes)))  # type: ignore[arg-type]

    async def session(self, bot: Bot, solver: User | None = None) -> ChatSession:
        return await sessions.find_or_create(self.database, bot.id, (solver or await self.user()).id)

    def new_message(self, session: ChatSession, text: str = "hello", **changes: object) -> NewMessage:
        message_id = new_id()
        message = NewMessage(
            id=message_id,
            bot_id=session.bot_id,
            session_id=session.id,
            solver_id=session.solver_id,
            wallet=session.solver,
            client_id=new_id(),
            text=text,
            content_hash=messages.content_hash(message_id, text),
            amount=1_000_000,
            valid_until=datetime.now(UTC) + timedelta(minutes=1),
        )
        return replace(message, **changes)  # type: ignore[arg-type]

    def fee(self, message: NewMessage, **changes: object) -> NewTransaction:
        transaction = NewTransaction(
            signature=signature(),
            kind="fee",
            bot_id=message.bot_id,
            message_id=message.id,
            payer=message.wallet,
            amount=message.amount,
            raw=os.urandom(64),
            last_valid_block_height=next(self._height),
        )
        return replace(transaction, **changes)  # type: ignore[arg-type]

    async def paying(self, session: ChatSession, text: str = "hello") -> tuple[NewMessage, NewTransaction]:
        message = self.new_message(session, text)
        fee = self.fee(message)
        await self.commit(messages.accept(message), transactions.send(fee))
        return message, fee

    async def paid(self, session: ChatSession, index: int, text: str = "hello") -> Message:
        message, fee = await self.paying(session, text)
        await self.commit(
            messages.paid(
                message.id,
                message_index=index,
                pot_share=800_000,
                fee_signature=fee.signature,
                fee_slot=index + 10,
            ),
            transactions.landed(fee.signature, slot=index + 10),
        )
        row = await messages.get(self.database, message.id)
        assert row is not None
        return row

    async def judged(
        self, session: ChatSession, index: int, text: str = "hello", *, solved: bool = False
    ) -> Message:
        message = await self.paid(session, index, text)
        await self.commit(messages.judged(message.id, reply=f"reply {index}", solved=solved))
        row = await messages.get(self.database, message.id)
        assert row is not None
        return row

    async def solved(self, message: Message, reward: int = 5) -> None:
        await self.commit(
            solutions.ended(
                solutions.NewSolution(
                    bot_id=message.bot_id,
                    message_id=message.id,
                    winner_id=message.solver_id,
                    message_index=message.message_index,
                    reward=reward,
                    proof=bytes(range(32)),
                    revealed={"phrase": "open sesame"},
                )
            )
        )

    async def crowd(self, bots: int = 40, messages: int = 50) -> tuple[UUID, UUID]:
        """So many bots with so many judged messages each, in the last two months, and what the planner
        wants to know of them. The creator of the first one, and its player."""
        people = [await self.user() for _ in range(bots)]
        for creator, solver in zip(people, people[1:] + people[:1], strict=True):
            bot = await self.bot(creator=creator)
            session = await self.session(bot, solver)
            await self.database.execute(
                """
                insert into messages (id, bot_id, session_id, solver_id, client_id, text, content_hash, amount,
                    valid_until, status, message_index, pot_share, fee_signature, fee_slot, reply, solved, judged_at,
                    created_at)
                select gen_random_uuid(), $1, $2, $3, gen_random_uuid(), 'hello', decode(repeat('00', 32), 'hex'), 1000,
                    now(), 'judged', number, 0, 'x', 1, 'no', false, at, at
                from generate_series(1, $4::int) as number,
                    lateral (select now() - number * interval '60 days' / $4::int as at) moment
                """,
                bot.id,
                session.id,
                solver.id,
                messages,
            )
        await self.database.execute("vacuum analyze messages, bots, bot_solutions, users")
        return people[0].id, people[1].id
