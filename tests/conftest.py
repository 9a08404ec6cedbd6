"""The order of the tests: what takes long comes first, so that no worker ends with it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SLOW = (ROOT / "e2e", ROOT / "contract", ROOT / "examples")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in SLOW))
