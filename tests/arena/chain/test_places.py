"""So many at once."""

from __future__ import annotations

import trio

from arena.chain.places import Places


async def test_no_more_than_there_are_places_and_the_others_in_their_order() -> None:
    places, entered, gates = Places(2), [], [trio.Event() for _ in range(5)]

    async def work(number: int) -> None:
        async with places:
            entered.append(number)
            await gates[number].wait()

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(work, number)
            await trio.testing.wait_all_tasks_blocked()
        for number in range(5):
            assert entered == list(range(min(5, 2 + number)))
            gates[number].set()
            await trio.testing.wait_all_tasks_blocked()
    assert places.free == 2


async def test_a_free_place_is_taken_without_a_turn_for_others() -> None:
    places = Places(1)
    with trio.testing.assert_no_checkpoints():
        async with places:
            assert places.free == 0
    assert places.free == 1


async def test_who_is_cancelled_while_waiting_takes_no_place(autojump_clock: trio.abc.Clock) -> None:
    places = Places(1)
    async with places:
        with trio.move_on_after(1):
            await places.take("somebody else")
            raise AssertionError("there is no place")
    assert places.free == 1


async def test_a_place_is_given_back_by_a_crash() -> None:
    places = Places(1)
    try:
        async with places:
            raise ValueError("boom")
    except ValueError:
        assert places.free == 1


async def test_a_place_may_be_held_for_what_goes_on_elsewhere() -> None:
    places, borrower = Places(1), object()
    await places.take(borrower)
    assert places.free == 0
    places.give_back(borrower)
    assert places.free == 1
