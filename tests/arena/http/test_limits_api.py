"""How often somebody may ask over HTTP, and from where."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import trio
from solders.keypair import Keypair

from arena.edge.rate_limits import Scope
from arena.http.app import describe_api
from tests.fixtures.front import Front, running_front

LIVE = "/api/v1/health/live"
BOTS = "/api/v1/bots"
NONCE = "/api/v1/auth/nonce"


def limited(response: httpx.Response, scope: Scope) -> dict[str, object]:
    document = response.json()
    assert (response.status_code, document["code"], document["scope"]) == (429, "rate_limited", scope.value)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(response.headers["Retry-After"]) == document["retry_after"] <= 60
    assert document["instance"] == response.headers["X-Request-Id"]
    return document  # type: ignore[no-any-return]


async def test_an_address_has_so_many_requests(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_rate_requests_address="3/60") as front:
        for path in (LIVE, "/api/v1/nothing", "/openapi.json"):
            assert (await front.http.get(path)).status_code != 429
        limited(await front.http.get(LIVE), Scope.REQUESTS_ADDRESS)
        limited(await front.http.post(NONCE, content=b"x" * 1000), Scope.REQUESTS_ADDRESS)
        assert front.limits.refused[Scope.REQUESTS_ADDRESS] == 2


async def test_what_is_told_to_wait_is_enough(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_rate_requests_address="1/1") as front:
        await front.http.get(LIVE)
        refused = limited(await front.http.get(LIVE), Scope.REQUESTS_ADDRESS)
        await trio.sleep(float(str(refused["retry_after"])))
        assert (await front.http.get(LIVE)).status_code == 200


async def test_clients_behind_our_proxy_are_counted_one_by_one(postgres: str, tmp_path: Path) -> None:
    async with running_front(
        postgres, tmp_path, arena_rate_requests_address="2/60", arena_trusted_proxies="127.0.0.0/8"
    ) as front:

        async def status(forwarded: str) -> int:
            return (await front.http.get(LIVE, headers={"X-Forwarded-For": forwarded})).status_code

        assert [await status("203.0.113.7") for _ in range(3)] == [200, 200, 429]
        assert await status("1.2.3.4, 203.0.113.7") == 429, "it cannot give itself another address"
        assert await status("203.0.113.7, 203.0.113.8") == 200
        assert [await status(f"2001:db8::{number}") for number in range(1, 4)] == [200, 200, 429]
        assert (await front.http.get(LIVE)).status_code == 200, "the proxy itself"


async def test_a_client_without_our_proxy_is_not_believed(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_rate_requests_address="2/60") as front:
        found = [
            (
                await front.http.get(
                    LIVE, headers={"X-Forwarded-For": f"203.0.113.{number}", "Remote-Addr": "1.1.1.1"}
                )
            )
            for number in range(3)
        ]
        assert [response.status_code for response in found] == [200, 200, 429]


async def test_a_wallet_has_so_many_requests_and_strangers_do_not_use_them_up(
    postgres: str, tmp_path: Path
) -> None:
    async with running_front(postgres, tmp_path, arena_rate_requests_wallet="2/60") as front:
        player, other = await front.player(), await front.player()
        bot_id = await front.bot()
        url = f"/api/v1/chats/{bot_id}"
        for _ in range(5):
            forged = await front.http.get(url, headers={"Authorization": f"Bearer {player.token[:-4]}AAAA"})
            assert forged.status_code == 401
        for _ in range(2):
            assert (await front.http.get(url, headers=player.headers)).status_code == 200
        limited(await front.http.get(url, headers=player.headers), Scope.REQUESTS_WALLET)
        assert (await front.http.get(url, headers=other.headers)).status_code == 200


async def test_texts_to_sign_in_with_are_counted_by_address_and_wallet(postgres: str, tmp_path: Path) -> None:
    async with running_front(
        postgres, tmp_path, arena_rate_nonces_wallet="2/60", arena_trusted_proxies="127.0.0.0/8"
    ) as front:
        victim = str(Keypair().pubkey())

        async def ask(wallet: str, address: str) -> httpx.Response:
            return await front.http.post(
                NONCE, json={"address": wallet}, headers={"X-Forwarded-For": address}
            )

        for _ in range(2):
            assert (await ask(victim, "203.0.113.7")).status_code == 200
        limited(await ask(victim, "203.0.113.7"), Scope.NONCES_WALLET)
        assert (await ask(str(Keypair().pubkey()), "203.0.113.7")).status_code == 200
        # whose wallet it is signs in from elsewhere, and a stranger cannot keep them from it
        assert (await ask(victim, "203.0.113.8")).status_code == 200


async def test_an_address_does_not_fill_the_table_of_nonces_with_many_wallets(
    postgres: str, tmp_path: Path
) -> None:
    async with running_front(postgres, tmp_path, arena_rate_nonces_address="3/60") as front:
        for _ in range(3):
            await front.http.post(NONCE, json={"address": str(Keypair().pubkey())})
        limited(await front.http.post(NONCE, json={"address": str(Keypair().pubkey())}), Scope.NONCES_ADDRESS)
        assert await front.database.fetch_value("select count(*) from nonces") == 3


async def test_limits_can_be_switched_off(postgres: str, tmp_path: Path) -> None:
    async with running_front(
        postgres, tmp_path, arena_rate_limits=False, arena_rate_requests_address="1/60"
    ) as front:
        for _ in range(5):
            assert (await front.http.get(LIVE)).status_code == 200


# -- what browsers are told


SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", BOTS),
        ("GET", "/openapi.json"),
        ("GET", "/nothing"),
        ("PUT", BOTS),
        ("POST", NONCE),
        ("GET", "/metrics"),
        ("GET", "/admin/actors"),
        ("OPTIONS", BOTS),
    ],
)
async def test_every_response_is_safe_in_a_browser(front: Front, method: str, path: str) -> None:
    response = await front.http.request(method, path)
    cached = {"Cache-Control": "public, no-cache"} if "ETag" in response.headers else {}
    assert {name: response.headers.get(name) for name in SAFE} == SAFE | cached
    assert "Strict-Transport-Security" not in response.headers
    assert "Server" not in response.headers


async def test_a_refused_handshake_is_safe_too(front: Front) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    response = await front.http.get(f"/ws/chats/{await front.bot()}", headers=headers)
    assert response.status_code == 401
    assert {name: response.headers.get(name) for name in SAFE} == SAFE


async def test_tls_is_insisted_on_when_told_to(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_hsts=31_536_000) as front:
        assert (await front.http.get(LIVE)).headers["Strict-Transport-Security"] == "max-age=31536000"


FRIEND = "https://play.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


async def test_pages_of_allowed_origins_may_use_the_api(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_allowed_origins=FRIEND) as front:
        asked = await front.http.options(BOTS, headers={"Origin": FRIEND, **PREFLIGHT})
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == FRIEND
        # every method that an operation under /api/ has
        used = {
            method.upper()
            for path, operations in describe_api()["paths"].items()
            if path.startswith("/api/")
            for method in operations
        }
        assert set(asked.headers["Access-Control-Allow-Methods"].split(", ")) == used
        allowed = asked.headers["Access-Control-Allow-Headers"].lower()
        assert "authorization" in allowed
        assert "content-type" in allowed
        assert int(asked.headers["Access-Control-Max-Age"]) > 0

        for response in (
            await front.http.get(BOTS, headers={"Origin": FRIEND}),
            await front.http.get("/api/v1/nothing", headers={"Origin": FRIEND}),
        ):
            assert response.headers["Access-Control-Allow-Origin"] == FRIEND
            assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
            assert response.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://play.example.evil.example", "x\ty"]
)
async def test_other_pages_may_not(postgres: str, tmp_path: Path, origin: str) -> None:
    async with running_front(postgres, tmp_path, arena_allowed_origins=FRIEND) as front:
        asked = await front.http.options(BOTS, headers={"Origin": origin, **PREFLIGHT})
        assert (asked.status_code, asked.json()["code"]) == (403, "origin_refused")
        response = await front.http.get(BOTS, headers={"Origin": origin})
        assert response.headers["Vary"] == "Origin"
        for name in (*asked.headers, *response.headers):
            assert not name.lower().startswith("access-control-")


async def test_a_refusal_can_be_read_by_the_page(postgres: str, tmp_path: Path) -> None:
    async with running_front(
        postgres, tmp_path, arena_allowed_origins=FRIEND, arena_rate_requests_address="1/60"
    ) as front:
        await front.http.get(BOTS)
        refused = await front.http.get(BOTS, headers={"Origin": FRIEND})
        limited(refused, Scope.REQUESTS_ADDRESS)
        assert refused.headers["Access-Control-Allow-Origin"] == FRIEND


@pytest.mark.parametrize("path", ["/admin/actors", "/metrics"])
async def test_what_is_for_operators_is_for_no_other_page(postgres: str, tmp_path: Path, path: str) -> None:
    async with running_front(postgres, tmp_path, arena_allowed_origins=FRIEND) as front:
        for response in (
            await front.http.get(path, headers={"Origin": FRIEND}),
            await front.http.options(path, headers={"Origin": FRIEND, **PREFLIGHT}),
        ):
            assert "Access-Control-Allow-Origin" not in response.headers
