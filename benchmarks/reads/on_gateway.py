"""The reads as the arena serves them, without a chain. `python -m benchmarks.reads.on_gateway PORT DSN FOLDER`."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from solders.pubkey import Pubkey

from actors import ActorSpec, SupervisorSpec, open_system
from arena.chain.client import ChainClient
from arena.edge.authentication import Authenticator
from arena.edge.rate_limits import RateLimits
from arena.front import Gateway
from arena.game.lobby import LobbyActor
from arena.game.services import Services
from arena.garbage import settle_memory
from arena.http.app import create_app
from arena.keys import load_keys
from arena.rates import Rate
from arena.secretbox import SecretBox
from arena.settings import load_settings
from arena.ws.conversations import Conversations
from persistence import Journal, PostgresSnapshotStore, open_database

NOWHERE = "http://127.0.0.1:9"
"""The chain's node, which reads do not ask."""
NEVER_REACHED = Rate(999_999_999, 1)
"""Requests are counted as always, and none of them is one too many."""


@asynccontextmanager
async def open_services(dsn: str, folder: Path, port: int) -> AsyncIterator[Services]:
    """As `arena.server` makes them; of the actors the lobby alone is there."""
    settings = load_settings(
        arena_data_dir=folder,
        arena_port=port,
        arena_connections_per_address=0,
        arena_rate_requests_address=NEVER_REACHED,
    )
    keys = load_keys(settings)
    async with (
        open_database(dsn, max_size=settings.arena_database_connections) as database,
        ChainClient(NOWHERE) as client,
    ):
        journal = Journal(database)
        services = Services(
            settings=settings,
            keys=keys,
            secretbox=SecretBox(keys.secrets_key),
            database=database,
            journal=journal,
            snapshots=PostgresSnapshotStore(database, journal),
            client=client,
            program_id=Pubkey.default(),
            rpc_url=NOWHERE,
            ws_url="",
            chain_id="localnet",
            local_chain=True,
        )
        lobby = ActorSpec("lobby", lambda: LobbyActor(database, services.presence))
        tree = SupervisorSpec("root", [SupervisorSpec("game", [lobby])])
        async with open_system(tree, on_created=services.attach):
            yield services


async def main(port: int, dsn: str, folder: Path) -> None:
    async with open_services(dsn, folder, port) as services:
        limits = RateLimits(services.settings)
        authenticator = Authenticator.of(services)
        app = create_app(services, limits, authenticator)
        gateway = Gateway(app, services, Conversations(services, limits, authenticator))
        listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        async with gateway.open([listener]):
            settle_memory()
            await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
