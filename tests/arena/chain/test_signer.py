"""Signing often."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.signature import Signature

from arena.chain.signer import Signer


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=1232))
def test_a_signature_is_the_one_of_the_keypair_and_valid(seed: bytes, message: bytes) -> None:
    keypair = Keypair.from_seed(seed)
    signer = Signer(keypair)
    signature = signer.sign(message)
    assert signer.public == keypair.pubkey()
    assert signature == bytes(keypair.sign_message(message))
    assert Signature(signature).verify(keypair.pubkey(), message)


def test_only_the_public_half_is_shown() -> None:
    keypair = Keypair()
    assert repr(Signer(keypair)) == f"Signer({keypair.pubkey()})"
