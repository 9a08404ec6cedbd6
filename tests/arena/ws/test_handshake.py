"""Who is let in."""

from pathlib import Path
from uuid import UUID

import pytest

from arena.edge.tokens import IssuedToken, TokenRefused, Tokens
from arena.problems import Problem
from arena.settings import Settings, load_settings
from arena.ws.handshake import Admission, admit

USER = UUID("01890000-0000-7000-8000-000000000001")
SESSION = UUID("01890000-0000-7000-8000-000000000002")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, arena_data_dir=tmp_path, arena_public_url="https://arena.example")


@pytest.fixture
def tokens() -> Tokens:
    return Tokens("a secret of the tests, long enough", issuer="https://arena.example", lifetime=600)


@pytest.fixture
def issued(tokens: Tokens) -> IssuedToken:
    return tokens.issue(USER, "wallet", SESSION)


def test_a_browser_sends_its_token_as_a_subprotocol(
    settings: Settings, tokens: Tokens, issued: IssuedToken
) -> None:
    admission = admit(
        settings,
        tokens,
        origin="https://arena.example",
        offered=["arena.v1", f"bearer.{issued.token}"],
        authorization=None,
    )
    assert admission == Admission("arena.v1", issued.identity)


@pytest.mark.parametrize(("offered", "chosen"), [([], None), (["arena.v1"], "arena.v1")])
def test_others_may_use_the_authorization_header(
    settings: Settings, tokens: Tokens, issued: IssuedToken, offered: list[str], chosen: str | None
) -> None:
    admission = admit(settings, tokens, origin=None, offered=offered, authorization=f"Bearer {issued.token}")
    assert admission == Admission(chosen, issued.identity)


def test_pages_of_other_origins_are_refused(settings: Settings, tokens: Tokens, issued: IssuedToken) -> None:
    with pytest.raises(Problem) as caught:
        admit(
            settings,
            tokens,
            origin="https://evil.example",
            offered=["arena.v1", f"bearer.{issued.token}"],
            authorization=None,
        )
    assert (caught.value.code, caught.value.status) == ("origin_refused", 403)


def test_an_unknown_version_is_refused_and_told_the_known_ones(
    settings: Settings, tokens: Tokens, issued: IssuedToken
) -> None:
    with pytest.raises(Problem) as caught:
        admit(
            settings, tokens, origin=None, offered=["arena.v2", f"bearer.{issued.token}"], authorization=None
        )
    assert (caught.value.code, caught.value.status) == ("protocol_unknown", 400)
    assert caught.value.extra == {"supported": ["arena.v1"]}


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense"])
def test_without_a_token_nobody_gets_in(
    settings: Settings, tokens: Tokens, authorization: str | None
) -> None:
    with pytest.raises(TokenRefused):
        admit(settings, tokens, origin=None, offered=[], authorization=authorization)


@pytest.mark.parametrize("offered", [[], ["arena.v1"]])
def test_where_anybody_may_connect_a_token_can_be_left_out(
    settings: Settings, tokens: Tokens, issued: IssuedToken, offered: list[str]
) -> None:
    admission = admit(settings, tokens, origin=None, offered=offered, authorization=None, anybody=True)
    assert admission == Admission("arena.v1" if offered else None, None)
    header = f"Bearer {issued.token}"
    admission = admit(settings, tokens, origin=None, offered=offered, authorization=header, anybody=True)
    assert admission.who == issued.identity


def test_a_wrong_token_is_refused_also_where_anybody_may_connect(settings: Settings, tokens: Tokens) -> None:
    with pytest.raises(TokenRefused):
        admit(settings, tokens, origin=None, offered=[], authorization="Bearer x", anybody=True)
    offered = ["arena.v1", "bearer.x"]
    admission = admit(settings, tokens, origin=None, offered=offered, authorization=None, anybody=True)
    assert isinstance(admission.who, TokenRefused)


@pytest.mark.parametrize(
    ("offered", "code"), [(["arena.v1"], "token_missing"), (["arena.v1", "bearer.x"], "token_invalid")]
)
def test_a_browser_is_told_after_accepting(
    settings: Settings, tokens: Tokens, offered: list[str], code: str
) -> None:
    admission = admit(settings, tokens, origin=None, offered=offered, authorization=None)
    assert isinstance(admission.who, TokenRefused)
    assert (admission.subprotocol, admission.who.code) == ("arena.v1", code)
