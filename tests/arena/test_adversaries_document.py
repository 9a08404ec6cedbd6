"""docs/adversaries.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / "adversaries.md").read_text())


def test_every_attack_is_proved_by_a_test_that_exists() -> None:
    assert len(NAMED) > 40
    for path, name in NAMED:
        source = (ROOT / "tests" / "arena" / path).read_text()
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{path}::{name}"
