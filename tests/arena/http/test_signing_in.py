"""The proof that a wallet signed the text of a nonce."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.http import signing_in, siws
from arena.http.signing_in import SignInRefused
from arena.http.siws import SignInText

WALLET = Keypair.from_seed(bytes(range(32)))
ISSUED = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)
NONCE = f"{int(ISSUED.timestamp() * 1000):012x}" + "0123456789abcdef" * 2

whole_milliseconds = st.integers(0, 4_000_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


def text(nonce: str = NONCE, address: str = str(WALLET.pubkey())) -> SignInText:
    return signing_in.text_to_sign(
        nonce, address, domain="arena.example", uri="https://arena.example", chain_id="localnet", lifetime=300
    )


def test_the_text_is_the_one_that_wallets_take_apart() -> None:
    assert text().text == (
        "arena.example wants you to sign in with your Solana account:\n"
        f"{WALLET.pubkey()}\n"
        "\n"
        "Sign in to the arena. This costs nothing and sends no transaction.\n"
        "\n"
        "URI: https://arena.example\n"
        "Version: 1\n"
        "Chain ID: localnet\n"
        f"Nonce: {NONCE}\n"
        "Issued At: 2026-03-01T12:00:00.005Z\n"
        "Expiration Time: 2026-03-01T12:05:00.005Z"
    )


# -- nonces


@given(whole_milliseconds)
def test_a_nonce_knows_its_time(now: datetime) -> None:
    nonce = signing_in.new_nonce(now)
    assert signing_in.nonce_time(nonce) == now
    assert siws.parse(text(nonce).text).issued_at == siws.timestamp(now)


def test_microseconds_are_dropped() -> None:
    assert signing_in.nonce_time(signing_in.new_nonce(ISSUED + timedelta(microseconds=999))) == ISSUED


def test_no_two_nonces_are_the_same() -> None:
    assert len({signing_in.new_nonce(ISSUED) for _ in range(1000)}) == 1000


# the last one is in the year 9999, and its text would expire after it
@pytest.mark.parametrize("nonce", ["", "abcdefgh", "F" * 44, "f" * 43, "f" * 44, "e677d21fdbff" + "0" * 32])
def test_another_nonce_is_not_one_of_ours(nonce: str) -> None:
    with pytest.raises(SignInRefused) as caught:
        text(nonce)
    assert caught.value.code == "nonce_invalid"


# -- the signature


def signed(message: str, key: Keypair = WALLET) -> bytes:
    return bytes(key.sign_message(message.encode()))


def refusal(expected: SignInText, message: str | None, signature: bytes) -> str:
    with pytest.raises(SignInRefused) as caught:
        signing_in.verify(expected, message, signature)
    assert caught.value.status == 401
    return caught.value.code


@pytest.mark.parametrize("message", [None, text().text])
def test_the_wallets_signature_over_the_text_is_accepted(message: str | None) -> None:
    signing_in.verify(text(), message, signed(text().text))


def test_a_text_of_the_wallets_own_that_says_the_same_is_accepted() -> None:
    own = replace(text(), issued_at="2026-03-01T12:00:00.005+00:00", uri="https://arena.example/").text
    signing_in.verify(text(), own, signed(own))
    assert refusal(text(), own, signed(text().text)) == "signature_invalid"
    assert refusal(text(), None, signed(own)) == "signature_invalid"


def test_the_signature_of_another_wallet_is_not() -> None:
    assert refusal(text(), None, signed(text().text, Keypair())) == "signature_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "evil.example"},
        {"chain_id": "mainnet"},
        {"nonce": NONCE[::-1]},
        {"uri": "https://evil.example"},
        {"resources": ("https://evil.example",)},
    ],
)
def test_a_signature_over_another_text_is_not(changes: dict[str, object]) -> None:
    other = replace(text(), **changes).text  # type: ignore[arg-type]
    assert refusal(text(), None, signed(other)) == "signature_invalid"
    assert refusal(text(), other, signed(other)) == "sign_in_text_mismatch"


@given(st.text())
def test_a_message_that_is_no_sign_in_text_is_refused(message: str) -> None:
    signature = signed("anything")
    assert refusal(text(), message, signature) == "sign_in_text_mismatch"


@given(st.binary(max_size=80))
def test_no_other_bytes_are_a_signature(data: bytes) -> None:
    assert refusal(text(), None, data) == "signature_invalid"


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),  # of order 4; also the system program's address
        bytes([1, *[0] * 31]),  # the neutral element
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  # of order 2
    ],
)
def test_nobody_signs_in_as_an_address_that_any_signature_would_fit(point: bytes) -> None:
    """A verification that is not strict accepts R = neutral, S = 0 for one text in so many."""
    forged = bytes([1, *[0] * 63])
    for _ in range(32):
        expected = text(signing_in.new_nonce(ISSUED), str(Pubkey(point)))
        assert refusal(expected, None, forged) == "signature_invalid"


@given(st.binary(min_size=64, max_size=64))
def test_signatures_come_in_base58_or_base64(data: bytes) -> None:
    assert signing_in.decode_signature(str(Signature(data))) == data
    assert signing_in.decode_signature(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("text", ["", "x", "=" * 88, "1" * 63, base64.b64encode(bytes(63)).decode()])
def test_anything_else_is_no_signature(text: str) -> None:
    with pytest.raises(SignInRefused):
        signing_in.decode_signature(text)
