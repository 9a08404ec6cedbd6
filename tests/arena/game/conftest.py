"""A whole arena in the test's own process: real Postgres, real local chain, real actors; only HTTP is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from actors import Subscription, open_system
from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.chain.client import ChainClient
from arena.game import drafts
from arena.game.drafts import DraftBot, draft_bot
from arena.game.messages import OpenBot, Pay, PaymentState, Publication, Quote, RequestQuote, SubscribeBot
from arena.game.services import Services
from arena.game.signing import sign_first
from arena.game.tree import game_tree
from arena.keys import load_keys
from arena.localnet import Endpoints, LocalnetConfig, serve
from arena.server import Endpoints as ArenaEndpoints
from arena.server import make_services
from arena.settings import load_settings
from arena.store import bots, sessions, users
from arena.store.bots import BotStatus
from arena.store.sessions import ChatSession
from persistence import open_database
from tests.fixtures.postgres import GAME, PostgresServer, postgres_server

SOL = 1_000_000_000
FEE = SOL // 100
POT = SOL // 2
PHRASE = "the northern lights"
IMPOSTOR = Pubkey.from_bytes(bytes([66] * 32))
"""Somebody else's deployment of our very program."""


__all__ = ["postgres_server"]


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the test's own."""
    with postgres_server.database(GAME) as dsn:
        yield dsn


@dataclass
class Player:
    """A wallet with a session at a bot."""

    arena: Arena
    wallet: Keypair
    session: ChatSession

    async def quote(self, text: str, client_id: UUID) -> Quote:
        return await self.arena.services.session(self.session.id).ask(RequestQuote(client_id, text))

    async def pay(self, quote: Quote) -> PaymentState:
        signed = sign_first(quote.transaction, self.wallet)
        return await self.arena.services.session(self.session.id).ask(Pay(quote.client_id, signed))

    async def say(self, text: str) -> UUID:
        """Say it and pay for it; the client's id of the message."""
        client_id = uuid4()
        await self.pay(await self.quote(text, client_id))
        return client_id


@dataclass
class Arena:
    """The running parts."""

    services: Services
    nursery: trio.Nursery
    endpoints: Endpoints
    wallets: list[Keypair] = field(default_factory=list)

    async def wallet(self, lamports: int = 2 * SOL) -> Keypair:
        wallet = Keypair()
        await self.services.client.airdrop(wallet.pubkey(), lamports)
        with trio.fail_after(10):
            while await self.lamports(wallet.pubkey()) < lamports:
                await trio.sleep(0.02)
        return wallet

    async def lamports(self, address: Pubkey) -> int:
        return await self.services.client.balance(address)

    async def draft(self, creator: Keypair, **values: Any) -> drafts.Draft:
        user = await users.find_or_create(self.services.database, str(creator.pubkey()))
        spec: dict[str, Any] = {
            "name": "Boreas",
            "kind": "passphrase",
            "public": {"persona": "Boreas guards the sky", "objective": "Say what dances at night."},
            "secret": {"phrase": PHRASE},
            "fee_base": FEE,
            "initial_pot": POT,
            "closes_at": datetime.now(UTC) + timedelta(days=1),
        }
        return await draft_bot(self.services, user.id, user.wallet, DraftBot(**(spec | values)))

    async def open_bot(self, creator: Keypair, **values: Any) -> UUID:
        draft = await self.draft(creator, **values)
        signed = sign_first(draft.transaction, creator)
        await self.services.bot(draft.bot_id).ask(OpenBot(str(creator.pubkey()), signed))
        await self.until(draft.bot_id, BotStatus.OPEN)
        return draft.bot_id

    async def bot(self, bot_id: UUID) -> bots.Bot:
        bot = await bots.get(self.services.database, bot_id)
        assert bot is not None
        return bot

    async def until(self, bot_id: UUID, status: BotStatus, within: float = 30) -> bots.Bot:
        with trio.fail_after(within):
            while (bot := await self.bot(bot_id)).status is not status:
                await trio.sleep(0.02)
        return bot

    async def player(self, bot_id: UUID, wallet: Keypair | None = None) -> Player:
        wallet = wallet or await self.wallet()
        user = await users.find_or_create(self.services.database, str(wallet.pubkey()))
        session = await sessions.find_or_create(self.services.database, bot_id, user.id)
        return Player(self, wallet, session)

    async def subscribe(self, bot_id: UUID, session_id: UUID | None = None) -> Subscription[Publication]:
        return await self.services.bot(bot_id).ask(SubscribeBot(session_id))


@pytest.fixture
async def arena(dsn: str, tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Arena]:
    config = LocalnetConfig(
        tmp_path / "chain",
        rpc_port=0,
        slot_ms=20,
        finalized_after=4,
        programs={DEFAULT_PROGRAM_ID: program_path(), IMPOSTOR: program_path()},
    )
    settings = load_settings(
        None,
        arena_data_dir=tmp_path / "arena",
        arena_chain_interval=0.05,
        arena_settlement_interval=0.05,
        arena_verdict_timeout=1.0,
        arena_quote_lifetime=30,
    )
    async with AsyncExitStack() as stack:
        endpoints: Endpoints = await nursery.start(serve, config)
        database = await stack.enter_async_context(open_database(dsn))
        client = await stack.enter_async_context(ChainClient(endpoints.rpc_url))
        where = ArenaEndpoints(dsn, endpoints.rpc_url, endpoints.ws_url, local_chain=True)
        services = await make_services(settings, load_keys(settings), where, database, client)
        for wallet in (services.keys.payout_pubkey, services.keys.platform_wallet):
            await client.airdrop(wallet, 10 * SOL)
        await stack.enter_async_context(open_system(game_tree(services), on_created=services.attach))
        yield Arena(services, nursery, endpoints)
