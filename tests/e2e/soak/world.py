"""Who plays: creators that open a bot whenever one has ended, and players that talk to all of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import trio

from arena.cli.arena_client import ArenaClient
from arena.game.drafts import MIN_LIFE
from tests.e2e.player import draft, persistently
from tests.e2e.soak.conversation import Conversation
from tests.e2e.soak.opening import close_unplayed, open_bot
from tests.e2e.soak.records import Bot, Record

SOL = 1_000_000_000
KINDS: Mapping[str, int] = {
    "solved": 6,
    "idle, last player": 1,
    "idle, creator": 1,
    "unplayed": 1,
}
"""How a bot is to end, and how often of those that are opened one after the other."""
TIMED = ("timed, last player", "timed, creator")
"""These end by the clock: minutes later, so they are opened once, at the beginning."""
WRONG = ("A lantern?", "Is it the moon?", "A lighthouse, then.", "The city beyond the hills?", "I give up.")
MAX_AGE = 45.0
"""Seconds after which a bot that nobody has brought to its end is left alone."""


class World:
    """Creators, players and their conversations."""

    def __init__(
        self, seed: int, creators: list[ArenaClient], players: list[ArenaClient], record: Record
    ) -> None:
        self.finishing = False
        self.conversations: dict[tuple[str, str], Conversation] = {}
        """By wallet and bot."""
        self._seed = seed
        self._creators = creators
        self._players = players
        self._record = record
        self._listeners: trio.Nursery | None = None

    async def run(self, slots: int, *, timed: bool) -> None:
        """Play until `finishing` is set, then until everything that was begun has come to its end."""
        async with trio.open_nursery() as listeners:
            self._listeners = listeners
            async with trio.open_nursery() as nursery:
                for number in range(slots):
                    nursery.start_soon(self._keep_a_bot, number)
                if timed:
                    for number, kind in enumerate(TIMED):
                        nursery.start_soon(self._open, self._creators[number % len(self._creators)], kind)
                for number, client in enumerate(self._players):
                    nursery.start_soon(self._play, number, client)
            await self._finish()
            listeners.cancel_scope.cancel()

    # -- creators

    async def _keep_a_bot(self, number: int) -> None:
        """One bot after the other, of changing creators."""
        draw = random.Random(f"creator {self._seed} {number}")
        turn = number
        while not self.finishing:
            creator = self._creators[turn % len(self._creators)]
            turn += 1
            kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
            bot = await self._open(creator, kind, draw.randint(3, 12))
            if bot is None:
                continue
            if kind == "unplayed":
                await trio.sleep(draw.uniform(0, 3))
                await close_unplayed(creator, bot, self._record)
                continue
            with trio.move_on_after(MAX_AGE):
                while bot.playable and not self.finishing:
                    await trio.sleep(0.2)
            bot.left_alone = bot.left_alone or not bot.is_to_be_solved

    async def _open(self, creator: ArenaClient, kind: str, patience: int = 8) -> Bot | None:
        number = len(self._record.bots) + 1
        phrase = f"the northern lights of year {1000 + number}"
        terms: dict[str, Any] = draft(
            name=f"Soak {number}",
            secret={"phrase": phrase},
            fee_base=SOL // 1000,
            fee_growth_bps=100,
            fee_cap=SOL // 100,
            initial_pot=SOL // 10,
            expiry_rule="creator" if kind.endswith("creator") else "last_player",
        )
        if kind.startswith("idle"):
            terms["idle_after"] = 5
        if kind.startswith("timed"):
            terms["closes_at"] = (datetime.now(UTC) + MIN_LIFE + timedelta(seconds=5)).isoformat()
        bot = await open_bot(creator, terms, lambda: self.finishing)
        if bot is None:
            return None
        known = Bot(bot["id"], bot["address"], kind, creator.address, {**terms, **bot}, phrase, patience)
        self._record.bots[known.id] = known
        return known

    # -- players

    async def _play(self, number: int, client: ArenaClient) -> None:
        draw = random.Random(f"player {self._seed} {number}")
        while not self.finishing:
            bots = [bot for bot in self._record.bots.values() if bot.playable]
            if not bots:
                await trio.sleep(0.2)
                continue
            conversation = self.conversation(client, draw.choice(bots))
            for _ in range(draw.randint(1, 3)):
                if self.finishing or not conversation.bot.playable:
                    break
                if draw.random() < 0.25:
                    async with trio.open_nursery() as both:
                        both.start_soon(conversation.say, draw.choice(WRONG))
                        both.start_soon(conversation.say, draw.choice(WRONG))
                else:
                    await self._say(conversation, draw)
                await trio.sleep(draw.uniform(0, 0.4))

    async def _say(self, conversation: Conversation, draw: random.Random) -> None:
        bot = conversation.bot
        if conversation.fates.message_count < bot.patience:
            await conversation.say(draw.choice(WRONG))
        elif bot.is_to_be_solved:
            await conversation.say(f"It must be {bot.phrase}")  # all who come by now do: a race
        else:
            bot.left_alone = True

    def conversation(self, client: ArenaClient, bot: Bot) -> Conversation:
        key = (client.address, bot.id)
        if key not in self.conversations:
            assert self._listeners is not None
            self.conversations[key] = Conversation(client, bot, self._record)
            self._listeners.start_soon(self.conversations[key].listen)
        return self.conversations[key]

    # -- the end

    async def _finish(self) -> None:
        """Solve what can be solved. What ends by itself is waited for by whoever checks."""
        async with trio.open_nursery() as nursery:
            for bot in self._record.bots.values():
                if bot.is_to_be_solved and not bot.ended:
                    nursery.start_soon(self._solve, bot)

    async def _solve(self, bot: Bot) -> None:
        conversation = self.conversation(random.Random(bot.id).choice(self._players), bot)
        while not conversation.fates.over and conversation.fates.takes_messages:
            status = (await persistently(self._creators[0], "GET", f"/bots/{bot.id}"))["status"]
            if status != "open":
                return
            await conversation.say(f"It must be {bot.phrase}")

    def waiting(self) -> list[str]:
        """Whose messages have not come to an end."""
        return [
            f"{wallet} with {bot_id}: message {message_id} is {fate.status}"
            for (wallet, bot_id), talk in self.conversations.items()
            for message_id, fate in talk.fates.messages.items()
            if fate.under_way
        ]

    async def complete(self) -> dict[tuple[str, str], Conversation]:
        """Every conversation once more, from the log's beginning to its end."""
        again: dict[tuple[str, str], Conversation] = {}
        clients = {client.address: client for client in self._players}
        limit = trio.CapacityLimiter(8)

        async def read(key: tuple[str, str], conversation: Conversation) -> None:
            async with limit:
                replayed = Conversation(clients[key[0]], conversation.bot, self._record)
                replayed.amounts = conversation.amounts
                await replayed.listen(to_the_end=True)
                again[key] = replayed

        async with trio.open_nursery() as nursery:
            for key, conversation in self.conversations.items():
                nursery.start_soon(read, key, conversation)
        return again
