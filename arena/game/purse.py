"""What a player's wallet holds: a payment that it does not cover is refused before anything is sent.

It would only take up room that others need, and tell the player late. Whether the wallet can pay is decided by the
chain alone, so a balance of a moment ago is good enough, and who says one thing after the other is not looked up for
each.
"""

from __future__ import annotations

import trio
from solders.pubkey import Pubkey

from arena.chain.client import ChainClient, ChainUnavailable
from arena.game.refusals import funds_below_rent, funds_insufficient

NETWORK_FEE = 10_000
"""Lamports: what the network takes for the two signatures of a payment, without a priority fee."""
BALANCE_SECONDS = 10.0
"""How long a balance is counted on, less what was paid since."""


class Purse:
    """One wallet, as one session sees it."""

    __slots__ = ("_balance", "_client", "_until", "_wallet")

    def __init__(self, client: ChainClient, wallet: str) -> None:
        self._client = client
        self._wallet = Pubkey.from_string(wallet)
        self._balance = 0
        self._until = 0.0

    async def check(self, amount: int) -> None:
        """Return if the wallet covers a payment of so many lamports, or if the chain cannot tell now: the payment is
        then kept, and sent when the chain is back.

        Raises:
            Problem: it does not.
        """
        needed = amount + NETWORK_FEE
        try:
            least = await self._client.rent_exempt_minimum(0)
            if trio.current_time() < self._until and self._balance - needed >= least:
                return
            asked_at = trio.current_time()
            self._balance = await self._client.balance(self._wallet)
        except ChainUnavailable:
            return
        self._until = asked_at + BALANCE_SECONDS
        if self._balance < needed:
            raise funds_insufficient(self._balance, needed)
        if 0 < self._balance - needed < least:
            raise funds_below_rent(self._balance, needed, least)

    def paid(self, amount: int) -> None:
        """A payment of so many lamports is on its way."""
        self._balance -= amount + NETWORK_FEE

    def kept(self) -> None:
        """A payment was not sent after all: what is left is looked up before the next one."""
        self._until = 0.0
