"""The balances of our own wallets: seen, warned of, and topped up where money is free."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from structlog.testing import capture_logs

from arena.chain.client import ChainClient
from arena.game.funds import LOCAL_FUNDS, LOW_FUNDS, FundsWatch
from arena.keys import KeyRing, load_keys
from arena.settings import load_settings
from tests.fixtures.scripted_rpc import ScriptedRpc, scripted_rpc

EXISTENCE = 890_880


class Wallets:
    """Two wallets on a node that knows nothing else."""

    def __init__(self, node: ScriptedRpc, keys: KeyRing, watch: FundsWatch) -> None:
        self.node, self.keys, self.watch = node, keys, watch
        self.lamports = {str(keys.payout_pubkey): LOW_FUNDS, str(keys.platform_wallet): EXISTENCE}
        node.methods["getBalance"] = lambda params: {
            "context": {"slot": 10},
            "value": self.lamports[params[0]],
        }

    @property
    def airdrops(self) -> list[object]:
        return [params[:2] for method, params in self.node.calls if method == "requestAirdrop"]


@asynccontextmanager
async def wallets(tmp_path: Path, *, local_chain: bool = False) -> AsyncIterator[Wallets]:
    keys = load_keys(load_settings(None, arena_data_dir=tmp_path))
    async with scripted_rpc() as node, ChainClient(node.url) as client:
        yield Wallets(node, keys, FundsWatch(client, keys, local_chain=local_chain))


async def test_enough_is_no_reason_to_speak(tmp_path: Path) -> None:
    async with wallets(tmp_path) as ours:
        with capture_logs() as logs:
            await ours.watch.look()
        assert logs == []
        assert [(found.name, found.lamports, found.is_low) for found in ours.watch.balances] == [
            ("payout_key", LOW_FUNDS, False),
            ("platform_wallet", EXISTENCE, False),
        ]


async def test_one_lamport_less_is_warned_of(tmp_path: Path) -> None:
    async with wallets(tmp_path) as ours:
        ours.lamports[str(ours.keys.payout_pubkey)] -= 1
        ours.lamports[str(ours.keys.platform_wallet)] = 0
        with capture_logs() as logs:
            await ours.watch.look()
        assert [(entry["event"], entry["of"]) for entry in logs] == [
            ("funds_low", "payout_key"),
            ("funds_low", "platform_wallet"),
        ]
        assert all(found.is_low for found in ours.watch.balances)
        assert ours.airdrops == []


async def test_on_the_local_chain_what_is_low_is_topped_up(tmp_path: Path) -> None:
    async with wallets(tmp_path, local_chain=True) as ours:
        ours.lamports[str(ours.keys.platform_wallet)] = 0
        await ours.watch.look()
        assert ours.airdrops == [[str(ours.keys.platform_wallet), LOCAL_FUNDS]]


async def test_an_outage_forgets_nothing(tmp_path: Path) -> None:
    async with wallets(tmp_path) as ours:
        await ours.watch.look()
        seen = ours.watch.balances
        ours.node.down = True
        with capture_logs() as logs, trio.move_on_after(1):
            await ours.watch.run()
        assert "funds_unknown" in [entry["event"] for entry in logs]
        assert ours.watch.balances == seen
