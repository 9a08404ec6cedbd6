"""What a guardian of a phrase says, by voice. ``{name}`` is the persona's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Voice = Literal["stern", "playful", "weary"]

REFUSALS: Final[Mapping[Voice, tuple[str, ...]]] = {
    "stern": (
        "{name} does not move. Those are not the words.",
        "{name} stares you down. Wrong.",
        "{name} raises a hand. You shall not have it that way.",
        "{name} listens to the end, then shakes a slow head.",
        "{name} has heard better. The pot stays shut.",
        "{name} turns a key that locks one more bolt.",
    ),
    "playful": (
        "{name} giggles. Cold, cold, freezing!",
        "{name} claps once. Lovely try, and not even close to convincing.",
        "{name} spins around twice. Nope!",
        "{name} pretends to think it over. Nah.",
        "{name} winks at you. Go on, amuse me again.",
        "{name} hums a tune and leaves you guessing.",
    ),
    "weary": (
        "{name} sighs. That was not it.",
        "{name} looks up, and down again. No.",
        "{name} rubs tired eyes. Another one who missed.",
        "{name} has waited for years and will wait a little more.",
        "{name} nods politely. It changes nothing.",
        "{name} yawns. The door remains closed.",
    ),
}

REPEATS: Final[Mapping[Voice, tuple[str, ...]]] = {
    "stern": (
        "{name} frowns. You said exactly that before, and it was wrong then.",
        "{name} does not answer the same thing twice.",
    ),
    "playful": (
        "{name} yawns loudly. Heard that one from you already!",
        "{name} sings your own words back to you. Find new ones!",
    ),
    "weary": (
        "{name} sighs. You have tried this before.",
        "{name} remembers you saying so. Nothing has changed since.",
    ),
}

SURRENDERS: Final[Mapping[Voice, tuple[str, ...]]] = {
    "stern": (
        "{name} steps aside without a sound. The pot is yours.",
        "{name} bows. You have earned it.",
    ),
    "playful": (
        "{name} gasps, laughs, and throws the doors wide open. You win!",
        "{name} jumps for joy. At last somebody got it!",
    ),
    "weary": (
        "{name} smiles for the first time in years. Take it, it is yours.",
        "{name} lays down the keys. Finally, you came.",
    ),
}

PLAIN: Final[tuple[str, ...]] = ("No.", "Silence.", "A shrug.")
"""When all of the above would hold the letters of the phrase."""

LABELS: Final[tuple[str, ...]] = ("What is known so far:", "Hints:", "·")
"""What stands before the hints."""

LAST_RESORT: Final = "…"
"""Holds no letters at all."""
