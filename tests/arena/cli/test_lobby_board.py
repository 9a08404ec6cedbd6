"""The lobby in a terminal: what frames make of it, and how it is shown where there is little room."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from arena.cli.lobby_board import BRIGHT_FOR, ENDED_SHOWN_FOR, Board, line, table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def bot(name: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"id of {name}",
        "name": name,
        "kind": "passphrase",
        "status": "open",
        "pot": 50_968_000,
        "next_price": 1_331_000,
        "message_count": 3,
        "closes_at": "2026-03-08T13:00:00Z",
        "players": 3,
        "watching": 17,
        **values,
    }


def page(*bots: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"type": "lobby", "bots": list(bots), "more": more}


def board(*bots: dict[str, Any], more: bool = False) -> Board:
    found = Board()
    found.take(page(*bots, more=more), 0)
    return found


def names(found: Board, sort: str, at: float = 0) -> list[str]:
    return [entry.name for entry in found.rows(sort, at)]


def drawn(found: Board, width: int, height: int, at: float = 0, *, colours: bool = False) -> list[str]:
    console = Console(
        width=width, file=StringIO(), force_terminal=colours, color_system="standard" if colours else None
    )
    with console.capture() as captured:
        console.print(table(found, "pot", at, NOW, width, height))
    return captured.get().splitlines()


@pytest.mark.parametrize(("sort", "order"), [("pot", "bca"), ("price", "abc"), ("time", "cab")])
def test_bots_are_sorted_by_pot_price_or_time(sort: str, order: str) -> None:
    found = board(
        bot("a", pot=1, next_price=1, closes_at="2026-03-03T00:00:00Z"),
        bot("b", pot=3, next_price=2, closes_at="2026-03-04T00:00:00Z"),
        bot("c", pot=2, next_price=3, closes_at="2026-03-02T00:00:00Z"),
    )
    assert "".join(names(found, sort)) == order


def test_a_frame_of_a_bot_takes_the_place_of_what_was_known() -> None:
    found = board(bot("a"))
    [changed] = found.take({"type": "bot", "bot": bot("a", pot=9)}, 1)
    assert (changed.pot, found.bots["id of a"].pot) == (9, 9)
    assert found.take({"type": "bot", "bot": bot("a", pot=9)}, 2) == [], "it is as it was"


def test_presence_changes_the_numbers_of_people_alone() -> None:
    found = board(bot("a"))
    [changed] = found.take({"type": "presence", "bot_id": "id of a", "players": 5, "watching": 6}, 1)
    assert (changed.players, changed.watching, changed.pot) == (5, 6, 50_968_000)
    assert found.take({"type": "presence", "bot_id": "unknown", "players": 5, "watching": 6}, 1) == []


def test_a_page_takes_the_place_of_everything_and_tells_what_differs() -> None:
    found = board(bot("a"), bot("b"), bot("c"))
    changed = found.take(page(bot("a"), bot("b", pot=9), bot("d")), 1)
    assert [entry.name for entry in changed] == ["b", "d"]
    assert names(found, "price") == ["a", "b", "d"]


def test_what_has_ended_is_shown_last_and_then_no_more() -> None:
    found = board(bot("a", pot=1), bot("b", pot=2))
    found.take({"type": "bot", "bot": bot("b", pot=2, status="solved")}, 10)
    assert names(found, "pot", 11) == ["a", "b"]
    assert names(found, "pot", 11 + ENDED_SHOWN_FOR) == ["a"]


def test_frames_that_it_does_not_know_change_nothing() -> None:
    assert board(bot("a")).take({"type": "welcome"}, 1) == []


def test_changes_stand_out_for_a_while() -> None:
    found = board(bot("a"))
    found.rows("pot", 100)
    found.take({"type": "bot", "bot": bot("a", pot=9)}, 100)
    [entry] = found.rows("pot", 101)
    assert found.is_bright(entry, "pot")
    assert not found.is_bright(entry, "next_price")
    [entry] = found.rows("pot", 100 + BRIGHT_FOR)
    assert not found.is_bright(entry, "pot")
    assert "\x1b[1;33m" in "".join(drawn(board(bot("a")), 80, 5, colours=True))


@pytest.mark.parametrize("width", [20, 40, 63, 64, 99, 100, 200])
@pytest.mark.parametrize("height", [2, 3, 10])
def test_it_fits(width: int, height: int) -> None:
    found = board(*(bot(f"日本語 a long name {n}", pot=1_234_567_891) for n in range(20)), more=True)
    lines = drawn(found, width, height)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


def test_forty_columns_have_room_for_what_counts() -> None:
    assert drawn(board(bot("The Gatekeeper")), 40, 5) == [
        "bot                      pot   next left",
        "The Gatekeeper        0.0509 0.0013  7 d",
    ]


def test_wide_ones_have_room_for_all_of_it() -> None:
    [head, row] = drawn(board(bot("The Gatekeeper")), 110, 5)
    assert " ".join(head.split()) == "bot kind pot SOL next SOL said playing watching left"
    assert " ".join(row.split()) == "The Gatekeeper passphrase 0.050968 0.001331 3 3 17 7 d 1 h"


def test_what_has_no_room_is_counted() -> None:
    assert drawn(board(*map(bot, "abcdef")), 40, 5)[-1].strip() == "and 3 more"
    assert drawn(board(bot("a"), more=True), 60, 5)[-1].strip() == "and more: arena bots list --status open"


def test_an_empty_lobby_says_so_once_it_is_known() -> None:
    assert drawn(Board(), 40, 5) == [""]
    assert drawn(board(), 40, 5) == ["No bot is open."]


def test_names_do_nothing_to_the_terminal() -> None:
    hostile = bot("\x1b[2Jevil\n\u202e[red]", kind="\x1b]0;x\x07")
    shown = "\n".join(drawn(board(hostile), 120, 5))
    assert "�[2Jevil �[red]" in shown
    [entry] = board(hostile).rows("pot", 0)
    assert "\x1b" not in shown + line(entry, NOW)


def test_in_a_pipe_a_bot_is_one_line() -> None:
    [entry] = board(bot("The Gatekeeper")).rows("pot", 0)
    assert line(entry, NOW) == (
        "id of The Gatekeeper  The Gatekeeper: 0.050968 SOL in the pot, 0.001331 SOL a message, "
        "3 said, 3 playing, 17 watching, 7 d 1 h left"
    )
    [over] = board(bot("a", status="solved")).rows("pot", 0)
    assert line(over, NOW).endswith(", solved")
