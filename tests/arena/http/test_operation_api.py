"""Health, the faucet and the API's own description."""

import json
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from solders.keypair import Keypair

from arena.game.funds import LOW_FUNDS
from arena.http import faucet
from arena.http.app import describe_api
from arena.http.faucet_limits import LIMIT, WINDOW
from arena.http.schemas import MAX_AIRDROP
from persistence import DatabaseUnavailable
from tests.fixtures.front import Front, feed_status
from tests.fixtures.scripted_rpc import RpcFailure

HEALTH = "/api/v1/health"
FAUCET = "/api/v1/faucet"
SOL = 1_000_000_000


async def test_whoever_opens_the_url_is_told_where_to_go(front: Front) -> None:
    response = await front.http.get("/")
    assert response.status_code == 200
    for path in ("bots", "health", "chain", "api"):
        assert (await front.http.get(response.json()[path])).status_code == 200


# -- the chain


async def test_a_wallet_is_told_which_chain_this_is(front: Front) -> None:
    chain = (await front.http.get("/api/v1/chain")).json()
    keys = front.services.keys
    assert chain["rpc_url"] == front.services.rpc_url
    assert (chain["chain"], chain["faucet"]) == (front.services.chain_id, True)
    assert chain["quote_key"] == str(keys.quote_pubkey)
    assert chain["payout_key"] == str(keys.payout_pubkey)


async def test_the_url_of_a_node_that_is_not_ours_is_not_told(front: Front) -> None:
    front.services.local_chain = False
    chain = (await front.http.get("/api/v1/chain")).json()
    assert (chain["rpc_url"], chain["ws_url"], chain["faucet"]) == (None, None, False)


# -- health


async def test_a_healthy_arena_is_ready(front: Front) -> None:
    response = await front.http.get(HEALTH)
    assert response.status_code == 200
    health = response.json()
    assert health["status"] == "ready"
    assert [health[part]["ok"] for part in ("database", "chain", "journal", "feed")] == [True] * 4
    assert health["journal"]["queued"] == 0
    assert health["feed"]["seconds_since_poll"] < 10


async def test_without_the_chain_it_is_not_ready_but_live(front: Front) -> None:
    front.rpc.down = True
    response = await front.http.get(HEALTH)
    assert (response.status_code, response.json()["status"]) == (503, "unready")
    assert response.json()["chain"] == {"ok": False, "detail": "cannot be reached"}
    assert response.json()["database"]["ok"]
    live = await front.http.get(f"{HEALTH}/live")
    assert (live.status_code, live.json()) == (200, {"status": "live"})


