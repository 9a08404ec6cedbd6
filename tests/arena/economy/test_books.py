import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.economy import Books, ExpiryRule, Split, format_sol, parse_sol, reward

fees = st.lists(st.integers(0, 10**12), max_size=30)
SPLIT = Split(7_777, 1_111)


@given(st.integers(0, 10**12), fees)
def test_what_comes_in_is_in_the_books_to_the_lamport(initial: int, amounts: list[int]) -> None:
    books = Books(initial)
    for amount in amounts:
        books = books.record(amount, SPLIT)
    assert books.total == initial + sum(amounts)


@given(st.integers(0, 10**12), fees, st.data())
def test_a_refund_takes_out_what_its_fee_brought_in(
    initial: int, amounts: list[int], data: st.DataObject
) -> None:
    kept = [amount for amount in amounts if data.draw(st.booleans())]
    refunded = list(amounts)
    for amount in kept:
        refunded.remove(amount)
    books = Books(initial)
    for amount in amounts:
        books = books.record(amount, SPLIT)
    for amount in refunded:
        books = books.refund(amount, SPLIT)
    expected = Books(initial)
    for amount in kept:
        expected = expected.record(amount, SPLIT)
    assert books == expected


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_refund_that_cannot_be_delivered_stays_unclaimed(initial: int, amount: int) -> None:
    books = Books(initial).record(amount, SPLIT)
    after = books.refund(amount, SPLIT, deliverable=False)
    assert after.unclaimed == amount
    assert after.total == books.total


@given(st.integers(0, 10**12), fees, st.integers(0, 30))
def test_the_winner_gets_the_pot_up_to_the_winning_message_and_later_fees_are_refundable(
    initial: int, amounts: list[int], winning: int
) -> None:
    books = Books(initial)
    for amount in amounts:
        books = books.record(amount, SPLIT)
    books = books.settle(reward(initial, [SPLIT.divide(amount).pot for amount in amounts[:winning]]))
    for amount in amounts[winning:]:
        books = books.refund(amount, SPLIT)
    assert books.pot == 0
    dues = [SPLIT.divide(amount) for amount in amounts[:winning]]
    assert books.creator_due == sum(due.creator for due in dues)
    assert books.platform_due == sum(due.platform for due in dues)


def test_more_than_there_is_cannot_be_taken_out() -> None:
    with pytest.raises(ValueError, match="pot"):
        Books(10).settle(11)
    with pytest.raises(ValueError, match="pot"):
        Books(0).refund(100, SPLIT)


@given(st.integers(0, 10**12), fees, st.sampled_from(ExpiryRule))
def test_an_expired_pot_is_paid_out_whole(initial: int, amounts: list[int], rule: ExpiryRule) -> None:
    books = Books(initial)
    for amount in amounts:
        books = books.record(amount, SPLIT)
    paid = books.expire(rule, initial, was_played=bool(amounts))
    assert paid.creator + paid.last_player == books.pot
    assert paid.creator <= initial  # a creator never earns by a bot that nobody can solve
    if not amounts:
        assert paid.last_player == 0


def test_expiry_rules() -> None:
    books = Books(100)
    books = books.record(1_000, Split(5_000, 0))
    assert books.expire(ExpiryRule.LAST_PLAYER, 100, was_played=True).last_player == 600
    paid = books.expire(ExpiryRule.CREATOR, 100, was_played=True)
    assert (paid.creator, paid.last_player) == (100, 500)


@pytest.mark.parametrize(
    ("lamports", "text"),
    [
        (0, "0 SOL"),
        (1, "0.000000001 SOL"),
        (1_500_000_000, "1.5 SOL"),
        (20_000_000_000, "20 SOL"),
        (-1_000_000_001, "-1.000000001 SOL"),
    ],
)
def test_amounts_for_people(lamports: int, text: str) -> None:
    assert format_sol(lamports) == text


@given(st.integers(0, 10**18))
def test_an_amount_that_is_shown_is_read_back(lamports: int) -> None:
    assert parse_sol(format_sol(lamports)) == lamports


@pytest.mark.parametrize(
    "text", ["", "1", "1 sol", "-1 SOL", "1e3 SOL", "0.0000000001 SOL", "1. SOL", ".5 SOL", "１ SOL"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an amount is written"):
        parse_sol(text)
