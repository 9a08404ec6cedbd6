"""TLS at the front door."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio
from cryptography.hazmat.primitives import serialization

from arena.front import TlsUnusable, tls
from arena.front.tls import server_context
from arena.settings import SettingsError, load_settings
from tests.fixtures.certificate import self_signed
from tests.fixtures.echo_server import EchoServer, digest, echo_server
from tests.fixtures.raw_websocket import TEXT, RawWebsocket, frame


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a certificate for this machine, which vouches for itself, and its key."""
    return self_signed(tmp_path)


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.fixture
async def server(certificate: tuple[Path, Path]) -> AsyncIterator[EchoServer]:
    async with echo_server(arena_tls_certificate=certificate[0], arena_tls_key=certificate[1]) as running:
        yield running
        assert running.traffic.faults == 0


async def secure(server: EchoServer, trusting: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
    stream = trio.SSLStream(
        await server.connect(), trusting, server_hostname="127.0.0.1", https_compatible=True
    )
    await stream.do_handshake()
    return stream


async def test_pages_are_served(server: EchoServer, trusting: ssl.SSLContext) -> None:
    async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        for _ in range(3):
            answer = await client.get(f"https://127.0.0.1:{server.port}/hello")
            assert (answer.status_code, answer.text) == (200, "hello")
        large = await client.get(f"https://127.0.0.1:{server.port}/large?bytes=3000000")
        assert len(large.content) == 3_000_000


async def test_websockets_are_served(server: EchoServer, trusting: ssl.SSLContext) -> None:
    async with await secure(server, trusting) as stream:
        websocket = RawWebsocket(stream)
        await websocket.open()
        for message in (b"hello", b"x" * 100_000, b""):
            await stream.send_all(frame(TEXT, message))
            received = await websocket.receive()
            assert received is not None
            assert received.payload == digest(message)


@pytest.mark.parametrize(("version", "good"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
async def test_old_versions_are_not_spoken(
    server: EchoServer, trusting: ssl.SSLContext, version: str, good: bool
) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # of the old ones
    trusting.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    trusting.maximum_version = ssl.TLSVersion[version]
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    if good:
        stream = await secure(server, trusting)
        assert stream.selected_alpn_protocol() is None
        await trio.aclose_forcefully(stream)
    else:
        with pytest.raises(trio.BrokenResourceError):
            await secure(server, trusting)


async def test_who_speaks_plain_http_is_told_what_is_spoken_here(server: EchoServer) -> None:
    async with await server.connect() as stream:
        await stream.send_all(b"GET /hello HTTP/1.1\r\nHost: arena\r\n\r\n")
        received = b""
        with trio.fail_after(10):
            while piece := await stream.receive_some():
                received += piece
        assert received.startswith(b"HTTP/1.1 400")
        assert b"This port speaks TLS" in received


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", b"\x00" * 600, b"\x16\x03\x01\x00\x05nonsense" * 9])
async def test_a_handshake_that_comes_to_nothing_is_given_up(
    server: EchoServer, trusting: ssl.SSLContext, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_TIMEOUT", 0.3)
    async with await server.connect() as stream:
        if said:
            await stream.send_all(said)
        with trio.fail_after(10):
            try:
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                pass
    async with await secure(server, trusting) as other:
        await RawWebsocket(other).open()


async def test_a_connection_that_breaks_without_a_goodbye_is_over(
    server: EchoServer, trusting: ssl.SSLContext
) -> None:
    stream = await secure(server, trusting)
    await RawWebsocket(stream).open()
    await trio.aclose_forcefully(stream)
    await server.emptied()


def test_what_cannot_be_used_is_said_in_a_line(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("nonsense")
    for pair in ((tmp_path / "missing", certificate[1]), (other, certificate[1]), (certificate[0], other)):
        with pytest.raises(TlsUnusable, match="ARENA_TLS_CERTIFICATE, ARENA_TLS_KEY: cannot be used"):
            server_context(*pair)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    key = serialization.load_pem_private_key(certificate[1].read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    with pytest.raises(TlsUnusable, match="without a password"):
        server_context(certificate[0], locked)


def test_one_setting_needs_the_other(tmp_path: Path) -> None:
    for name in ("arena_tls_certificate", "arena_tls_key"):
        with pytest.raises(SettingsError, match="one needs the other"):
            load_settings(None, **{name: tmp_path / "x"})
