"""Bytes and addresses in JSON."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from solders.keypair import Keypair

from arena.edge.encoding import MAX_TRANSACTION_BYTES, Address, TransactionBytes, decode_base64, encode_base64


class Signed(BaseModel):
    transaction: TransactionBytes


class Wallet(BaseModel):
    address: Address


@given(st.binary())
def test_base64_round_trip(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize("text", ["YQ", "YQ=\n=", "Y Q==", "YQ==\n", "Y-_=", "é"])
def test_only_strict_base64_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        decode_base64(text)


@given(st.binary(min_size=1, max_size=MAX_TRANSACTION_BYTES))
def test_a_transaction_goes_through_json(data: bytes) -> None:
    json = Signed(transaction=data).model_dump_json()
    assert Signed.model_validate_json(json).transaction == data


@pytest.mark.parametrize("size", [0, MAX_TRANSACTION_BYTES + 1, 100_000])
def test_a_transaction_has_a_length(size: int) -> None:
    with pytest.raises(ValidationError, match="1232 bytes"):
        Signed.model_validate({"transaction": base64.b64encode(bytes(size)).decode()})


def test_a_number_is_no_transaction() -> None:
    with pytest.raises(ValidationError):
        Signed.model_validate({"transaction": 7})


@given(st.binary(min_size=32, max_size=32))
def test_addresses_are_base58(seed: bytes) -> None:
    address = str(Keypair.from_seed(seed).pubkey())
    assert Wallet(address=address).address == address


@pytest.mark.parametrize("text", ["", "0" * 44, "1" * 31, "1" * 45, "z" * 44])
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(ValidationError):
        Wallet(address=text)
