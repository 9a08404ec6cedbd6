"""What becomes of a payment when something happens in the middle of it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.bot_page import BotPage
from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import AWAY, PageErrors
from tests.browser.wallets import Answer, StandInWallet
from tests.e2e.player import SOL

PRICE = SOL // 100
CHAT = "**/ws/chats/*"


@pytest.fixture
def bot(creator: Person) -> str:
    return str(creator.open_bot()["id"])


class Line:
    """What is between a page and the arena: it can lose what is said from either side."""

    def __init__(self, page: Page) -> None:
        self.loses_from_page: set[str] = set()
        self.loses_from_arena: set[str] = set()
        self.lost: list[dict[str, object]] = []
        page.route_web_socket(CHAT, self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda frame: self._pass(frame, self.loses_from_page, server))
        server.on_message(lambda frame: self._pass(frame, self.loses_from_arena, socket))

    def _pass(self, frame: str | bytes, loses: set[str], to: WebSocketRoute) -> None:
        told = json.loads(frame)
        if told["type"] in loses:
            self.lost.append(told)
        else:
            to.send(frame)


# -- reloads and crashes


def test_a_payment_that_never_left_the_page_is_sent_after_a_reload(
    page: Page, creator: Person, bot: str
) -> None:
    seat = BotPage(page, bot)
    line = Line(page)
    seat.enter()
    seat.connect()
    line.loses_from_page = {"pay"}
    seat.say("Is it lost?")
    expect(page.get_by_text("The arena stores message and payment")).to_be_visible()
    line.loses_from_page = set()
    page.reload()
    seat.expect_answered("Is it lost?")
    expect(seat.lines).to_have_count(1)


def test_a_payment_that_was_under_way_is_found_again_after_a_reload(
    page: Page, creator: Person, bot: str
) -> None:
    seat = BotPage(page, bot)
    line = Line(page)
    seat.enter()
    seat.connect()
    line.loses_from_arena = {"payment", "payment.state", "reply", "reply.delta"}
    seat.say("Is it doubled?")
    expect(page.locator(".bot-numbers")).to_contain_text("0.508 SOL")
    line.loses_from_arena = set()
    page.reload()
    seat.expect_answered("Is it doubled?")
    expect(seat.lines).to_have_count(1)
    assert creator.call("GET", f"/bots/{bot}")["message_count"] == 1


def test_a_text_that_was_not_sent_is_still_there_after_a_reload(page: Page, bot: str) -> None:
    seat = BotPage(page, bot)
    seat.enter()
    seat.text.fill("Not sent yet")
    page.reload()
    expect(seat.text).to_have_value("Not sent yet")


def test_an_arena_that_is_killed_in_the_middle_of_a_chat_takes_no_line_and_doubles_none(
    own_arena: LiveArena, open_page: OpenPage, page_errors: PageErrors
) -> None:
    page_errors.allow(*AWAY)
    creator = own_arena.person()
    bot = str(creator.open_bot()["id"])
    seat = BotPage(open_page(base_url=own_arena.url), bot)
    seat.enter()
    seat.connect()
    seat.say("Before the crash")
    seat.expect_answered("Before the crash")
    seat.say("During the crash")
    expect(seat.stored("During the crash")).to_be_visible()
    own_arena.process.kill()
    expect(seat.page.get_by_text("Offline: trying again")).to_be_visible()
    own_arena.start()
    seat.expect_live()
    seat.expect_answered("During the crash")
    seat.say("After the crash")
    seat.expect_answered("After the crash")
    expect(seat.lines).to_have_count(3)
    assert creator.call("GET", f"/bots/{bot}")["message_count"] == 3


def test_a_payment_that_a_killed_arena_did_not_get_is_known_to_be_unpaid(
    own_arena: LiveArena, open_page: OpenPage, page_errors: PageErrors
) -> None:
    page_errors.allow(*AWAY)
    creator = own_arena.person()
    bot = str(creator.open_bot()["id"])
    seat = BotPage(open_page(base_url=own_arena.url), bot)
    line = Line(seat.page)
    seat.enter()
    seat.connect()
    line.loses_from_page = {"pay"}
    seat.say("Did you get that?")
    expect(seat.page.get_by_text("The arena stores message and payment")).to_be_visible()
    own_arena.process.kill()
    line.loses_from_page = set()
    own_arena.start()
    # the arena that was killed had given the quote; this one knows of none
    expect(seat.page.get_by_text("Nothing was paid.")).to_be_visible()
    seat.page.get_by_role("button", name="Write it again").click()
    expect(seat.text).to_have_value("Did you get that?")
    seat.send.click()
    seat.expect_answered("Did you get that?")
    assert creator.call("GET", f"/bots/{bot}")["message_count"] == 1


def test_nothing_is_sent_while_the_arena_is_away(
    own_arena: LiveArena, open_page: OpenPage, page_errors: PageErrors
) -> None:
    page_errors.allow(*AWAY)
    bot = str(own_arena.person().open_bot()["id"])
    seat = BotPage(open_page(base_url=own_arena.url), bot)
    seat.enter()
    seat.connect()
    own_arena.process.kill()
    expect(seat.page.get_by_text("Offline: trying again")).to_be_visible()
    seat.say("Anybody there?")
    expect(seat.page.get_by_text("There is no connection to the arena right now.")).to_be_visible()
    expect(seat.text).to_have_value("Anybody there?")


# -- wallets


@pytest.mark.parametrize("features", [{}, {"signs_in": True}, {"adds_compute_budget": True}], ids=str)
def test_any_wallet_of_the_standard_can_play(
    arena: LiveArena, open_page: OpenPage, bot: str, features: dict[str, bool]
) -> None:
    wallet = StandInWallet(name="Standard", **features)
    arena.person(wallet.keys[0])
    seat = BotPage(open_page(wallet), bot)
    seat.enter()
    seat.connect("Standard")
    seat.say("Do I know you?")
    seat.expect_answered("Do I know you?")
    # it is still there after a reload, and need not be asked again
    asked = len(wallet.asked)
    seat.page.reload()
    seat.say("And now?")
    seat.expect_answered("And now?")
    assert [request.feature for request in wallet.asked[asked:]] == ["solana:signTransaction"]


def test_a_wallet_that_sends_by_itself_is_told_why_it_cannot_play(open_page: OpenPage, bot: str) -> None:
    seat = BotPage(open_page(StandInWallet(name="Sender", sends_only=True)), bot)
    seat.enter()
    seat.page.get_by_role("button", name="Connect to play").click()
    offered = seat.page.get_by_role("button", name="Sender")
    expect(offered).to_be_disabled()
    expect(offered).to_contain_text("the arena signs last")


def test_a_player_who_refuses_in_his_wallet_pays_nothing_and_keeps_his_text(
    arena: LiveArena, open_page: OpenPage, creator: Person, bot: str
) -> None:
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    seat = BotPage(open_page(wallet), bot)
    seat.enter()
    seat.connect("Standard")
    wallet.answer = Answer.REFUSE
    seat.say("Is it worth it?")
    expect(seat.page.get_by_text("You declined in your wallet. Nothing was signed.")).to_be_visible()
    expect(seat.text).to_have_value("Is it worth it?")
    expect(seat.lines).to_have_count(0)
    assert creator.call("GET", f"/bots/{bot}")["message_count"] == 0


def test_who_refuses_to_sign_in_stays_a_visitor_and_may_try_again(open_page: OpenPage, bot: str) -> None:
    wallet = StandInWallet(name="Standard")
    wallet.answer = Answer.REFUSE
    seat = BotPage(open_page(wallet), bot)
    seat.enter()
    seat.page.get_by_role("button", name="Connect to play").click()
    seat.page.get_by_role("button", name="Standard").click()
    expect(seat.page.get_by_role("alert")).to_have_text("You declined in your wallet. Nothing was signed.")
    wallet.answer = Answer.AGREE
    seat.page.get_by_role("button", name="Standard").click()
    expect(seat.page.get_by_role("dialog")).to_have_count(0)
    expect(seat.page.locator(".who")).to_be_visible()


def test_a_wallet_that_is_empty_is_told_so_before_anything_is_signed(open_page: OpenPage, bot: str) -> None:
    wallet = StandInWallet(name="Standard")
    seat = BotPage(open_page(wallet), bot)
    seat.enter()
    seat.page.get_by_role("button", name="Connect to play").click()
    seat.page.get_by_role("button", name="Standard").click()
    expect(seat.page.get_by_text("Your wallet holds too little for the next message.")).to_be_visible()
    expect(seat.send).to_be_disabled()
    seat.page.get_by_role("button", name="Get SOL from the faucet").click()
    expect(seat.send).to_be_enabled()


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"amount": PRICE - 1}, "It pays another amount."),
        ({"message_id": "018f4e3a-7b55-7c3e-9c41-2f6f0d3c5a11"}, "It pays for another message."),
        ({"transaction": "AAAA"}, "It cannot be read"),
    ],
    ids=["amount", "message", "transaction"],
)
def test_a_transaction_that_is_not_what_the_arena_said_is_never_shown_to_the_wallet(
    arena: LiveArena, open_page: OpenPage, bot: str, lie: dict[str, object], told: str
) -> None:
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = open_page(wallet)

    def lying(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_page(frame: str | bytes) -> None:
            said = json.loads(frame)
            socket.send(json.dumps(said | lie) if said["type"] == "quote" else frame)

        server.on_message(to_page)

    page.route_web_socket(CHAT, lying)
    seat = BotPage(page, bot)
    seat.enter()
    seat.connect("Standard")
    asked = len(wallet.asked)
    seat.say("Trust me.")
    expect(page.get_by_text("It was not signed.")).to_contain_text(told)
    assert wallet.asked[asked:] == []
    expect(seat.text).to_have_value("Trust me.")


# -- who is signed in


def test_signing_out_in_one_tab_is_signing_out_in_all(page: Page, bot: str) -> None:
    seat = BotPage(page, bot)
    seat.enter()
    seat.connect()
    other = page.context.new_page()
    other.goto("/")
    expect(other.locator(".who")).to_be_visible()
    page.locator(".who").click()
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Connect", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Connect to play")).to_be_visible()


def test_another_account_in_the_wallet_ends_the_session(
    arena: LiveArena, open_page: OpenPage, page_errors: PageErrors, bot: str
) -> None:
    page_errors.allow("401")  # what the page asks for while its session ends
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    seat = BotPage(open_page(wallet), bot)
    seat.enter()
    seat.connect("Standard")
    wallet.show(seat.page)
    expect(seat.page.get_by_role("button", name="Connect to play")).to_be_visible()
