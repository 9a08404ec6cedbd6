"""An embedded server that a test may do anything to."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import trio

from persistence import EmbeddedPostgres


class OwnServer:
    """It is started by a thread of its own, which lives as long as the server may."""

    def __init__(self, data_dir: Path) -> None:
        self.embedded = EmbeddedPostgres(data_dir)
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._thread.submit(self.embedded.start).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self.embedded.stop).result()
        self._thread.shutdown()

    @property
    def dsn(self) -> str:
        return self.embedded.dsn

    def kill(self, how: signal.Signals) -> None:
        assert self.embedded._process is not None
        self.embedded._process.send_signal(how)

    async def ended(self) -> None:
        with trio.fail_after(10):
            while self.embedded.poll() is None:
                await trio.sleep(0.005)

    async def restart(self) -> None:
        await trio.to_thread.run_sync(self._thread.submit(self.embedded.restart).result)

    async def stop(self) -> None:
        await trio.to_thread.run_sync(self._thread.submit(self.embedded.stop).result)
