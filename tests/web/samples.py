"""What the arena's own code makes, in files that the tests in Node read.

`python -m tests.web.samples` writes them anew.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Final
from uuid import UUID

from solders.hash import Hash
from solders.pubkey import Pubkey

from arena.chain.accounts import ExpiryRule
from arena.chain.instructions import BotTerms
from arena.chain.payment import CreateQuote, create_transaction
from arena.chain.pda import bot_address
from arena.economy import FeeSchedule, Split

HERE: Final = Path(__file__).parent
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


def prices() -> object:
    """For each case what its terms are, and what has become of it after so many messages."""
    return [_case(schedule, split) for schedule, split in CASES]


def opening() -> object:
    """A draft as the API tells of it, and the transaction that opens it."""
    program, creator, quote_key, payout_key, admin, platform = (
        Pubkey(bytes([number] * 32)) for number in range(1, 7)
    )
    bot_id = UUID("0192f0c1-7d5e-7c3a-9b1f-3f2a5c7d9e10")
    terms = BotTerms(
        objective_hash=bytes(range(32)),
        fee_base=10_000_000,
        fee_growth_bps=123,
        fee_cap=100_000_000,
        pot_bps=8_000,
        creator_bps=1_000,
        initial_pot=500_000_000,
        closes_at=1_772_971_200,
        idle_after=3_600,
        idle_min_messages=7,
        expiry_rule=ExpiryRule.CREATOR,
    )
    quote = CreateQuote(
        bot_id, creator, quote_key, payout_key, admin, platform, terms, Hash(bytes([9] * 32)), 150
    )
    return {
        "transaction": b64encode(create_transaction(program, quote)).decode(),
        "program": str(program),
        "wallet": str(creator),
        "bot": {
            "id": str(bot_id),
            "address": str(bot_address(program, quote_key, bot_id)),
            "objective_hash": terms.objective_hash.hex(),
            "fee_base": terms.fee_base,
            "fee_growth_bps": terms.fee_growth_bps,
            "fee_cap": terms.fee_cap,
            "pot_bps": terms.pot_bps,
            "creator_bps": terms.creator_bps,
            "initial_pot": terms.initial_pot,
            "closes_at": "2026-03-08T12:00:00Z",
            "idle_after": terms.idle_after,
            "idle_min_messages": terms.idle_min_messages,
            "expiry_rule": "creator",
        },
    }


def _case(schedule: FeeSchedule, split: Split) -> object:
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


SAMPLES: Final[dict[str, Callable[[], object]]] = {
    "sample_prices.json": prices,
    "sample_opening.json": opening,
}

if __name__ == "__main__":
    for name, make in SAMPLES.items():
        (HERE / name).write_text(json.dumps(make(), indent=1) + "\n")
