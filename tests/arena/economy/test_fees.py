import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.economy import MAX_LAMPORTS, FeeSchedule
from arena.economy import fees as fees_module


@st.composite
def schedules(draw: st.DrawFn) -> FeeSchedule:
    base = draw(st.integers(1, 10**12))
    cap = draw(st.one_of(st.integers(base, base + 10**6), st.integers(base, MAX_LAMPORTS)))
    return FeeSchedule(base, draw(st.integers(0, 10_000)), cap)


counts = st.integers(0, 3_000)


def by_definition(schedule: FeeSchedule, count: int) -> int:
    price = schedule.base
    for _ in range(count):
        price = min(schedule.cap, price + price * schedule.growth_bps // 10_000)
    return price


@given(schedules(), counts)
def test_a_price_is_what_the_definition_says(schedule: FeeSchedule, count: int) -> None:
    assert schedule.price(count) == by_definition(schedule, count)


@given(schedules(), counts, counts)
def test_a_price_never_falls_and_stays_between_base_and_cap(schedule: FeeSchedule, a: int, b: int) -> None:
    low, high = schedule.price(min(a, b)), schedule.price(max(a, b))
    assert schedule.base <= low <= high <= schedule.cap


@given(schedules(), st.integers(0, 500))
def test_one_message_raises_the_price_by_the_growth_rounded_down_as_far_as_the_cap(
    schedule: FeeSchedule, count: int
) -> None:
    now, later = schedule.price(count), schedule.price(count + 1)
    assert later == min(schedule.cap, now + now * schedule.growth_bps // 10_000)


@given(st.integers(1, 10**12), counts)
def test_without_growth_the_price_is_the_base(base: int, count: int) -> None:
    assert FeeSchedule(base, 0, MAX_LAMPORTS).price(count) == base


def test_prices_in_the_order_asked_do_not_matter() -> None:
    schedule = FeeSchedule(1_000_003, 37, 10**10)
    expected = [by_definition(schedule, count) for count in range(0, 1200, 7)]
    assert [schedule.price(count) for count in reversed(range(0, 1200, 7))] == expected[::-1]
    assert [schedule.price(count) for count in range(0, 1200, 7)] == expected


def test_a_known_curve() -> None:
    schedule = FeeSchedule(1_000_000, 100, 1_050_000)
    assert [schedule.price(n) for n in range(7)] == [
        1_000_000,
        1_010_000,
        1_020_100,
        1_030_301,
        1_040_604,
        1_050_000,
        1_050_000,
    ]


def test_a_flat_curve_costs_nothing_however_many_messages_there_were() -> None:
    assert FeeSchedule(1_000_000, 10_000, 10**9).price(10**15) == 10**9
    assert FeeSchedule(1, 1, 10**9).price(10**15) == 1


def test_only_a_limited_number_of_curves_is_remembered() -> None:
    assert fees_module._curve.cache_info().maxsize == 1024


@pytest.mark.parametrize(
    ("base", "growth", "cap"),
    [
        (0, 0, 10),
        (-1, 0, 10),
        (11, 0, 10),
        (1, -1, 10),
        (1, 10_001, 10),
        (1, 0, 2**63),
        (2**63, 0, 2**63),
    ],
)
def test_limits(base: int, growth: int, cap: int) -> None:
    with pytest.raises(ValueError):
        FeeSchedule(base, growth, cap)


def test_a_count_is_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        FeeSchedule(1, 0, 1).price(-1)
