"""What the page that opens bots has to come to: the arena's own prices and shares, in `prices.json`.

`python -m tests.web.prices` writes the file anew.
"""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path
from typing import Final

from arena.economy import FeeSchedule, Split

FILE: Final = Path(__file__).with_name("prices.json")
COUNTS: Final = (0, 1, 2, 3, 10, 100, 400)
INITIAL_POT: Final = 500_000_000
CASES: Final = (
    (FeeSchedule(10_000_000, 100, 100_000_000), Split(8_000, 1_000)),
    (FeeSchedule(890_881, 333, 7_777_777), Split(7_777, 1_111)),
    (FeeSchedule(10_000_000, 0, 10_000_000), Split(10_000, 0)),
    (FeeSchedule(1, 9_999, 1_000), Split(0, 0)),
    (FeeSchedule(1_000_000, 1, 1_000_500), Split(5_000, 5_000)),
    # a price times its growth is more than a JavaScript number holds exactly
    (FeeSchedule(1_000_000_000_001, 10_000, 9_000_000_000_000), Split(8_001, 999)),
)


def expected() -> list[dict[str, object]]:
    """For each case what its terms are, and what has become of it after so many messages."""
    return [_case(schedule, split) for schedule, split in CASES]


def _case(schedule: FeeSchedule, split: Split) -> dict[str, object]:
    shares = [split.divide(schedule.price(count)) for count in range(max(COUNTS))]
    pots = list(accumulate((share.pot for share in shares), initial=INITIAL_POT))
    creators = list(accumulate((share.creator for share in shares), initial=0))
    return {
        "schedule": {"base": schedule.base, "growthBps": schedule.growth_bps, "cap": schedule.cap},
        "split": {"potBps": split.pot_bps, "creatorBps": split.creator_bps},
        "initialPot": INITIAL_POT,
        "after": [
            {
                "messages": count,
                "price": schedule.price(count),
                "pot": pots[count],
                "creator": creators[count],
            }
            for count in COUNTS
        ],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(expected(), indent=1) + "\n")
