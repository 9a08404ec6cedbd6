"""`python -m tests.arena.front.conformance`: print the table."""

import trio

from tests.arena.front.conformance.cases import table

if __name__ == "__main__":
    lines, good = trio.run(table)
    print(*lines, sep="\n")
    raise SystemExit(not good)
