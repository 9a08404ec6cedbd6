"""What actors cost: messages, a fleet of them, looking at them, and the same work on other libraries."""

from __future__ import annotations

from benchmarks.actors import fleet, looking, messages, peers
from benchmarks.actors.measure import Size

if __name__ == "__main__":
    size = Size()
    messages.run(size)
    fleet.run(size)
    looking.run(size)
    peers.run(size)
