"""Plays and breaks an arena for some minutes, and checks every lamport.

python -m tests.e2e.soak --minutes 5 --seed 7 --players 8 --bots 3
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import trio

from tests.e2e.soak.run import Options, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=5.0, help="of faults; settling takes one or two more"
    )
    parser.add_argument("--seed", type=int, help="of the faults and of what is played (default: any)")
    parser.add_argument("--players", type=int, default=8)
    parser.add_argument("--bots", type=int, default=3, help="that are open at a time")
    parser.add_argument("--gap", type=float, default=4.0, help="seconds between two faults, on average")
    parser.add_argument("--slot-ms", type=int, default=100, help="length of a slot of the local chain")
    parser.add_argument("--keep", action="store_true", help="keep data and logs when all is well, too")
    arguments = parser.parse_args()
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    options = Options(
        seed,
        arguments.minutes * 60,
        arguments.players,
        arguments.bots,
        arguments.gap,
        arguments.slot_ms,
    )
    directory = Path(tempfile.mkdtemp(prefix="arena-soak-"))
    record = trio.run(soak, options, directory, partial(print, flush=True))
    if record.wrong:
        print(f"\n{len(record.wrong)} things are wrong:", *record.wrong, sep="\n  ")
        print(f"the data is in {directory / 'data'}, the server's log in {directory / 'data' / 'serve.log'}")
        again = (
            f"--seed {seed} --minutes {arguments.minutes} --players {options.players} --bots {options.bots}"
        )
        print(f"again: python -m tests.e2e.soak {again} --gap {options.gap} --slot-ms {options.slot_ms}")
        return 1
    print("\nnothing is wrong")
    if arguments.keep:
        print(f"kept in {directory}")
    else:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
