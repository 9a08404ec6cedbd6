"""When a bot that nobody solved is over."""

from datetime import UTC, datetime
from typing import cast

import pytest

from arena.game.ending import MARGIN, PAYABLE_FOR, is_over
from arena.store.bots import Bot

DAY = 86_400.0
CLOSES_AT = 100 * DAY


class Terms:
    def __init__(self, idle_after: int, idle_min_messages: int) -> None:
        self.idle_after = idle_after
        self.idle_min_messages = idle_min_messages
        self.closes_at = datetime.fromtimestamp(CLOSES_AT, UTC)


def over(
    now: float,
    *,
    idle_after: float = 0,
    least: int = 0,
    count: int = 3,
    last_paid_at: float = 0.0,
    payable_since: float = 0.0,
) -> bool:
    bot = cast("Bot", Terms(int(idle_after), least))
    return is_over(bot, message_count=count, last_paid_at=last_paid_at, payable_since=payable_since, now=now)


def test_at_its_closing_time_and_a_little_later_as_the_chain_s_clock_is_not_ours() -> None:
    assert not over(CLOSES_AT)
    assert over(CLOSES_AT + MARGIN)


def test_without_an_idle_period_only_then() -> None:
    assert not over(CLOSES_AT - 1)


def test_when_nobody_has_paid_for_the_idle_period() -> None:
    assert not over(DAY, idle_after=DAY)
    assert over(DAY + MARGIN, idle_after=DAY)
    assert not over(DAY + MARGIN, idle_after=DAY, last_paid_at=1.0)


@pytest.mark.parametrize(("count", "expected"), [(4, False), (5, True)])
def test_but_only_after_the_least_number_of_messages(count: int, expected: bool) -> None:
    assert over(2 * DAY, idle_after=DAY, least=5, count=count) is expected


def test_and_not_while_the_arena_could_not_be_paid_for_long() -> None:
    """It was down for the whole idle period: players have an hour to come back."""
    back = 3 * DAY
    assert not over(back + PAYABLE_FOR - 1, idle_after=DAY, payable_since=back)
    assert over(back + PAYABLE_FOR, idle_after=DAY, payable_since=back)


def test_a_short_idle_period_asks_for_no_longer_chance_than_itself() -> None:
    assert over(DAY + 60 + MARGIN, idle_after=60, last_paid_at=DAY, payable_since=DAY)
