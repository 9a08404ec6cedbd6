"""Whatever happens in a round, with everything logged that can be: no secret is in the logs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaError
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import PHRASE, Player, funded_client, open_bot

JWT_SECRET = "5c0ffee5-and-some-more-characters-7d1e"
PREVIOUS_SECRET = "4b1d-one-that-was-used-before-that-7d1e"
METRICS_TOKEN = "prometheus-0123456789-abcdef-0123456789"
SECRETS_KEY = bytes(range(100, 132))
SAID = "a text that nobody else is to read in a log"


def forms(secret: bytes) -> list[str]:
    """How bytes may come to be in a log."""
    return [
        secret.hex(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        ", ".join(map(str, secret)),
        ",".join(map(str, secret)),
        repr(secret)[2:-1],
    ]


def key_forms(key: Keypair) -> list[str]:
    return [str(key), *forms(bytes(key)), *forms(bytes(key)[:32])]


def logs(arena: ArenaProcess) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in arena.data_dir.rglob("*.log")}


@pytest.mark.parametrize("log_format", [pytest.param("console", marks=pytest.mark.long), "json"])
async def test_no_secret_is_in_the_logs_of_a_round(tmp_path: Path, log_format: str) -> None:
    with arena_process(tmp_path / "arena") as arena:
        await arena.start(
            ARENA_LOG_LEVEL="debug",
            ARENA_LOG_FORMAT=log_format,
            JWT_SECRET=JWT_SECRET,
            JWT_PREVIOUS_SECRETS=PREVIOUS_SECRET,
            ARENA_METRICS_TOKEN=METRICS_TOKEN,
            ARENA_SECRETS_KEY=base64.b64encode(SECRETS_KEY).decode(),
        )
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            bot = await open_bot(creator)
            tokens = [await client.sign_in() for client in (creator, winner)]
            refresh_tokens = [client._refresh_token for client in (creator, winner)]
            await be_a_nuisance(arena, tokens[1], bot["id"])
            refreshed = await refresh_twice(arena, refresh_tokens[0])
            tokens += [refreshed["token"], await creator.sign_in()]
            refresh_tokens.append(refreshed["refresh_token"])
            arena.kill_postgres()  # an outage has tracebacks
            player = Player(winner, bot["id"])
            assert (await player.say(SAID))["verdict"] == "unsolved"
            before = "".join(logs(arena).values())
            assert (await player.say(f"It must be {PHRASE}"))["verdict"] == "solved"
            await player.until(type="settlement", status="closed")
            wallets = [creator.wallet, winner.wallet]
        arena.interrupt()
        assert await arena.died(within=20) == 0

        keys = [Keypair.from_json(path.read_text()) for path in (arena.data_dir / "keys").glob("*.json")]
        assert len(keys) >= 2
        secrets = [
            JWT_SECRET,
            METRICS_TOKEN,
            PREVIOUS_SECRET,
            *refresh_tokens,
            SAID,
            PHRASE,
            *forms(SECRETS_KEY),
            *(form for key in [*keys, *wallets] for form in key_forms(key)),
        ]
        for token in tokens:
            secrets += [token, token.rpartition(".")[2]]  # its signature alone makes it out
        found = logs(arena)
        assert "settlement_step" in found["serve.log"], "this is what debug shows"
        assert "session_ended" in found["serve.log"], "a refresh token came twice"
        assert len(before) > 1000
        for name, text in found.items():
            for secret in secrets:
                assert secret not in text, (name, secret)


async def refresh_twice(arena: ArenaProcess, token: str) -> dict[str, str]:
    """Which ends the session, and is logged; what it was exchanged for."""
    async with httpx.AsyncClient(base_url=arena.url, trust_env=False) as http:
        answers = [await http.post("/api/v1/auth/refresh", json={"refresh_token": token}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    given: dict[str, str] = answers[0].json()
    return given


async def be_a_nuisance(arena: ArenaProcess, token: str, bot_id: str) -> None:
    """Everything that is refused, and so perhaps logged: with secrets where they do not belong."""
    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=arena.url, trust_env=False) as http:
        await http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        await http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}x"})
        await http.get("/admin/actors", headers=bearer)
        await http.get(f"/api/v1/chats/{bot_id}?token={token}", headers={"Authorization": f"Bearer {token}x"})
        await http.get(f"/nothing/{token}", headers={"X-Request-Id": token, "Cookie": token})
        await http.post("/api/v1/bots", json={"secret": {"phrase": PHRASE}}, headers=bearer)
        await http.post("/api/v1/bots", content=PHRASE.encode() * 10_000, headers=bearer)
        await http.post("/api/v1/auth/session", json={"address": SAID, "nonce": SAID, "signature": token})
        await http.post(f"/api/v1/bots/{bot_id}/open", json={"transaction": PHRASE}, headers=bearer)
        session = (await http.get(f"/api/v1/chats/{bot_id}", headers=bearer)).json()
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": f"arena.v2, bearer.{token}",
        }
        assert (await http.get(session["websocket"], headers=upgrade)).status_code == 400
    # frames that are none
    async with funded_client(arena.url) as other, other.chat(bot_id) as chat:
        await chat.send(type="message", id=uuid4(), text=f"{SAID}\u202e")
        await chat.send(
            type="pay", id=uuid4(), transaction=base64.b64encode(json.dumps(SAID).encode()).decode()
        )
        await chat.send(type=SAID)
        refused = 0
        with trio.fail_after(10):
            while refused < 3:
                try:
                    await chat.receive()
                except ArenaError:
                    refused += 1
