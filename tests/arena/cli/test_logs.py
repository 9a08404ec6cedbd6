"""Logs: one format for all, and no secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import structlog
import trio

from actors import Actor, ActorSpec, Message, SupervisorSpec, open_system
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


# -- who logs

ID = UUID(int=5)


def by_structlog(text: str, **context: object) -> None:
    structlog.get_logger("ours").warning(text, **context)


def by_stdlib(text: str) -> None:
    logging.getLogger("theirs").warning(text)


@dataclass(frozen=True, slots=True)
class Say(Message[None]):
    say: Callable[..., None]
    message_id: UUID = ID
    phrase: str = "open sesame"


@dataclass(frozen=True, slots=True)
class SayInChild(Message[None]):
    say: Callable[..., None]


@dataclass(frozen=True, slots=True)
class SayOtherwise(Message[None]):
    message_id: UUID = ID


class Speaker(Actor[Message[Any]]):
    async def receive(self, message: Message[Any]) -> None:
        match message:
            case Say(say):
                say("handling")
            case SayOtherwise():
                by_structlog("handling", message_id="another", actor="me")
            case SayInChild(say):
                done = trio.Event()

                async def child() -> None:
                    say("beside")
                    done.set()

                self.context.start_task(child)
                await done.wait()


async def speak(*messages: Message[None]) -> None:
    async with open_system(SupervisorSpec("root", [ActorSpec("speaker", Speaker)])) as system:
        for message in messages:
            await system.ref("/speaker").ask(message)


@pytest.mark.parametrize("say", [by_structlog, by_stdlib])
async def test_a_line_tells_the_actor_and_the_message_being_handled(
    say: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(load_settings(None, arena_log_format="json"))
    await speak(Say(say), SayInChild(say))
    handling, beside = map(json.loads, capsys.readouterr().err.splitlines())
    assert (handling["event"], handling["actor"]) == ("handling", "/speaker")
    assert (handling["message"], handling["message_id"]) == ("Say", str(ID))
    assert (beside["event"], beside["actor"]) == ("beside", "/speaker")
    assert not {"message", "message_id"} & beside.keys()


@pytest.mark.parametrize("say", [by_structlog, by_stdlib])
async def test_so_does_a_line_for_people(
    say: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(load_settings(None, arena_log_format="console"))
    await speak(Say(say), SayInChild(say))
    handling, beside = capsys.readouterr().err.splitlines()
    assert "actor=/speaker message=Say" in handling
    assert f"message_id={ID}" in handling
    assert "actor=/speaker" in beside
    assert "message" not in beside


@pytest.mark.parametrize("form", ["console", "json"])
async def test_what_is_in_a_message_is_not_logged(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(load_settings(None, arena_log_format=form))
    await speak(Say(by_structlog), Say(by_stdlib))
    assert "sesame" not in capsys.readouterr().err


async def test_what_a_line_says_itself_counts_first(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(load_settings(None, arena_log_format="json"))
    await speak(SayOtherwise())
    line = json.loads(capsys.readouterr().err)
    assert (line["message_id"], line["actor"], line["message"]) == ("another", "me", "SayOtherwise")


def test_outside_of_actors_lines_are_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(load_settings(None, arena_log_format="json"))
    by_structlog("hello")
    by_stdlib("hello")
    for line in map(json.loads, capsys.readouterr().err.splitlines()):
        assert not {"actor", "message", "message_id"} & line.keys()


@pytest.mark.parametrize("library", ["openai._base_client", "httpx2", "httpcore2.connection"])
def test_libraries_do_not_tell_of_requests_even_for_debugging(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """There are prompts and keys in them."""
    configure_logs(load_settings(None, arena_log_level="debug"))
    logging.getLogger(library).debug("Request options: %s", {"prompt": "open sesame"})
    assert capsys.readouterr().err == ""
