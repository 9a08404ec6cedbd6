"""What a refresh token is exchanged for."""

import hashlib
import re
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from arena.edge.redaction import REDACTED, redact
from arena.edge.refresh_tokens import PREFIX, digest, new_refresh_token, successor


def test_no_two_tokens_are_the_same_and_each_has_256_bits() -> None:
    made = {new_refresh_token() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(PREFIX + r"[A-Za-z0-9_-]{43}", token) for token in made)


@given(st.uuids(), st.uuids())
def test_the_same_request_gets_the_same_successor_and_no_other_does(one: UUID, other: UUID) -> None:
    token = new_refresh_token()
    assert successor(token, one) == successor(token, one)
    assert (successor(token, one) == successor(token, other)) == (one == other)
    assert successor(token, one) != successor(new_refresh_token(), one)
    assert len(successor(token, one)) == len(token)


def test_a_request_without_an_id_cannot_be_repeated() -> None:
    token = new_refresh_token()
    assert successor(token, None) != successor(token, None)


def test_what_is_stored_is_a_hash() -> None:
    token = new_refresh_token()
    assert digest(token) == hashlib.sha256(token.encode()).digest()


def test_logs_and_operators_see_none() -> None:
    assert redact({"refresh_token": successor(new_refresh_token(), uuid4())}) == {"refresh_token": REDACTED}
