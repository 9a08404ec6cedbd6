"""The order of the tests, and which of them this machine cannot run."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from tests.browser.installed import lacking

ROOT = Path(__file__).parent
BROWSER = ROOT / "browser"
SLOW = (BROWSER, ROOT / "e2e", ROOT / "contract", ROOT / "examples", ROOT / "benchmarks")

# No test is about how long anything takes: a machine that others use stands still for longer than that.
hypothesis.settings.register_profile("arena", deadline=None)
hypothesis.settings.load_profile("arena")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that no worker ends with it alone."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in SLOW))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Who has no browser runs the other tests. With `CI` everything has to be there."""
    left_out = collection_path.is_relative_to(BROWSER) and not os.environ.get("CI") and lacking()
    return True if left_out else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """But is told so."""
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    wanted = any(BROWSER.is_relative_to(path) or path.is_relative_to(BROWSER) for path in asked)
    if wanted and (reason := lacking()):
        terminalreporter.write_line(reason, red=True, bold=True)
