import os
import signal
import subprocess
import sys

import pytest

from arena import crashpoints

SCRIPT = """
from arena.crashpoints import crash_point
for number in range(5):
    crash_point("other")
    print(number, flush=True)
    crash_point("after.commit")
print("end")
"""


def run(spec: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != crashpoints.VARIABLE}
    if spec is not None:
        environment[crashpoints.VARIABLE] = spec
    return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)


def test_the_process_dies_by_sigkill_at_its_crash_point() -> None:
    result = run("after.commit")
    assert result.returncode == -signal.SIGKILL
    assert result.stdout.split() == ["0"]


def test_the_nth_passing_can_be_chosen() -> None:
    result = run("after.commit:3")
    assert result.returncode == -signal.SIGKILL
    assert result.stdout.split() == ["0", "1", "2"]


def test_it_can_stand_still_instead_until_it_is_told_to_go_on() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, crashpoints.VARIABLE: "after.commit:2!stop"},
        stdout=subprocess.PIPE,
        text=True,
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=10)
    assert output.split() == ["0", "1", "2", "3", "4", "end"]
    assert process.returncode == 0


@pytest.mark.parametrize("spec", [None, "", "elsewhere", "after.commit:99"])
def test_nothing_happens_otherwise(spec: str | None) -> None:
    result = run(spec)
    assert result.returncode == 0
    assert result.stdout.split()[-1] == "end"


@pytest.mark.parametrize("spec", ["name:0", "name:x", "na me", ":1", "name:1:2", "name!kill"])
def test_a_wrong_spec_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="ARENA_CRASH_AT"):
        crashpoints.arm(spec)
