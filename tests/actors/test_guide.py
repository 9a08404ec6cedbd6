"""The examples of the guide do what the guide says."""

from __future__ import annotations

import inspect
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import trio

GUIDE = Path(__file__).parents[2] / "docs" / "actors.md"


def example(number: int, directory: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The code of the guide's n-th example, as a module."""
    code = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[number]
    source = directory / "guide.py"
    source.write_text(code, encoding="utf-8")
    spec = spec_from_file_location("guide_example", source)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_the_example_prints_what_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = example(0, tmp_path, monkeypatch)
    [output] = re.findall(r"```text\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    trio.run(module.main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert capsys.readouterr().out == output


def test_the_tests_that_the_guide_shows_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = example(1, tmp_path, monkeypatch)
    tests = [value for name, value in inspect.getmembers(module) if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        clock = trio.testing.MockClock(autojump_threshold=0)
        trio.run(test, clock, clock=clock)
