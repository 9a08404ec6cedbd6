"""Opening a bot in the browser, to the money on the chain."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import PageErrors
from tests.browser.wallets import Answer, StandInWallet
from tests.e2e.player import SOL


def filled(page: Page, name: str) -> None:
    page.goto("/open")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Persona").fill("An old keeper who has not spoken for years")
    page.get_by_label("Secret phrase").fill("the waves")


def connected(page: Page, wallet: str) -> None:
    page.goto("/")
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name=wallet, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_bot_is_opened_and_its_pot_is_on_the_chain(
    arena: LiveArena, open_page: OpenPage, creator: Person
) -> None:
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = open_page(wallet)
    connected(page, "Standard")
    filled(page, "The Keeper of Skerry Light")
    page.get_by_role("button", name="Open this bot").click()
    expect(page.get_by_text("It is open. Players can find it in the lobby.")).to_be_visible()
    [bot] = creator.call("GET", "/bots?q=Skerry")["bots"]
    assert (bot["status"], bot["creator"], bot["pot"]) == ("open", wallet.address, SOL // 2)
    assert creator.lamports(bot["address"]) > SOL // 2


def test_who_declines_in_his_wallet_has_opened_nothing_and_may_try_again(
    arena: LiveArena, open_page: OpenPage, creator: Person
) -> None:
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = open_page(wallet)
    connected(page, "Standard")
    filled(page, "Second thoughts")
    wallet.answer = Answer.REFUSE
    page.get_by_role("button", name="Open this bot").click()
    expect(page.get_by_text("You declined in your wallet.").first).to_be_visible()
    assert creator.call("GET", "/bots?q=Second")["bots"] == []
    assert creator.lamports(wallet.address) == 10 * SOL
    wallet.answer = Answer.AGREE
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is open. Players can find it in the lobby.")).to_be_visible()
    [bot] = creator.call("GET", "/bots?q=Second")["bots"]
    assert bot["status"] == "open"


def test_what_the_arena_refuses_is_said_at_its_field(
    open_page: OpenPage, arena: LiveArena, page_errors: PageErrors
) -> None:
    page_errors.allow("422")
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = open_page(wallet)
    connected(page, "Standard")
    filled(page, "Gives it away")
    page.get_by_label("Persona").fill("A keeper who counts the waves all night")
    page.get_by_role("button", name="Open this bot").click()
    persona = page.get_by_label("Persona")
    expect(persona).to_have_attribute("aria-invalid", "true")
    expect(persona).to_be_focused()
    expect(page.get_by_text("contains the phrase").first).to_be_visible()


def test_a_form_survives_a_reload(page: Page, arena: LiveArena) -> None:
    filled(page, "Still there")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Still there")
