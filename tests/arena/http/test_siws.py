"""The sign-in text, byte for byte as wallets expect it."""

import string
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from solders.keypair import Keypair

from arena.http import siws
from arena.http.siws import SignInText

WALLET = str(Keypair.from_seed(bytes(range(32))).pubkey())
FULL = SignInText(
    domain="arena.example:8443",
    address=WALLET,
    statement="Sign in.",
    uri="https://arena.example:8443/play?x=1#top",
    version="1",
    chain_id="solana:devnet",
    nonce="oBbLoEldZs",
    issued_at="2026-03-01T12:00:00.005Z",
    expiration_time="2026-03-01T12:05:00.005Z",
    not_before="2026-03-01T12:00:00+01:00",
    request_id="request-1",
    resources=("https://arena.example/terms", "ipfs://bafy/1"),
)


def test_the_greatest_text() -> None:
    assert FULL.text == (
        "arena.example:8443 wants you to sign in with your Solana account:\n"
        f"{WALLET}\n"
        "\n"
        "Sign in.\n"
        "\n"
        "URI: https://arena.example:8443/play?x=1#top\n"
        "Version: 1\n"
        "Chain ID: solana:devnet\n"
        "Nonce: oBbLoEldZs\n"
        "Issued At: 2026-03-01T12:00:00.005Z\n"
        "Expiration Time: 2026-03-01T12:05:00.005Z\n"
        "Not Before: 2026-03-01T12:00:00+01:00\n"
        "Request ID: request-1\n"
        "Resources:\n"
        "- https://arena.example/terms\n"
        "- ipfs://bafy/1"
    )


def test_the_smallest_text() -> None:
    text = f"arena.example wants you to sign in with your Solana account:\n{WALLET}"
    assert SignInText("arena.example", WALLET).text == text
    assert siws.parse(text) == SignInText("arena.example", WALLET)


# -- any text of the grammar

SUB_DELIMS = "!$&'()*+,;="
UNRESERVED = string.ascii_letters + string.digits + "-._~"
percent = st.integers(0, 255).map("%{:02X}".format)


def many(letters: str, *more: st.SearchStrategy[str], least: int = 0) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(st.sampled_from(letters), *more), min_size=least, max_size=12).map("".join)


pchars = many(UNRESERVED + SUB_DELIMS + ":@", percent)
hosts = st.one_of(
    many(UNRESERVED + SUB_DELIMS, percent, least=1),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.just("[v1F.a:b]"),
)
authorities = st.builds(
    "".join,
    st.tuples(
        st.just("") | many(UNRESERVED + SUB_DELIMS + ":", percent).map(lambda user: f"{user}@"),
        hosts,
        st.just("") | st.integers(0, 65535).map(lambda port: f":{port}") | st.just(":"),
    ),
)
paths = st.lists(pchars.map(lambda segment: f"/{segment}"), max_size=3).map("".join)
tails = many(UNRESERVED + SUB_DELIMS + ":@/?", percent)
uris = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["https", "urn", "ipfs", "web+x.y-1"]).map(lambda scheme: f"{scheme}:"),
        st.one_of(
            st.builds(lambda authority, path: f"//{authority}{path}", authorities, paths),
            st.builds(lambda path: f"//{path}", paths),
            st.builds(lambda first, path: f"a{first}{path}", pchars, paths),
            st.builds(lambda first, path: f"/a{first}{path}", pchars, paths),
            st.sampled_from(["", "/"]),
        ),
        st.just("") | tails.map(lambda query: f"?{query}"),
        st.just("") | tails.map(lambda fragment: f"#{fragment}"),
    ),
)
times = st.builds(
    lambda moment, fraction, offset, letter: f"{moment:%Y-%m-%d}{letter}{moment:%H:%M:%S}{fraction}{offset}",
    st.datetimes().filter(lambda moment: moment.year >= 1000),
    st.just("") | st.from_regex(r"\.[0-9]{1,12}", fullmatch=True),
    st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:45", "-11:59"]),
    st.sampled_from("Tt"),
)
texts = st.builds(
    SignInText,
    domain=authorities,
    address=st.binary(min_size=32, max_size=32).map(lambda seed: str(Keypair.from_seed(seed).pubkey())),
    statement=st.none() | many(UNRESERVED + SUB_DELIMS + ":/?#[]@ ", least=1),
    uri=st.none() | uris,
    version=st.sampled_from([None, "1"]),
    chain_id=st.none() | st.sampled_from(sorted(siws.CHAIN_IDS)),
    nonce=st.none() | st.text(string.ascii_letters + string.digits, min_size=8, max_size=44),
    issued_at=st.none() | times,
    expiration_time=st.none() | times,
    not_before=st.none() | times,
    request_id=st.none() | pchars,
    resources=st.none() | st.lists(uris, max_size=3).map(tuple),
)


