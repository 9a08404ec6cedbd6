"""Logs: one format for all, and no secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from arena.cli.logs import configure_logs
from arena.settings import load_settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_does_not_show_the_values_of_variables(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(load_settings(None, arena_log_format=form))

    def fail() -> None:
        phrase = "open " + "sesame"
        raise ValueError(len(phrase))

    try:
        fail()
    except ValueError:
        structlog.get_logger("test").exception("failed")
        logging.getLogger("library").exception("failed")
    said = capsys.readouterr().err
    assert said.count("Traceback") == 2
    assert "open sesame" not in said


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(load_settings(None, arena_log_format="json"))
    structlog.get_logger("test").info("hello", bot_id="b")
    logging.getLogger("library").warning("beware of %s", "dogs")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["bot_id"], ours["level"], ours["logger"]) == ("hello", "b", "info", "test")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("beware of dogs", "warning", "library")
