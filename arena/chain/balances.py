"""What wallets hold, for whoever asks: however many and often, the node is asked seldom."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import trio
from solders.pubkey import Pubkey

from arena.chain.client import ChainClient, ChainUnavailable, Commitment
from arena.chain.places import Places

MAX_AGE: Final = 1.0
"""Seconds for which a balance is good."""
MAX_WALLETS: Final = 10_000
"""Balances that are remembered; of more the one asked for longest ago is forgotten."""
AT_ONCE: Final = 8
"""Questions to the node at a time, so that most of the client's places are left to payments."""
TIMEOUT: Final = 5.0
"""Seconds that an answer may take, the wait for a place included."""


class _Kept:
    """The balance of one wallet, in lamports, and until when it is good on trio's clock."""

    __slots__ = ("good_until", "lamports", "lock")

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.lamports = 0
        self.good_until = -math.inf


class Balances:
    """Balances of any wallets at `confirmed`, each good for a second. Of one wallet there is one question at a time."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._places = Places(AT_ONCE)
        self._kept: OrderedDict[Pubkey, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def lamports(self, wallet: Pubkey) -> int:
        """What the wallet holds; 0 if it does not exist.

        Raises:
            ChainUnavailable: the node does not answer in time, or not with anything that makes sense.
        """
        kept = self._kept.setdefault(wallet, _Kept())
        self._kept.move_to_end(wallet)
        if len(self._kept) > MAX_WALLETS:
            self._kept.popitem(last=False)
        try:
            with trio.fail_after(TIMEOUT):
                async with kept.lock:
                    if trio.current_time() >= kept.good_until:
                        async with self._places:
                            kept.lamports = await self._client.balance(wallet, Commitment.CONFIRMED)
                        # from now on: those who waited behind a slow answer are told it, too
                        kept.good_until = trio.current_time() + MAX_AGE
                    return kept.lamports
        except trio.TooSlowError:
            raise ChainUnavailable("getBalance: no answer in time") from None
