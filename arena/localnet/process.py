"""The local chain as a child process, started and watched from the main thread before and beside trio."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import arena
from arena.localnet.commandline import ENDPOINTS, EXIT_LOCKED, command_line
from arena.localnet.config import LocalnetConfig
from arena.localnet.errors import DataDirectoryLocked, LocalnetStartError
from persistence.process import spawn_bound_child

_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0
_LOG_BYTES = 1024 * 1024


class LocalnetProcess:
    """One chain in a child that ends with the calling thread: call it from the main one. All methods block.

    Its output goes to `localnet.log` in the data directory.
    """

    def __init__(self, config: LocalnetConfig, *, start_seconds: float = 30.0) -> None:
        self._config = config
        self._start_seconds = start_seconds
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, once started."""
        return self._child.pid if self._child else None

    def start(self) -> tuple[str, str]:
        """Start the child and wait until it answers getHealth; returns the URLs of RPC and websocket. Started
        again it keeps the ports that it had.

        Raises:
            DataDirectoryLocked: another chain runs in the data directory.
            LocalnetStartError: it ended, or did not answer in time; the message says what it said last.
        """
        if self._child is not None and self._child.poll() is None:
            raise LocalnetStartError("it is running already")
        directory = self._config.data_dir
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "localnet.log"
        mode = "wb" if path.exists() and path.stat().st_size > _LOG_BYTES else "ab"
        with path.open(mode) as log:
            log.seek(0, os.SEEK_END)
            start = log.tell()
            self._child = spawn_bound_child(
                [sys.executable, "-m", "arena.localnet", *command_line(self._config)],
                log=log,
                env=_environment(),
            )
        try:
            rpc_url, ws_url = self._wait(self._child, path, start)
        except BaseException:
            self._kill(self._child)
            raise
        self._config = replace(
            self._config, rpc_port=urlsplit(rpc_url).port or 0, ws_port=urlsplit(ws_url).port or 0
        )
        return rpc_url, ws_url

    def poll(self) -> int | None:
        """None while the child runs, else its exit code (negative: the signal that ended it)."""
        if self._child is None:
            raise LocalnetStartError("it was never started")
        return self._child.poll()

    def stop(self) -> None:
        """End the child, gently if it lets us; harmless when it has ended."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill(child)

    def restart(self) -> tuple[str, str]:
        """Stop it if it runs, then `start`."""
        self.stop()
        return self.start()

    def _wait(self, child: subprocess.Popen[bytes], log: Path, log_start: int) -> tuple[str, str]:
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            code = child.poll()
            if code is not None:
                said = _last_line(log, log_start)
                error = DataDirectoryLocked if code == EXIT_LOCKED else LocalnetStartError
                raise error(said or f"the local chain ended with code {code}; see {log}")
            urls = _endpoints(self._config.data_dir, child.pid)
            if urls is not None and _is_healthy(urls[0]):
                return urls
            time.sleep(_POLL_SECONDS)
        raise LocalnetStartError(f"the local chain did not answer in {self._start_seconds} s; see {log}")

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait()


def running_endpoints(data_dir: Path) -> tuple[str, str] | None:
    """The URLs of RPC and websocket of the chain that runs in a data directory, whoever started it."""
    urls = _endpoints(data_dir, None)
    return urls if urls is not None and _is_healthy(urls[0]) else None


def _environment() -> dict[str, str]:
    # The child starts in another directory: it must find this very package there, installed or not.
    root = str(Path(arena.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _endpoints(directory: Path, pid: int | None) -> tuple[str, str] | None:
    """What the chain with this process id, or any, has written down."""
    try:
        content = json.loads((directory / ENDPOINTS).read_text())
    except (OSError, ValueError):
        return None
    return (content["rpc_url"], content["ws_url"]) if pid in (None, content.get("pid")) else None


def _is_healthy(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getHealth"})
    try:
        connection.request("POST", "/", body, {"content-type": "application/json"})
        answer: object = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(answer, dict) and answer.get("result") == "ok"


def _last_line(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else ""
