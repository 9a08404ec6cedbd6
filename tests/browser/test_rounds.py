"""Rounds, played in the browser: from a newcomer's first look to the money on the chain."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from arena.cli.demo_books import SIGNATURE_FEE
from tests.browser.accessibility import axe
from tests.browser.bot_page import BotPage
from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import PageErrors
from tests.e2e.player import PHRASE, SOL

GIFT = 2 * SOL
PRICE = SOL // 100
NETWORK = 2 * SIGNATURE_FEE
"""What a payment costs besides: the player's signature and the arena's."""
NOT_REVEALED_YET = r"409 .*/proof"


def deaf_to_prices(socket: WebSocketRoute) -> None:
    """Between the page and the arena: lets no news of the pot through."""
    server = socket.connect_to_server()
    server.on_message(lambda frame: None if '"pot"' in str(frame) else socket.send(frame))


@pytest.fixture
def bot(creator: Person) -> str:
    return str(creator.open_bot()["id"])


def test_a_newcomer_becomes_the_winner_with_a_burner_wallet(
    arena: LiveArena, creator: Person, page: Page, page_errors: PageErrors
) -> None:
    page_errors.allow(NOT_REVEALED_YET)
    bot = creator.open_bot(name="A newcomer's bot")
    page.goto("/")
    page.get_by_role("link", name="A newcomer's bot").click()
    seat = BotPage(page, bot["id"])
    expect(page.get_by_text("Say what dances at night.")).to_be_visible()
    seat.connect()
    assert seat.held() == GIFT
    expect(seat.send).to_have_text("Send for 0.01 SOL")

    seat.say("Is it a lighthouse?")
    seat.expect_answered("Is it a lighthouse?")
    expect(seat.send).to_have_text("Send for 0.0101 SOL")

    seat.say(f"I say: {PHRASE}!")
    seat.expect_solved()
    won = SOL // 2 + PRICE * 8 // 10 + 10_100_000 * 8 // 10
    expect(page.locator(".prize")).to_have_attribute("title", f"{won / SOL} SOL")

    page.get_by_role("button", name="Check it yourself").click()
    findings = page.locator(".findings li")
    expect(findings).to_have_count(3)
    for finding in findings.all():
        expect(finding).to_contain_text("✓")
    expect(page.locator(".solution")).to_have_text(PHRASE)

    page.locator(".who").click()
    address = page.locator("#wallet-menu code").inner_text()
    creator.wait_for_lamports(address, GIFT - PRICE - 10_100_000 - 2 * NETWORK + won)


def test_a_round_can_be_played_with_the_keyboard_alone(page: Page, bot: str) -> None:
    seat = BotPage(page, bot)
    seat.enter()
    reached = page.get_by_role("button", name="Connect to play")
    for _ in range(40):
        page.keyboard.press("Tab")
        if reached.evaluate("(element) => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    burner = page.get_by_role("button", name="Play at once")
    expect(burner).to_be_visible()
    while not burner.evaluate("(element) => element === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # whoever has connected goes on where he was
    expect(seat.text).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(seat.lines).to_have_count(1)
    expect(seat.lines.first.locator(".said .words")).to_have_text("First line\nsecond line")
    expect(seat.lines.first.locator(".replied")).to_be_visible()


def test_of_two_players_who_solve_a_bot_one_wins_and_the_other_gets_his_fee_back(
    arena: LiveArena, open_page: OpenPage, page_errors: PageErrors, creator: Person, bot: str
) -> None:
    page_errors.allow(NOT_REVEALED_YET)
    seats = [BotPage(open_page(), bot) for _ in range(2)]
    for seat in seats:
        seat.enter()
        seat.connect()
        seat.text.fill(f"It is {PHRASE}")
    for seat in seats:
        # at one time, however long it takes to tell the second page
        seat.page.evaluate(
            "() => void setTimeout(() => document.querySelector('form.composer').requestSubmit(), 1000)"
        )
    for seat in seats:
        ended = (
            seat.page.get_by_text("Solved! The pot is yours.")
            .or_(seat.page.get_by_text("Your fee goes back"))
            .or_(seat.page.get_by_role("button", name="Pay that"))
            .or_(seat.page.get_by_text("takes no more messages"))
        )
        expect(ended.first).to_be_visible()
        if seat.page.get_by_role("button", name="Pay that").is_visible():
            seat.page.get_by_role("button", name="Pay that").click()
    for seat in seats:
        expect(seat.page.get_by_text("takes no more messages")).to_be_visible()
    winners = [seat for seat in seats if seat.page.get_by_text("You solved it!").is_visible()]
    assert len(winners) == 1


def test_a_price_that_somebody_has_raised_is_paid_only_when_it_is_agreed_to(
    page: Page, creator: Person, bot: str
) -> None:
    seat = BotPage(page, bot)
    page.route_web_socket("**/ws/chats/*", deaf_to_prices)
    seat.enter()
    seat.connect()
    creator.say(bot, "Me first.")
    expect(seat.line("Me first.")).to_have_count(1)

    seat.say("Is it dearer now?")
    expect(page.get_by_text("your message now costs 0.0101 SOL")).to_be_visible()
    page.get_by_role("button", name="Do not send").click()
    expect(seat.lines).to_have_count(1)
    expect(seat.text).to_have_value("Is it dearer now?")
    assert seat.held() == GIFT

    seat.send.click()
    page.get_by_role("button", name="Pay that").click()
    seat.expect_answered("Is it dearer now?")


def test_others_see_what_was_said_when_it_was_judged(open_page: OpenPage, creator: Person, bot: str) -> None:
    onlooker = BotPage(open_page(), bot)
    onlooker.enter()
    creator.say(bot, "Can you hear me?")
    onlooker.expect_answered("Can you hear me?")
    expect(onlooker.page.locator(".bot-numbers")).to_contain_text("0.508 SOL")


def test_who_comes_later_finds_what_was_said(open_page: OpenPage, creator: Person, bot: str) -> None:
    for number in range(3):
        creator.say(bot, f"Question {number}")
    late = BotPage(open_page(), bot)
    late.enter()
    expect(late.lines).to_have_count(3)
    for number in range(3):
        late.expect_answered(f"Question {number}")


def test_a_chat_keeps_the_rules_of_accessibility(page: Page, bot: str) -> None:
    seat = BotPage(page, bot)
    seat.enter()
    seat.page.get_by_role("button", name="Connect to play").click()
    expect(seat.page.get_by_role("dialog")).to_be_visible()
    axe(seat.page)
    seat.page.keyboard.press("Escape")
    seat.connect()
    seat.say("Is it the moon?")
    seat.expect_answered("Is it the moon?")
    seat.page.get_by_text("Terms, fixed on the chain").click()
    seat.page.locator(".who").click()
    axe(seat.page)


@pytest.mark.parametrize("path", ["/", "/bots/{bot}"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    open_page: OpenPage, bot: str, path: str
) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.goto(path.format(bot=bot))
    expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}], ids=str)
def test_nothing_jumps_while_a_page_comes(open_page: OpenPage, bot: str, viewport: dict[str, int]) -> None:
    page = open_page(viewport=viewport)
    page.add_init_script(
        """window.jumps = 0
        new PerformanceObserver((list) => { for (const {value} of list.getEntries()) window.jumps += value })
            .observe({type: "layout-shift", buffered: true})"""
    )
    for path in ("/", f"/bots/{bot}"):
        page.goto(path)
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()
        expect(page.get_by_text("Boreas").first).to_be_visible()
        # https://web.dev/articles/cls calls less than 0.1 good
        assert page.evaluate("window.jumps") < 0.03


def test_a_phone_plays_a_round(open_page: OpenPage, bot: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    seat = BotPage(page, bot)
    seat.enter()
    seat.connect()
    seat.text.fill("It fits")
    seat.send.tap()
    seat.expect_answered("It fits")
