"""Signing in with a wallet, over HTTP."""

import base64
import re
from urllib.parse import urlsplit

import pytest
import trio
from solders.keypair import Keypair

from arena.http import siws
from tests.fixtures.front import Front

SESSION = "/api/v1/auth/session"


async def nonce(front: Front, wallet: Keypair, **headers: str) -> dict[str, object]:
    response = await front.http.post(
        "/api/v1/auth/nonce", json={"address": str(wallet.pubkey())}, headers=headers
    )
    assert response.status_code == 200
    return response.json()  # type: ignore[no-any-return]


def signed(given: dict[str, object], wallet: Keypair, key: Keypair | None = None) -> dict[str, object]:
    message = str(given["message"])
    signature = (key or wallet).sign_message(message.encode())
    return {"address": str(wallet.pubkey()), "nonce": given["nonce"], "signature": str(signature)}


async def test_signing_in_and_out(front: Front) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    response = await front.http.post(SESSION, json=signed(given, wallet))
    assert response.status_code == 201
    session = response.json()
    assert session["user"]["wallet"] == str(wallet.pubkey())
    headers = {"Authorization": f"Bearer {session['token']}"}
    chat = f"/api/v1/chats/{await front.bot()}"
    assert (await front.http.get(chat, headers=headers)).status_code == 200

    out = await front.http.delete(SESSION, headers=headers)
    assert (out.status_code, out.content) == (204, b"")
    refused = await front.http.get(chat, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_who_signs_in_again_is_the_same_user(front: Front) -> None:
    wallet = Keypair()
    users = set()
    for _ in range(2):
        response = await front.http.post(SESSION, json=signed(await nonce(front, wallet), wallet))
        users.add(response.json()["user"]["id"])
    assert len(users) == 1


async def test_the_text_is_in_the_wallets_form_and_names_this_server(front: Front) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    parsed = siws.parse(str(given["message"]))
    assert parsed.address == str(wallet.pubkey())
    assert (parsed.uri, parsed.domain) == (front.url, urlsplit(front.url).netloc)
    assert (parsed.chain_id, parsed.nonce) == ("localnet", given["nonce"])
    assert (parsed.not_before, parsed.request_id, parsed.resources) == (None, None, None)
    assert given["sign_in"] == {
        "domain": parsed.domain,
        "address": parsed.address,
        "statement": parsed.statement,
        "uri": parsed.uri,
        "version": "1",
        "chainId": "localnet",
        "nonce": parsed.nonce,
        "issuedAt": parsed.issued_at,
        "expirationTime": parsed.expiration_time,
    }


async def test_the_text_names_the_page_that_asks(front: Front) -> None:
    wallet = Keypair()
    origin = front.url.replace("127.0.0.1", "localhost")
    given = await nonce(front, wallet, origin=origin)
    assert siws.parse(str(given["message"])).uri == origin
    response = await front.http.post(SESSION, json=signed(given, wallet), headers={"Origin": origin})
    assert response.status_code == 201


async def test_the_text_never_names_a_foreign_page(front: Front) -> None:
    given = await nonce(front, Keypair(), origin="https://evil.example")
    assert "evil" not in str(given["message"])


async def test_a_signature_in_base64_will_do(front: Front) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    signature = bytes(wallet.sign_message(str(given["message"]).encode()))
    body = signed(given, wallet) | {
        "signature": base64.b64encode(signature).decode(),
        "message": given["message"],
    }
    assert (await front.http.post(SESSION, json=body)).status_code == 201


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"\.(\d{3})Z", r".\g<1>+00:00"),
        (r"(URI: \S+)", r"\g<1>/"),
    ],
)
async def test_a_wallet_may_write_the_text_in_its_own_way(front: Front, old: str, new: str) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    text, changes = re.subn(old, new, str(given["message"]))
    assert changes
    body = signed(given | {"message": text}, wallet)
    unsaid = await front.http.post(SESSION, json=body)
    assert unsaid.json()["code"] == "signature_invalid"
    assert (await front.http.post(SESSION, json=body | {"message": text})).status_code == 201


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"\Z", "\nResources:\n- https://evil.example/terms"),
        (r"\Z", "\nNot Before: 2026-03-01T12:00:00Z"),
        (r"\Z", "\n"),
        (r"\nVersion: 1", ""),
        (r"(URI: \S+)", r"\g<1>/elsewhere"),
        (r"localnet", "devnet"),
        (r"\AA?", "\xffsolana offchain"),
    ],
)
async def test_what_says_something_else_is_refused_though_the_wallet_signed_it(
    front: Front, old: str, new: str
) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    text, changes = re.subn(old, new, str(given["message"]), count=1)
    assert changes
    body = signed(given | {"message": text}, wallet) | {"message": text}
    response = await front.http.post(SESSION, json=body)
    assert (response.status_code, response.json()["code"]) == (401, "sign_in_text_mismatch")


async def test_a_nonce_is_used_once(front: Front) -> None:
    wallet = Keypair()
    body = signed(await nonce(front, wallet), wallet)
    assert (await front.http.post(SESSION, json=body)).status_code == 201
    again = await front.http.post(SESSION, json=body)
    assert (again.status_code, again.json()["code"]) == (401, "nonce_invalid")


async def test_of_many_at_once_one_signs_in(front: Front) -> None:
    wallet = Keypair()
    body = signed(await nonce(front, wallet), wallet)
    statuses = []

    async def attempt() -> None:
        statuses.append((await front.http.post(SESSION, json=body)).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(attempt)
    assert sorted(statuses) == [201] + [401] * 7


async def test_a_wrong_signature_does_not_use_the_nonce_up(front: Front) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    wrong = await front.http.post(SESSION, json=signed(given, wallet, key=Keypair()))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "signature_invalid")
    assert (await front.http.post(SESSION, json=signed(given, wallet))).status_code == 201


async def test_a_nonce_is_for_the_wallet_that_asked(front: Front) -> None:
    given = await nonce(front, Keypair())
    thief = Keypair()
    text = siws.parse(str(given["message"]))
    own = str(given["message"]).replace(text.address, str(thief.pubkey()))
    response = await front.http.post(SESSION, json=signed(given | {"message": own}, thief))
    assert (response.status_code, response.json()["code"]) == (401, "nonce_invalid")


async def test_an_expired_nonce_is_refused(front: Front) -> None:
    wallet = Keypair()
    body = signed(await nonce(front, wallet), wallet)
    await front.database.execute("update nonces set expires_at = now() - interval '1 second'")
    response = await front.http.post(SESSION, json=body)
    assert response.json()["code"] == "nonce_invalid"


@pytest.mark.parametrize("made_up", ["0" * 44, "madeupmadeup"])
async def test_a_nonce_that_was_never_given_out_is_refused(front: Front, made_up: str) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    body = signed(given, wallet) | {"nonce": made_up}
    response = await front.http.post(SESSION, json=body)
    assert response.status_code == 401
    assert response.json()["code"] in {"nonce_invalid", "signature_invalid"}


async def test_another_text_than_the_given_one_is_told_apart(front: Front) -> None:
    wallet = Keypair()
    given = await nonce(front, wallet)
    text = str(given["message"]).replace("costs nothing", "costs everything")
    body = signed(given | {"message": text}, wallet) | {"message": text}
    response = await front.http.post(SESSION, json=body)
    assert response.json()["code"] == "sign_in_text_mismatch"


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic abc"])
async def test_logging_out_takes_a_token(front: Front, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await front.http.delete(SESSION, headers=headers)
    assert response.status_code == 401
    assert response.json()["code"] in {"token_missing", "token_invalid"}
