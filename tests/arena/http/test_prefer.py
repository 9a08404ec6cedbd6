"""How long a client would rather wait."""

import pytest

from arena.http.prefer import preferred_wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=20", 20),
        ("Wait = 20", 20),
        ('wait="20"', 20),
        ("respond-async, wait=5", 5),
        ("wait=5, respond-async", 5),
        ("wait=5; foo=bar", 5),
        ("wait=0", 0),
        ("wait=31", 30),
        ("wait=999999999", 30),
        ("wait=1, wait=2", 1),
        (None, None),
        ("", None),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=soon", None),
        ("await=5", None),
        ("wait=99999999999999", None),
    ],
)
def test_what_is_preferred(header: str | None, seconds: int | None) -> None:
    assert preferred_wait(header) == seconds
