"""What a bot thinks with."""

from arena.brains.base import Brain, Delta, Limited, Prompt, Turn, Verdict
from arena.brains.commitment import SALT_BYTES, canonical, matches, new_salt, objective_hash
from arena.brains.kind import BrainKind, NoCredentials
from arena.brains.means import Endpoints, Means, Purse, Purses, Reservation, SpendingLimitReached
from arena.brains.registry import (
    BrainConfig,
    InvalidBrain,
    confirms,
    history_turns,
    kinds,
    make_brain,
    public_view,
    validate,
)

__all__ = [
    "SALT_BYTES",
    "Brain",
    "BrainConfig",
    "BrainKind",
    "Delta",
    "Endpoints",
    "InvalidBrain",
    "Limited",
    "Means",
    "NoCredentials",
    "Prompt",
    "Purse",
    "Purses",
    "Reservation",
    "SpendingLimitReached",
    "Turn",
    "Verdict",
    "canonical",
    "confirms",
    "history_turns",
    "kinds",
    "make_brain",
    "matches",
    "new_salt",
    "objective_hash",
    "public_view",
    "validate",
]
