"""What tests of actors need: probes, actors driven by hand, faults on purpose, repeatable interleavings."""

from actors.testing.bench import Bench, open_bench
from actors.testing.faults import Effect, Fault, Faults, InjectedFault, Moment
from actors.testing.probe import Probe, open_probe
from actors.testing.scheduling import run_seeded

__all__ = [
    "Bench",
    "Effect",
    "Fault",
    "Faults",
    "InjectedFault",
    "Moment",
    "Probe",
    "open_bench",
    "open_probe",
    "run_seeded",
]
