"""The benchmark of whole rounds plays them to their end."""

from __future__ import annotations

from benchmarks.rounds.__main__ import run
from benchmarks.rounds.playing import TEXTS


def test_rounds_come_to_their_end() -> None:
    [alone, together] = run([1, 2], each=1)
    assert (len(alone), len(together)) == (1, 2)
    for played in (*alone, *together):
        assert len(played.verdicts) == len(TEXTS)
        assert played.whole > 0
