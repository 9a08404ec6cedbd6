"""One wallet in one chat for as long as the run lasts: it connects again and resumes, and pays each message once."""

from __future__ import annotations

import base64
import math

import trio
from solders.transaction import VersionedTransaction
from trio_websocket import ConnectionClosed

from arena.cli.arena_client import ArenaClient, ArenaError, Chat
from arena.ids import new_id
from tests.e2e.soak.fates import Fate, Fates, Frame
from tests.e2e.soak.records import Bot, Record

PAUSE = 0.3
AGAIN = 3.0
"""Seconds without news after which the server is asked once more."""
QUIET = 2.0
"""Seconds without frames after which a log is known to its end: the last ones may be another player's."""
MAX_PAYMENTS = 6
"""How often a message is paid for whose payments expire."""
_ENDS = ("bot_not_live", "bot_ends_soon")


class Conversation:
    """`frames` are the durable ones, each once, in order; `amounts` what each signed payment would cost."""

    def __init__(self, client: ArenaClient, bot: Bot, record: Record) -> None:
        self.bot = bot
        self.frames: list[Frame] = []
        self.fates = Fates(client.address)
        self.amounts: dict[str, int] = {}
        self.connections = 0
        self._head: int | None = None
        self._client = client
        self._record = record
        self._payments: dict[str, int] = {}
        self._accepted_at: dict[str, float] = {}
        self._chat: Chat | None = None
        self._news = trio.Event()
        self._refused = ""

    async def listen(self, *, to_the_end: bool = False) -> None:
        """Take in what comes until all is settled; with `to_the_end` until everything in its log is known."""
        while to_the_end or not self.fates.settled:
            try:
                if await self._connected(to_the_end=to_the_end):
                    return
            except (OSError, ArenaError):
                await trio.sleep(PAUSE)

    async def _connected(self, *, to_the_end: bool) -> bool:
        try:
            async with self._client.chat(self.bot.id) as chat:
                self.connections += 1
                await chat.send(type="resume", after=self.fates.seq)
                self._chat = chat
                self._tell()
                while to_the_end or not self.fates.settled:
                    if to_the_end and self._head is not None and self.fates.seq >= self._head:
                        return True
                    with trio.move_on_after(QUIET if to_the_end else math.inf):
                        await self._receive(chat)
                        continue
                    return True
                return True
        finally:
            self._chat = None

    async def _receive(self, chat: Chat) -> None:
        try:
            frame = await chat.receive()
        except ArenaError as error:
            self._refused = error.code
            self._tell()
            return
        if frame["type"] == "quote":
            await self._pay(chat, frame)
        elif frame["type"] == "welcome":
            self._head = frame["seq"]
        elif "seq" in frame:
            self._take(frame)
            self._tell()

    async def _pay(self, chat: Chat, quote: Frame) -> None:
        signed = self._client.sign(quote["transaction"])
        signature = str(VersionedTransaction.from_bytes(base64.b64decode(signed)).signatures[0])
        self.amounts[signature] = quote["amount"]
        await chat.send(type="pay", id=quote["id"], transaction=signed)

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        already = len(self.fates.wrong)
        self.fates.take(frame)
        for wrong in self.fates.wrong[already:]:
            self._record.violation(
                f"{self._client.address} with {self.bot.id}: {wrong} (frame {frame['seq']})"
            )
        if frame["type"] == "settlement" and frame["status"] in ("solved", "expired", "closed"):
            self.bot.ended = True
        if frame["type"] == "rollback":
            self.bot.ended = not self.fates.takes_messages
        self._clock(frame)

    def _clock(self, frame: Frame) -> None:
        """How long a player waits for a verdict, from the acceptance of the payment."""
        now = trio.current_time()
        match frame:
            case {"type": "payment", "id": message_id, "status": "accepted"}:
                self._accepted_at[message_id] = now
            case {"type": "payment", "id": message_id, "status": "taken_back" | "expired" | "failed"}:
                self._accepted_at.pop(message_id, None)
            case {"type": "reply" | "refund", "id": message_id} if message_id in self._accepted_at:
                who = f"message {message_id} to {self.bot.id}"
                self._record.waited(self._accepted_at.pop(message_id), who)

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def say(self, text: str) -> Fate | None:
        """Say it, pay for it, and wait for the verdict or the refund; None when the bot takes no messages any more."""
        message_id = str(new_id())
        while True:
            fate = self.fates.fate(message_id)
            if fate.paid and fate.status != "confirmed":
                return fate
            if not fate.under_way:
                if self._refused in _ENDS or not self.fates.takes_messages:
                    self._refused = ""
                    return None
                if self._payments.get(message_id, 0) >= MAX_PAYMENTS:
                    return fate
                await self._ask(message_id, text)
            with trio.move_on_after(AGAIN):
                await self._until_news_of(message_id)

    async def _ask(self, message_id: str, text: str) -> None:
        self._refused = ""
        if self._chat is not None:
            try:
                await self._chat.send(type="message", id=message_id, text=text)
            except (OSError, ConnectionClosed):
                return  # it is asked again on the next connection

    async def _until_news_of(self, message_id: str) -> None:
        before = self.fates.fate(message_id).status
        while True:
            await self._news.wait()
            now = self.fates.fate(message_id)
            if now.status != before:
                if now.status == "accepted":
                    self._payments[message_id] = self._payments.get(message_id, 0) + 1
                return
            if self._refused in _ENDS:
                return
