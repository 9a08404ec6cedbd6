"""Whether this machine has what tests in a browser need: asked before anything of it is imported."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "ARENA_CHROMIUM"
"""Names the browser's program, if it is in no usual place."""
_COMMANDS = ("chromium", "chromium-browser", "google-chrome")
_APPLICATIONS = (
    "Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "Applications/Chromium.app/Contents/MacOS/Chromium",
)


def lacking() -> str | None:
    """What is not there, and how to get it; None if everything is."""
    if find_spec("playwright") is None:
        return "NOTHING WAS TRIED IN A BROWSER: there is no Playwright. Install it: make .venv/browser"
    if find_chromium() is None:
        return (
            "NOTHING WAS TRIED IN A BROWSER: there is no Chromium. Install it (Debian: apt-get install chromium; "
            f"Fedora: dnf install chromium; macOS: Google Chrome), or set {VARIABLE} to the path of one"
        )
    return None


def find_chromium(environment: Mapping[str, str] = os.environ) -> str | None:
    """The path of the browser's program; None if there is none, or not where `ARENA_CHROMIUM` says."""
    named = environment.get(VARIABLE)
    if named:
        return shutil.which(named)
    path = environment.get("PATH")
    found = (shutil.which(command, path=path) for command in _COMMANDS)
    installed = (
        str(place / name)
        for place in (Path("/"), Path(environment.get("HOME", "/")))
        for name in _APPLICATIONS
        if (place / name).is_file()
    )
    return next(filter(None, found), None) or next(installed, None)
