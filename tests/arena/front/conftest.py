"""The fixtures of these tests."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.echo_server import EchoServer, echo_server


@pytest.fixture
async def echo() -> AsyncIterator[EchoServer]:
    async with echo_server() as server:
        yield server
        assert server.traffic.faults == 0
