"""The load generator counts right, fails when the server fails, and leaves nothing behind. No figure is judged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from benchmarks.harness import cores, memory, native, report, sides
from benchmarks.harness.load import ID_PLACE, Clients, Load, LoadFailed, holding, run
from benchmarks.harness.process import Server, ServerFailed, running

SERVER = Path(__file__).with_name("websocket_server.py")
HERE = cores.split()
PAYLOAD = f'{{"id":"{ID_PLACE}"}}'.encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(lambda port: [sys.executable, str(SERVER), str(port)], cores=HERE.server) as server:
        yield server


def seen(server: Server) -> dict[str, Any]:
    with urlopen(f"http://127.0.0.1:{server.port}/seen") as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def short(payload: bytes = PAYLOAD, *, rate: float | None = None) -> Load:
    return Load(payload, seconds=0.3, warm_up=0.1, rate=rate)


def test_every_echo_is_counted_once(server: Server) -> None:
    measured = run(server, Clients(5, paths=["/echo"]), short(), cores=HERE.others)
    counted = seen(server)
    assert measured.total_sent == measured.total_answered == counted["frames"]["/echo"]
    assert counted["distinct"] == measured.total_sent  # each has an id of its own
    assert 0 < measured.messages < measured.total_answered
    assert 0 < measured.p50 <= measured.p90 <= measured.p99 <= measured.max
    assert measured.server_cpu > 0
    assert 0 < measured.own_share <= 1


def test_frames_with_another_id_or_none_are_no_answers(server: Server) -> None:
    measured = run(server, Clients(2, paths=["/noisy"]), short(), cores=HERE.others)
    assert measured.total_sent == measured.total_answered == seen(server)["frames"]["/noisy"]


def test_a_payload_without_an_id_is_answered_by_any_frame(server: Server) -> None:
    measured = run(server, Clients(2), short(b"hello"), cores=HERE.others)
    assert measured.total_sent == measured.total_answered == seen(server)["frames"]["/"]
    assert seen(server)["distinct"] == 1


def test_frames_of_every_length_are_understood(server: Server) -> None:
    for size in (1, 125, 126, 65_535):
        run(server, Clients(1, paths=["/echo"]), short(b"x" * size), cores=HERE.others)
    measured = run(server, Clients(1, paths=["/long"]), short(b"x" * 100), cores=HERE.others)  # 100,000 back
    assert measured.total_sent == measured.total_answered > 0


def test_an_open_loop_sends_by_the_clock_however_long_answers_take(server: Server) -> None:
    measured = run(server, Clients(20, paths=["/slow"]), short(rate=100), cores=HERE.others)
    assert 30 <= measured.total_sent <= 45  # 0.4 seconds of it, on a busy machine
    assert measured.missed == 0


def test_an_open_loop_counts_what_it_could_not_send(server: Server) -> None:
    measured = run(server, Clients(1, paths=["/silent"]), short(rate=1000), cores=HERE.others)
    assert (measured.total_sent, measured.total_answered, measured.messages) == (64, 0, 0)
    assert measured.missed > 0


def test_an_open_loop_counts_waiting_for_ones_turn_as_latency(server: Server) -> None:
    # 50 ms each on one connection, due every 10: the last of the measured ones has waited for most others
    measured = run(server, Clients(1, paths=["/slow"]), short(rate=100), cores=HERE.others)
    assert measured.max > 150_000


def test_paths_and_headers_are_one_a_connection(server: Server) -> None:
    clients = Clients(4, paths=["/a", "/b"], headers=["Sec-WebSocket-Protocol: arena.v1, bearer.x"])
    run(server, clients, short(), cores=HERE.others)
    assert set(seen(server)["frames"]) == {"/a", "/b"}
    run(server, Clients(1, ["/only-with-header"], ["X-Token: x"]), short(), cores=HERE.others)
    with pytest.raises(LoadFailed, match=r"1 connections failed.* 401 "):
        run(
            server,
            Clients(2, ["/only-with-header"], ["X-Token: x", "X-Other: x"]),
            short(),
            cores=HERE.others,
        )


def test_a_refused_handshake_is_a_failure(server: Server) -> None:
    with pytest.raises(LoadFailed, match=r"3 connections failed, the first: refused: HTTP/1\.1 403"):
        run(server, Clients(3, paths=["/refuse"]), short(), cores=HERE.others)


def test_a_close_is_a_failure_also_when_others_go_on(server: Server) -> None:
    with pytest.raises(LoadFailed, match="1 connections failed, the first: closed with 4401"):
        run(server, Clients(3, paths=["/echo", "/echo", "/close"]), short(), cores=HERE.others)


def test_a_connection_is_ready_after_the_greeting(server: Server) -> None:
    clients = Clients(3, paths=["/welcome"], greeting='"type":"welcome"')
    measured = run(server, clients, short(b"hello"), cores=HERE.others)
    # had the first frame been taken for an answer, one message would be answered too many
    assert measured.total_answered == measured.total_sent == seen(server)["frames"]["/welcome"]


def test_a_broadcast_is_there_when_the_last_connection_has_it(server: Server) -> None:
    clients = Clients(7, paths=["/listen"], greeting='"welcome"', source_addresses=3)
    with holding(server, clients, cores=HERE.others, mark='"number":') as held:
        assert held.opened.connections == 7
        for number in (12, 5, 12):
            urlopen(f"http://127.0.0.1:{server.port}/broadcast?{number}").close()
            got = held.next_broadcast()
            assert (got.number, got.received) == (number, 7)
            assert got.first_ns <= got.last_ns


def test_held_connections_that_are_lost_are_a_failure(server: Server) -> None:
    def lose() -> None:
        with holding(server, Clients(2), cores=HERE.others) as held:
            assert held.opened.connections == 2
            os.kill(server.pid, signal.SIGTERM)
            os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)

    with pytest.raises(LoadFailed, match="2 connections failed"):
        lose()


def test_a_server_runs_on_its_cores_and_is_looked_at(server: Server) -> None:
    assert os.sched_getaffinity(server.pid) == HERE.server
    before = server.cpu_seconds()
    run(server, Clients(5), Load(b"hello", seconds=0.5, warm_up=0), cores=HERE.others)
    assert server.cpu_seconds() > before
    memory = server.memory()
    assert 0 < memory.pss <= memory.rss


def test_a_server_that_does_not_start_is_quoted() -> None:
    with (
        pytest.raises(ServerFailed, match="no such thing"),
        running(lambda _: [sys.executable, "-c", "raise SystemExit('no such thing')"], cores=HERE.server),
    ):
        pass


def test_a_program_is_compiled_when_its_source_or_a_header_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "BUILD", tmp_path / "build")
    source, header = tmp_path / "program.c", tmp_path / "part.h"
    header.write_text("int part(void) { return 0; }")
    source.write_text('#include "part.h"\nint main(void) { return part(); }')
    compiled = native.compiled(source).stat().st_mtime_ns
    assert native.compiled(source).stat().st_mtime_ns == compiled
    for changed in (source, header):
        os.utime(changed, ns=(compiled + 1, compiled + 1))
        newer = native.compiled(source).stat().st_mtime_ns
        assert newer > compiled
        compiled = newer


def test_without_a_compiler_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "BUILD", tmp_path)
    monkeypatch.setattr(native.shutil, "which", lambda _name: None)
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda _name: None)
    (tmp_path / "program.c").write_text("int main(void) { return 0; }")
    with pytest.raises(native.NoCompiler, match="pip install --no-deps --require-hashes"):
        native.compiled(tmp_path / "program.c")


def test_sides_take_turns_and_rounds_begin_with_another() -> None:
    turns: list[str] = []
    sides = {name: lambda name=name: turns.append(name) for name in "abc"}  # type: ignore[misc]
    report.interleaved(sides, 2)
    assert turns == ["a", "b", "c", "b", "c", "a"]


def test_ratios_are_taken_within_a_round() -> None:
    assert report.ratios([2, 40, 9], [1, 10, 3]) == report.Spread(3, 2, 4)


def test_a_side_that_did_nothing_in_a_round_is_no_error() -> None:
    assert str(report.ratios([2, 40, 9], [1, 10, 0])) == "4.00 (2.00 to inf)"


@dataclass(frozen=True)
class Ran:
    rate: float
    server_cpu: float
    p50: int = 1000
    p99: int = 2000
    own_share: float = 0.25


def test_sides_are_compared_with_ours_which_is_the_first() -> None:
    runs = {"ours": [Ran(300, 10), Ran(300, 10)], "theirs": [Ran(100, 20), Ran(200, 20)]}
    text = report.comparison(runs, "message", "slowness", lambda run: 1 / run.rate * 300)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert rows[0][:5] == ["", "messages/s", "ours to it", "CPU µs a message", "ours to it"]
    assert rows[2] == ["ours", "300", "", "10.0", "", "1.00", "2.00", "1.00", "25%"]
    assert rows[3][:4] == ["theirs", "150", "2.25 (1.50 to 3.00)", "20.0"]
    assert rows[3][4:] == ["0.500 (0.500 to 0.500)", "1.00", "2.00", "2.25", "25%"]


def test_fastapi_is_left_out_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sides, "NEEDED", ("absent_fastapi", "trio"))
    assert sides.available({"ours": "on_gateway", sides.FASTAPI: "on_uvicorn"}) == {"ours": "on_gateway"}
    assert "left out, absent_fastapi are missing: `make bench`" in capsys.readouterr().out


def test_a_table_is_markdown() -> None:
    assert report.table(["side", "rate"], [["ours", 12345], ["theirs", 0.5]]) == (
        "| side   |   rate |\n| ------ | -----: |\n| ours   | 12,345 |\n| theirs |  0.500 |"
    )


# --- memory ---


def test_memory_is_read_in_all_sizes_after_all_rests() -> None:
    told = memory.table(HERE, kib=(1, 4), rests=(0.0, 0.001)).splitlines()
    assert told[0] == "| KiB | after 0 ms | after 1 ms |"
    assert [line.split("|")[1].strip() for line in told[2:]] == ["1", "4"]
    assert memory.walk(64, 0.0, HERE, rounds=3) > 0


@pytest.mark.parametrize("wrong", [(["0", "0", "1"]), (["64", "0", "0"]), (["64"])])
def test_nothing_is_measured_that_makes_no_sense(wrong: list[str]) -> None:
    assert subprocess.run([native.compiled(memory.SOURCE), *wrong]).returncode == 2
