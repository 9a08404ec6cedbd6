"""Every side of the chat benchmark says the same, and the benchmark comes to its tables. No figure is judged."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from websockets.sync.client import connect

from benchmarks.chat import __main__ as chat
from benchmarks.chat import yardstick
from benchmarks.chat.exchange import PAYLOAD, REPLY, TEXT
from benchmarks.harness import cores, sides
from benchmarks.harness.load import Clients, Load
from benchmarks.harness.process import python, running
from benchmarks.harness.report import Spread

HERE = cores.split()


@pytest.mark.parametrize("side", chat.sides())
def test_each_message_comes_back_with_its_reply(side: str) -> None:
    with running(python(chat.SIDES[side]), cores=HERE.server) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        with connect(url, compression=None) as first, connect(url, compression=None) as second:
            for websocket in (first, second, first):
                said = str(uuid4())
                websocket.send(json.dumps({"type": "message", "id": said, "text": TEXT}))
                reply = json.loads(websocket.recv(timeout=10, decode=True))
                assert (reply["type"], reply["id"], reply["text"], reply["reply"]) == (
                    "reply",
                    said,
                    TEXT,
                    REPLY,
                )
            assert reply["message_index"] == 2  # the first one's bot has heard two


def test_all_sides_are_measured_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    chat.run([1, 3], rounds=1, seconds=0.2, warm_up=0.1)
    printed = capsys.readouterr().out
    for side in chat.sides():
        assert sum(line.split("|")[1].strip() == side for line in printed.splitlines() if "|" in line) == 2


def test_a_yardstick_is_laid_before_and_after() -> None:
    with yardstick.laid(HERE, Clients(3), Load(PAYLOAD, seconds=0.2, warm_up=0.1)) as lengths:
        before = len(lengths)
    here = 0 if sides.missing() else 1
    assert (before, len(lengths)) == (here, 2 * here)
    assert all(length > 0 for length in lengths)


def test_without_fastapi_there_is_no_yardstick_and_all_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sides, "NEEDED", ("absent_fastapi", "trio"))
    with yardstick.laid(HERE) as lengths:
        pass
    assert lengths == []
    [line] = capsys.readouterr().out.splitlines()
    assert line == "the yardstick is left out, absent_fastapi are missing: `make bench` installs them"


def test_what_something_costs_is_so_many_messages() -> None:
    assert yardstick.in_messages(1200, [60, 40]) == Spread(25, 20, 30)
