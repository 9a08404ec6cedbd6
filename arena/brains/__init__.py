"""What a bot thinks with."""

from arena.brains.base import Brain, Delta, Turn, Verdict
from arena.brains.commitment import SALT_BYTES, canonical, matches, new_salt, objective_hash
from arena.brains.registry import KINDS, BrainConfig, InvalidBrain, make_brain, public_view, validate

__all__ = [
    "KINDS",
    "SALT_BYTES",
    "Brain",
    "BrainConfig",
    "Delta",
    "InvalidBrain",
    "Turn",
    "Verdict",
    "canonical",
    "make_brain",
    "matches",
    "new_salt",
    "objective_hash",
    "public_view",
    "validate",
]
