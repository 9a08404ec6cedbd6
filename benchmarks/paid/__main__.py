"""How many paid messages a second one core serves, and how long a player waits: `python -m benchmarks.paid`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks.chat import yardstick
from benchmarks.harness import memory
from benchmarks.harness.cores import Cores, split
from benchmarks.harness.native import NoCompiler
from benchmarks.paid.chain import FINAL_AFTER, SLOT_SECONDS
from benchmarks.paid.run import Measured, Size, running_arena

SETTLING = FINAL_AFTER * SLOT_SECONDS + 3.0
"""Seconds from full load to half of it."""


def milliseconds(values: dict[str, float]) -> str:
    return " ".join(f"{name} {values[name] * 1000:,.1f}" for name in ("p50", "p99", "max"))


def tell(title: str, measured: Measured) -> None:
    print(
        f"{title}: {measured.rate:,.0f} messages/s, {measured.server_microseconds:,.0f} µs of the arena's core each"
    )
    print(f"  quote, ms          {milliseconds(measured.quote)}")
    print(f"  pay to accepted    {milliseconds(measured.payment)}")
    print(f"  pay to reply       {milliseconds(measured.reply)}")
    print(f"  frames to players  {measured.frames / max(1, measured.messages):,.1f} a message")
    print("  of one core        " + ", ".join(f"{name} {share:.0%}" for name, share in measured.cpu.items()))
    if measured.late > 0.01:
        print(f"  all players were busy: said up to {measured.late * 1000:,.0f} ms too late")
    if measured.errors:
        print(f"  errors             {measured.errors}")


def tell_in_messages(phases: Mapping[str, Measured], lengths: Sequence[float]) -> None:
    """What can be compared with another day's or machine's."""
    before, after = lengths
    print(
        f"a chat message through FastAPI took {before:,.1f} µs of that core before, {after:,.1f} µs after all this:"
    )
    for title, measured in phases.items():
        count = yardstick.in_messages(measured.server_microseconds, lengths)
        print(
            f"  {title}: CPU of a paid message = {count.median:,.1f} FastAPI chat messages "
            f"({count.low:,.1f} to {count.high:,.1f})"
        )


def tell_of_memory(here: Cores) -> None:
    """Most of what differs between two days: how much of what was read stays in the processor's caches."""
    try:
        warm, cold = (memory.walk(1024, rest, here) for rest in (0.0, 0.02))
    except NoCompiler as missing:
        print(f"memory is not measured: {missing}")
        return
    print(f"reading a MiB of memory takes {warm:,.0f} µs again and again, {cold:,.0f} µs after 20 ms of rest")


def play(chosen: argparse.Namespace) -> dict[str, Measured]:
    """The phases, by title; each is told of as soon as it is over."""
    size = Size(bots=chosen.bots, sessions=chosen.sessions)
    phases: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder, running_arena(Path(folder), size) as run:
        print(f"{size.sessions} sessions with {size.bots} bots")

        def measure(title: str, warm: float, rate: float | None, profile: Path | None = None) -> Measured:
            measured = run.measure(warm=warm, seconds=chosen.seconds, rate=rate, profile=profile)
            tell(title, measured)
            phases[title] = measured
            return measured

        title = "saturated" if chosen.rate is None else f"at {chosen.rate:,.0f}/s"
        first = measure(title, chosen.warm, chosen.rate, chosen.profile)
        if chosen.rate is None:
            # what was said before must be final first: it is still work
            measure("half of that", SETTLING, first.rate / 2)
        print("calls of the node  ", run.node_calls())
        [row] = run.rows("select count(*) from messages where status = 'judged'")
        print(f"{row['count']:,} messages judged in all")
    return phases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--warm", type=float, default=15.0, help="seconds before anything counts")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, help="messages/s, instead of saturation and then half of it")
    parser.add_argument("--profile", type=Path, help="py-spy's raw stacks of the arena, saturated")
    parser.add_argument(
        "--no-yardstick",
        dest="yardstick",
        action="store_false",
        help="do not measure memory, nor a chat message through FastAPI before and after",
    )
    chosen = parser.parse_args()
    nothing: list[float] = []
    here = split()
    if chosen.yardstick:
        tell_of_memory(here)
    with yardstick.laid(here) if chosen.yardstick else nullcontext(nothing) as lengths:
        phases = play(chosen)
    if lengths:
        tell_in_messages(phases, lengths)


if __name__ == "__main__":
    main()
