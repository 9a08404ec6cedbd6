import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.secretbox import SecretBox, SecretBoxError

KEY = bytes(range(32))


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_is_encrypted_decrypts(plain: bytes, associated: bytes) -> None:
    box = SecretBox(KEY).encrypt(plain, associated)
    assert SecretBox(KEY).decrypt(box, associated) == plain


def test_a_box_does_not_show_its_content_and_no_two_are_equal() -> None:
    box = SecretBox(KEY)
    first, second = box.encrypt(b"open sesame", b"a"), box.encrypt(b"open sesame", b"a")
    assert b"sesame" not in first
    assert first != second


def test_another_key_or_other_associated_data_do_not_open_it() -> None:
    sealed = SecretBox(KEY).encrypt(b"open sesame", b"bots.secret:1")
    with pytest.raises(SecretBoxError):
        SecretBox(os.urandom(32)).decrypt(sealed, b"bots.secret:1")
    with pytest.raises(SecretBoxError):
        SecretBox(KEY).decrypt(sealed, b"bots.secret:2")


def test_any_changed_byte_is_noticed() -> None:
    sealed = SecretBox(KEY).encrypt(b"open sesame", b"")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SecretBoxError):
            SecretBox(KEY).decrypt(changed, b"")


@given(st.binary(max_size=40))
def test_nonsense_is_refused(nonsense: bytes) -> None:
    with pytest.raises(SecretBoxError):
        SecretBox(KEY).decrypt(nonsense, b"")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SecretBox(bytes(size))
