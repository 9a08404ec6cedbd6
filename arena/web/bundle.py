"""The files of the web app as they are served: under the hash of all of them, so that browsers keep them for ever."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from posixpath import dirname, join, normpath
from string import Template
from typing import Final

PREFIX: Final = "/assets/"
SHELL: Final = "index.html"
ENTRY: Final = "main.js"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_IMPORT: Final = re.compile(r"""^(?:import|export)\b[^"'`;]*?["'](\.[^"']+)["'];?$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it goes out."""

    body: bytes
    content_type: str
    compressed: bytes
    """The same by gzip; where that gains nothing, as it is."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The app.

    Attributes:
        version: of all files together; part of their URLs.
        assets: by their path below `PREFIX`, the version included.
        shell: the page that every address of the app begins with.
    """

    version: str
    assets: Mapping[str, Asset]
    shell: Asset


@cache
def load_bundle() -> Bundle:
    """Read the app's files, once in a process."""
    return bundle_of(Path(__file__).parent / "app")


def bundle_of(root: Path) -> Bundle:
    """The files below `root`, all but the shell under the hash of all of them.

    Modules import each other by relative paths, so what a page has loaded stays together, whatever is installed
    meanwhile. The shell names all styles, and all modules that it needs at once, so that they are not found one by one.

    Raises:
        ValueError: a file of a type that is not served.
    """
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    shell = files.pop(SHELL)
    digest = sha256()
    for name, body in files.items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    version = digest.hexdigest()[:16]
    links = [("stylesheet", name) for name in files if name.endswith(".css")]
    links += [("modulepreload", name) for name in imported(files, ENTRY)]
    page = Template(shell.decode()).substitute(
        assets=f"{PREFIX}{version}",
        links="\n".join(f'<link rel="{kind}" href="{PREFIX}{version}/{name}">' for kind, name in links),
    )
    return Bundle(
        version=version,
        assets={f"{version}/{name}": _asset(name, body) for name, body in files.items()},
        shell=_compressed(page.encode(), "text/html; charset=utf-8"),
    )


def imported(files: Mapping[str, bytes], entry: str) -> Iterator[str]:
    """What a module needs before it can run: all it imports, directly or not, but for what it imports later."""
    found = [entry]
    for name in found:
        for path in _IMPORT.findall(files[name].decode()):
            target = normpath(join(dirname(name), path))
            if target not in found:
                found.append(target)
    return iter(found[1:])


def _asset(name: str, body: bytes) -> Asset:
    content_type = _TYPES.get(Path(name).suffix)
    if content_type is None:
        raise ValueError(f"{name} is of a type that is not served")
    return _compressed(body, content_type)


def _compressed(body: bytes, content_type: str) -> Asset:
    return Asset(body, content_type, gzip.compress(body, compresslevel=9, mtime=0))
