"""compose.yaml says what the arena understands. (That the containers run, a machine with Docker has to show.)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = {name.upper() for name in Settings.model_fields} | {"ENV"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())  # type: ignore[no-any-return]


def test_every_variable_of_the_arena_is_a_setting(compose: dict[str, Any]) -> None:
    assert set(compose["services"]["arena"]["environment"]) <= NAMES


def test_volumes_are_declared_and_used(compose: dict[str, Any]) -> None:
    used = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert {name for name in used if not name.startswith(".")} == set(compose["volumes"])


def test_the_arena_waits_for_what_it_needs_and_gets_time_to_end(compose: dict[str, Any]) -> None:
    arena = compose["services"]["arena"]
    for name, condition in arena["depends_on"].items():
        assert condition == {"condition": "service_healthy"}
        assert compose["services"][name]["healthcheck"]["test"]
    grace = Settings.model_fields["arena_shutdown_grace"].default
    assert int(arena["stop_grace_period"].removesuffix("s")) >= grace + 30


def test_the_validator_has_our_program_at_its_address(compose: dict[str, Any]) -> None:
    command = compose["services"]["validator"]["command"]
    place = command.index("--bpf-program")
    assert command[place + 1] == str(DEFAULT_PROGRAM_ID)
    assert Path(command[place + 2]).name == program_path().name
    assert compose["services"]["validator"]["profiles"] == ["validator"]
