"""What tests in a browser start from.

They are plain functions: Playwright's plain API brings an event loop of its own, and people who use the arena's API
beside the browser (`live_arena.py`) have trio in a thread of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import running_chromium
from tests.browser.live_arena import LiveArena, Person, live_arena
from tests.browser.other_site import other_site
from tests.browser.page_errors import PageErrors
from tests.browser.pages import KEPT, TIMEOUT_MS, Pages

expect.set_options(timeout=TIMEOUT_MS)
OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for each worker, as long as it is in this folder: other tests must not find Playwright's event loop."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def portal() -> Iterator[BlockingPortal]:
    """trio, in a thread of its own."""
    with start_blocking_portal(backend="trio", name="trio beside the browser") as portal:
        yield portal


@pytest.fixture(scope="module")
def arena_settings() -> dict[str, str]:
    """What the arenas of a module are started with. Modules that need more have a fixture of this name."""
    return {"ARENA_RATE_LIMITS": "false"}  # all tests come from one address


@pytest.fixture(scope="module")
def arena(
    browser: Browser,  # without one no arena has to be started
    portal: BlockingPortal,
    arena_settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveArena]:
    """The arena of a module: a test takes it as others have left it, and leaves it running."""
    with live_arena(tmp_path_factory.mktemp("arena"), portal, settings=arena_settings) as arena:
        yield arena


@pytest.fixture
def own_arena(
    browser: Browser, portal: BlockingPortal, arena_settings: dict[str, str], tmp_path: Path
) -> Iterator[LiveArena]:
    """An arena for one test, which may kill it. Its pages are opened with `base_url=own_arena.url`."""
    with live_arena(tmp_path / "arena", portal, settings=arena_settings) as arena:
        yield arena


@pytest.fixture
def creator(arena: LiveArena) -> Person:
    """Somebody who opens bots through the API."""
    return arena.person()


@pytest.fixture(scope="module")
def friendly_site() -> Iterator[str]:
    """The origin of another site; whether the arena knows it is up to `arena_settings`."""
    with other_site() as origin:
        yield origin


@pytest.fixture
def pages(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """All pages of the test. Their paths are those of the module's arena, if the test has it."""
    uses_it = "arena" in request.fixturenames
    pages = Pages(browser, request.getfixturevalue("arena").url if uses_it else None)
    yield pages
    pages.close()


@pytest.fixture
def open_page(pages: Pages) -> OpenPage:
    """Opens a page in a profile of its own: `open_page(*wallets, **options of the context)`."""
    return pages.open


@pytest.fixture
def page(pages: Pages) -> Page:
    return pages.open()


@pytest.fixture
def page_errors(pages: Pages) -> PageErrors:
    """Announces errors: `page_errors.allow("CORS policy")`."""
    return pages.errors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What went wrong in a page fails the test, not its tidying up."""
    outcome = yield
    if pages := _pages_of(item):
        pages.check()
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test leaves pictures of its pages and what was on their consoles."""
    report = yield
    if report.when == "call" and report.failed and (pages := _pages_of(item)):
        kept = pages.keep(item.config.rootpath / KEPT, item.nodeid)
        report.sections.append(("browser", "\n".join(map(str, kept))))
    return report


def _pages_of(item: pytest.Item) -> Pages | None:
    pages = getattr(item, "funcargs", {}).get("pages")
    return pages if isinstance(pages, Pages) else None
