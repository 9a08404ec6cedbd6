"""What people write is shown as they wrote it, and does nothing."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.bot_page import BotPage
from tests.browser.conftest import OpenPage
from tests.browser.live_arena import Person

HOSTILE = (
    "<img src=x onerror=\"document.title='pwned'\">",
    "<script>document.title = 'pwned'</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "${document.title = 'pwned'} {{7*7}} &lt;b&gt;",
    "\u202aabc\u202c".replace("\u202a", "\u200f").replace("\u202c", "\u200e"),
    "Ａ" * 400,
    "line\nline\n\n\nline",
    "⁂ <!--⁂-->",
)


def test_texts_are_shown_letter_for_letter(page: Page, creator: Person) -> None:
    bot = str(creator.open_bot()["id"])
    for text in HOSTILE:
        creator.say(bot, text)
    seat = BotPage(page, bot)
    seat.enter()
    expect(seat.lines).to_have_count(len(HOSTILE))
    for line, text in zip(seat.lines.all(), HOSTILE, strict=True):
        expect(line.locator(".said .words")).to_have_js_property("textContent", text)
    assert page.evaluate("document.querySelectorAll('.words *').length") == 0
    assert "pwned" not in page.title()


def test_a_bot_is_shown_letter_for_letter(open_page: OpenPage, creator: Person) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    public = {
        "persona": hostile,
        "objective": f"{hostile} {hostile}",
        "hints": [{"after_messages": 0, "text": hostile}],
    }
    bot = creator.open_bot(name=hostile, public=public)
    page = open_page()
    page.goto("/")
    expect(page.get_by_text(hostile)).to_be_visible()
    seat = BotPage(page, str(bot["id"]))
    seat.enter()
    for element in (page.locator("h1"), page.locator(".objective p"), page.locator(".hints li")):
        expect(element.first).to_contain_text(hostile)


def test_a_long_word_breaks_rather_than_the_page(open_page: OpenPage, creator: Person) -> None:
    bot = str(creator.open_bot(name="W" * 60)["id"])
    creator.say(bot, "W" * 2000)
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    for path in ("/", f"/bots/{bot}"):
        page.goto(path)
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()
        expect(page.get_by_text("W" * 60).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
