"""Pages of the actor tree, while actors come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorInfo,
    ActorSpec,
    ActorState,
    ActorSystem,
    Message,
    RegionSpec,
    SupervisorSpec,
    UnknownActor,
    open_system,
)
from actors.region import Region
from arena.edge.actor_listing import ActorFilter, ActorListing, list_actors

ALL = ActorFilter()


@dataclass(frozen=True, slots=True)
class Work(Message[None]):
    seconds: float = 0.0


class Worker(Actor[Work]):
    async def receive(self, message: Work) -> Any:
        await trio.sleep(message.seconds)


class SlowStarter(Worker):
    async def started(self) -> None:
        await trio.sleep(1000)


TREE = SupervisorSpec(
    "root",
    [
        SupervisorSpec("z", [ActorSpec("one", Worker), ActorSpec("another", Worker)]),
        RegionSpec("many", "many", lambda key: Worker()),
        RegionSpec("slow", "slow", lambda key: SlowStarter(), stop_timeout=0.1),
        ActorSpec("a", Worker),
    ],
)


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with open_system(TREE) as running:
        yield running


async def come(system: ActorSystem, *ids: str) -> None:
    for key in ids:
        await system.get("many", key).ask(Work())


async def go(system: ActorSystem, *ids: str) -> None:
    for key in ids:
        system.stop(f"/many/{key}")
    await trio.testing.wait_all_tasks_blocked()


def paths(found: ActorListing) -> list[str]:
    return [info.path for info in found.page]


async def test_actors_are_sorted_by_path_and_follow_what_is_above_them(system: ActorSystem) -> None:
    await come(system, "m", "b", "x")
    found = await list_actors(system, ALL, limit=100)
    assert paths(found) == [
        "/", "/a", "/many", "/many/b", "/many/m", "/many/x", "/slow", "/z", "/z/another", "/z/one",
    ]  # fmt: skip
    assert not found.more


async def test_all_are_counted_whatever_is_on_the_page(system: ActorSystem) -> None:
    await come(system, "m", "b", "x")
    for after in (None, "/many/b"):
        found = await list_actors(system, ALL, after=after, limit=2)
        assert (found.total, found.more) == (10, True)
        assert found.by_kind == {"supervisor": 2, "region": 2, "many": 3, "Worker": 3}
        assert found.by_state == {"running": 10}


async def test_a_part_of_the_tree_can_be_asked_for(system: ActorSystem) -> None:
    await come(system, "b")
    assert paths(await list_actors(system, ALL, under="/many", limit=9)) == ["/many", "/many/b"]
    with pytest.raises(UnknownActor):
        await list_actors(system, ALL, under="/nothing", limit=9)


async def test_only_so_many_levels_are_looked_at(system: ActorSystem) -> None:
    await come(system, "b", "m")

    async def found(levels: int, under: str = "/") -> list[str]:
        listing = await list_actors(system, ALL, under=under, levels=levels, limit=9)
        assert listing.total == len(listing.page)
        return paths(listing)

    assert await found(0) == ["/"]
    assert await found(1) == ["/", "/a", "/many", "/slow", "/z"]
    assert await found(1, "/many") == ["/many", "/many/b", "/many/m"]
    assert await found(0, "/many") == ["/many"]
    assert await found(1, "/a") == ["/a"]
    everything = await list_actors(system, ALL, limit=99)
    assert await found(2) == await found(100) == paths(everything)


async def test_what_is_too_deep_is_counted_by_who_is_above_and_not_looked_at(
    system: ActorSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(system, "b", "m", "x")

    def looked_at(self: Region) -> NoReturn:
        raise AssertionError("the actors of the region were looked at")

    monkeypatch.setattr(Region, "children", looked_at)
    listing = await list_actors(system, ALL, levels=1, limit=9)
    assert {info.path: info.children for info in listing.page} == {
        "/": 4,
        "/a": 0,
        "/many": 3,
        "/slow": 0,
        "/z": 2,
    }


@given(
    st.sets(st.text("abc-.", min_size=1, max_size=3), min_size=1, max_size=12),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_who_stays_is_on_one_page_exactly_whoever_comes_and_goes(
    ids: set[str], limit: int, random: Any
) -> None:
    async def main() -> None:
        everybody = sorted(ids)
        stay = random.sample(everybody, random.randint(0, len(everybody)))
        others = [key for key in everybody if key not in stay]
        async with open_system(TREE) as system:
            arrivals = list(everybody)
            random.shuffle(arrivals)
            await come(system, *arrivals)
            seen: list[str] = []
            after = None
            while True:
                found = await list_actors(system, ALL, after=after, limit=limit)
                seen += paths(found)
                if not found.more:
                    break
                after = found.page[-1].path
                for key in others:
                    there = f"/many/{key}" in [info.path for info in system.tree("/many")]
                    await random.choice([come, go] if there else [come])(system, key)
        assert len(seen) == len(set(seen))
        assert {f"/many/{key}" for key in stay} | {"/", "/a", "/z/one"} <= set(seen)

    trio.run(main)


async def test_a_cursor_that_is_gone_leads_on_all_the_same(system: ActorSystem) -> None:
    await come(system, "b", "m", "x")
    await go(system, "m")
    assert paths(await list_actors(system, ALL, after="/many/m", limit=1)) == ["/many/x"]


def kept(wanted: ActorFilter, infos: Iterable[ActorInfo]) -> list[str]:
    return [info.path for info in infos if wanted.matches(info)]


RUNNING = ActorInfo("/a", "bots", ActorState.RUNNING)
FAILED = ActorInfo("/b", "bots", ActorState.FAILED, failed=6, restarts=5)
RESTARTED = ActorInfo("/c", "lobby", ActorState.RUNNING, restarts=1)
FULL = ActorInfo("/d", "bots", ActorState.RUNNING, mailbox_depth=8, handling="Work", handling_for=30.0)
SLOW = ActorInfo("/e", "bots", ActorState.STARTING, age=12.0)
INFOS = (RUNNING, FAILED, RESTARTED, FULL, SLOW)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ActorFilter(), "/a /b /c /d /e"),
        (ActorFilter(kind="lobby"), "/c"),
        (ActorFilter(kind="nothing"), ""),
        (ActorFilter(states=frozenset({ActorState.FAILED, ActorState.STARTING})), "/b /e"),
        (ActorFilter(min_depth=8), "/d"),
        (ActorFilter(min_depth=9), ""),
        (ActorFilter(failed=True), "/b /c"),
        (ActorFilter(failed=False), "/a /d /e"),
        (ActorFilter(handling_for=0), "/d /e"),
        (ActorFilter(handling_for=20), "/d"),
        (ActorFilter(path="b"), "/b"),
        (ActorFilter(kind="bots", failed=False, min_depth=1), "/d"),
    ],
)
def test_conditions_narrow_down(wanted: ActorFilter, expected: str) -> None:
    assert kept(wanted, INFOS) == expected.split()


async def test_an_actor_that_does_not_get_through_its_start_is_stuck(
    autojump_clock: trio.abc.Clock, system: ActorSystem
) -> None:
    system.get("slow", "s").tell(Work())
    await trio.sleep(20)
    stuck = await list_actors(system, ActorFilter(handling_for=15), limit=9)
    assert paths(stuck) == ["/slow/s"]
