"""Token buckets: how often somebody may ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.edge.rate_limits import FLOOD, Buckets, RateLimits, Scope, rates_of
from arena.game.drafts import MAX_DRAFTS
from arena.game.paying import MAX_PAYING_PER_SESSION, MAX_UNJUDGED
from arena.game.session import MAX_QUOTES
from arena.game.text import MAX_JOINED, MAX_MARKS
from arena.http import faucet_limits
from arena.http.app import BODY_TIMEOUT, MAX_BODY_BYTES
from arena.problems import Problem
from arena.rates import Rate
from arena.settings import SettingsError, load_settings
from arena.store.auth_sessions import MAX_REFRESHES, MAX_SESSIONS
from arena.ws.chat import MAX_WORKING
from arena.ws.connection import MAX_FRAME_BYTES, OUTBOX_BYTES, OUTBOX_FRAMES
from arena.ws.open_connections import MAX_CONNECTIONS, MAX_CONNECTIONS_OF_A_USER

ROOT = Path(__file__).parents[3]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limits(tmp_path: Path, clock: Clock, **settings: Any) -> RateLimits:
    return RateLimits(load_settings(None, arena_data_dir=tmp_path, **settings), clock=clock)


# -- a bucket


def test_so_many_at_once_and_then_one_after_the_other(clock: Clock) -> None:
    buckets = Buckets(Rate(3, 30), clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [None] * 3
    assert buckets.take("a") == pytest.approx(10)
    clock.now += 10
    assert buckets.take("a") is None
    assert buckets.take("a") == pytest.approx(10)


def test_what_was_refused_does_not_count(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 10), clock=clock)
    buckets.take("a")
    for _ in range(100):
        assert buckets.take("a") == pytest.approx(10)
    clock.now += 10
    assert buckets.take("a") is None


def test_a_bucket_is_full_again_after_its_time_and_never_fuller(clock: Clock) -> None:
    buckets = Buckets(Rate(3, 30), clock=clock)
    buckets.take("a")
    clock.now += 1_000_000
    assert [buckets.take("a") for _ in range(4)][:3] == [None] * 3
    assert buckets.take("a") is not None


def test_nobody_uses_up_what_is_anothers(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 10), clock=clock)
    for _ in range(10):
        buckets.take("a")
    assert buckets.take("b") is None


def test_a_rate_of_nothing_is_no_limit(clock: Clock) -> None:
    buckets = Buckets(Rate(0, 1), clock=clock)
    assert [buckets.take("a") for _ in range(1000)] == [None] * 1000
    assert len(buckets) == 0


def test_the_number_of_buckets_has_a_limit_and_the_one_used_longest_ago_goes(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 10), clock=clock, max_keys=2)
    for key in ("a", "b"):
        assert buckets.take(key) is None
    assert buckets.take("a") is not None  # used, though refused
    assert buckets.take("c") is None
    assert len(buckets) == 2
    assert buckets.take("a") is not None, "it is not rid of its limit by others coming"
    assert buckets.take("b") is None, "it was forgotten, and is not shut out"


@given(
    st.integers(1, 50),
    st.integers(1, 100),
    st.lists(st.floats(0, 30, allow_nan=False), max_size=120),
)
def test_over_any_time_not_more_than_the_rate_and_what_is_at_once(
    count: int, seconds: int, pauses: list[float]
) -> None:
    clock = Clock()
    buckets = Buckets(Rate(count, seconds), clock=clock)
    start, taken = clock.now, 0
    for pause in pauses:
        clock.now += pause
        wait = buckets.take("a")
        taken += wait is None
        assert taken <= count + (clock.now - start) * count / seconds + 1e-3
        if wait is not None:
            assert 0 < wait <= seconds / count + 1e-3
            clock.now += wait
            assert buckets.take("a") is None, "the wait that is told is enough"
            taken += 1


# -- by settings


def test_every_scope_has_a_setting_and_words(tmp_path: Path, clock: Clock) -> None:
    settings = load_settings(None, arena_data_dir=tmp_path)
    assert set(rates_of(settings)) == set(Scope)
    named = {name for name in type(settings).model_fields if name.startswith("arena_rate_")}
    assert named == {f"arena_rate_{scope}" for scope in Scope} | {"arena_rate_limits"}
    for scope in Scope:
        strict = limits(tmp_path, clock, **{f"arena_rate_{scope}": "1/60"})
        strict.check(scope, "a")
        with pytest.raises(Problem) as refused:
            strict.check(scope, "a")
        assert (refused.value.code, refused.value.status) == ("rate_limited", 429)
        assert refused.value.extra == {"retry_after": 60, "scope": scope.value}
        assert strict.refused[scope] == 1


def test_they_can_be_switched_off(tmp_path: Path, clock: Clock) -> None:
    free = limits(tmp_path, clock, arena_rate_limits=False, arena_rate_requests_address="1/60")
    for _ in range(10):
        free.check(Scope.REQUESTS_ADDRESS, "a")
    frames = free.of_connection(address="a", wallet="w", session="s")
    assert not any(frames.is_flood() for _ in range(2 * FLOOD.count))
    assert set(free.refused.values()) == {0}


@pytest.mark.parametrize(
    ("text", "rate"), [("600/60", Rate(600, 60)), (" 1 / 2 ", Rate(1, 2)), ("0", Rate(0, 1))]
)
def test_a_rate_is_a_count_and_seconds(tmp_path: Path, text: str, rate: Rate) -> None:
    settings = load_settings(None, arena_data_dir=tmp_path, arena_rate_requests_address=text)
    assert settings.arena_rate_requests_address == rate
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize("text", ["", "600", "600/0", "-1/60", "a/b", "1/2/3", "1.5/60", "9999999999/1"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="count/seconds"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("arena_rate_requests_address", "many", "ARENA_RATE_REQUESTS_ADDRESS"),
        ("arena_trusted_proxies", "10.0.0.1/8", "ARENA_TRUSTED_PROXIES"),
        ("arena_trusted_proxies", "proxy.example", "ARENA_TRUSTED_PROXIES"),
        ("arena_proxy_header", "X-Real-IP", "ARENA_PROXY_HEADER"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, value: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load_settings(None, arena_data_dir=tmp_path, **{setting: value})


# -- frames


def test_a_client_that_does_not_stop_is_a_flood(tmp_path: Path, clock: Clock) -> None:
    counted = limits(tmp_path, clock)
    frames = counted.of_connection(address="a", wallet="w", session="s")
    assert not any(frames.is_flood() for _ in range(FLOOD.count))
    assert frames.is_flood()
    assert counted.refused["connections_closed"] == 1


def test_a_wallet_cannot_use_up_what_its_neighbours_at_the_same_address_have(
    tmp_path: Path, clock: Clock
) -> None:
    counted = limits(tmp_path, clock, arena_rate_messages_wallet="2/60", arena_rate_messages_address="3/60")
    greedy = counted.of_connection(address="a", wallet="greedy", session="s")
    for _ in range(2):
        greedy.check_message()
    for _ in range(10):
        with pytest.raises(Problem, match="wallet"):
            greedy.check_message()
    counted.of_connection(address="a", wallet="modest", session="t").check_message()


# -- the document


def test_the_table_in_the_protocol_is_what_the_settings_are(tmp_path: Path) -> None:
    settings = load_settings(None, arena_data_dir=tmp_path)
    section = (
        (ROOT / "docs" / "protocol.md").read_text("utf-8").partition("## Limits")[2].partition("### Texts")[0]
    )
    told = {
        setting.lower(): Rate(int(count), int(seconds))
        for count, seconds, setting in re.findall(r"\| (\d+) per (\d+) s \| `(ARENA_RATE_\w+)`", section)
    }
    assert told == {f"arena_rate_{scope}": rate for scope, rate in rates_of(settings).items()}
    for said in (
        f"| {settings.arena_connections_per_address} | `ARENA_CONNECTIONS_PER_ADDRESS`",
        f"| {settings.arena_quote_lifetime} s | `ARENA_QUOTE_LIFETIME`",
        f"| {settings.arena_access_lifetime} s | `ARENA_ACCESS_LIFETIME`",
        f"| {settings.arena_session_lifetime} s, {settings.arena_operator_session_lifetime} s |",
        f"| sessions of a wallet at a time | {MAX_SESSIONS} |",
        f"| refreshes of a session | {MAX_REFRESHES:,} |",
        f"| {settings.arena_message_max_length} characters | `ARENA_MESSAGE_MAX_LENGTH`",
        f"| {MAX_CONNECTIONS_OF_A_USER}, {MAX_CONNECTIONS:,} |",
        f"| frames of a connection that are worked on | {MAX_WORKING} |",
        f"| quotes of a session | {MAX_QUOTES} |",
        f"| payments of a session under way | {MAX_PAYING_PER_SESSION} |",
        f"wait for their verdicts | {MAX_UNJUDGED} |",
        f"| drafts of a creator | {MAX_DRAFTS} |",
        f"| {faucet_limits.LIMIT // 10**9} SOL an hour |",
        f"| a frame of a client | {MAX_FRAME_BYTES // 1024} KiB |",
        f"| {MAX_BODY_BYTES // 1024} KiB, {BODY_TIMEOUT} s |",
        f"| {OUTBOX_FRAMES} or {OUTBOX_BYTES // 1024**2} MiB |",
        f"after {FLOOD.count} refused in a minute 1008",
    ):
        assert said in section, said


def test_the_table_of_texts_has_the_limits_of_marks() -> None:
    texts = (ROOT / "docs" / "protocol.md").read_text("utf-8").partition("### Texts")[2].partition("\n## ")[0]
    assert f"more than {MAX_MARKS} combining marks on a character, or more than {MAX_JOINED} marks" in texts
