"""The guide's programs do what the guide says, and the tests that the rules show pass."""

from __future__ import annotations

import inspect
import re
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import mypy.api
import pytest
import trio

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "actors-guide.md"
PROGRAM = re.compile(r"```python\n(.*?)```\n+```text\n(.*?)```", re.DOTALL)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Where the programs are run, one after the other, on a clock that does not make us wait."""
    module = ModuleType("guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    run = trio.run
    monkeypatch.setattr(
        trio, "run", lambda main: run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    )
    return module


def test_each_program_of_the_guide_prints_what_is_shown_below_it(
    module: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GUIDE.read_text("utf-8")
    programs = PROGRAM.findall(text)
    assert len(programs) == text.count("```python") == 8, "each program is followed by what it prints"
    for number, (code, output) in enumerate(programs, start=1):
        exec(compile(code, f"program {number}", "exec"), module.__dict__)
        assert capsys.readouterr().out == output, f"program {number}"


def test_its_programs_satisfy_a_strict_type_checker(tmp_path: Path) -> None:
    source = tmp_path / "guide.py"
    source.write_text("".join(code for code, _ in PROGRAM.findall(GUIDE.read_text("utf-8"))), "utf-8")
    output, _, status = mypy.api.run(["--strict", str(source)])
    assert status == 0, output


def test_the_tests_that_the_rules_show_pass(module: ModuleType) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / "actors.md").read_text("utf-8"), re.DOTALL)
    exec(compile(code, "actors.md", "exec"), module.__dict__)
    tests = [value for name, value in inspect.getmembers(module) if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        trio.run(partial(test, autojump_clock=None))  # whose clock is such a one
