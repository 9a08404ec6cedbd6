"""docs/brains.md: its program does what it says, its configurations are valid, and what it says of limits is so."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import mypy.api
import pytest
import trio

from arena.brains import Endpoints, validate
from arena.brains.patterns import MAX_TOKENS, MAX_WORDS
from arena.brains.registry import GROUP, load_kinds
from arena.brains.script import MAX_PATTERNS, MAX_RULES, MAX_STATES, MAX_TURNS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "brains.md").read_text("utf-8")
PROGRAM = "\n\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL))
KINDS = dict(re.findall(r"```json (\w+)\n(.*?)```", DOCUMENT, re.DOTALL))


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The guide's program, run as the module that its entry point names."""
    module = ModuleType("number_brain")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(PROGRAM, "docs/brains.md", "exec"), module.__dict__)
    return module


def test_the_program_prints_what_is_shown_below_it(
    capsys: pytest.CaptureFixture[str], module: ModuleType
) -> None:
    [shown] = re.findall(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)
    assert capsys.readouterr().out == shown


def test_it_satisfies_a_strict_type_checker(tmp_path: Path) -> None:
    source = tmp_path / "number_brain.py"
    source.write_text(PROGRAM, "utf-8")
    output, _, status = mypy.api.run(["--strict", str(source)])
    assert status == 0, output


def test_its_kind_is_loaded_by_its_entry_point(module: ModuleType) -> None:
    [[name, value]] = re.findall(r'^(\w+) = "(number_brain:\w+)"$', DOCUMENT, re.MULTILINE)
    kinds = load_kinds([EntryPoint(name, value, GROUP)])
    kind = kinds["number"]
    public, secret = kind.public(persona="A bell", highest=100), kind.secret(number=101)
    [(field, _)] = kind.objections(public, secret, kind.credentials(), Endpoints())
    assert field == "secret.number"
    assert kind.confirms(kind.secret(number=42), " 42 ") == ("the winning text is the number", True)


@pytest.mark.parametrize("kind", ["passphrase", "script", "llm"])
def test_its_configurations_are_valid(kind: str) -> None:
    shown = json.loads(KINDS[kind])
    validate(kind, shown["public"], shown["secret"], {}, Endpoints("http://127.0.0.1/v1", "", ("small-1",)))


def test_all_that_it_shows_is_tried() -> None:
    assert KINDS.keys() == {"passphrase", "script", "llm"}
    assert trio.__name__ in PROGRAM


def test_its_figures_are_those_of_the_code() -> None:
    for figure in (
        f"more than {MAX_WORDS} words",
        f"more than {MAX_STATES} states",
        f"{MAX_RULES} rules a state",
        f"{MAX_PATTERNS} patterns a rule",
        f"{MAX_TOKENS} tokens a pattern",
        f"the last {MAX_TURNS} messages",
    ):
        assert figure in " ".join(DOCUMENT.split()), figure
