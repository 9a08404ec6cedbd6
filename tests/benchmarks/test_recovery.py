"""An arena with a past comes back with everything it was at. How fast is none of a test's business."""

from __future__ import annotations

from pathlib import Path

from benchmarks.recovery.run import past


def test_what_was_paid_is_judged_and_every_bot_is_awake(tmp_path: Path) -> None:
    with past(tmp_path, bots=12, unjudged=3, seats=12) as there:
        first = there.recover(timeout=60)
        assert first.ready <= first.judged <= first.awake
        assert len(first.quotes) == 12
        there.unjudged = 0
        assert there.recover(timeout=60).awake > 0
