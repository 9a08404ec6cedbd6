"""How much the faucet gives."""

from arena.http.faucet_limits import LIMIT, MAX_WALLETS, WINDOW, FaucetLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_wallet_gets_its_share_and_then_waits() -> None:
    clock = Clock()
    limits = FaucetLimits(clock)
    assert limits.take("a", LIMIT - 1) is None
    clock.now += 100
    assert limits.take("a", 2) == WINDOW - 100
    assert limits.take("a", 1) is None
    assert limits.take("b", LIMIT) is None


def test_a_new_window_begins_afresh() -> None:
    clock = Clock()
    limits = FaucetLimits(clock)
    limits.take("a", LIMIT)
    clock.now += WINDOW
    assert limits.take("a", LIMIT) is None
    assert limits.take("a", 1) == WINDOW


def test_what_was_not_sent_is_given_back() -> None:
    limits = FaucetLimits(Clock())
    limits.take("a", LIMIT)
    limits.give_back("a", LIMIT)
    limits.give_back("unknown", 1)
    assert limits.take("a", LIMIT) is None


def test_more_than_its_share_at_once_is_refused() -> None:
    assert FaucetLimits(Clock()).take("a", LIMIT + 1) == WINDOW


def test_the_memory_is_bounded() -> None:
    clock = Clock()
    limits = FaucetLimits(clock)
    for number in range(MAX_WALLETS + 1):
        clock.now += 0.001
        limits.take(str(number), LIMIT)
    assert limits.take("0", LIMIT) is None  # forgotten, being the oldest
    assert limits.take(str(MAX_WALLETS), 1) is not None
