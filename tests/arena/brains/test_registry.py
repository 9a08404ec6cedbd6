"""Kinds of brains: ours, those of others, and those that do not work."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from arena.brains import (
    BrainKind,
    Delta,
    InvalidBrain,
    Means,
    NoCredentials,
    Turn,
    Verdict,
    confirms,
    kinds,
    make_brain,
    public_view,
    validate,
)
from arena.brains.passphrase import PassphraseKind
from arena.brains.registry import GROUP, load_kinds


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Parrot:
    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        yield Verdict(False, message)


class ParrotKind(BrainKind[Closed, Closed, NoCredentials]):
    name = "parrot"
    public = Closed
    secret = Closed
    credentials = NoCredentials

    def make(self, public: Closed, secret: Closed, credentials: NoCredentials, means: Means) -> Parrot:
        return Parrot()


class Modelless(ParrotKind):
    secret = None  # type: ignore[assignment]


class Dist(Distribution):
    """A distribution of this name, with nothing in it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def metadata(self) -> dict[str, str]:  # type: ignore[override]
        return {"Name": self._name}

    def read_text(self, filename: str) -> None:
        return None

    def locate_file(self, path: object) -> Path:
        raise AssertionError


def entry(name: str, value: str, distribution: str = "somebody-elses") -> EntryPoint:
    point = EntryPoint(name, value, GROUP)
    vars(point).update(dist=Dist(distribution))
    return point


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that entry points can name."""
    module = ModuleType("a_plugin")
    vars(module).update(ParrotKind=ParrotKind, Modelless=Modelless, PassphraseKind=ParrotKind, answer=42)
    monkeypatch.setitem(sys.modules, "a_plugin", module)
    return module


def test_our_kinds_are_found_through_their_entry_points() -> None:
    assert "passphrase" in kinds()
    assert all(name == kind.name for name, kind in kinds().items())


def test_somebody_elses_kind_is_found_beside_them() -> None:
    found = load_kinds([entry("parrot", "a_plugin:ParrotKind")])
    assert found.keys() == {"parrot"}


@pytest.mark.parametrize(
    "value",
    [
        "no_such_module:Kind",
        "a_plugin:NoSuchKind",
        "a_plugin:answer",
        "a_plugin:Modelless",
        "arena.brains.base:Turn",
    ],
)
def test_one_that_does_not_work_is_said_in_the_log_and_the_others_are_there(value: str) -> None:
    with capture_logs() as logs:
        found = load_kinds([entry("broken", value), entry("parrot", "a_plugin:ParrotKind")])
    assert found.keys() == {"parrot"}
    [line] = logs
    assert (line["event"], line["kind"], line["of"]) == ("brain_kind_unusable", "broken", "somebody-elses")


def test_nobody_can_take_the_place_of_ours() -> None:
    ours = entry("passphrase", "arena.brains.passphrase:PassphraseKind", "sarpoy-arena")
    theirs = entry("passphrase", "a_plugin:PassphraseKind", "a-first-in-the-alphabet")
    with capture_logs() as logs:
        found = load_kinds([theirs, ours])
    assert isinstance(found["passphrase"], PassphraseKind)
    assert [line["event"] for line in logs] == ["brain_kind_ignored"]


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    for make in (validate, make_brain):
        with pytest.raises(InvalidBrain, match="passphrase") as refused:
            make("oracle", {}, {})
        assert refused.value.code == "brain_invalid"


def test_credentials_are_refused_where_none_are_needed_and_not_shown() -> None:
    with pytest.raises(InvalidBrain) as refused:
        validate("passphrase", {"persona": "A cat"}, {"phrase": "open sesame"}, {"api_key": "sk-123456"})
    assert [error["field"] for error in refused.value.extra["errors"]] == ["credentials.api_key"]  # type: ignore[attr-defined]
    assert "sk-123456" not in str(refused.value)


def test_of_a_live_bot_whose_kind_is_gone_nothing_is_shown_and_of_one_that_has_ended_everything() -> None:
    assert public_view("oracle", {"persona": "A cat"}, 3) == {}
    assert public_view("oracle", {"persona": "A cat"}, 3, ended=True) == {"persona": "A cat"}


def test_a_winning_message_is_confirmed_by_kinds_that_can_tell() -> None:
    assert confirms("passphrase", {"phrase": "open sesame"}, "open sesame!") == (
        "the winning text says the phrase",
        True,
    )
    assert confirms("passphrase", {"phrase": "open sesame"}, "please")[1] is False  # type: ignore[index]
    assert confirms("passphrase", {"nothing": "known"}, "please")[1] is False  # type: ignore[index]
    assert confirms("oracle", {}, "please") is None
