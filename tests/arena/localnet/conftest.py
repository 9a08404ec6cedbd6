"""Running chains with fast slots."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from arena.localnet import LocalnetConfig, LocalnetProcess
from tests.arena.localnet.support import Chain, running, stepped


@pytest.fixture
def config(tmp_path: Path) -> LocalnetConfig:
    return LocalnetConfig(tmp_path / "chain", rpc_port=0, slot_ms=20, finalized_after=4)


@pytest.fixture
async def chain(config: LocalnetConfig) -> AsyncIterator[Chain]:
    async with running(config) as chain:
        yield chain


@pytest.fixture
async def fast_chain(config: LocalnetConfig) -> AsyncIterator[Chain]:
    """Slots so short that 150 of them pass soon."""
    async with running(replace(config, slot_ms=5)) as chain:
        yield chain


@pytest.fixture
async def stepped_chain(config: LocalnetConfig) -> AsyncIterator[Chain]:
    """A chain whose slots begin when the test says so; finalized after three."""
    async with stepped(replace(config, finalized_after=3)) as chain:
        yield chain


@pytest.fixture
async def forkable_chain(config: LocalnetConfig) -> AsyncIterator[Chain]:
    """A chain that may fork, whose slots begin when the test says so; finalized after four."""
    async with stepped(replace(config, forkable=True)) as chain:
        yield chain


@pytest.fixture
async def faulty_chain(config: LocalnetConfig) -> AsyncIterator[Chain]:
    """A chain that misbehaves when told to, whose slots begin when the test says so."""
    async with stepped(replace(config, faulty=True)) as chain:
        yield chain


@pytest.fixture
def localnet_process(config: LocalnetConfig) -> Iterator[LocalnetProcess]:
    process = LocalnetProcess(config)
    yield process
    process.stop()
