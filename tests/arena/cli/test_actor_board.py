"""The actors of an arena in a terminal, and what is asked for to show them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.cells import cell_len

from arena.cli.actor_board import Look, Sample, head, page_of, pressed, row, totals
from arena.cli.actor_samples import PAGE, Filters, sample


def actor(path: str, **values: Any) -> dict[str, Any]:
    return {
        "path": path,
        "kind": "bots",
        "state": "running",
        "handled": 7,
        "failed": 0,
        "restarts": 0,
        "last_error": None,
        "mailbox_depth": 0,
        "mailbox_capacity": 512,
        "age": 1.0,
        "idle": 1.0,
        "handling": None,
        "handling_for": None,
        "children": 0,
        **values,
    }


ACTORS = (
    actor("/"),
    actor("/game/bots/1", mailbox_depth=3),
    actor("/game/bots", restarts=2),
    actor("/game/bots-of-old", mailbox_depth=3, handling="Pay", handling_for=12.0),
)
SAMPLE = Sample(ACTORS, 4, {"running": 3, "failed": 1, "new": 0}, {"bots": 1, "region": 3}, 1, 5)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("depth", ["/game/bots-of-old", "/game/bots/1", "/", "/game/bots"]),
        ("restarts", ["/game/bots", "/", "/game/bots-of-old", "/game/bots/1"]),
        ("path", ["/", "/game/bots", "/game/bots/1", "/game/bots-of-old"]),
    ],
)
def test_they_are_sorted_and_parents_stand_before_what_is_below_them(sort: str, order: list[str]) -> None:
    assert [found["path"] for found in page_of(SAMPLE, Look(sort), 10)] == order


def test_keys_move_sort_and_pause_and_never_leave_the_list() -> None:
    look = Look("depth")
    assert pressed(look, "down", 10, 4).first == 1
    assert pressed(look, "up", 10, 4).first == 0
    assert pressed(look, "page down", 10, 4).first == 4
    assert pressed(Look("depth", 4), "page down", 10, 4).first == 6
    assert pressed(Look("depth", 3), "page up", 10, 4).first == 0
    assert pressed(look, "end", 10, 4).first == 6
    assert pressed(look, "end", 3, 4).first == 0
    assert pressed(Look("depth", 5), "home", 10, 4).first == 0
    assert pressed(Look("depth", 5), "s", 10, 4) == Look("restarts", 0)
    assert pressed(Look("path"), "s", 10, 4).sort == "depth"
    assert pressed(look, "p", 10, 4).paused
    assert not pressed(pressed(look, "p", 10, 4), "p", 10, 4).paused
    assert pressed(look, "x", 10, 4) == look


def test_when_the_list_has_become_shorter_its_end_is_shown() -> None:
    assert len(page_of(SAMPLE, Look("path", first=900), 3)) == 3


def test_the_totals_say_what_should_not_be() -> None:
    assert [line.plain for line in totals(SAMPLE)] == [
        "4 actors: 3 running, 1 failed",
        "6 waiting, 1 stuck, 2 restarts, 5 dead letters",
        "3 region, 1 bots",
    ]


@pytest.mark.parametrize("width", [34, 40, 99, 100, 160])
def test_rows_stand_under_their_heads_and_fit(width: int) -> None:
    long = "/game/sessions/018f4e3a-0000-7c3e-9c41-2f6f0d3c5a11/日本/and/more/of/that/for/a/long/time"
    lines = [head(width).plain, *(row(found, width).plain[:width] for found in (*ACTORS, actor(long)))]
    assert all(cell_len(line) <= width for line in lines)
    assert "restarts" in lines[0]
    end_of_depth = lines[0].index("depth") + len("depth")
    assert lines[2][end_of_depth - 1] == "3"


def test_of_a_long_path_the_end_is_shown() -> None:
    shown = row(actor("/game/sessions/018f4e3a-0000-7c3e-9c41-2f6f0d3c5a11"), 40).plain
    assert shown.startswith("…")
    assert "0d3c5a11 running" in shown


def test_what_is_stuck_down_or_full_stands_out() -> None:
    assert row(actor("/a", state="failed"), 40).style == "bold red"
    assert row(ACTORS[3], 40).style == "red"
    assert row(actor("/a", mailbox_depth=256), 40).style == "yellow"
    assert row(actor("/a", state="stopped"), 40).style == "dim"
    assert row(actor("/a"), 40).style == ""


def test_where_there_is_room_it_says_what_they_are_at_or_why_they_failed() -> None:
    assert row(ACTORS[3], 120).plain.endswith("Pay 12.0 s")
    assert row(actor("/a", last_error="KeyError: \x1b[2J\nx"), 120).plain.endswith("KeyError: �[2J x")


class Asked:
    """Stands where a client would: a page of what the arena has."""

    def __init__(self, *actors: dict[str, Any], more: bool = False) -> None:
        self.actors = actors
        self.more = more
        self.queries: list[dict[str, list[str]]] = []

    async def call(self, method: str, path: str) -> dict[str, Any]:
        assert (method, urlsplit(path).path) == ("GET", "/admin/actors")
        query = parse_qs(urlsplit(path).query)
        self.queries.append(query)
        least = int(query.get("min_depth", ["0"])[0])
        found = [actor for actor in self.actors if actor["mailbox_depth"] >= least]
        plain_query = not {"min_depth", "failed", "handling_for"} & set(query)
        return {
            "actors": found[:1] if plain_query else found,
            "next_cursor": "more" if self.more and plain_query else None,
            "total": len(found),
            "by_state": {},
            "by_kind": {},
            "dead_letters": 0,
        }


async def test_a_large_arena_is_asked_where_it_hurts_and_not_for_everything() -> None:
    asked = Asked(actor("/a"), actor("/b", mailbox_depth=2), actor("/c"), more=True)
    found = await sample(asked, Filters(under="/game", state=("failed", "running")))  # type: ignore[arg-type]
    assert len(asked.queries) == 4
    assert all(query["under"] == ["/game"] and query["limit"] == [str(PAGE)] for query in asked.queries)
    assert asked.queries[0]["state"] == ["failed", "running"]
    assert "/b" in {found["path"] for found in found.actors}
    assert (found.total, found.left_out) == (3, 0)


async def test_a_small_one_is_asked_once_and_for_what_is_stuck() -> None:
    asked = Asked(actor("/a"))
    await sample(asked, Filters())  # type: ignore[arg-type]
    assert [query.get("handling_for") for query in asked.queries] == [None, ["10.0"]]
