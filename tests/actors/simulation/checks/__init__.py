"""What must hold for every schedule; each check yields a sentence for everything that is wrong."""

from __future__ import annotations

from tests.actors.simulation.checks import (
    counters,
    ends,
    links,
    lives,
    messages,
    order,
    overflow,
    restarts,
    statistics,
    surveys,
    watches,
)
from tests.actors.simulation.history import History
from tests.actors.simulation.run import Outcome

CHECKS = (ends, lives, messages, overflow, order, links, restarts, watches, counters, statistics, surveys)


def violations(outcome: Outcome) -> list[str]:
    """Everything that went wrong; empty when all was well."""
    fatal = list(ends.crashed_run(outcome))
    if fatal:
        return fatal
    history = History(outcome)
    return [wrong for module in CHECKS for wrong in module.check(history)]
