"""The figures of the demo: what must have moved follows from the rules alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.cli.demo_books import SIGNATURE_FEE, Line, Round
from arena.economy import Split


@given(
    prices=st.lists(st.integers(1, 10**12), min_size=1, max_size=20),
    initial_pot=st.integers(0, 10**12),
    pot_bps=st.integers(0, 10_000),
    data=st.data(),
)
def test_only_the_networks_fees_leave_the_round(
    prices: list[int], initial_pot: int, pot_bps: int, data: st.DataObject
) -> None:
    creator_bps = data.draw(st.integers(0, 10_000 - pot_bps))
    expected = Round(prices, initial_pot, pot_bps, creator_bps).expected()
    signatures = 2 + 2 * len(prices) + 2
    assert sum(expected.values()) == -signatures * SIGNATURE_FEE
    shares = [Split(pot_bps, creator_bps).divide(price) for price in prices]
    assert expected["platform"] == sum(share.platform for share in shares)
    assert expected["creator"] == sum(share.creator for share in shares) - initial_pot - 2 * SIGNATURE_FEE


def test_a_line_is_right_only_to_the_lamport() -> None:
    assert Line("player", "a", before=10, after=7, expected=-3).right
    assert not Line("player", "a", before=10, after=7, expected=-2).right
