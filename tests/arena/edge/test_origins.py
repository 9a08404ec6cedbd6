"""Which pages may use the server."""

from pathlib import Path

import pytest

from arena.edge.origins import origin_allowed, page_origin
from arena.settings import Settings, load_settings


def settings(tmp_path: Path, **changes: object) -> Settings:
    return load_settings(None, arena_data_dir=tmp_path, **changes)


def test_the_servers_own_pages_may(tmp_path: Path) -> None:
    arena = settings(tmp_path, arena_public_url="https://arena.example")
    assert origin_allowed(arena, "https://arena.example")


@pytest.mark.parametrize(
    "origin",
    [
        "http://arena.example",
        "https://arena.example:8443",
        "https://arena.example.evil.example",
        "https://evil.example",
        "null",
        "",
        "https://[",
    ],
)
def test_others_may_not(tmp_path: Path, origin: str) -> None:
    assert not origin_allowed(settings(tmp_path, arena_public_url="https://arena.example"), origin)


def test_configured_origins_may(tmp_path: Path) -> None:
    arena = settings(
        tmp_path, arena_public_url="https://arena.example", arena_allowed_origins="https://play.example"
    )
    assert origin_allowed(arena, "https://play.example")


def test_a_loopback_server_is_the_same_under_all_its_names(tmp_path: Path) -> None:
    arena = settings(tmp_path, arena_host="127.0.0.1", arena_port=8080)
    assert origin_allowed(arena, "http://localhost:8080")
    assert origin_allowed(arena, "http://[::1]:8080")
    assert not origin_allowed(arena, "http://localhost:9090")


def test_a_public_server_has_no_loopback_names(tmp_path: Path) -> None:
    assert not origin_allowed(
        settings(tmp_path, arena_public_url="https://arena.example"), "https://localhost"
    )


def test_the_star_allows_every_page(tmp_path: Path) -> None:
    assert origin_allowed(settings(tmp_path, arena_allowed_origins="*"), "https://anything.example")


def test_a_wallet_sees_the_page_that_asks(tmp_path: Path) -> None:
    arena = settings(
        tmp_path, arena_public_url="https://arena.example", arena_allowed_origins="https://play.example"
    )
    assert page_origin(arena, "https://play.example") == "https://play.example"


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "not a url"])
def test_else_it_sees_the_server(tmp_path: Path, origin: str | None) -> None:
    arena = settings(tmp_path, arena_public_url="https://arena.example/")
    assert page_origin(arena, origin) == "https://arena.example"


def test_a_star_does_not_let_nonsense_into_the_text(tmp_path: Path) -> None:
    arena = settings(tmp_path, arena_public_url="https://arena.example", arena_allowed_origins="*")
    assert page_origin(arena, "null") == "https://arena.example"
    assert page_origin(arena, "https://a b\nc") == "https://arena.example"
