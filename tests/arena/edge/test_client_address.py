"""From where a request comes, whatever its headers say."""

from __future__ import annotations

import contextlib
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from arena.edge.client_address import (
    MAX_HOPS,
    ForwardedMalformed,
    ProxyHeader,
    client_address,
    client_key,
    is_trusted,
)
from arena.settings import load_settings

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
PROXY = "10.0.0.1"


def seen(*values: str, peer: str | None = PROXY, header: ProxyHeader = "X-Forwarded-For") -> str:
    return str(client_address(peer, values, trusted=TRUSTED, header=header))


# -- whom to believe


def test_without_a_proxy_the_peer_is_the_client() -> None:
    assert seen(peer="203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize("claim", ["1.2.3.4", "10.0.0.1", "127.0.0.1, 1.2.3.4", "garbage"])
def test_a_stranger_is_not_believed(claim: str) -> None:
    assert seen(claim, peer="203.0.113.7") == "203.0.113.7"


def test_a_proxy_of_ours_is_believed() -> None:
    assert seen("203.0.113.7") == "203.0.113.7"


def test_what_the_client_wrote_before_the_proxy_counts_for_nothing() -> None:
    assert seen("1.2.3.4, 10.9.9.9, 203.0.113.7") == "203.0.113.7"


def test_proxies_in_a_row_are_looked_through() -> None:
    assert seen("1.2.3.4, 203.0.113.7, 10.0.0.3, 10.0.0.2") == "203.0.113.7"


def test_several_headers_are_one_list() -> None:
    assert seen("1.2.3.4", "203.0.113.7, 10.0.0.2") == "203.0.113.7"


def test_a_client_inside_of_our_networks_is_the_first_of_them() -> None:
    assert seen("10.1.1.1, 10.0.0.2") == "10.1.1.1"


def test_a_proxy_that_says_nothing_is_itself_the_client() -> None:
    assert seen() == PROXY
    assert seen("") == PROXY


def test_a_peer_without_an_address() -> None:
    assert client_address(None, ["1.2.3.4"], trusted=TRUSTED) is None
    assert client_address("/run/arena.sock", ["1.2.3.4"], trusted=TRUSTED) is None


# -- hostile and broken headers


@pytest.mark.parametrize(
    "value",
    ["unknown", "_hidden", "1.2.3.4.5", "999.1.1.1", "1.2.3", "0x7f000001", "fe80::1%eth0", "[::1", "::1]",
     "1.2.3.4:80:80", "127.0.0.1\x00", "a" * 9000, ",", "1.2.3.4,", "１.2.3.4", "<script>", "1.2.3.4 5.6.7.8"],
)  # fmt: skip
def test_nonsense_ends_the_search_where_our_own_word_ends(value: str) -> None:
    assert seen(value) == PROXY
    assert seen(f"{value}, 203.0.113.7") == "203.0.113.7"


def test_a_header_without_end_is_looked_at_from_its_end() -> None:
    assert seen(", ".join(["1.2.3.4"] * 100_000 + ["203.0.113.7"])) == "203.0.113.7"
    assert seen(", ".join(["203.0.113.7"] + ["10.0.0.2"] * (MAX_HOPS + 1))) == "10.0.0.2"


@given(st.lists(st.text(max_size=60), max_size=5), st.sampled_from(["X-Forwarded-For", "Forwarded"]))
def test_no_header_breaks_it(values: list[str], header: ProxyHeader) -> None:
    with contextlib.suppress(ForwardedMalformed):
        client_address(PROXY, values, trusted=TRUSTED, header=header)
    assert seen(*values, peer="203.0.113.7", header=header) == "203.0.113.7"


LEFT_OPEN = st.from_regex(r'(for=1\.2\.3\.4;)?x="[\\,;]*')


@pytest.mark.parametrize(
    "added", ["for=203.0.113.7", 'for="203.0.113.7:4711"', 'proto=https;for="203.0.113.7:4711"']
)
@given(text=st.text(alphabet='0123456789abf.:,[]";=\\ for', max_size=80) | LEFT_OPEN)
def test_an_open_quote_does_not_swallow_what_the_proxy_adds(added: str, text: str) -> None:
    with contextlib.suppress(ForwardedMalformed):
        assert seen(f"{text}, {added}", header="Forwarded") == "203.0.113.7"


@pytest.mark.parametrize(
    "value", ['for=1.2.3.4;x=", for="[2001:db8::7]:1"', 'for="', "for=1.2.3.4;for=5.6.7.8", "for", "a=1 b"]
)
def test_a_spoilt_header_is_counted_apart(tmp_path: Path, value: str) -> None:
    with pytest.raises(ForwardedMalformed):
        seen(value, header="Forwarded")
    settings = load_settings(
        None, arena_data_dir=tmp_path, arena_trusted_proxies="10.0.0.0/8", arena_proxy_header="Forwarded"
    )
    assert client_key(settings, (PROXY, 80), Headers({"Forwarded": value})) == "malformed"


@given(st.text(alphabet='0123456789abcdef.:,[]";= for', max_size=80))
def test_nothing_that_a_client_writes_changes_what_the_proxy_adds(text: str) -> None:
    assert seen(f"{text}, 203.0.113.7") == "203.0.113.7"


# -- forms of addresses


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8::7", "2001:db8::7"),
    ],
)
def test_addresses_come_in_many_forms(value: str, address: str) -> None:
    assert seen(value) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
        ('proto=https; for="203.0.113.7:4711"', "203.0.113.7"),
        ('for="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=1.2.3.4, for=203.0.113.7", "203.0.113.7"),
        ('for=1.2.3.4;host="a,b";proto=http, for=203.0.113.7', "203.0.113.7"),
        ("for=unknown", PROXY),
        ("for=_secret", PROXY),
        ("proto=https", PROXY),
        ("", PROXY),
    ],
)
def test_the_header_of_rfc_7239(value: str, address: str) -> None:
    assert seen(value, header="Forwarded") == address


def test_an_ipv4_peer_in_ipv6_is_known_as_itself() -> None:
    assert seen("203.0.113.7", peer="::ffff:10.0.0.1") == "203.0.113.7"


# -- what is counted


def key(tmp_path: Path, peer: tuple[str, int] | None, **headers: str) -> str:
    settings = load_settings(None, arena_data_dir=tmp_path, arena_trusted_proxies="10.0.0.0/8")
    return client_key(
        settings, peer, Headers({name.replace("_", "-"): value for name, value in headers.items()})
    )


def test_a_customer_of_ipv6_is_counted_as_one(tmp_path: Path) -> None:
    first, second = key(tmp_path, ("2001:db8:0:1::1", 1)), key(tmp_path, ("2001:db8:0:1:ffff::2", 1))
    assert first == second == "2001:db8:0:1::/64"
    assert key(tmp_path, ("2001:db8:0:2::1", 1)) != first


def test_only_the_configured_header_is_looked_at(tmp_path: Path) -> None:
    peer = ("10.0.0.1", 80)
    assert key(tmp_path, peer, X_Forwarded_For="203.0.113.7", Forwarded="for=1.2.3.4") == "203.0.113.7"
    assert key(tmp_path, peer, Forwarded="for=1.2.3.4") == "10.0.0.1"


def test_who_has_no_address_is_local(tmp_path: Path) -> None:
    assert key(tmp_path, None) == "local"


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.0.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_a_proxy_is_known_in_every_way_of_writing_its_address(peer: str, trusted: bool) -> None:
    assert is_trusted(peer, [ip_network("10.0.0.0/8")]) is trusted
