"""What wallets hold, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from solders.keypair import Keypair

from arena.edge.rate_limits import Scope
from tests.fixtures.front import Front, running_front


def holding(front: Front, lamports: int) -> None:
    front.rpc.methods["getBalance"] = lambda _: {"context": {"slot": 10}, "value": lamports}


async def test_anybody_is_told_what_a_wallet_holds(front: Front) -> None:
    holding(front, 1_234_567_890)
    wallet = str(Keypair().pubkey())
    response = await front.http.get(f"/api/v1/wallets/{wallet}")
    assert response.status_code == 200
    assert response.json() == {"address": wallet, "lamports": 1_234_567_890, "rent_exempt_minimum": 890_880}
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_wallet_that_does_not_exist_yet_holds_nothing(front: Front) -> None:
    holding(front, 0)
    assert (await front.http.get(f"/api/v1/wallets/{Keypair().pubkey()}")).json()["lamports"] == 0


@pytest.mark.parametrize("address", ["nobody", "0" * 44, "1" * 31, "1" * 45, "%00", "me"])
async def test_what_is_no_address_is_refused(front: Front, address: str) -> None:
    response = await front.http.get(f"/api/v1/wallets/{address}")
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert response.json()["errors"][0]["field"] == "path.address"
    assert not front.rpc.calls


async def test_without_the_node_nothing_is_known(front: Front) -> None:
    front.rpc.down = True
    response = await front.http.get(f"/api/v1/wallets/{Keypair().pubkey()}")
    assert (response.status_code, response.json()["code"]) == (503, "chain_unavailable")
    assert int(response.headers["Retry-After"]) >= 1


async def test_it_counts_as_any_request(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_rate_requests_address="1/60") as front:
        holding(front, 1)
        url = f"/api/v1/wallets/{Keypair().pubkey()}"
        assert (await front.http.get(url)).status_code == 200
        assert (await front.http.get(url)).json()["scope"] == Scope.REQUESTS_ADDRESS
