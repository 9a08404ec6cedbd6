"""What the page's prices are compared with."""

from __future__ import annotations

import json

from tests.web.prices import FILE, expected


def test_the_prices_that_the_page_is_compared_with_are_the_arenas() -> None:
    assert json.loads(FILE.read_text()) == expected()
