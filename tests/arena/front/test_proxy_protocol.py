"""PROXY headers: whose connection it is, as a proxy says."""

from __future__ import annotations

import json

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from arena.front.proxy_protocol import MAX_HEADER, ProxyHeader, ProxyHeaderMalformed, parse
from tests.fixtures.echo_server import echo_server
from tests.fixtures.raw_websocket import RawWebsocket, upgrade

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def version_2(command: int, family: int, rest: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(rest).to_bytes(2, "big") + rest


IPV4 = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + (4711).to_bytes(2, "big") + (443).to_bytes(2, "big")
IPV6 = bytes(15) + b"\x01" + bytes(15) + b"\x02" + (4711).to_bytes(2, "big") + (443).to_bytes(2, "big")

GOOD = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n", ("192.0.2.1", 4711)),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", ("2001:db8::1", 4711)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ff:: ff:: 1 2\r\n", None),
    (version_2(0x21, 0x11, IPV4), ("192.0.2.1", 4711)),
    (version_2(0x21, 0x11, IPV4 + b"\x04\x00\x02ab"), ("192.0.2.1", 4711)),
    (version_2(0x21, 0x21, IPV6), ("::1", 4711)),
    (version_2(0x20, 0x00, b""), None),
    (version_2(0x20, 0x11, IPV4), None),
    (version_2(0x21, 0x31, bytes(216)), None),
]
BAD = [
    b"GET / HTTP/1.1\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 4711\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 99999 443\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n",
    b"PROXY TCP4 ::1 ::2 1 2\r\n",
    b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
    b"PROXY TCP4 nonsense 192.0.2.2 1 2\r\n",
    b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
    b"PROXY TCP4 " + b"1" * 200,
    version_2(0x11, 0x11, IPV4),
    version_2(0x22, 0x11, IPV4),
    version_2(0x21, 0x11, IPV4)[:14] + (MAX_HEADER).to_bytes(2, "big"),
]


@pytest.mark.parametrize(("header", "client"), GOOD)
def test_the_client_is_read_and_what_follows_is_left(header: bytes, client: tuple[str, int] | None) -> None:
    assert parse(header + b"GET /") == ProxyHeader(client, len(header))
    for length in range(len(header)):
        assert parse(header[:length]) is None, "more is needed"


@pytest.mark.parametrize("header", BAD)
def test_what_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(ProxyHeaderMalformed):
        parse(header)


@given(st.sampled_from(GOOD), st.binary(max_size=60), st.integers(0, 60))
def test_no_bytes_break_it(good: tuple[bytes, object], noise: bytes, place: int) -> None:
    data = good[0][:place] + noise + good[0][place:]
    try:
        found = parse(data)
    except ProxyHeaderMalformed:
        return
    assert found is None or found.length <= len(data)


@pytest.mark.parametrize("header", [GOOD[0][0], GOOD[4][0]])
async def test_the_address_of_a_connection_is_the_one_that_a_trusted_proxy_names(header: bytes) -> None:
    async with (
        echo_server(arena_proxy_protocol=True, arena_trusted_proxies="127.0.0.0/8") as server,
        await server.connect() as stream,
    ):
        await RawWebsocket(stream).open(header + upgrade())
        assert server.echo.asked[0].address == "192.0.2.1"


async def test_a_header_may_come_byte_by_byte(request: pytest.FixtureRequest) -> None:
    async with (
        echo_server(arena_proxy_protocol=True, arena_trusted_proxies="127.0.0.0/8") as server,
        await server.connect() as stream,
    ):
        for byte in GOOD[0][0]:
            await stream.send_all(bytes([byte]))
            await trio.sleep(0.001)
        await RawWebsocket(stream).open()
        assert server.echo.asked[0].address == "192.0.2.1"


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        # somebody else's word is not taken
        ({"arena_proxy_protocol": True, "arena_trusted_proxies": "10.0.0.0/8"}, GOOD[0][0] + upgrade()),
        ({"arena_trusted_proxies": "127.0.0.0/8"}, GOOD[0][0] + upgrade()),
        # the proxy has to say it
        ({"arena_proxy_protocol": True, "arena_trusted_proxies": "127.0.0.0/8"}, upgrade()),
    ],
)
async def test_a_header_from_others_and_none_from_the_proxy_are_malformed(
    settings: dict[str, object], sent: bytes
) -> None:
    async with echo_server(**settings) as server, await server.connect() as stream:
        await stream.send_all(sent)
        received = b""
        with trio.fail_after(10):
            while piece := await stream.receive_some():
                received += piece
        assert received.startswith(b"HTTP/1.1 400")
        assert json.loads(received.partition(b"\r\n\r\n")[2])["code"] == "bad_request"
        assert server.echo.asked == []
