"""The same exercises on other actor libraries, each as its documentation shows. They are not the same thing.

Pykka's actors are threads with unbounded queues. TriOTP's are trio tasks; a cast waits until it is received.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from types import ModuleType

from benchmarks.actors import messages
from benchmarks.actors.measure import Side, Size, interleave, on_trio, report_ratio

PEERS = {"Pykka": "benchmarks.actors.on_pykka", "TriOTP": "benchmarks.actors.on_triotp"}

EXERCISES: dict[str, Side] = {
    "tell": on_trio(messages.tell_actor),
    "ask": on_trio(messages.ask_actor),
    "ping_pong": on_trio(messages.ping_pong_of_actors),
}


def load(module: str) -> ModuleType | ImportError:
    """The module, or why it cannot be had."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        return error


def run(size: Size) -> None:
    """Print how these actors compare with those of others."""
    peers = {name: load(module) for name, module in PEERS.items()}
    print("\npeers: these actors against other libraries'")
    for name, peer in peers.items():
        if isinstance(peer, ImportError):
            print(f"{name} does not run here: {peer}. `make bench` installs what is needed")
        else:
            print(f"{name} {version(name)}, trio {version('trio')}")
    for exercise, ours in EXERCISES.items():
        theirs = {
            name: getattr(peer, exercise) for name, peer in peers.items() if not isinstance(peer, ImportError)
        }
        rates = interleave({"ours": ours, **theirs}, size)
        for name in theirs:
            report_ratio(f"{exercise.replace('_', '-')} against {name}", rates, "ours", name)
