"""One whole round over the public interfaces: a bot is opened, asked, solved, and its money is paid out and final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient, Chat, arena_client
from arena.economy import LAMPORTS_PER_SOL
from arena.ids import new_id

FUNDS: Final = LAMPORTS_PER_SOL
POT: Final = LAMPORTS_PER_SOL // 10
FEE: Final = LAMPORTS_PER_SOL // 1_000
TEXTS: Final = ("Is it a lighthouse?", "Then it must be the moon.", "I say: the northern lights!")
LOOK: Final = 0.05


@dataclass(frozen=True, slots=True)
class Played:
    """How long a round took, in seconds.

    Attributes:
        opening: from the draft to the bot's being open.
        verdicts: from each signed payment to its verdict.
        payout: from the solving verdict to the reward's being final.
        closing: from that to the account's being closed.
    """

    opening: float
    verdicts: list[float]
    payout: float
    closing: float

    @property
    def whole(self) -> float:
        return self.opening + sum(self.verdicts) + self.payout + self.closing


async def play(url: str) -> Played:
    """By two new wallets. Raises `ArenaError`."""
    async with arena_client(url, Keypair()) as creator, arena_client(url, Keypair()) as player:
        for client in (creator, player):
            await client.sign_in()
            await client.call("POST", "/faucet", {"address": client.address, "lamports": FUNDS})
        began = trio.current_time()
        bot_id = await _open(creator)
        opened = trio.current_time()
        async with player.chat(bot_id) as chat:
            verdicts = [await _say(player, chat, text) for text in TEXTS]
            solved = trio.current_time()
            times = {}
            while "closed" not in times:
                frame = await chat.until("settlement")
                times[frame["status"]] = trio.current_time()
        return Played(opened - began, verdicts, times["paid"] - solved, times["closed"] - times["paid"])


async def _open(creator: ArenaClient) -> str:
    draft, _ = await creator.open_bot(
        {
            "name": "Boreas",
            "kind": "passphrase",
            "public": {
                "persona": "Boreas, who guards the winter sky",
                "objective": "Say what dances over the pole at night.",
            },
            "secret": {"phrase": "the northern lights"},
            "fee_base": FEE,
            "fee_growth_bps": 0,
            "fee_cap": FEE,
            "initial_pot": POT,
            "closes_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
    )
    while (await creator.call("GET", f"/bots/{draft['id']}"))["status"] != "open":
        await trio.sleep(LOOK)
    return str(draft["id"])


async def _say(player: ArenaClient, chat: Chat, text: str) -> float:
    said = new_id()
    await chat.send(type="message", id=said, text=text)
    quote = await chat.until("quote", of=said)
    began = trio.current_time()
    await chat.send(type="pay", id=said, transaction=player.sign(quote["transaction"]))
    await chat.until("reply", of=said)
    return trio.current_time() - began
