import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.economy import MAX_LAMPORTS, Split, reward

amounts = st.integers(0, MAX_LAMPORTS)


@st.composite
def splits(draw: st.DrawFn) -> Split:
    pot = draw(st.integers(0, 10_000))
    return Split(pot, draw(st.integers(0, 10_000 - pot)))


@given(splits(), amounts)
def test_shares_add_up_to_the_fee_exactly(split: Split, amount: int) -> None:
    shares = split.divide(amount)
    assert shares.pot + shares.creator + shares.platform == shares.total == amount
    assert min(shares.pot, shares.creator, shares.platform) >= 0


@given(splits(), amounts)
def test_pot_and_creator_are_rounded_down_and_the_platform_has_the_rest(split: Split, amount: int) -> None:
    shares = split.divide(amount)
    assert 0 <= amount * split.pot_bps - shares.pot * 10_000 < 10_000
    assert 0 <= amount * split.creator_bps - shares.creator * 10_000 < 10_000


@given(amounts)
def test_a_whole_share_takes_all(amount: int) -> None:
    assert Split(10_000, 0).divide(amount).pot == amount
    assert Split(0, 10_000).divide(amount).creator == amount
    assert Split(0, 0).divide(amount).platform == amount


def test_the_largest_fee_does_not_overflow() -> None:
    assert Split(9_999, 1).divide(MAX_LAMPORTS).pot == MAX_LAMPORTS * 9_999 // 10_000


@pytest.mark.parametrize(("pot", "creator"), [(-1, 0), (0, -1), (10_001, 0), (5_000, 5_001)])
def test_limits_of_a_split(pot: int, creator: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        Split(pot, creator)


@pytest.mark.parametrize("amount", [-1, 2**63])
def test_limits_of_a_fee(amount: int) -> None:
    with pytest.raises(ValueError, match="lamports"):
        Split(1, 1).divide(amount)


@given(st.integers(0, 10**18), splits(), st.lists(st.integers(0, 10**15), max_size=30))
def test_a_reward_is_the_initial_pot_and_the_pot_shares(initial: int, split: Split, fees: list[int]) -> None:
    shares = [split.divide(fee).pot for fee in fees]
    won = reward(initial, shares)
    assert won == initial + sum(shares)
    assert won <= initial + sum(fees)


def test_limits_of_a_reward() -> None:
    assert reward(5, iter([])) == 5
    with pytest.raises(ValueError, match="pot share"):
        reward(5, [-1])
    with pytest.raises(ValueError, match="initial pot"):
        reward(-1, [])
    with pytest.raises(ValueError, match="reward"):
        reward(MAX_LAMPORTS, [1])
