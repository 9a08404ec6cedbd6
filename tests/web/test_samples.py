"""What the tests in Node compare with."""

from __future__ import annotations

import json

import pytest

from tests.web.samples import HERE, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_what_the_page_is_compared_with_is_the_arenas_own(name: str) -> None:
    assert json.loads((HERE / name).read_text()) == SAMPLES[name]()
