"""`arena watch` and `arena top` under a pseudo-terminal and in pipes, against a real arena in a process of its own."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from solders.keypair import Keypair

from arena.keys import read_keypair
from benchmarks.harness.process import free_port
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import PHRASE, Player, funded_client, open_bot
from tests.e2e.terminal import Terminal, pipe, terminal
from tests.tcp_proxy import TcpProxy

ALTERNATE_SCREEN, MAIN_SCREEN, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
CTRL_C = "\x03"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArenaProcess]:
    with arena_process(tmp_path_factory.mktemp("arena") / "data") as process:
        trio.run(process.start)
        yield process


def key_of_operator(arena: ArenaProcess) -> Path:
    return arena.data_dir / "keys" / "admin.json"


def operator(arena: ArenaProcess) -> list[str]:
    return ["--url", arena.url, "--key", str(key_of_operator(arena))]


def drawn(screen: Terminal) -> bytes:
    """What was on the alternate screen, which must have been left in order."""
    _, entered, rest = screen.raw.partition(ALTERNATE_SCREEN)
    shown, left, _ = rest.partition(MAIN_SCREEN)
    assert entered
    assert left
    assert shown.endswith(SHOW_CURSOR)
    return shown


async def test_the_lobby_is_a_table_that_fits_and_follows_and_ends_with_ctrl_c(arena: ArenaProcess) -> None:
    with terminal("watch", "--url", arena.url, columns=40, rows=12) as screen:
        before = screen.settings()
        await screen.until("live")
        async with funded_client(arena.url) as creator:
            await open_bot(creator, name="Narrow Gate", initial_pot=1_234_567_890)
        await screen.until("Narrow Gate")
        await screen.until("1.2345")
        screen.type(CTRL_C)
        assert await screen.ended() == 0
        assert screen.settings() == before
    lines = re.split(r"\n|\x1b\[H", re.sub(r"\x1b\[[0-9;?]*[A-GI-Za-z]|\r", "", drawn(screen).decode()))
    assert max(map(len, lines)) == 40


async def test_in_a_pipe_each_change_of_the_lobby_is_a_line_of_plain_text(arena: ArenaProcess) -> None:
    async with funded_client(arena.url) as creator, funded_client(arena.url) as player:
        bot = await open_bot(creator, name="Boreas in a Pipe")
        with pipe("watch", "--url", arena.url) as watching:
            await watching.until("Boreas in a Pipe: 0.5 SOL in the pot, 0.01 SOL a message, 0 said")
            await Player(player, bot["id"]).say("is it the moon?")
            await watching.until("1 said")
            watching.process.send_signal(signal.SIGINT)
            assert await watching.ended() == 0
            assert b"\x1b" not in watching.raw


async def test_what_is_said_to_a_bot_is_shown_from_the_last_words_on(arena: ArenaProcess) -> None:
    async with funded_client(arena.url) as creator, funded_client(arena.url) as player:
        bot = await open_bot(creator, name="Zephyr")
        talking = Player(player, bot["id"])
        await talking.say("before anybody watched")
        with (
            terminal("watch", "zeph", "--url", arena.url, columns=60) as screen,
            pipe("watch", bot["id"], "--json", "--url", arena.url) as objects,
        ):
            await screen.until("before anybody watched")
            await objects.until('"type": "said"')
            await talking.say("two\nlines of it")
            await screen.until("two\n    lines of it")
            await talking.say(PHRASE)
            await screen.until("has solved it with message 3")
            await screen.until(f"#3 {player.address[:5]}…{player.address[-4:]}: {PHRASE}")
            await objects.until('"status": "closed"')
            screen.type(CTRL_C)
            objects.process.send_signal(signal.SIGINT)
            assert await screen.ended() == await objects.ended() == 0
            assert screen.shown.count("before anybody watched") == 1
            frames = [json.loads(line) for line in objects.shown.splitlines()]
    assert frames[0] == {"type": "connection", "state": "connecting"}
    seqs = [frame["seq"] for frame in frames if "seq" in frame and frame["type"] != "welcome"]
    assert seqs == sorted(set(seqs))


async def test_an_arena_that_is_not_there_is_said_and_a_lost_connection_comes_back(
    arena: ArenaProcess,
) -> None:
    proxy = TcpProxy(arena.port)
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.serve)
        with (
            pipe("watch", "--url", f"http://127.0.0.1:{proxy.port}", "--json") as watching,
            pipe("watch", "--url", f"http://127.0.0.1:{free_port()}") as trying,
        ):
            await trying.until("arena: the arena cannot be reached; trying again in")
            await watching.until('"type": "lobby"')
            await proxy.cut()
            await watching.until('"state": "waiting", "code": "disconnected"')
            await watching.until('"type": "lobby"')
            trying.process.send_signal(signal.SIGINT)
            assert await trying.ended() == 0
        nursery.cancel_scope.cancel()


async def test_the_actors_are_a_table_that_keys_sort_pause_and_leave(arena: ArenaProcess) -> None:
    with terminal("top", *operator(arena), "--sort", "path", "--every", "0.5", columns=40, rows=12) as screen:
        before = screen.settings()
        await screen.until("by path")
        await screen.until("/game/bots")
        screen.type("s")
        await screen.until("by depth")
        screen.type("p")
        await screen.until("paused")
        screen.type("\x1b[F")
        await screen.until("/journal")
        screen.type("q")
        assert await screen.ended() == 0
        assert screen.settings() == before
        assert drawn(screen)


async def test_a_terminal_is_as_it_was_when_the_actors_are_terminated(arena: ArenaProcess) -> None:
    with terminal("top", *operator(arena)) as screen:
        before = screen.settings()
        await screen.until("/journal")
        assert screen.settings() != before
        screen.process.terminate()
        assert await screen.ended() == 128 + signal.SIGTERM
        assert screen.settings() == before
        assert drawn(screen)


async def test_in_a_pipe_the_actors_are_one_table_or_an_object_for_operators_alone(
    arena: ArenaProcess, tmp_path: Path
) -> None:
    key = tmp_path / "nobody.json"
    key.write_text(json.dumps(list(bytes(Keypair()))))
    with (
        pipe("top", *operator(arena), "--kind", "FeedActor") as table,
        pipe("top", *operator(arena), "--kind", "FeedActor", "--json") as described,
        pipe("top", "--url", arena.url, "--key", str(key)) as refused,
    ):
        assert [await table.ended(), await described.ended(), await refused.ended()] == [0, 0, 1]
        await table.until("1 actors: 1 running")
        await table.until("/game/chain/feed")
        assert b"\x1b" not in table.raw
        await described.until("}\n")
        assert [actor["path"] for actor in json.loads(described.raw)["actors"]] == ["/game/chain/feed"]
        await refused.until("(forbidden)")


async def test_an_actor_is_restarted_when_it_was_confirmed(arena: ArenaProcess) -> None:
    restart = ("top", *operator(arena), "--restart", "/game/lobby", "--reason", "to see it")

    async def restarts() -> int:
        return len((await client.call("GET", "/admin/audit?subject=/game/lobby"))["entries"])

    async with funded_client(arena.url, wallet=read_keypair(key_of_operator(arena))) as client:
        with (
            terminal(*restart) as asking,
            terminal(*restart) as left,
            pipe(*restart) as silent,
            pipe("watch", "no such bot", "--url", arena.url) as unknown,
        ):
            await asking.until("Restart /game/lobby? [y/N]")
            asking.type("n\r")
            await asking.until("nothing was done")
            assert await asking.ended() == 1
            await unknown.until("no bot is called anything like no such bot")
            assert await unknown.ended() == 1
            await left.until("[y/N]")
            left.type(CTRL_C)
            assert await left.ended() == await silent.ended() == 1
        assert await restarts() == 0
        with pipe(*restart, "--yes") as doing:
            await doing.until("/game/lobby is being restarted")
            assert await doing.ended() == 0
        assert await restarts() == 1
