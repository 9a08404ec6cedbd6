"""What tests of actors need: repeatable interleavings, probes, actors driven by hand, faults on purpose."""

from actors.testing.scheduling import run_seeded

__all__ = ["run_seeded"]
