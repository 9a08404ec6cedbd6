"""One player's chat with one bot: what is said goes out and is paid for, what is heard is shown.

A message is asked for again after every reconnection until there is a quote, and paid for again until the arena has the
payment: both may be repeated. docs/protocol.md has the frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final
from uuid import UUID

import trio
from solders.pubkey import Pubkey

from arena.cli.arena_client import ArenaClient, ArenaError, Json
from arena.cli.live import Connected, Connecting, Live, Waiting
from arena.cli.plain import plain
from arena.cli.playing.checks import Untrue, check_payment
from arena.cli.playing.pending import Pending, PendingPayments
from arena.cli.playing.screen import Interrupted, Screen
from arena.cli.playing.telling import told
from arena.economy import format_sol
from arena.ids import new_id

SHOWN_AT_FIRST: Final = 10
"""Lines of the transcript that one is shown when one comes."""
LINES_KEPT: Final = 64
"""Lines that are written ahead; after that the writer waits."""
QUOTE_TIMEOUT: Final = 60.0
"""Seconds until a message is given up for which no price comes. Nothing was paid then."""
AGAIN_AFTER: Final = 3.0
_DECIDED: Final = {"judged", "refunding", "refunded", "dead"}
HELP: Final = "/price /hints /who /history /quit; anything else is said to the bot"


class Outcome(Enum):
    """Why a game ended."""

    LEFT = auto()
    WON = auto()
    OVER = auto()
    INTERRUPTED = auto()


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a player agrees to pay without being asked: everything, or up to so many lamports."""

    always: bool = False
    up_to: int | None = None

    def covers(self, amount: int) -> bool:
        return self.always or (self.up_to is not None and amount <= self.up_to)


@dataclass(slots=True)
class _Saying:
    """A message on its way."""

    text: str
    id: str = field(default_factory=lambda: str(new_id()))
    answer: Json | None = None
    """The quote, or the error in its place."""
    answered: trio.Event = field(default_factory=trio.Event)
    decided: trio.Event = field(default_factory=trio.Event)


