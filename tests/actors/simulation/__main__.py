"""Runs schedules until one fails or there have been enough; replays a single one with a readable trace.

python -m tests.actors.simulation --schedules 100000
python -m tests.actors.simulation --seed 4711
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pprint import pformat

from tests.actors.simulation.checks import violations
from tests.actors.simulation.generate import make_plan
from tests.actors.simulation.run import Outcome, simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.actors.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000, help="how many")
    parser.add_argument("--from", type=int, dest="first", help="first seed; others follow it (default: any)")
    parser.add_argument("--seed", type=int, help="replay this one alone")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return replay(arguments.seed)
    first = random.randrange(2**40) if arguments.first is None else arguments.first
    return run_many(first, arguments.schedules)


def run_many(first: int, schedules: int) -> int:
    """Seeds in a row. Stops at the first that fails."""
    print(f"seeds {first} to {first + schedules - 1}", flush=True)
    begin, step = time.perf_counter(), max(1000, schedules // 20)
    for done in range(schedules):
        seed = first + done
        wrong = violations(simulate(make_plan(seed)))
        if wrong:
            print(f"seed {seed}, after {done} good ones:", *wrong, sep="\n  ")
            print(f"replay: python -m tests.actors.simulation --seed {seed}")
            return 1
        if (done + 1) % step == 0 or done + 1 == schedules:
            rate = (done + 1) / (time.perf_counter() - begin) * 60
            print(f"{done + 1:>10,} schedules, {rate:,.0f} a minute", flush=True)
    return 0


def replay(seed: int) -> int:
    """One seed, with all that can be told about it."""
    outcome = simulate(make_plan(seed))
    print(describe(outcome))
    wrong = violations(outcome)
    print(*(wrong or ["nothing is wrong"]), sep="\n")
    return 1 if wrong else 0


def describe(outcome: Outcome) -> str:
    """The plan, and what happened: time, who, what."""
    plan = outcome.plan
    parts = [pformat(plan.root, width=110), f"the block ends {plan.ending.value}"]
    parts += [f"sender {number}: {pformat(deeds, width=110)}" for number, deeds in enumerate(plan.senders, 1)]
    parts += ["", *map(str, outcome.trace), ""]
    parts += [
        f"{letter.at:8.3f}  dead letter ({letter.reason})  {letter.path}  {letter.message}"
        for letter in outcome.dead_letters
    ]
    if outcome.error is not None:
        parts += ["", *traceback.format_exception(outcome.error)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
