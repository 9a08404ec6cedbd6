"""The sign-in text, byte for byte as wallets expect it, and the proof that it was signed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.signature import Signature

from arena.http import siws
from arena.http.siws import SignIn, SignInRefused

WALLET = Keypair.from_seed(bytes(range(32)))
NONCE = "018bcfe56800" + "0123456789abcdef" * 2
ISSUED = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)


def sign_in(**changes: object) -> SignIn:
    values: dict[str, object] = {
        "domain": "arena.example:8443",
        "address": str(WALLET.pubkey()),
        "uri": "https://arena.example:8443",
        "chain_id": "localnet",
        "nonce": NONCE,
        "issued_at": ISSUED,
        "expiration_time": ISSUED + timedelta(minutes=5),
        "statement": "Sign in.",
    }
    return SignIn(**(values | changes))  # type: ignore[arg-type]


def test_the_text_is_the_one_that_wallets_take_apart() -> None:
    assert sign_in().text == (
        "arena.example:8443 wants you to sign in with your Solana account:\n"
        f"{WALLET.pubkey()}\n"
        "\n"
        "Sign in.\n"
        "\n"
        "URI: https://arena.example:8443\n"
        "Version: 1\n"
        "Chain ID: localnet\n"
        f"Nonce: {NONCE}\n"
        "Issued At: 2026-03-01T12:00:00.005Z\n"
        "Expiration Time: 2026-03-01T12:05:00.005Z"
    )


def test_a_statement_may_be_left_out() -> None:
    assert f"{WALLET.pubkey()}\n\nURI: " in sign_in(statement=None).text


ascii_line = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=80)
whole_milliseconds = st.integers(0, 4_000_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
nonces = st.text("ABCabc0189", min_size=8, max_size=44)


@given(st.none() | ascii_line, whole_milliseconds, nonces, st.binary(min_size=32, max_size=32))
def test_taking_a_text_apart_gives_what_it_was_made_of(
    statement: str | None, issued: datetime, nonce: str, seed: bytes
) -> None:
    made = sign_in(
        statement=statement,
        issued_at=issued,
        expiration_time=issued + timedelta(minutes=5),
        nonce=nonce,
        address=str(Keypair.from_seed(seed).pubkey()),
    )
    assert siws.parse(made.text) == made


@given(st.text())
def test_other_texts_are_not_taken_apart(text: str) -> None:
    with pytest.raises(ValueError):
        siws.parse(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("wants you", "wants  you"),
        ("\nNonce", "\nNot Before: 2026-03-01T12:00:00.005Z\nNonce"),
        ("12:00:00.005Z", "12:00:00.005+00:00"),
        ("12:00:00.005Z", "25:00:00.005Z"),
        ("Chain ID: localnet\n", ""),
        ("Solana", "Ethereum"),
    ],
)
def test_a_text_of_another_form_is_not_taken_apart(old: str, new: str) -> None:
    assert old in sign_in().text
    with pytest.raises(ValueError):
        siws.parse(sign_in().text.replace(old, new))


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "evil.example\nfoo"},
        {"domain": ""},
        {"domain": "user@host"},
        {"nonce": "short"},
        {"nonce": "has spaces in it"},
        {"statement": "two\nlines"},
        {"statement": ""},
        {"uri": "no uri"},
        {"uri": "/path"},
        {"chain_id": "main net"},
        {"address": "not base58!"},
    ],
)
def test_nothing_that_would_break_the_grammar_gets_in(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        sign_in(**changes)


# -- nonces


@given(whole_milliseconds)
def test_a_nonce_knows_its_time(now: datetime) -> None:
    nonce = siws.new_nonce(now)
    assert siws.nonce_time(nonce) == now
    assert sign_in(nonce=nonce).nonce == nonce


def test_microseconds_are_dropped() -> None:
    assert siws.nonce_time(siws.new_nonce(ISSUED + timedelta(microseconds=999))) == ISSUED


def test_no_two_nonces_are_the_same() -> None:
    assert len({siws.new_nonce(ISSUED) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("nonce", ["", "abcdefgh", "F" * 44, "f" * 43, "f" * 44])
def test_another_nonce_is_not_one_of_ours(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        siws.nonce_time(nonce)


# -- the signature


def signed(text: str, key: Keypair = WALLET) -> bytes:
    return bytes(key.sign_message(text.encode()))


def refusal(expected: SignIn, message: str | None, signature: bytes) -> str:
    with pytest.raises(SignInRefused) as caught:
        siws.verify(expected, message, signature)
    assert caught.value.status == 401
    return caught.value.code


@pytest.mark.parametrize("message", [None, sign_in().text])
def test_the_wallets_signature_over_the_text_is_accepted(message: str | None) -> None:
    siws.verify(sign_in(), message, signed(sign_in().text))


def test_the_signature_of_another_wallet_is_not() -> None:
    assert refusal(sign_in(), None, signed(sign_in().text, Keypair())) == "signature_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "evil.example"},
        {"chain_id": "mainnet"},
        {"nonce": NONCE[::-1]},
        {"uri": "https://evil.example"},
    ],
)
def test_a_signature_over_another_text_is_not(changes: dict[str, object]) -> None:
    other = sign_in(**changes).text
    assert refusal(sign_in(), None, signed(other)) == "signature_invalid"
    assert refusal(sign_in(), other, signed(other)) == "sign_in_text_mismatch"


@given(st.binary(max_size=80))
def test_no_other_bytes_are_a_signature(data: bytes) -> None:
    assert refusal(sign_in(), None, data) == "signature_invalid"


@given(st.binary(min_size=64, max_size=64))
def test_signatures_come_in_base58_or_base64(data: bytes) -> None:
    assert siws.decode_signature(str(Signature(data))) == data
    assert siws.decode_signature(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("text", ["", "x", "=" * 88, "1" * 63, base64.b64encode(bytes(63)).decode()])
def test_anything_else_is_no_signature(text: str) -> None:
    with pytest.raises(SignInRefused):
        siws.decode_signature(text)
