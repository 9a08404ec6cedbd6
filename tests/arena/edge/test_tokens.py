"""Session tokens: what is issued is read back, and nothing else is."""

import base64
import binascii
import json
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair

from arena.edge.tokens import MAX_TOKEN_LENGTH, TokenRefused, Tokens, bearer, key_id

SECRET = "a secret of the tests, long enough for HS256"
OTHER = "another secret of the tests, long enough, too"
NOW = 1_800_000_000.0
USER = UUID("01890000-0000-7000-8000-000000000001")
SESSION = UUID("01890000-0000-7000-8000-000000000002")
WALLET = str(Keypair.from_seed(bytes(32)).pubkey())


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def tokens(
    secret: str = SECRET, *, clock: Clock | None = None, issuer: str = "http://a", **more: object
) -> Tokens:
    return Tokens(secret, issuer=issuer, lifetime=600, clock=clock or Clock(), **more)  # type: ignore[arg-type]


def refusal(reader: Tokens, token: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        reader.read(token)
    assert caught.value.status == 401
    return caught.value.code


@given(st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32))
def test_what_is_issued_is_read_back(user_id: UUID, sid: UUID, seed: bytes) -> None:
    issued = tokens().issue(user_id, wallet := str(Keypair.from_seed(seed).pubkey()), sid)
    assert tokens().read(issued.token) == issued.identity
    assert (issued.identity.user_id, issued.identity.wallet, issued.identity.sid) == (user_id, wallet, sid)
    assert issued.identity.expires_at == int(NOW) + 600


@pytest.mark.parametrize(("until", "lasts"), [(NOW + 10.7, 10), (NOW + 600, 600), (NOW + 10_000, 600)])
def test_no_token_outlives_its_session(until: float, lasts: int) -> None:
    assert tokens().issue(USER, WALLET, SESSION, until=until).identity.expires_at == int(NOW) + lasts


def test_a_token_ends_when_its_lifetime_is_over() -> None:
    clock = Clock()
    issued = tokens(clock=clock).issue(USER, WALLET, SESSION)
    clock.now = NOW + 599.9
    assert tokens(clock=clock).read(issued.token) == issued.identity
    clock.now = NOW + 600
    assert refusal(tokens(clock=clock), issued.token) == "token_expired"


@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    token = tokens().issue(USER, WALLET, SESSION).token
    index = data.draw(st.integers(0, len(token) - 1))
    char = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789-_."))
    forged = token[:index] + char + token[index + 1 :]
    if decoded(forged) == decoded(token):
        return  # the last character of a base64 group may carry bits that mean nothing
    assert refusal(tokens(), forged) == "token_invalid"


def decoded(token: str) -> list[bytes] | None:
    try:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    except binascii.Error:
        return None


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    assert refusal(tokens(), text) == "token_invalid"


def test_a_token_of_another_server_is_refused() -> None:
    assert (
        refusal(tokens(issuer="http://b"), tokens(issuer="http://a").issue(USER, WALLET, SESSION).token)
        == "token_invalid"
    )


def test_a_token_of_an_unknown_key_is_refused() -> None:
    assert refusal(tokens(), tokens(OTHER).issue(USER, WALLET, SESSION).token) == "token_invalid"


def test_after_a_change_of_keys_the_old_tokens_still_count() -> None:
    old = tokens(OTHER).issue(USER, WALLET, SESSION)
    rotated = tokens(SECRET, previous=[OTHER])
    assert rotated.read(old.token) == old.identity
    assert jwt.get_unverified_header(rotated.issue(USER, WALLET, SESSION).token)["kid"] == key_id(SECRET)


def test_when_the_old_key_is_not_listed_any_more_its_tokens_are_refused() -> None:
    old = tokens(OTHER).issue(USER, WALLET, SESSION)
    assert refusal(tokens(SECRET), old.token) == "token_invalid"


@pytest.mark.parametrize("kid", [key_id(SECRET), "", None, key_id("an unknown key of the tests")])
def test_a_token_counts_for_the_key_that_it_names_alone(kid: object) -> None:
    headers = {} if kid is None else {"kid": kid}
    token = jwt.api_jws.encode(json.dumps(claims()).encode(), OTHER, "HS256", headers=headers)
    assert refusal(tokens(SECRET, previous=[OTHER]), token) == "token_invalid"


def test_the_key_id_gives_nothing_of_the_key_away() -> None:
    assert key_id(SECRET) not in SECRET
    assert key_id(SECRET) != key_id(OTHER)


def claims(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "sub": WALLET,
        "uid": str(USER),
        "sid": str(SESSION),
        "iat": int(NOW),
        "exp": int(NOW) + 600,
        "iss": "http://a",
        "aud": "arena",
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


@pytest.mark.parametrize("missing", ["sub", "uid", "sid", "iat", "exp", "iss", "aud"])
def test_a_token_without_one_of_the_claims_is_refused(missing: str) -> None:
    token = jwt.encode(claims(**{missing: None}), SECRET, "HS256", headers={"kid": key_id(SECRET)})
    assert refusal(tokens(), token) == "token_invalid"


@pytest.mark.parametrize("changes", [{"aud": "other"}, {"uid": "no uuid"}, {"sid": 7}, {"exp": "soon"}])
def test_a_token_with_a_wrong_claim_is_refused(changes: dict[str, object]) -> None:
    token = jwt.encode(claims(**changes), SECRET, "HS256", headers={"kid": key_id(SECRET)})
    assert refusal(tokens(), token) == "token_invalid"


def test_an_unsigned_token_is_refused() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    header = {"alg": "none", "typ": "JWT", "kid": key_id(SECRET)}
    assert refusal(tokens(), f"{part(header)}.{part(claims())}.") == "token_invalid"


def test_a_token_signed_with_another_algorithm_is_refused() -> None:
    long_secret = SECRET * 2
    token = jwt.encode(claims(), long_secret, "HS512", headers={"kid": key_id(long_secret)})
    assert refusal(tokens(long_secret), token) == "token_invalid"


def test_an_over_long_token_is_not_even_looked_at() -> None:
    assert refusal(tokens(), "a" * (MAX_TOKEN_LENGTH + 1)) == "token_invalid"


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "  BEARER   abc  "])
def test_the_bearer_token_of_a_header(header: str) -> None:
    assert bearer(header) == "abc"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(TokenRefused) as caught:
        bearer(header)
    assert caught.value.code == "token_missing"
