"""Pictures of the pages for the documents: `make screenshots`.

Each in light and dark, on a desktop and on a phone, of an arena with demo bots in which something was played.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import httpx
import trio
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Browser, Page, expect
from solders.keypair import Keypair

from tests.browser.chromium import running_chromium
from tests.browser.live_arena import LiveArena, Person, live_arena
from tests.browser.pages import Pages
from tests.browser.wallets import StandInWallet
from tests.e2e.player import PHRASE

FOLDER = Path("docs/screenshots")
DEMO_BOTS = 6
DEMO_TIMEOUT = 60.0
FINAL_TIMEOUT = 60.0
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 1,
        "is_mobile": True,
        "has_touch": True,
    },
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see. All pictures are of the same one, so pages only look."""

    arena: LiveArena
    creator: Person
    player: Person
    """An operator, too."""
    open_bot: str
    """Id of a bot that `player` has written to."""
    solved_bot: str
    """Id of a bot that `player` has solved, and that is paid out."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One page.

    Attributes:
        path: of the page; `{open_bot}` and `{solved_bot}` stand for their ids.
        prepare: what is done in the page before the picture.
        signed_in: whether it is the player who looks, rather than anybody.
    """

    name: str
    path: str
    prepare: Callable[[Page, Scene], None]
    signed_in: bool = False


def _lobby(page: Page, _: Scene) -> None:
    expect(page.get_by_text("Boreas").first).to_be_visible()


def _chat(page: Page, _: Scene) -> None:
    expect(page.get_by_text("Then it must be the moon.")).to_be_visible()
    page.get_by_label("Your message to").fill("Does it dance?")


def _proof(page: Page, _: Scene) -> None:
    page.get_by_role("button", name="Check it yourself").click()
    expect(page.locator(".findings li")).to_have_count(3)


def _opening(page: Page, _: Scene) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("arena-plot svg").first).to_be_visible()


def _leaderboard(page: Page, scene: Scene) -> None:
    expect(page.locator("main").get_by_role("link", name=scene.player.address[:4]).first).to_be_visible()


def _profile(page: Page, _: Scene) -> None:
    expect(page.get_by_text("Bots solved")).to_be_visible()
    expect(page.locator("arena-plot svg").first).to_be_visible()


def _operations(page: Page, _: Scene) -> None:
    expect(page.get_by_text("SubmitterActor")).to_be_visible()
    expect(page.locator("arena-plot svg").first).to_be_visible()


SHOTS = (
    Shot("lobby", "/", _lobby),
    Shot("bot", "/bots/{open_bot}", _chat, signed_in=True),
    Shot("solved", "/bots/{solved_bot}", _proof, signed_in=True),
    Shot("open", "/open", _opening, signed_in=True),
    Shot("leaderboards", "/leaderboards", _leaderboard),
    Shot("player", "/players/{player}", _profile),
    Shot("me", "/me", _profile, signed_in=True),
    Shot("operations", "/operations", _operations, signed_in=True),
)


@contextmanager
def scene(data_dir: Path) -> Iterator[Scene]:
    """An arena in which something was played."""
    wallet = Keypair()
    settings = {"ARENA_RATE_LIMITS": "false", "ARENA_ADMIN_WALLETS": str(wallet.pubkey())}
    with (
        start_blocking_portal(backend="trio") as portal,
        live_arena(data_dir, portal, demo=True, settings=settings) as arena,
    ):
        portal.call(_demo_bots_are_open, arena.url)
        creator, player = arena.person(), arena.person(wallet)
        unsolved, solved = creator.open_bot(), creator.open_bot(name="Aurora")
        for text in ("Is it a lighthouse?", "Then it must be the moon."):
            player.say(unsolved["id"], text)
        player.say(solved["id"], "A lantern, perhaps?")
        player.say(solved["id"], f"I say: {PHRASE}!")
        player.until(solved["id"], type="settlement", status="paid")
        portal.call(_is_listed, arena.url, player.address)
        yield Scene(arena, creator, player, unsolved["id"], solved["id"])


async def _demo_bots_are_open(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with trio.fail_after(DEMO_TIMEOUT):
            while True:
                listed = (await http.get(f"{url}/api/v1/bots", params={"status": "open"})).json()["bots"]
                if len(listed) >= DEMO_BOTS:
                    return
                await trio.sleep(0.1)


async def _is_listed(url: str, winner: str) -> None:
    """A reward counts once it is final; pages do not ask for boards every moment."""
    async with httpx.AsyncClient(trust_env=False) as http:
        with trio.fail_after(FINAL_TIMEOUT):
            while True:
                board = (
                    await http.get(f"{url}/api/v1/leaderboard/solvers", params={"around": winner})
                ).json()
                if board["around"] is not None:
                    return
                await trio.sleep(0.1)


def open_shot(pages: Pages, shot: Shot, seen: Scene, **options: Any) -> Page:
    """The page of a picture, ready to be taken."""
    wallet = StandInWallet(seen.player.client.wallet, name="Wallet")
    page = pages.open(wallet, **options)
    if shot.signed_in:
        page.goto("/")
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("button", name="Wallet", exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".who")).to_be_visible()
    page.goto(
        shot.path.format(open_bot=seen.open_bot, solved_bot=seen.solved_bot, player=seen.player.address)
    )
    shot.prepare(page, seen)
    return page


def take(browser: Browser, seen: Scene, folder: Path) -> Iterator[Path]:
    """All pictures, one after the other. Raises: AssertionError: something went wrong in a page."""
    folder.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        for screen, options in SCREENS.items():
            for scheme in SCHEMES:
                pages = Pages(browser, seen.arena.url)
                page = open_shot(pages, shot, seen, **options, color_scheme=scheme, reduced_motion="reduce")
                path = folder / f"{shot.name}-{screen}-{scheme}.png"
                page.screenshot(path=path, animations="disabled", caret="hide")
                pages.check()
                pages.close()
                yield path


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(folder: Path) -> None:
    """Take the pictures of the pages."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data,
        scene(Path(data)) as seen,
        running_chromium() as browser,
    ):
        for path in take(browser, seen, folder):
            click.echo(f"{path}  {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
