"""A look at all actors at once, however many, that lets others work meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import trio

from actors.info import ActorInfo
from actors.node import Node

CHUNK = 500
"""Nodes looked at before other tasks get a turn."""

MAX_STUCK = 100
"""Stuck actors that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class StuckActor:
    """An actor that has been at the same thing for too long. ``seconds`` is how long."""

    path: str
    kind: str
    what: str
    """The type of the message being handled, or "started()"."""
    since: float
    """On trio's clock, in seconds: together with the path it identifies the occasion."""
    seconds: float


@dataclass(slots=True)
class Load:
    """The actors of one kind at one moment."""

    live: int = 0
    """Actors that are up, or about to be."""
    queued: int = 0
    """Messages waiting in all their mailboxes together."""
    deepest: int = 0
    """Messages waiting in the fullest mailbox."""
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at all actors has found."""

    by_kind: Mapping[str, Load]
    stuck: tuple[StuckActor, ...]
    """The first `MAX_STUCK` of them."""


async def survey(root: Node, stuck_after: float) -> Survey:
    """Look at every actor at and below ``root``, giving way after each `CHUNK`.

    An actor that comes or goes meanwhile may be seen or not.
    """
    loads: dict[str, Load] = {}
    stuck: list[StuckActor] = []
    now = trio.current_time()
    for number, node in enumerate(_nodes(root), start=1):
        if number % CHUNK == 0:
            await trio.lowlevel.checkpoint()
            now = trio.current_time()
        if (glance := node.glance()) is None:
            continue
        load = loads.get(glance.kind)
        if load is None:
            load = loads[glance.kind] = Load()
        load.live += glance.live
        load.queued += glance.queued
        load.deepest = max(load.deepest, glance.queued)
        if glance.busy_since is not None and now - glance.busy_since >= stuck_after:
            load.stuck += 1
            if len(stuck) < MAX_STUCK:
                seconds = now - glance.busy_since
                stuck.append(StuckActor(node.path, glance.kind, glance.busy_with, glance.busy_since, seconds))
    return Survey(loads, tuple(stuck))


async def visit(root: Node, see: Callable[[ActorInfo], None], levels: int | None = None) -> None:
    """Show every node at and below ``root``, parents before children, giving way after each `CHUNK`.

    Not more than ``levels`` below it: what is deeper is not looked at. An actor that comes or goes meanwhile may be
    shown or not.
    """
    for number, node in enumerate(_nodes(root, levels), start=1):
        if number % CHUNK == 0:
            await trio.lowlevel.checkpoint()
        see(node.info())


def _nodes(root: Node, levels: int | None = None) -> Iterator[Node]:
    todo: list[Iterator[Node]] = [iter((root,))]
    while todo:
        for node in todo[-1]:
            yield node
            if levels is None or len(todo) <= levels:
                todo.append(iter(node.children()))
                break
        else:
            todo.pop()
