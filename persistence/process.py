"""Child processes that end with their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
NOBODY = 65534


class Identity(Enum):
    """Who a child is."""

    OURS = "ours"
    NAMESPACED = "namespaced"
    """To itself it is "nobody", in a user namespace of its own in which files of root are its own. For root only."""
    NOBODY = "nobody"
    """It is "nobody" to everyone: it reaches only what everyone reaches, and what was given to it. For root only."""


def spawn_bound_child(
    args: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    death_signal: signal.Signals = signal.SIGKILL,
    identity: Identity = Identity.OURS,
    env: Mapping[str, str] | None = None,
    stdout: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that is sent `death_signal` when the calling *thread* ends; so call it from one that lives on.

    It gets a process group of its own, so that a terminal's ctrl-C does not reach it. The death signal needs Linux;
    elsewhere a killed parent leaves the child running.

    Args:
        log: where its standard error goes, and its standard output unless `stdout` says otherwise.
        identity: `unprivileged_identity` says which of them works here.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be run, or not as who it should be.
    """
    become = NOBODY if identity is Identity.NOBODY else None
    return subprocess.Popen(
        list(map(str, args)),
        stdin=subprocess.DEVNULL,
        stdout=log if stdout is None else stdout,
        stderr=log,
        cwd="/",
        env=None if env is None else dict(env),
        # becoming somebody else clears the death signal, so Popen does it, before it calls `preexec_fn`
        user=become,
        group=become,
        extra_groups=None if become is None else [],
        preexec_fn=_before_exec(os.getpid(), death_signal, namespaced=identity is Identity.NAMESPACED),
    )


def unprivileged_identity() -> Identity:
    """Who a child must be that refuses to be root: ourselves unless we are root, and namespaced where we may."""
    if os.geteuid() != 0:
        return Identity.OURS
    if not sys.platform.startswith("linux"):
        return Identity.NOBODY
    try:
        child = spawn_bound_child(["true"], log=subprocess.DEVNULL, identity=Identity.NAMESPACED)
    except (subprocess.SubprocessError, OSError):
        return Identity.NOBODY  # containers often forbid namespaces
    return Identity.NAMESPACED if child.wait() == 0 else Identity.NOBODY


def _before_exec(parent: int, death_signal: signal.Signals, *, namespaced: bool) -> Callable[[], None]:
    """What the child does between fork and exec: system calls only, everything was loaded before the fork."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
    uid, gid = os.getuid(), os.getgid()

    def before_exec() -> None:
        os.setpgid(0, 0)
        if libc is None:
            return
        if namespaced:
            if libc.unshare(_CLONE_NEWUSER) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            maps = (
                ("setgroups", "deny"),
                ("uid_map", f"{NOBODY} {uid} 1"),
                ("gid_map", f"{NOBODY} {gid} 1"),
            )
            for name, content in maps:
                handle = os.open(f"/proc/self/{name}", os.O_WRONLY)
                os.write(handle, content.encode())
                os.close(handle)
        # after unshare, which clears it
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)  # the parent ended before the signal was set up

    return before_exec