async def test_without_the_database_it_is_not_ready(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ping() -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(front.services.database, "ping", ping)
    response = await front.http.get(HEALTH)
    assert (response.status_code, response.json()["database"]["ok"]) == (503, False)


@pytest.mark.parametrize("last_poll_at", [None, time() - 3600], ids=["never", "an hour ago"])
async def test_with_a_deaf_feed_it_is_not_ready(front: Front, last_poll_at: float | None) -> None:
    status = feed_status(last_poll_at=last_poll_at)
    front.services.feed = SimpleNamespace(status=status)  # type: ignore[assignment]
    response = await front.http.get(HEALTH)
    assert (response.status_code, response.json()["feed"]["ok"]) == (503, False)


async def test_without_a_subscription_it_is_ready_all_the_same(front: Front) -> None:
    front.services.feed = SimpleNamespace(status=feed_status(subscribed=False))  # type: ignore[assignment]
    response = await front.http.get(HEALTH)
    assert (response.status_code, response.json()["feed"]["subscribed"]) == (200, False)


async def test_a_wallet_that_runs_dry_is_told_of_and_stops_nobody(front: Front) -> None:
    async def balances(payout: int) -> tuple[int, dict[str, Any]]:
        keys = front.services.keys
        front.rpc.methods["getBalance"] = lambda params: {
            "context": {"slot": 10},
            "value": payout if params[0] == str(keys.payout_pubkey) else SOL,
        }
        await front.services.funds.look()
        response = await front.http.get(HEALTH)
        return response.status_code, response.json()["funds"]

    assert (await front.http.get(HEALTH)).json()["funds"] == {"ok": True, "detail": None, "wallets": []}
    status, funds = await balances(payout=SOL)
    assert (status, funds["ok"]) == (200, True)
    status, funds = await balances(payout=1_000)
    assert (status, funds["ok"], funds["detail"]) == (200, False, "too little: payout_key")
    assert funds["wallets"][0] == {
        "name": "payout_key",
        "address": str(front.services.keys.payout_pubkey),
        "lamports": 1_000,
        "least": LOW_FUNDS,
    }


# -- faucet


async def test_the_faucet_gives(front: Front) -> None:
    wallet = str(Keypair().pubkey())
    response = await front.http.post(FAUCET, json={"address": wallet, "lamports": 5})
    assert response.status_code == 200
    given = response.json()
    assert given["signature"]
    assert given["confirmed"] is True
    assert ("requestAirdrop", [wallet, 5]) in [(method, params[:2]) for method, params in front.rpc.calls]


async def test_lamports_that_are_long_in_coming_are_said_to_be_on_their_way(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faucet, "CONFIRMATION_TIMEOUT", 0.2)
    front.rpc.methods["getSignatureStatuses"] = lambda params: {
        "context": {"slot": 10},
        "value": [None for _ in params[0]],
    }
    response = await front.http.post(FAUCET, json={"address": str(Keypair().pubkey()), "lamports": 5})
    assert (response.status_code, response.json()["confirmed"]) == (200, False)


async def test_the_faucet_gives_so_much_and_no_more(front: Front) -> None:
    body = {"address": str(Keypair().pubkey()), "lamports": LIMIT // 10}
    for _ in range(10):
        assert (await front.http.post(FAUCET, json=body)).status_code == 200
    response = await front.http.post(FAUCET, json=body)
    assert (response.status_code, response.json()["code"]) == (429, "faucet_exhausted")
    assert 0 < int(response.headers["Retry-After"]) <= WINDOW


async def test_what_the_chain_refused_does_not_count(front: Front) -> None:
    body = {"address": str(Keypair().pubkey()), "lamports": LIMIT // 10}
    front.rpc.down = True
    for _ in range(11):
        assert (await front.http.post(FAUCET, json=body)).status_code == 503
    front.rpc.down = False
    assert (await front.http.post(FAUCET, json=body)).status_code == 200


@pytest.mark.parametrize("lamports", [0, -1, LIMIT, 1.5, "5", None])
async def test_the_faucet_gives_reasonable_amounts(front: Front, lamports: object) -> None:
    body = {"address": str(Keypair().pubkey()), "lamports": lamports}
    response = await front.http.post(FAUCET, json=body)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_on_a_real_chain_there_is_no_faucet(front: Front) -> None:
    front.services.local_chain = False
    response = await front.http.post(FAUCET, json={"address": str(Keypair().pubkey())})
    assert (response.status_code, response.json()["code"]) == (404, "faucet_closed")
    assert not front.rpc.calls


async def test_an_address_that_cannot_receive_keeps_its_share(front: Front) -> None:
    def refuse(_: list[Any]) -> object:
        raise RpcFailure(-32002, "Transaction simulation failed", {"err": {"InstructionError": [1, "x"]}})

    asked = {"address": str(Keypair().pubkey()), "lamports": min(LIMIT, MAX_AIRDROP)}
    give, front.rpc.methods["requestAirdrop"] = front.rpc.methods["requestAirdrop"], refuse
    response = await front.http.post(FAUCET, json=asked)
    assert (response.status_code, response.json()["code"]) == (422, "address_unusable")
    front.rpc.methods["requestAirdrop"] = give
    assert (await front.http.post(FAUCET, json=asked)).status_code == 200


# -- the description


async def test_the_api_describes_itself(front: Front) -> None:
    document = (await front.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {
        "/",
        "/api/v1/auth/nonce",
        "/api/v1/auth/session",
        "/api/v1/auth/sessions",
        "/api/v1/auth/refresh",
        "/api/v1/bots",
        "/api/v1/bots/{bot_id}",
        "/api/v1/bots/{bot_id}/open",
        "/api/v1/bots/{bot_id}/closing",
        "/api/v1/bots/{bot_id}/credentials",
        "/api/v1/bots/{bot_id}/close",
        "/api/v1/bots/{bot_id}/proof",
        "/api/v1/bots/{bot_id}/transaction",
        "/api/v1/chain",
        "/api/v1/terms",
        "/api/v1/wallets/{address}",
        "/api/v1/bots/{bot_id}/messages",
        "/api/v1/leaderboard/{board}",
        "/api/v1/users/me",
        "/api/v1/users/me/sessions",
        "/api/v1/users/me/bots",
        "/api/v1/users/{address}",
        "/api/v1/users/{address}/history",
        "/api/v1/chats/{bot_id}",
        "/api/v1/chats/{session_id}/messages",
        "/api/v1/health",
        "/api/v1/health/live",
        "/api/v1/faucet",
        "/admin/actors",
        "/admin/actors/{path}",
        "/admin/actors/{path}/restart",
        "/admin/actors/{path}/stop",
        "/admin/bots/{bot_id}/halt",
        "/admin/bots/{bot_id}/resume",
        "/admin/audit",
        "/admin/figures",
        "/admin/dead-letters",
    } == set(document["paths"])
    replacing = document["paths"]["/api/v1/bots/{bot_id}/credentials"]["put"]
    assert replacing["responses"].keys() == {"204", "401", "404", "422", "default"}
    drafting = document["paths"]["/api/v1/bots"]["post"]
    assert drafting["security"] == [{"bearer": []}]
    assert list(drafting["responses"]["422"]["content"]) == ["application/problem+json"]
    assert drafting["requestBody"]["required"] is True
    assert drafting["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/DraftBot"
    }
    assert document["components"]["schemas"]["DraftBot"]["properties"]["fee_base"]
    assert document["paths"]["/api/v1/chats/{bot_id}"]["get"]["parameters"][0]["schema"]["format"] == "uuid"
    limit = document["paths"]["/api/v1/bots"]["get"]["parameters"]
    assert {parameter["name"] for parameter in limit} == {
        "status",
        "creator",
        "kind",
        "q",
        "sort",
        "cursor",
        "limit",
    }
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_committed_description_is_this_one() -> None:
    """`arena export-openapi > docs/api.openapi.json` brings it up to date."""
    committed = json.loads((Path(__file__).parents[3] / "docs" / "api.openapi.json").read_text())
    assert committed == json.loads(json.dumps(describe_api()))


async def test_the_examples_of_the_description_work_when_they_are_pasted(front: Front) -> None:
    document = (await front.http.get("/openapi.json")).json()
    player = await front.player()
    session = await front.session(player)
    pasted = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            schema = (
                operation.get("requestBody", {})
                .get("content", {})
                .get("application/json", {})
                .get("schema", {})
            )
            model = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            for example in model.get("examples", []):
                response = await front.http.request(
                    method,
                    path.replace("{session_id}", str(session.id)),
                    json=example,
                    headers=player.headers,
                )
                pasted[path] = response.status_code
    assert pasted == {
        "/api/v1/auth/nonce": 200,
        "/api/v1/bots": 201,
        "/api/v1/chats/{session_id}/messages": 402,
        "/api/v1/faucet": 200,
    }


async def test_every_reference_in_it_leads_somewhere(front: Front) -> None:
    document = (await front.http.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]

    def check(value: object) -> None:
        match value:
            case dict():
                if isinstance(reference := value.get("$ref"), str):
                    assert reference.removeprefix("#/components/schemas/") in schemas
                for inner in value.values():
                    check(inner)
            case list():
                for inner in value:
                    check(inner)

    check(document)


async def test_every_operation_says_how_it_fails(front: Front) -> None:
    document = (await front.http.get("/openapi.json")).json()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
            assert operation["summary"]