@given(texts)
def test_taking_a_text_apart_gives_what_it_was_made_of(made: SignInText) -> None:
    assert siws.parse(made.text) == made
    assert made.text.isascii()


@given(st.text())
def test_other_texts_are_not_taken_apart(text: str) -> None:
    with pytest.raises(ValueError):
        siws.parse(text)


@given(texts, st.data())
def test_a_text_with_one_letter_changed_is_never_read_as_the_same(
    made: SignInText, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(made.text) - 1))
    letter = data.draw(st.sampled_from(string.printable + "\u200b\xa0é"))
    changed = made.text[:index] + letter + made.text[index + 1 :]
    assume(changed != made.text)
    try:
        read = siws.parse(changed)
    except ValueError:
        return
    assert read != made
    assert read.text == changed


@given(texts, texts)
def test_whatever_two_texts_say_only_the_same_says_the_same(one: SignInText, other: SignInText) -> None:
    assert one.says_the_same(one)
    mixed = {
        field.name: getattr(other, field.name)
        for field in fields(SignInText)
        if field.name in {"domain", "address", "statement", "version", "nonce", "request_id", "resources"}
        and getattr(other, field.name) != getattr(one, field.name)
    }
    for name, value in mixed.items():
        try:
            changed = replace(one, **{name: value})
        except ValueError:
            continue  # a statement that is read as a field, once there is none after it
        assert not one.says_the_same(changed), name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("wants you", "wants  you"),
        ("Solana", "Ethereum"),
        ("solana:devnet", "solana:localnet"),
        ("solana:devnet", "Devnet"),
        ("\n\nSign in.", "\n\nSign\nin."),
        ("\n\nURI", "\nURI"),
        ("\n\nURI", "\n\n\nURI"),
        ("Sign in.", 'Sign "in".'),
        ("Sign in.", "Sign in\r"),
        ("Sign in.", "Sign in 100%"),
        ("12:00:00.005Z", "25:00:00.005Z"),
        ("12:00:00.005Z", "12:00:00.005"),
        ("12:00:00.005Z", "12:00:00.Z"),
        ("12:00:00.005Z", "12:00:00,005Z"),
        ("2026-03-01T12:00:00.005Z", "2026-02-30T12:00:00Z"),
        ("2026-03-01T12:00:00.005Z", "2026-03-01 12:00:00Z"),
        ("2026-03-01T12:00:00.005Z", "20260301T120000Z"),
        ("2026-03-01T12:00:00.005Z", "２026-03-01T12:00:00Z"),
        ("request-1", "request 1"),
        ("request-1", "request/1"),
        ("- ipfs", "-ipfs"),
        ("- ipfs", "- not a uri"),
        ("bafy/1", "bafy/1\n"),
        ("Chain ID: solana:devnet\nNonce: oBbLoEldZs", "Nonce: oBbLoEldZs\nChain ID: solana:devnet"),
    ],
)
def test_a_text_of_another_form_is_not_taken_apart(old: str, new: str) -> None:
    changed = FULL.text.replace(old, new, 1)
    assert changed != FULL.text
    with pytest.raises(ValueError):
        siws.parse(changed)


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "evil.example\nfoo"},
        {"domain": ""},
        {"domain": "a b"},
        {"domain": "a/b"},
        {"domain": "a:b"},
        {"domain": "[::1"},
        {"domain": "[1:2]"},
        {"domain": "münchen.example"},
        {"nonce": "short"},
        {"nonce": "has spaces in it"},
        {"nonce": "١٢٣٤٥٦٧٨"},
        {"statement": "two\nlines"},
        {"statement": ""},
        {"statement": "Schlüssel"},
        {"statement": 'the "arena"'},
        {"uri": "no uri"},
        {"uri": "/path"},
        {"uri": "https://a/%zz"},
        {"uri": "https://a/#b#c"},
        {"uri": "1https://a"},
        {"version": "2"},
        {"chain_id": "main net"},
        {"chain_id": "solana:localnet"},
        {"issued_at": "now"},
        {"not_before": "2026-03-01T12:00:60Z"},
        {"request_id": "a b"},
        {"resources": ("https://a", "b")},
        {"address": "not base58!"},
        {"address": WALLET[:-8]},
    ],
)
def test_nothing_that_would_break_the_grammar_gets_in(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(FULL, **changes)  # type: ignore[arg-type]


def test_a_statement_that_would_be_read_as_a_field_is_none() -> None:
    with pytest.raises(ValueError, match="statement"):
        SignInText("arena.example", WALLET, statement="Nonce: 12345678")
    text = SignInText("arena.example", WALLET, statement="Nonce: 12345678", version="1")
    assert siws.parse(text.text) == text


# -- what says the same


@pytest.mark.parametrize(
    "changes",
    [
        {"issued_at": "2026-03-01T12:00:00.00500Z"},
        {"issued_at": "2026-03-01t13:00:00.005+01:00"},
        {"not_before": "2026-03-01T11:00:00.000Z"},
        {"chain_id": "devnet"},
    ],
)
def test_a_wallet_may_write_a_field_in_another_way(changes: dict[str, object]) -> None:
    assert FULL.says_the_same(replace(FULL, **changes))  # type: ignore[arg-type]


def test_an_empty_path_is_the_root() -> None:
    bare, slash = replace(FULL, uri="https://arena.example"), replace(FULL, uri="https://arena.example/")
    assert bare.says_the_same(slash)
    assert replace(FULL, uri="https://arena.example?a").says_the_same(
        replace(FULL, uri="https://arena.example/?a")
    )
    for other in ("https://arena.example//", "https://arena.example?", "http://arena.example", "urn:a"):
        assert not bare.says_the_same(replace(FULL, uri=other))


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "user@arena.example:8443"},
        {"domain": "ARENA.example:8443"},
        {"address": str(Keypair.from_seed(bytes(32)).pubkey())},
        {"statement": None},
        {"statement": "Sign in"},
        {"uri": None},
        {"uri": "https://arena.example:8443/play?x=1"},
        {"version": None},
        {"chain_id": "solana:mainnet"},
        {"chain_id": None},
        {"nonce": "oBbLoEldZt"},
        {"nonce": None},
        {"issued_at": "2026-03-01T12:00:00.0050001Z"},
        {"issued_at": None},
        {"expiration_time": "2026-03-01T12:06:00.005Z"},
        {"not_before": None},
        {"request_id": None},
        {"request_id": ""},
        {"resources": None},
        {"resources": ()},
        {"resources": ("https://arena.example/terms",)},
    ],
)
def test_a_field_that_is_changed_left_out_or_added_says_something_else(changes: dict[str, object]) -> None:
    other = replace(FULL, **changes)  # type: ignore[arg-type]
    assert not FULL.says_the_same(other)
    assert not other.says_the_same(FULL)
