"""All three sockets over real bots, a real Postgres and the real program: what each of them sees of one round."""

import base64
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import trio

from arena.chain.submitter import TransactionKind
from arena.edge.authentication import Authenticator
from arena.game import lobby
from arena.game.signing import sign_first
from arena.ids import new_id
from arena.store.bots import Bot
from arena.store.messages import MessageStatus
from tests.fixtures.front import Client, connected, served
from tests.fixtures.game import Game, Player, ScriptedBrain
from tests.fixtures.garbage import garbage_of_ours


@dataclass
class Served:
    """The game behind its front."""

    game: Game
    url: str

    async def offered(self, player: Player) -> list[str]:
        signed_in = await Authenticator.of(self.game.services).begin(player.user)
        return ["arena.v1", f"bearer.{signed_in.token}"]

    async def ask(self, tab: Client, text: str) -> tuple[UUID, bytes]:
        """The id of a message, and the transaction that pays it, unsigned."""
        client_id = new_id()
        await tab.send(type="message", id=client_id, text=text)
        quote = await tab.receive_type("quote")
        assert quote["id"] == str(client_id)
        return client_id, base64.b64decode(quote["transaction"])

    async def pay(self, tab: Client, player: Player, client_id: UUID, unsigned: bytes) -> None:
        signed = base64.b64encode(sign_first(unsigned, player.wallet)).decode()
        await tab.send(type="pay", id=client_id, transaction=signed)

    async def land(self) -> None:
        await self.game.land(await self.game.outbox.take(TransactionKind.FEE))


@pytest.fixture
async def arena(game: Game, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(lobby, "INTERVAL", 0.01)
    monkeypatch.setattr(lobby, "PRESENCE_INTERVAL", 0.02)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with served(game.services, listener):
            yield Served(game, url)


async def kinds(client: Client, last: str) -> list[str]:
    """The types of durable frames and of deltas, up to this one."""
    seen: list[str] = []
    while last not in seen:
        frame = await client.receive()
        if frame["type"] not in ("welcome", "payment.state"):
            seen.append(frame["type"])
    return seen


async def opened(game: Game) -> tuple[Bot, Player]:
    bot = await game.open_bot()
    return bot, await game.player(bot)


async def test_a_payment_made_in_one_tab_is_seen_in_the_other(brain: ScriptedBrain, arena: Served) -> None:
    _, player = await opened(arena.game)
    path, offered = f"/ws/chats/{player.session.id}", await arena.offered(player)
    async with connected(arena.url, path, offered) as one, connected(arena.url, path, offered) as two:
        for tab in (one, two):
            await tab.resume()
        client_id, unsigned = await arena.ask(one, "hello")
        await arena.pay(two, player, client_id, unsigned)
        accepted = await one.receive_type("payment")
        assert (accepted["id"], accepted["status"]) == (str(client_id), "accepted")
        assert await two.receive_type("payment") == accepted
        await arena.land()
        seen = [[await tab.receive_type(kind) for kind in ("payment", "pot", "reply")] for tab in (one, two)]
        assert seen[0] == seen[1]
        assert seen[0][2]["reply"] == "you said hello"


async def test_what_each_socket_sees_of_a_round(brain: ScriptedBrain, arena: Served) -> None:
    bot, player = await opened(arena.game)
    bystander = await arena.game.player(bot)
    async with (
        connected(arena.url, f"/ws/chats/{player.session.id}", await arena.offered(player)) as chat,
        connected(arena.url, f"/ws/chats/{bystander.session.id}", await arena.offered(bystander)) as other,
        connected(arena.url, f"/ws/bots/{bot.id}") as spectator,
        connected(arena.url, "/ws/lobby") as lobby_client,
    ):
        for client in (chat, other, spectator):
            await client.resume()
            while (await client.receive_type("presence"))["players"] != 2:
                pass
        [entry] = (await lobby_client.receive_type("lobby"))["bots"]
        assert (entry["id"], entry["pot"]) == (str(bot.id), 50_000_000)

        client_id, unsigned = await arena.ask(chat, "sesame")
        await arena.pay(chat, player, client_id, unsigned)
        await arena.land()
        mine = await kinds(chat, "settlement")
        assert [kind for kind in mine if kind != "reply.delta"] == [
            "payment",
            "payment",
            "pot",
            "reply",
            "settlement",
        ]
        # what solves a bot is its finder's alone until the reward is final
        assert await kinds(other, "settlement") == ["pot", "settlement"]
        assert await kinds(spectator, "settlement") == ["pot", "settlement"]
        with trio.fail_after(5):
            while (entry := (await lobby_client.receive_type("bot"))["bot"])["status"] != "solved":
                pass
        assert (entry["pot"], entry["message_count"], entry["players"]) == (50_800_000, 1, 2)


async def test_a_spectator_who_comes_late_gets_the_whole_public_story(
    brain: ScriptedBrain, arena: Served
) -> None:
    bot, player = await opened(arena.game)
    hello = await arena.game.say(player, "hello")
    await arena.game.message_becomes(hello.id, MessageStatus.JUDGED)
    await arena.game.say(player, "sesame")
    await arena.game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
    async with connected(arena.url, f"/ws/bots/{bot.id}") as spectator:
        await spectator.send(type="resume", after=0)
        story = []
        while not story or story[-1].get("status") != "closed":
            frame = await spectator.receive()
            if "seq" in frame and frame["type"] != "welcome":
                story.append(frame)
    assert [frame["type"] for frame in story] == ["pot", "pot", "reply", "pot", *["settlement"] * 3]
    assert [frame["seq"] for frame in story] == sorted({frame["seq"] for frame in story})


async def test_a_crash_of_the_bot_is_invisible(brain: ScriptedBrain, arena: Served) -> None:
    bot, player = await opened(arena.game)
    async with connected(arena.url, f"/ws/bots/{bot.id}") as spectator:
        await spectator.send(type="resume", after=0)
        opening = await spectator.receive_type("pot")
        await arena.game.crash_bot(bot.id)
        await arena.game.say(player, "hello")
        assert (await spectator.receive_type("pot"))["seq"] > opening["seq"]
        assert (await spectator.receive_type("reply"))["text"] == "hello"


async def test_a_round_leaves_no_garbage(brain: ScriptedBrain, arena: Served) -> None:
    async def play() -> None:
        bot, player = await opened(arena.game)
        path, offered = f"/ws/chats/{player.session.id}", await arena.offered(player)
        async with connected(arena.url, path, offered) as tab:
            await tab.resume()
            for text in ("hello", "sesame"):
                client_id, unsigned = await arena.ask(tab, text)
                await arena.pay(tab, player, client_id, unsigned)
                await arena.land()
                await tab.receive_type("reply")
        await arena.game.crash_bot(bot.id)

    await play()  # what is made once and kept
    with garbage_of_ours() as found:
        await play()
    assert not found
