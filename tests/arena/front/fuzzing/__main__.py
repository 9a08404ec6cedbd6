"""`python -m tests.arena.front.fuzzing --seconds 60 --seed 7`: try, and print the counts."""

from __future__ import annotations

import argparse
import logging
from random import SystemRandom

import structlog
import trio

from tests.arena.front.fuzzing.campaign import Report, campaign
from tests.fixtures.echo_server import echo_server


async def run(seed: int, seconds: float) -> tuple[Report, int]:
    """The report, and how many faults of ours were found."""
    async with echo_server(arena_connections_per_address=0) as server:
        report = await campaign(server, seed=seed, seconds=seconds)
        return report, server.traffic.faults


def main() -> None:
    parser = argparse.ArgumentParser(description="Raw bytes of every kind against the front door.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    report, faults = trio.run(run, given.seed, given.seconds)
    print(f"seed {given.seed}, {given.seconds:.0f} s, {report.tried.total()} connections")
    for kind, count in report.tried.most_common():
        print(f"{count:>8}  {kind}")
    print("answers:", ", ".join(f"{word}: {count}" for word, count in report.answers.most_common()))
    print(
        f"others: {report.echoes} messages and {report.pages} requests answered, {report.slowest:.3f} s at most"
    )
    print(f"descriptors {report.descriptors[0]} -> {report.descriptors[1]}")
    print(f"memory {report.memory[0] / 2**20:.1f} -> {report.memory[1] / 2**20:.1f} MiB")
    print(f"faults of ours: {faults}")
    raise SystemExit(faults > 0)


if __name__ == "__main__":
    main()
