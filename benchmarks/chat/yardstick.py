"""How fast this machine is just now, in a measure that others know: a chat message through FastAPI on uvicorn.

The same code takes three times as long on one day as on another, and so does FastAPI: how many of its messages
something costs can be compared between days and machines.

    with yardstick.laid(cores.split()) as lengths:
        ...  # what is measured
    print(yardstick.in_messages(microseconds, lengths))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from benchmarks.chat.exchange import PAYLOAD
from benchmarks.harness import load, report
from benchmarks.harness.cores import Cores
from benchmarks.harness.load import Clients, Load
from benchmarks.harness.process import python, running
from benchmarks.harness.sides import INSTALLING, missing

MODULE: Final = "benchmarks.chat.on_uvicorn"
CLIENTS: Final = Clients(500)
LOAD: Final = Load(PAYLOAD, seconds=2.0, warm_up=1.0)


def message_cpu(here: Cores, clients: Clients = CLIENTS, said: Load = LOAD) -> float:
    """Microseconds of the server's core for a message just now, on a FastAPI that is started for this and ended.

    It has to be installed.
    """
    with running(python(MODULE), cores=here.server) as server:
        return load.run(server, clients, said, cores=here.others).server_cpu


@contextmanager
def laid(here: Cores, clients: Clients = CLIENTS, said: Load = LOAD) -> Iterator[list[float]]:
    """Take `message_cpu` before the block and after it.

    What it gives has both at the end, and stays empty where FastAPI is not installed, which is said.
    """
    lengths: list[float] = []
    if absent := missing():
        print(f"the yardstick is left out, {', '.join(absent)} are missing: {INSTALLING}")
        yield lengths
    else:
        lengths.append(message_cpu(here, clients, said))
        yield lengths
        lengths.append(message_cpu(here, clients, said))


def in_messages(microseconds: float, lengths: Sequence[float]) -> report.Spread:
    """So many of these messages it is; the range is from the yardstick's longest to its shortest."""
    return report.spread(microseconds / length for length in lengths)
