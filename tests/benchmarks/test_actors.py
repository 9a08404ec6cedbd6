"""The benchmarks of the actors still measure what they say. How fast anything is is none of a test's business."""

from __future__ import annotations

import pytest

from benchmarks.actors import fleet, looking, messages, peers
from benchmarks.actors.measure import Size, interleave, verdict
from benchmarks.harness.report import Spread, ratios

TINY = Size(messages=messages.BATCH, rounds=1, fleet=30, fleets=1, traced_fleet=20, tree=600)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_sides_take_turns_and_are_compared_round_by_round() -> None:
    turns: list[str] = []

    def ours(count: int) -> float:
        turns.append("ours")
        return 100.0 * count * len(turns)

    def theirs(count: int) -> float:
        turns.append("theirs")
        return 100.0 * count

    rates = interleave({"ours": ours, "theirs": theirs}, Size(messages=2, rounds=3))
    assert turns == ["ours", "theirs"] * 3
    assert ratios(rates["ours"], rates["theirs"]) == Spread(median=3, low=1, high=5)


def test_an_aim_is_met_from_the_right_side() -> None:
    assert verdict(0.7, 0.7).endswith(">= 0.7: met")
    assert verdict(0.7, 0.69).endswith("MISSED")
    assert verdict(50, 50, at_most=True).endswith("<= 50: met")
    assert verdict(50, 51, at_most=True).endswith("MISSED")
    assert verdict(None, 1) == ""


def test_messages_are_compared_with_channels(capsys: pytest.CaptureFixture[str]) -> None:
    messages.run(TINY)
    lines = printed(capsys).splitlines()
    assert [line.split("  ")[0] for line in lines[1:] if "aim" in line] == [
        "tell, 500 in a row", "tell, two that alternate", "ask round trip, by a task", "ask round trip, by an actor",
    ]  # fmt: skip


def test_a_fleet_is_measured_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    fleet.run(TINY)
    text = printed(capsys)
    assert "fleet: 30 live actors" in text
    assert "resident set, an actor" in text
    assert "orderly shutdown of all" in text


def test_a_live_actor_takes_less_than_eight_kib_of_python_objects() -> None:
    measured = fleet.in_fresh_process(200, trace=True)
    assert measured.count == 200
    assert 1 * fleet.KIB < measured.traced < 8 * fleet.KIB
    assert min(measured.start, measured.tell, measured.stop, measured.shutdown) > 0


def test_looking_is_timed_with_the_stall_of_another_task(capsys: pytest.CaptureFixture[str]) -> None:
    looking.run(TINY)
    text = printed(capsys)
    assert "looking at 600 live actors" in text
    assert text.count("stalls another task") == 3


@pytest.mark.parametrize("name", peers.PEERS)
@pytest.mark.parametrize("exercise", peers.EXERCISES)
def test_peers_do_the_same_exercises(name: str, exercise: str) -> None:
    peer = peers.load(peers.PEERS[name])
    if isinstance(peer, ImportError):
        pytest.skip(f"{name} comes with `make bench`: {peer}")
    assert getattr(peer, exercise)(20) > 0


def test_a_peer_that_is_not_installed_is_named_and_the_others_are_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PEERS", {"Absent": "absent_actors"})
    peers.run(TINY)
    assert "Absent does not run here: No module named 'absent_actors'" in printed(capsys)
