"""What a new bot can be, over HTTP."""

from __future__ import annotations

from pathlib import Path

from arena.chain.accounts import BOT_SIZE
from tests.fixtures.front import Front, running_front


async def test_anybody_is_told_what_a_bot_can_be(front: Front) -> None:
    front.rpc.methods["getMinimumBalanceForRentExemption"] = lambda params: (params[0] + 128) * 6_960
    response = await front.http.get("/api/v1/terms")
    assert response.status_code == 200
    assert response.json() == {
        "kinds": ["llm", "passphrase", "script"],
        "pot_bps": 8_000,
        "creator_bps": 1_000,
        "smallest": 890_880,
        "rent": (BOT_SIZE + 128) * 6_960,
        "models": [],
        "endpoints": [],
    }


async def test_language_models_are_those_that_the_operator_has_set_up(postgres: str, tmp_path: Path) -> None:
    models = {
        "arena_llm_base_url": "https://models.example/v1",
        "arena_llm_api_key": "the operator's own",
        "arena_llm_models": ("small-1", "large-1"),
        "arena_llm_allowed_urls": ("https://other.example/v1", "https://another.example/v1"),
    }
    async with running_front(postgres, tmp_path, **models) as front:
        response = await front.http.get("/api/v1/terms")
    found = response.json()
    assert found["models"] == ["small-1", "large-1"]
    assert found["endpoints"] == ["https://another.example/v1", "https://other.example/v1"]
    # where the operator's models are is nobody's business
    assert "models.example" not in response.text
    assert "the operator's own" not in response.text


async def test_without_the_node_the_least_amount_is_not_known(front: Front) -> None:
    front.rpc.down = True
    response = await front.http.get("/api/v1/terms")
    assert (response.status_code, response.json()["code"]) == (503, "chain_unavailable")
