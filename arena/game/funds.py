"""Whether our wallets hold what the arena needs to go on paying: watched, and said before it hurts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

import structlog
import trio
from solders.pubkey import Pubkey

from arena.chain.client import ChainClient, ChainUnavailable
from arena.keys import KeyRing

log = structlog.get_logger(__name__)

LOCAL_FUNDS = 10_000_000_000
"""Lamports that our wallets are given on the local chain."""
LOW_FUNDS = 50_000_000
"""Lamports below which the payout key's balance is warned of: some thousands of transactions."""
INTERVAL = 60.0
TOP_UP_INTERVAL = 2.0
"""Seconds after which what the local chain was asked to give has come."""

WalletName = Literal["payout_key", "platform_wallet"]


@dataclass(frozen=True, slots=True)
class Balance:
    """What a wallet of ours held when it was last looked at, and the least it should hold. Lamports."""

    name: WalletName
    wallet: Pubkey
    lamports: int
    least: int

    @property
    def is_low(self) -> bool:
        return self.lamports < self.least


class FundsWatch:
    """Looks after the wallets that an arena cannot do without.

    The payout key pays the network's fees of settlements. The platform's wallet has to exist: dues that it cannot hold
    would keep a bot from being closed.

    Attributes:
        balances: as last seen; empty until the chain was asked for the first time.
    """

    def __init__(self, client: ChainClient, keys: KeyRing, *, local_chain: bool) -> None:
        self._client = client
        self._keys = keys
        self._local_chain = local_chain
        self.balances: tuple[Balance, ...] = ()

    async def run(self) -> NoReturn:
        """Look again and again; keep the wallets funded on the local chain, and warn elsewhere."""
        while True:
            try:
                await self.look()
            except ChainUnavailable as error:
                log.warning("funds_unknown", reason=str(error))
            topped_up = self._local_chain and any(found.is_low for found in self.balances)
            await trio.sleep(TOP_UP_INTERVAL if topped_up else INTERVAL)

    async def look(self) -> None:
        """Look once.

        Raises:
            ChainUnavailable: what was seen last stays.
        """
        client, keys = self._client, self._keys
        existence = await client.rent_exempt_minimum(0)
        self.balances = (
            await self._balance("payout_key", keys.payout_pubkey, LOW_FUNDS),
            await self._balance("platform_wallet", keys.platform_wallet, existence),
        )
        for found in self.balances:
            if found.is_low and self._local_chain:
                await client.airdrop(found.wallet, LOCAL_FUNDS)
            elif found.is_low:
                log.warning(
                    "funds_low",
                    of=found.name,
                    wallet=str(found.wallet),
                    lamports=found.lamports,
                    least=found.least,
                )

    async def _balance(self, name: WalletName, wallet: Pubkey, least: int) -> Balance:
        return Balance(name, wallet, await self._client.balance(wallet), least)
