"""The web app's files as they are served."""

import gzip
from pathlib import Path

import pytest

from arena.web import load_bundle
from arena.web.bundle import bundle_of, imported

FIRST_PAGE = 150_000
"""Bytes that a browser may have to load before the lobby is there."""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<script src="$assets/main.js"></script>\n$links')
    (tmp_path / "main.js").write_text('import { a } from "./lib/a.js"\nimport("./later.js")\n')
    (tmp_path / "later.js").write_text("")
    (tmp_path / "look.css").write_text("p { margin: 0 }")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.js").write_text('import "../b.js"\nexport {\n  b,\n} from "../b.js"\n')
    (tmp_path / "b.js").write_text("")
    return tmp_path


def test_every_file_has_the_hash_of_all_files_in_its_address(app: Path) -> None:
    bundle = bundle_of(app)
    assert set(bundle.assets) == {
        f"{bundle.version}/{name}" for name in ("main.js", "later.js", "look.css", "lib/a.js", "b.js")
    }


def test_a_changed_file_changes_all_addresses(app: Path) -> None:
    before = bundle_of(app)
    (app / "b.js").write_text("export const b = 1")
    assert bundle_of(app).version != before.version


def test_the_same_files_have_the_same_addresses(app: Path) -> None:
    assert bundle_of(app).version == bundle_of(app).version


def test_the_shell_names_styles_and_what_the_entry_imports_but_not_what_it_imports_later(app: Path) -> None:
    bundle = bundle_of(app)
    shell = bundle.shell.body.decode()
    assert f'<script src="/assets/{bundle.version}/main.js">' in shell
    assert f'<link rel="stylesheet" href="/assets/{bundle.version}/look.css">' in shell
    assert f'<link rel="modulepreload" href="/assets/{bundle.version}/lib/a.js">' in shell
    assert f'<link rel="modulepreload" href="/assets/{bundle.version}/b.js">' in shell
    assert "later.js" not in shell


def test_imports_in_a_circle_are_followed_once() -> None:
    files = {"main.js": b'import "./a.js"', "a.js": b'import "./main.js"\nimport "./a.js"'}
    assert list(imported(files, "main.js")) == ["a.js"]


def test_a_file_of_a_type_that_is_not_served_is_refused(app: Path) -> None:
    (app / "notes.txt").write_text("not for everybody")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        bundle_of(app)


def test_files_are_compressed_and_come_back_as_they_were() -> None:
    for asset in (*load_bundle().assets.values(), load_bundle().shell):
        assert gzip.decompress(asset.compressed) == asset.body


def test_the_first_page_is_small() -> None:
    bundle = load_bundle()
    shell = bundle.shell.body.decode()
    needed = [asset for path, asset in bundle.assets.items() if f"/assets/{path}" in shell]
    lobby = [
        asset
        for path, asset in bundle.assets.items()
        if path.endswith(("pages/lobby.js", "components/pot.js", "components/time_left.js", "lib/live.js"))
    ]
    assert len(lobby) == 4
    assert sum(len(asset.compressed) for asset in (bundle.shell, *needed, *lobby)) < FIRST_PAGE
