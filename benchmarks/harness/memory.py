"""What a server does about the garbage collector once it is up; the same for all that are compared at their best."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """The collector leaves alone what is there to stay, and looks less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
