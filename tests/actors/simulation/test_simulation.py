"""The runtime keeps its promises under thousands of random trees, schedules and interleavings.

The seeds are the same in every run, so that what is red once is red again for everybody; new ground is covered by
``make schedules``, which takes other seeds each time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.actors.simulation.checks import violations
from tests.actors.simulation.generate import make_plan
from tests.actors.simulation.run import simulate
from tests.actors.simulation.trace import What


# A smaller seed is not a simpler schedule, so there is nothing to shrink.
@settings(
    max_examples=1000,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**40))
def test_whatever_happens_the_runtime_keeps_its_promises(seed: int) -> None:
    wrong = violations(simulate(make_plan(seed)))
    assert not wrong, "\n".join([*wrong, f"replay: python -m tests.actors.simulation --seed {seed}"])


def test_a_seed_gives_the_same_schedule_again() -> None:
    for seed in range(30):
        assert simulate(make_plan(seed)).trace == simulate(make_plan(seed)).trace


def test_schedules_contain_everything_that_can_happen() -> None:
    seen = {event.what for seed in range(400) for event in simulate(make_plan(seed)).trace}
    assert seen == set(What)
