"""`arena top`: the actors of a running arena, for operators, as `top` shows processes."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from urllib.parse import quote

import click
import trio
from rich.console import Console, Group, RenderableType
from rich.text import Text
from solders.keypair import Keypair

from arena.chain.backoff import Backoff
from arena.cli.actor_board import SORTS, Look, Sample, head, page_of, pressed, row, totals
from arena.cli.actor_samples import Filters, sample
from arena.cli.arena_client import ArenaClient, ArenaError, arena_client
from arena.cli.failure import fail
from arena.cli.keyboard import pressed_keys
from arena.cli.live import FIRST_WAIT, LONGEST_WAIT, Connected, Connecting, State, Waiting
from arena.cli.plain import plain
from arena.cli.terminal import (
    Screen,
    can_be_drawn_on,
    connection_line,
    echo_json,
    is_passing,
    run_until_interrupted,
)
from arena.keys import read_keypair

PIPE_WIDTH = 160
HELP = "q quit  p pause  s sort  ↑↓ PgUp PgDn scroll"


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".arena/keys/admin.json"),
    show_default=True,
    help="The operator's key file, as solana-keygen writes it.",
)
@click.option("--under", default="/", show_default=True, help="Only this path and what is below it.")
@click.option("--levels", type=click.IntRange(0, 100), help="Only so many levels below --under.")
@click.option("--kind", help="Only this kind: bots, sessions, settlements, region, supervisor, or a class.")
@click.option("--state", multiple=True, help="Only this state; may be given several times.")
@click.option("--path", default="", help="Only those with this in their path.")
@click.option(
    "--min-depth", default=0, type=click.IntRange(0), help="Only those where so many messages wait."
)
@click.option("--failed", is_flag=True, help="Only what has crashed or been restarted.")
@click.option(
    "--stuck",
    type=click.FloatRange(0),
    help="Only what is at one message for so many seconds.",
    metavar="SECONDS",
)
@click.option("--sort", default="depth", show_default=True, type=click.Choice(list(SORTS)))
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.5, 3600), help="Seconds between looks."
)
@click.option("--once", is_flag=True, help="Look once, and print all of it; so does a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Look once, and print one JSON object.")
@click.option("--restart", metavar="PATH", help="Restart this actor instead.")
@click.option("--reason", default="", help="Of the restart, for the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def top(
    url: str,
    key: Path,
    sort: str,
    every: float,
    once: bool,
    as_json: bool,
    restart: str | None,
    reason: str,
    yes: bool,
    under: str,
    levels: int | None,
    kind: str | None,
    state: tuple[str, ...],
    path: str,
    min_depth: int,
    failed: bool,
    stuck: float | None,
) -> None:
    """Watch the actors of a running arena: what they are at, what waits for them, what was restarted.

    Keys: q quits, p pauses, s sorts by something else, arrows, PgUp, PgDn, Home and End scroll.
    """
    try:
        wallet = read_keypair(key)
    except (OSError, ValueError) as error:
        fail(f"{key}: {error}")
    filters = Filters(under, levels, kind, state, path, min_depth, failed, stuck)
    console = Console(highlight=False)
    if restart is not None:
        _restart(url, wallet, restart, reason, yes=yes)
    elif once or as_json or not can_be_drawn_on(console):
        run_until_interrupted(partial(_once, url, wallet, filters, sort, console, as_json=as_json))
    else:
        run_until_interrupted(partial(_watch, url, wallet, filters, Look(sort), every, console))


async def _once(
    url: str, wallet: Keypair, filters: Filters, sort: str, console: Console, *, as_json: bool
) -> None:
    async with arena_client(url, wallet) as client:
        await client.sign_in()
        found = await sample(client, filters)
    if as_json:
        echo_json(asdict(found))
        return
    width = console.width
    if not sys.stdout.isatty():
        # a pipe has no width of its own, and what reads it wants whole paths
        width = max([PIPE_WIDTH, *(len(actor["path"]) + 100 for actor in found.actors)])
    for line in [
        *totals(found),
        head(width),
        *(row(actor, width) for actor in page_of(found, Look(sort), len(found.actors))),
    ]:
        console.print(line, width=width, soft_wrap=True)
    if found.left_out:
        console.print(f"and {found.left_out} more: narrow it with --under, --kind, --path")


def _restart(url: str, wallet: Keypair, path: str, reason: str, *, yes: bool) -> None:
    """Ask, outside of the event loop, where ctrl-C ends a question; then do it."""
    path = f"/{path.strip('/')}"
    if path == "/":
        fail("the root is the arena itself: stop or restart the process")
    if not run_until_interrupted(partial(_describe, url, wallet, path)):
        fail("nothing was done")
    if not yes and not click.confirm(f"Restart {plain(path)}?", err=True):
        fail("nothing was done")
    run_until_interrupted(partial(_do_restart, url, wallet, path, reason))


async def _describe(url: str, wallet: Keypair, path: str) -> None:
    async with arena_client(url, wallet) as client:
        await client.sign_in()
        actor = await client.call("GET", f"/admin/actors{quote(path)}")
    click.echo(
        f"{plain(path)} is {plain(actor['state'])}: {actor['mailbox_depth']} waiting, "
        f"{actor['failed']} crashes, {actor['restarts']} restarts",
        err=True,
    )


async def _do_restart(url: str, wallet: Keypair, path: str, reason: str) -> None:
    async with arena_client(url, wallet) as client:
        await client.sign_in()
        body = {"reason": reason} if reason else {}
        answer = await client.call("POST", f"/admin/actors{quote(path)}/restart", body)
    recorded = "" if answer.get("recorded", True) else " (the audit log has it when the database is back)"
    click.echo(f"{plain(path)} is being restarted{recorded}")


async def _watch(
    url: str, wallet: Keypair, filters: Filters, look: Look, every: float, console: Console
) -> None:
    async with arena_client(url, wallet) as client, trio.open_nursery() as nursery:
        watched = _Watched(client, filters, look, every, console)
        nursery.start_soon(watched.screen.run)
        nursery.start_soon(watched.look_again)
        async for key in pressed_keys():
            if key == "q":
                nursery.cancel_scope.cancel()
                return
            watched.press(key)


class _Watched:
    """What is on the screen."""

    def __init__(
        self, client: ArenaClient, filters: Filters, look: Look, every: float, console: Console
    ) -> None:
        self.screen = Screen(console, self._render, whole=True)
        self._client = client
        self._filters = filters
        self._look = look
        self._every = every
        self._sample: Sample | None = None
        self._state: State = Connecting()
        self._page = 1

    def press(self, key: str) -> None:
        rows = len(self._sample.actors) if self._sample is not None else 0
        self._look = pressed(self._look, key, rows, self._page)
        self.screen.change()

    async def look_again(self) -> None:
        """Again and again; an arena that does not answer is tried less and less often."""
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        signed_in = False
        while True:
            wait = self._every
            try:
                if not signed_in:
                    await self._client.sign_in()
                    signed_in = True
                if not self._look.paused:
                    self._sample = await sample(self._client, self._filters)
                self._state = Connected()
                backoff.reset()
            except ArenaError as error:
                if signed_in and error.code in ("token_revoked", "token_invalid"):
                    signed_in = False
                elif not is_passing(error):
                    raise
                wait = backoff.next()
                self._state = Waiting(trio.current_time() + wait, error.code)
            self.screen.change()
            await trio.sleep(wait)

    def _render(self, width: int, height: int) -> RenderableType:
        paused = "  paused" if self._look.paused else ""
        left_out = self._sample.left_out if self._sample is not None else 0
        more = f"  by {self._look.sort}{paused}" + (f"  {left_out} not shown" if left_out else "")
        lines = [connection_line(self._state, trio.current_time(), more)]
        if self._sample is not None:
            lines += [*totals(self._sample), head(width)]
            self._page = max(1, height - len(lines) - 1)
            lines += [row(actor, width) for actor in page_of(self._sample, self._look, self._page)]
        lines = lines[: height - 1] + [Text("")] * (height - 1 - len(lines))
        return Group(*lines, Text(HELP, style="dim", no_wrap=True, overflow="ellipsis"))
