"""Bots, players and their sessions, written straight into the database as they would be after months of play."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import trio
from pydantic_core import to_json
from solders.keypair import Keypair
from solders.pubkey import Pubkey

import persistence
from arena import store
from arena.brains import new_salt, objective_hash, validate
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.pda import bot_address
from arena.economy import ExpiryRule
from arena.edge import refresh_tokens
from arena.edge.tokens import Tokens
from arena.game import terms
from arena.ids import new_id
from arena.keys import KeyRing
from arena.secretbox import SecretBox
from arena.settings import Settings
from arena.store import auth_sessions, bot_texts, bots, chain_events, sessions, users
from arena.store.bots import BotStatus, Mirror, NewBot
from benchmarks.paid.chain import BotOnChain
from persistence import Change, Database, Journal, migrate, open_database

FEE = 1_000_000
INITIAL_POT = 1_000_000_000
AT_ONCE = 8
COMMITS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Seat:
    """A player with a session: what the load needs to play."""

    session_id: str
    token: str
    seed: str
    """Of the wallet, hexadecimal."""


@dataclass(frozen=True, slots=True)
class World:
    bots: list[BotOnChain]
    seats: list[Seat]


async def create(dsn: str, settings: Settings, keys: KeyRing, *, bot_count: int, session_count: int) -> World:
    """Make the tables, `bot_count` open bots, and `session_count` signed-in players spread over them."""
    async with open_database(dsn, max_size=AT_ONCE) as database, trio.open_nursery() as nursery:
        await migrate(database, persistence.MIGRATIONS, store.MIGRATIONS)
        journal = Journal(database)
        nursery.start_soon(journal.run)
        creator = await users.find_or_create(database, str(Keypair().pubkey()))
        opened: list[NewBot] = []

        async def open_bot() -> None:
            opened.append(await _bot(journal, settings, keys, creator.id))

        await _many(open_bot, bot_count)
        tokens = Tokens(keys.jwt_secret, issuer=settings.public_url, lifetime=settings.arena_access_lifetime)
        seats: list[Seat] = []
        room = trio.CapacityLimiter(AT_ONCE)

        async def sit_down(bot: NewBot) -> None:
            async with room:
                seats.append(await _seat(database, tokens, bot))

        async with trio.open_nursery() as seating:
            for number in range(session_count):
                seating.start_soon(sit_down, opened[number % bot_count])
        nursery.cancel_scope.cancel()
    return World([_on_chain(bot) for bot in opened], seats)


async def _many(make: Callable[[], Awaitable[None]], count: int) -> None:
    """So many, some at a time: the journal writes them together."""
    room = trio.Semaphore(COMMITS_AT_ONCE)

    async def one() -> None:
        try:
            await make()
        finally:
            room.release()

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            await room.acquire()
            nursery.start_soon(one)


async def _bot(journal: Journal, settings: Settings, keys: KeyRing, creator_id: UUID) -> NewBot:
    bot_id = new_id()
    brain = validate(
        "passphrase",
        {
            "persona": "The keeper of a lighthouse who has not spoken for years",
            "objective": "Say what the keeper counts when he cannot sleep.",
        },
        {"phrase": "the ninth wave"},
        {},
        terms.endpoints(settings),
    )
    salt, box = new_salt(), SecretBox(keys.secrets_key)
    bot = NewBot(
        id=bot_id,
        creator_id=creator_id,
        address=str(bot_address(DEFAULT_PROGRAM_ID, keys.quote_pubkey, bot_id)),
        founding_key=str(keys.quote_pubkey),
        name="The Keeper",
        kind=brain.kind,
        public=brain.public,
        secret=box.encrypt(to_json(brain.secret), terms.secret_label(bot_id)),
        salt=box.encrypt(salt, terms.salt_label(bot_id)),
        objective_hash=objective_hash(salt, brain.kind, brain.public, brain.secret),
        fee_base=FEE,
        fee_growth_bps=0,
        fee_cap=FEE,
        pot_bps=settings.arena_pot_bps,
        creator_bps=settings.arena_creator_bps,
        initial_pot=INITIAL_POT,
        closes_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=30),
        idle_after=0,
        idle_min_messages=0,
        expiry_rule=ExpiryRule.LAST_PLAYER,
    )
    created = chain_events.SeenEvent(
        bot_id=bot_id,
        event_seq=1,
        kind="BotCreated",
        signature=str(Keypair().sign_message(bot_id.bytes)),
        slot=1,
        pot=INITIAL_POT,
        message_count=0,
        keys=chain_events.Keys(str(keys.quote_pubkey), str(keys.payout_pubkey)),
    )
    open_now = Mirror(
        bot_id=bot_id,
        was=BotStatus.DRAFT,
        status=BotStatus.OPEN,
        pot=INITIAL_POT,
        message_count=0,
        event_seq=1,
        judged_count=0,
        next_price=FEE,
        frame_seq=0,
        opened_at=datetime.now(UTC),
    )
    await journal.commit(Change(writes=(bots.draft(bot), bot_texts.add(bot), bots.mirror(open_now))))
    await journal.commit(Change(writes=(chain_events.seen(created),)))
    await journal.commit(Change(writes=(chain_events.final_up_to(bot_id, 1),)))
    return bot


def _on_chain(bot: NewBot) -> BotOnChain:
    return BotOnChain(
        bot_id=bot.id.bytes,
        address=bot.address,
        founding_key=bytes(Pubkey.from_string(bot.founding_key)),
        initial_pot=bot.initial_pot,
        pot_bps=bot.pot_bps,
        creator_bps=bot.creator_bps,
    )


async def _seat(database: Database, tokens: Tokens, bot: NewBot) -> Seat:
    wallet = Keypair()
    user = await users.find_or_create(database, str(wallet.pubkey()))
    chat = await sessions.find_or_create(database, bot.id, user.id)
    begun = await auth_sessions.begin(
        database,
        user.id,
        refresh_tokens.digest(refresh_tokens.new_refresh_token()),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    until = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    issued = tokens.issue(user.id, user.wallet, begun.session.id, until=until)
    return Seat(str(chat.id), issued.token, wallet.secret().hex())