class Game:
    """The chat of the wallet that `client` is signed in with.

    Args:
        bot: as the API has it.
        session: its chat, likewise.
        program: of the arena on the chain.
    """

    def __init__(
        self,
        client: ArenaClient,
        screen: Screen,
        pending: PendingPayments,
        agreement: Agreement,
        *,
        bot: Json,
        session: Json,
        program: Pubkey,
    ) -> None:
        self._client = client
        self._screen = screen
        self._pending = pending
        self._agreement = agreement
        self._bot = bot
        self._session = session
        self._program = program
        self._live = Live(client.url, str(session["websocket"]), token=client.token)
        self._saying: _Saying | None = None
        self._known: set[int] = set()
        self._undecided = {payment.id for payment in pending.at(bot["id"])}
        self._here: Json = {"players": 0, "watching": 0}
        self._entered = False
        self._offline = False
        self._winning = False
        self._outcome: Outcome | None = None
        self._failure: ArenaError | None = None
        self._scope = trio.CancelScope()

    async def play(self) -> Outcome:
        """Until the player leaves or the bot is over. Raises `ArenaError`: there is nothing to play."""
        written, lines = trio.open_memory_channel[str](LINES_KEPT)
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._live.run)
                nursery.start_soon(self._hear)
                nursery.start_soon(self._read, written)
                await self._speak(lines)
                self._end(Outcome.LEFT)
        self._screen.prompt("")
        if self._failure is not None:
            raise self._failure
        if self._undecided:
            self._screen.say("A payment is under way. Come again to see how it ended.")
        outcome = self._outcome or Outcome.LEFT
        self._screen.event({"type": "end", "outcome": outcome.name.lower()})
        return outcome

    def _end(self, outcome: Outcome) -> None:
        self._outcome = self._outcome or outcome
        self._scope.cancel()

    # -- what is heard

    async def _hear(self) -> None:
        try:
            async for heard in self._live:
                match heard:
                    case Connecting():
                        pass
                    case Connected():
                        await self._connected()
                    case Waiting(code=code):
                        self._screen.event({"type": "offline", "code": code})
                        if not self._offline:
                            self._screen.say(f"  offline ({plain(code)}): trying again; nothing is lost")
                        self._offline = True
                    case frame:
                        await self._frame(frame)
        except ArenaError as error:
            self._failure = error
            self._scope.cancel()

    async def _connected(self) -> None:
        if self._offline:
            self._screen.say("  connected again")
        self._offline = False
        self._screen.event({"type": "online"})
        if not self._entered:
            # what happens from now on comes as frames; what was before is read
            await self._read_up()
            self._entered = True
            self._take_turn()
        saying = self._saying
        if saying is not None and not saying.answered.is_set():
            await self._ask(saying)
        await self._pay()

    async def _read_up(self) -> None:
        """What was said before, and what became of one's own payments."""
        try:
            page = await self._client.call("GET", f"/bots/{self._bot['id']}/messages?limit={SHOWN_AT_FIRST}")
            for message in reversed(page["messages"]):
                self._show_reply(message)
        except ArenaError as error:
            self._screen.say(f"  what was said before cannot be read: {plain(error)}")
        await self._look_up()

    async def _look_up(self) -> None:
        """How one's own messages stand that were under way."""
        try:
            messages = await self._history()
        except ArenaError as error:
            self._screen.say(f"  your own messages cannot be read: {plain(error)}")
            return
        for message in reversed(messages):
            mid, status = message["id"], message["status"]
            if mid not in self._undecided and status not in ("paying", "paid"):
                continue
            self._pending.settle(mid)
            if status in ("paying", "paid"):
                self._undecided.add(mid)
                self._screen.say(f"  on its way: {plain(message['text'] or '')}")
                continue
            if status == "judged" and message["message_index"] not in self._known:
                self._show_reply({**message, "wallet": self._client.address}, ours=True)
            elif status != "judged":
                self._screen.say(f"  {plain(message['text'] or '')}: {plain(status)}")
            self._decided(mid)

    async def _history(self) -> list[Json]:
        path = f"/chats/{self._session['id']}/messages?limit=50"
        found: list[Json] = (await self._client.call("GET", path))["messages"]
        return found

    async def _frame(self, frame: Json) -> None:
        if frame["type"] != "quote":
            self._screen.event(frame)
        match frame["type"]:
            case "quote":
                self._answer(frame)
            case "presence":
                self._here = frame
            case "reply.delta":
                if frame["id"] in self._undecided:
                    self._screen.piece(frame["text"])
            case "payment.state":
                self._pending.settle(frame["id"])
                if frame["status"] in _DECIDED and frame["id"] in self._undecided:
                    await self._look_up()
            case "payment":
                self._pending.settle(frame["id"])
                self._tell(frame)
                if frame["status"] in ("failed", "expired"):
                    self._decided(frame["id"])
            case "reply":
                mine = frame["id"] in self._undecided
                self._winning |= mine and frame["verdict"] == "solved"
                self._show_reply(frame, ours=mine)
                self._decided(frame["id"])
            case "pot" | "rollback":
                if frame["type"] == "rollback":
                    # what followed will be said again
                    self._known = {index for index in self._known if index <= frame["message_count"]}
                self._bot |= {name: frame[name] for name in ("pot", "next_price", "message_count")}
                self._tell(frame)
                self._take_turn()
            case "refund":
                self._tell(frame)
                if frame.get("id"):
                    self._decided(frame["id"])
            case "settlement":
                self._tell(frame)
                self._settled(frame)
            case "error":
                self._refused(frame)
            case _:
                pass

    def _tell(self, frame: Json) -> None:
        words = told(frame, wallet=self._client.address, name=self._bot["name"])
        if words is not None:
            self._screen.say(words)

    def _show_reply(self, message: Json, *, ours: bool = False) -> None:
        if message["message_index"] in self._known:
            return
        self._known.add(message["message_index"])
        # one's own text is on the screen already, unless it is of an earlier visit
        self._tell(
            {**message, "type": "reply"}
            if ours
            else {**message, "type": "reply", "wallet": message["wallet"]}
        )

    def _settled(self, frame: Json) -> None:
        mine = frame.get("winner") == self._client.address
        match frame["status"]:
            case "solved" if mine:
                self._winning = True
                self._bot["status"] = "solved"
            case "solved" | "expired":
                self._bot["status"] = frame["status"]
                if not self._undecided:
                    self._end(Outcome.OVER)
            case "paid" if self._winning:
                self._end(Outcome.WON)
            case "halted":
                self._bot["status"] = "halted"
            case "resumed":
                self._bot["status"] = "open"

    def _refused(self, frame: Json) -> None:
        saying, about = self._saying, frame.get("id")
        if about is None:
            self._tell(frame)
        elif saying is not None and about == saying.id and not saying.answered.is_set():
            self._answer(frame)
        elif frame.get("retry_after") is not None:
            self._screen.say(f"  {plain(frame['detail'])} Trying again.")
        elif about in self._undecided:
            self._pending.settle(about)
            self._screen.say(f"  {plain(frame['detail'])} Nothing was paid.")
            self._decided(about)

    def _answer(self, frame: Json) -> None:
        saying = self._saying
        if saying is not None and frame["id"] == saying.id:
            saying.answer = frame
            saying.answered.set()

    def _decided(self, message_id: str) -> None:
        self._undecided.discard(message_id)
        if self._saying is not None and self._saying.id == message_id:
            self._saying.decided.set()
        if self._bot["status"] in ("solved", "expired") and not self._undecided and not self._winning:
            self._end(Outcome.OVER)

    # -- what is said

    async def _read(self, written: trio.MemorySendChannel[str]) -> None:
        async with written:
            try:
                async for line in self._screen.lines():
                    await written.send(line)
            except Interrupted:
                self._end(Outcome.INTERRUPTED)

    async def _speak(self, lines: trio.MemoryReceiveChannel[str]) -> None:
        async for line in lines:
            text = line.strip()
            if text == "/quit":
                return
            if text.startswith("/"):
                try:
                    await self._command(text)
                except ArenaError as error:
                    self._screen.say(plain(error))
            elif text:
                await self._say(text, lines)
            self._take_turn()
        if self._winning:
            await trio.sleep_forever()  # until the reward is paid, or one has had enough

    def _take_turn(self) -> None:
        if self._saying is None and self._entered:
            pot, price = format_sol(self._bot["pot"]), format_sol(self._bot["next_price"])
            self._screen.prompt(f"[{pot} | {price}] " if self._bot["status"] == "open" else "> ")

    async def _command(self, text: str) -> None:
        match text:
            case "/price":
                self._screen.say(
                    f"pot {format_sol(self._bot['pot'])}, next {format_sol(self._bot['next_price'])}"
                )
            case "/who":
                self._screen.say(f"{self._here['players']} players, {self._here['watching']} watching")
            case "/hints":
                await self._show_hints()
            case "/history":
                for message in reversed(await self._history()):
                    reply = f" — {plain(message['reply'])}" if message["reply"] else ""
                    self._screen.say(f"{plain(message['text'] or '')} ({plain(message['status'])}){reply}")
            case _:
                self._screen.say(HELP)

    async def _show_hints(self) -> None:
        public = (await self._client.call("GET", f"/bots/{self._bot['id']}"))["public"]
        for hint in public.get("hints") or []:
            self._screen.say(f"hint: {plain(hint['text'])}")
        self._screen.say(f"{public.get('hints_locked', 0)} more come as messages add up")

    async def _say(self, text: str, lines: trio.MemoryReceiveChannel[str]) -> None:
        """One message, from its price to its verdict."""
        if self._bot["status"] != "open":
            self._screen.say("The bot takes no messages.")
            return
        self._screen.prompt("")
        saying = self._saying = _Saying(text)
        try:
            await self._ask(saying)
            with trio.move_on_after(QUOTE_TIMEOUT):
                await saying.answered.wait()
            quote = saying.answer
            if quote is None:
                self._screen.say("No price came. Nothing was paid.")
            elif quote["type"] == "error":
                self._tell(quote)
            elif await self._agreed(saying, quote, lines):
                await self._send(saying, quote)
                await saying.decided.wait()
        except Untrue as lie:
            self._screen.event({"type": "untrue", "id": saying.id, "detail": str(lie)})
            self._screen.say(f"The arena's transaction is not what it said: {lie}. It was not signed.")
        finally:
            self._saying = None

    async def _ask(self, saying: _Saying) -> None:
        await self._live.send({"type": "message", "id": saying.id, "text": saying.text})

    async def _agreed(self, saying: _Saying, quote: Json, lines: trio.MemoryReceiveChannel[str]) -> bool:
        amount = quote["amount"]
        self._screen.event({"type": "price", "id": saying.id, "amount": amount})
        if self._agreement.covers(amount):
            return True
        if self._screen.asks:
            self._screen.prompt(f"Send for {format_sol(amount)}? [Y/n] ")
            try:
                answer = (await lines.receive()).strip().lower()
            except trio.EndOfChannel:
                answer = "n"
            self._screen.prompt("")
            if answer in ("", "y", "yes"):
                return True
        self._screen.event({"type": "declined", "id": saying.id, "amount": amount})
        self._screen.say(f"  not sent: it costs {format_sol(amount)}")
        return False

    async def _send(self, saying: _Saying, quote: Json) -> None:
        """Sign what was quoted, if it is what was quoted, and send it."""
        check_payment(
            quote["transaction"],
            program=self._program,
            bot=Pubkey.from_string(self._bot["address"]),
            wallet=self._client.wallet.pubkey(),
            message_id=UUID(quote["message_id"]),
            text=saying.text,
            amount=quote["amount"],
        )
        signed = self._client.sign(quote["transaction"])
        self._pending.remember(Pending(saying.id, self._bot["id"], saying.text, quote["amount"], signed))
        self._undecided.add(saying.id)
        self._screen.say("  sent")
        await self._pay()

    async def _pay(self) -> None:
        """Send what was signed and is not acknowledged."""
        for payment in self._pending.at(self._bot["id"]):
            await self._live.send({"type": "pay", "id": payment.id, "transaction": payment.transaction})
