"""A real `arena serve` in a process of its own, that can be killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import trio

from benchmarks.harness.process import free_port

START_TIMEOUT = 60.0


class ArenaProcess:
    """An arena on its own data directory and port; both stay the same across restarts."""

    def __init__(
        self,
        data_dir: Path,
        *,
        demo: bool = False,
        slot_ms: int = 100,
        chain_faults: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = [] if demo else ["--no-demo"]
        self._slot_ms = slot_ms
        self._chain_faults = chain_faults
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.data_dir / "serve.log").read_text()

    async def start(self, *, crash_at: str = "", **more: str) -> None:
        """Start it and wait until it is ready; with `crash_at` it dies (or stops) at that point.

        Args:
            more: further variables of its environment.
        """
        environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("ARENA_", "SOLANA_"))
            },
            "ARENA_DATA_DIR": str(self.data_dir),
            "ARENA_PORT": str(self.port),
            "ARENA_SLOT_MS": str(self._slot_ms),
            "ARENA_CRASH_AT": crash_at,
            "ARENA_CHAIN_FAULTS": str(self._chain_faults),
            "DATABASE_URL": "",
            **self._settings,
            **more,
        }
        self._spawn(environment)
        with trio.fail_after(START_TIMEOUT):
            await self._ready(crash_at)

    def _spawn(self, environment: dict[str, str]) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "arena", "serve", *self._arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _ready(self, crash_at: str) -> None:
        assert self._process is not None
        async with httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/api/v1/health")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                if crash_at and (self._process.poll() is not None or self._stopped):
                    return  # it came to the point at once
                if self._process.poll() is not None:
                    raise AssertionError(f"the arena ended at its start:\n{self.log[-4000:]}")
                await trio.sleep(0.1)

    async def died(self, within: float = 60.0) -> int:
        """Wait for the end of the process; its exit code."""
        assert self._process is not None
        with trio.fail_after(within):
            while (code := self._process.poll()) is None:
                await trio.sleep(0.05)
        return code

    @property
    def _stopped(self) -> bool:
        assert self._process is not None
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    async def stopped(self, within: float = 60.0) -> None:
        """Wait until it stands still at its crash point."""
        with trio.fail_after(within):
            while not self._stopped:
                await trio.sleep(0.05)

    def go_on(self) -> None:
        """After it has stood still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def kill_postgres(self) -> None:
        os.kill(int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def kill_chain(self) -> None:
        os.kill(
            json.loads((self.data_dir / "localnet" / "endpoints.json").read_text())["pid"], signal.SIGKILL
        )

    def interrupt(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def arena_process(
    data_dir: Path,
    *,
    demo: bool = False,
    slot_ms: int = 100,
    chain_faults: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[ArenaProcess]:
    process = ArenaProcess(data_dir, demo=demo, slot_ms=slot_ms, chain_faults=chain_faults, settings=settings)
    try:
        yield process
    finally:
        process.end()
