"""Documents that claim something name the tests that prove it, and these exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("document", "least"), [("adversaries.md", 40), ("trust.md", 30)])
def test_every_claim_is_proved_by_a_test_that_exists(document: str, least: int) -> None:
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / document).read_text())
    assert len(named) >= least
    for path, name in named:
        source = (ROOT / "tests" / "arena" / path).read_text()
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{path}::{name}"
