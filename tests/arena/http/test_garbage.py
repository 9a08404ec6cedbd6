"""A request that is answered, also one that is refused, is gone with its last reference."""

from __future__ import annotations

import pytest

from tests.fixtures.front import Front
from tests.fixtures.garbage import garbage_of_ours


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/bots", 200),
        ("GET", "/api/v1/bots?limit=0", 422),
        ("GET", "/api/v1/bots/nonsense", 404),
        ("GET", "/api/v1/health", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/api/v1/bots", 405),
        ("POST", "/api/v1/bots", 401),
        ("GET", "/", 200),
    ],
)
async def test_a_request_leaves_no_garbage(front: Front, method: str, path: str, status: int) -> None:
    async def ask() -> None:
        response = await front.http.request(method, path)
        assert response.status_code == status

    await ask()  # what is made once and kept
    with garbage_of_ours("quart") as found:
        for _ in range(3):
            await ask()
    assert not found
