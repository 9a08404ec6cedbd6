"""RFC 6455, case by case; `docs/conformance.md` has the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.arena.front.conformance.cases import CASES, Case, Pace, expected, play
from tests.fixtures.echo_server import EchoServer

DOCUMENT = Path(__file__).parents[3] / "docs" / "conformance.md"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section} {case.name}")
async def test_conformance(echo: EchoServer, case: Case) -> None:
    for pace in Pace:
        assert await play(echo, case, pace) == expected(case), pace


def test_the_document_has_every_case_and_nothing_else() -> None:
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    assert rows == [f"| {case.section} | {case.name} | pass | pass | pass |" for case in CASES]


def test_every_case_is_told_from_the_others() -> None:
    assert len({(case.section, case.name) for case in CASES}) == len(CASES)
