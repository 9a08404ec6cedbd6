"""In the end nothing is left: no task, no timer, no queued message, nothing that waits to be restarted."""

from __future__ import annotations

from collections.abc import Iterator

from actors import ActorState, Restart, SystemFailed
from tests.actors.simulation.history import NEVER, History, is_at_or_below
from tests.actors.simulation.plan import ActorPlan
from tests.actors.simulation.run import Left, Outcome
from tests.actors.simulation.trace import What

OVER = (ActorState.STOPPED, ActorState.FAILED)
SETTLED = (*OVER, ActorState.RUNNING)


def crashed_run(outcome: Outcome) -> Iterator[str]:
    """An error that is none of those which a run may end with; then there is nothing else to check."""
    if outcome.error is not None and not isinstance(outcome.error, SystemFailed | Left):
        yield f"the run ended with {outcome.error!r}"


def check(history: History) -> Iterator[str]:
    outcome = history.outcome
    if outcome.tasks:
        yield f"{outcome.tasks} tasks are left"
    if outcome.timers:
        yield f"{outcome.timers} timers are left"
    if outcome.dead_letter_count != len(outcome.dead_letters):
        yield "dead letters were not counted"
    for info in outcome.final:
        if info.mailbox_depth:
            yield f"{info.path} is left with {info.mailbox_depth} messages"
        if info.state not in OVER:
            yield f"{info.path} is left in the state {info.state}"
    for info in outcome.quiet or ():
        if info.state not in SETTLED:
            yield f"{info.path} is still {info.state} when all has settled"
        if info.mailbox_depth or info.handling:
            yield f"{info.path} still has messages when all has settled"
        if info.state is ActorState.STOPPED and not may_be_stopped(history, info.path):
            yield f"{info.path} does not run, but nobody stopped it"


def may_be_stopped(history: History, path: str) -> bool:
    """It or something above was stopped by hand, or it ended and is not restarted."""
    stops = history.find(-1, history.leaving, What.STOP)
    if any(is_at_or_below(path, event.path) for event in stops):
        return True
    node = history.nodes[path]
    if not isinstance(node, ActorPlan):
        return False
    lives = history.by_path[path]
    match node.restart:
        case Restart.TEMPORARY:
            # A sibling's crash may take it down even before it was made.
            fell = history.find(-1, history.leaving, What.DECIDED, What.RESTART)
            return bool(lives) or bool(fell)
        case Restart.TRANSIENT:
            return bool(lives) and lives[-1].reason == "FINISHED" and lives[-1].broken == NEVER
        case Restart.PERMANENT:
            return False
