"""How the lobby keeps leaderboards: one reading at a time, never older than it may be."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors import Subscription
from arena.game.standings import MAX_AGE, MIN_PAUSE, Standings, StandingsCache
from arena.problems import unavailable
from arena.store.leaderboards import Board, Standing, Window

SOLVERS, ALL = Board.SOLVERS, Window.ALL


class Lobby:
    """Remembers which boards were to be read."""

    def __init__(self) -> None:
        self.asked: list[tuple[Board, Window]] = []
        self.cache = StandingsCache(lambda board, window: self.asked.append((board, window)))

    def show(self, board: Board = SOLVERS) -> object:
        return self.cache.show(board, ALL)

    def done(self, took: float = 0.0) -> Standings:
        found = Standings([], 0)
        self.cache.done(SOLVERS, ALL, found, took)
        return found


def kept(shown: object) -> bool:
    return isinstance(shown, Standings)


@pytest.fixture
def lobby() -> Lobby:
    return Lobby()


async def test_however_many_ask_it_is_read_once(lobby: Lobby) -> None:
    waiting = [lobby.show() for _ in range(5)]
    assert lobby.asked == [(SOLVERS, ALL)]
    found = lobby.done()
    for subscription in waiting:
        assert isinstance(subscription, Subscription)
        assert await subscription.receive() is found
    assert lobby.show() is found


async def test_it_is_read_again_when_something_has_changed_but_not_at_once(
    lobby: Lobby, mock_clock: MockClock
) -> None:
    lobby.show()
    lobby.done()
    lobby.cache.changed(SOLVERS)
    assert kept(lobby.show())
    mock_clock.jump(MIN_PAUSE)
    assert not kept(lobby.show())
    lobby.done()
    mock_clock.jump(MIN_PAUSE)
    assert kept(lobby.show())
    lobby.cache.changed(Board.CREATORS)
    assert kept(lobby.show())


async def test_what_changes_while_it_is_read_is_not_missed(lobby: Lobby, mock_clock: MockClock) -> None:
    lobby.show()
    lobby.cache.changed(SOLVERS)
    lobby.done()
    mock_clock.jump(MIN_PAUSE)
    assert not kept(lobby.show())


async def test_it_is_read_again_after_a_while_in_any_case(lobby: Lobby, mock_clock: MockClock) -> None:
    lobby.show()
    lobby.done()
    mock_clock.jump(MAX_AGE - 0.1)
    assert kept(lobby.show())
    mock_clock.jump(0.2)
    assert not kept(lobby.show())


async def test_what_takes_long_to_read_is_read_less_often(lobby: Lobby, mock_clock: MockClock) -> None:
    lobby.show()
    lobby.done(took=7.0)
    lobby.cache.changed(SOLVERS)
    mock_clock.jump(69)
    assert kept(lobby.show())
    mock_clock.jump(2)
    assert not kept(lobby.show())


async def test_who_waits_is_told_of_a_failure_and_the_next_one_reads_again(lobby: Lobby) -> None:
    waiting = lobby.show()
    assert isinstance(waiting, Subscription)
    problem = unavailable("database")
    lobby.cache.done(SOLVERS, ALL, problem, 0.0)
    assert await waiting.receive() is problem
    assert not kept(lobby.show())
    assert len(lobby.asked) == 2


async def test_nobody_is_left_waiting(lobby: Lobby) -> None:
    waiting = lobby.show()
    assert isinstance(waiting, Subscription)
    lobby.cache.close()
    with pytest.raises(trio.EndOfChannel):
        await waiting.receive()


def test_places_are_found_by_wallet_and_by_what_was_before() -> None:
    listed = [Standing(1, "c", None, 9, 1), Standing(2, "a", None, 5, 1), Standing(2, "b", None, 5, 1)]
    standings = Standings(listed, 3)
    assert [standings.place(wallet) for wallet in "abcd"] == [1, 2, 0, None]
    assert standings.after(9, "c") == 1
    assert standings.after(5, "a") == 2
    assert standings.after(5, "b") == 3
    assert standings.after(7, "x") == 1  # who was there has moved on
    assert standings.after(2**63, "x") == 0
