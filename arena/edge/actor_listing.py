"""Finding actors in the running tree, a page at a time."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import dataclass, field

from actors import ActorInfo, ActorState, ActorSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFilter:
    """Which nodes of the tree; what is left out does not narrow it.

    Attributes:
        states: one of these; none: all.
        min_depth: at least so many messages wait.
        failed: whether it has crashed or been restarted.
        handling_for: it is at one message, or at its start, for at least so many seconds.
        path: is a part of the path.
    """

    kind: str | None = None
    states: frozenset[ActorState] = frozenset()
    min_depth: int = 0
    failed: bool | None = None
    handling_for: float | None = None
    path: str = ""

    def matches(self, info: ActorInfo) -> bool:
        """Whether the node is one of them."""
        return (
            (self.kind is None or info.kind == self.kind)
            and (not self.states or info.state in self.states)
            and info.mailbox_depth >= self.min_depth
            and (self.failed is None or bool(info.failed or info.restarts) is self.failed)
            and (self.handling_for is None or _busy_for(info) >= self.handling_for)
            and self.path in info.path
        )


@dataclass(slots=True)
class ActorListing:
    """A page, and how many match in all."""

    page: list[ActorInfo] = field(default_factory=list)
    more: bool = False
    """Whether there are further ones after this page."""
    total: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)


async def list_actors(
    system: ActorSystem,
    wanted: ActorFilter,
    *,
    under: str = "/",
    levels: int | None = None,
    after: str | None = None,
    limit: int,
) -> ActorListing:
    """The first ``limit`` matching nodes at and below ``under`` whose place is behind the path ``after``.

    With ``levels``, nothing that is further below than that is looked at or counted.

    Sorted by path, parents before what is below them; siblings by name. As a node's place depends on nothing but its
    path, pages fit together however many actors come and go between them: one that is there and matches all the time
    is on one page exactly; one that is not is on one page or on none. Other tasks get their turns meanwhile.

    Raises `UnknownActor` if there is nothing at ``under``.
    """
    listing = ActorListing()
    begin = None if after is None else _place(after)
    found: list[tuple[list[str], ActorInfo]] = []

    def see(info: ActorInfo) -> None:
        if not wanted.matches(info):
            return
        listing.total += 1
        listing.by_state[info.state.value] += 1
        listing.by_kind[info.kind] += 1
        place = _place(info.path)
        if begin is not None and place <= begin:
            return
        # One more than asked for tells whether there are further ones.
        if len(found) <= limit or place < found[-1][0]:
            insort(found, (place, info), key=lambda entry: entry[0])
            del found[limit + 1 :]

    await system.visit(see, under, levels=levels)
    listing.page = [info for _, info in found[:limit]]
    listing.more = len(found) > limit
    return listing


def _place(path: str) -> list[str]:
    return path.rstrip("/").split("/")


def _busy_for(info: ActorInfo) -> float:
    """Seconds; less than none while it waits for messages."""
    if info.handling_for is not None:
        return info.handling_for
    return info.age if info.state is ActorState.STARTING and info.age is not None else -1.0
