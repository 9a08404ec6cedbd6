"""What operators see of an actor's state is JSON of limited size, without secrets."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from solders.keypair import Keypair

from arena.edge.redaction import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_KEY,
    MAX_TEXT,
    MAX_VALUES,
    REDACTED,
    is_secret_name,
    redact,
    redact_text,
)

PLANTED = "hunter2hunter2"
LARGEST = MAX_VALUES * (MAX_TEXT + MAX_KEY + 80)

WORDS = (
    "secret, token, key, password, passphrase, signature, solution, authorization, api_key, privateKey, SEED"
)
words = st.sampled_from(WORDS.split(", "))


def around(word: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    before, after = (
        st.sampled_from(["", "x_", "X-", "my", "the "]),
        st.sampled_from(["", "_2", "Value", "-hash", "s"]),
    )
    return st.builds(lambda *parts: "".join(parts), before, word, after)


spoken_names = around(words)
secret_names = around(st.one_of(words, words.map(str.upper), words.map("_".join)))


@dataclass
class Record:
    name: object
    secret: object
    hidden: object = field(default=PLANTED, repr=False)


class Model(BaseModel):
    number: int = 1
    api_key: str = PLANTED
    more: str = PLANTED


Pair = namedtuple("Pair", ["left", "password"])


class Odd:
    """Nothing but a representation, which names what it holds."""

    def __repr__(self) -> str:
        return f"Odd(a=1, token={PLANTED!r}, b={PLANTED!r})"


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(min_size=300, max_size=400),
    st.binary(),
    st.uuids(),
    st.datetimes(),
    st.sampled_from([object, Odd, Odd(), ..., 1j, range(10**9), 10**4000, "\ud800", Exception(1)]),
)
planted = st.one_of(
    st.builds(
        lambda name, value: {name: value}, secret_names, st.sampled_from([PLANTED, [PLANTED], {"a": PLANTED}])
    ),
    st.builds(lambda name: (name, PLANTED), secret_names),
    st.just(PLANTED.encode()),
    st.just({PLANTED.encode(): 1}),
    st.builds(lambda name: Record(name, PLANTED), plain),
    st.builds(lambda left: Pair(left, PLANTED), plain),
    st.sampled_from([Odd(), Model(), [Odd()], {Odd(): Odd()}]),
    st.builds(lambda name, between: f"it is {name}{between}{PLANTED}", spoken_names, st.sampled_from("=:")),
    st.builds(lambda name: json.dumps({"a": 1, name: PLANTED}), spoken_names),
    st.sampled_from(
        ["https://u:{}@host/x", "https://host/{}", "postgres://host?x={}", "Bearer {}", "eyJhb.{}.x"]
    ).map(lambda text: text.format(PLANTED)),
)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=6),
            st.tuples(inner, inner, inner),
            st.dictionaries(st.one_of(st.text(), st.integers(), st.binary()), inner, max_size=6),
            st.builds(Record, inner, inner),
        ),
        max_leaves=30,
    )


@given(nested(st.one_of(plain, planted)))
def test_no_secret_comes_through(value: object) -> None:
    assert PLANTED not in json.dumps(redact(value))


@given(nested(st.one_of(plain, planted)))
def test_whatever_goes_in_what_comes_out_is_json_of_limited_size(value: object) -> None:
    shown = redact(value)
    text = json.dumps(shown, allow_nan=False, ensure_ascii=False)
    assert json.loads(text) == shown
    text.encode()
    assert len(text) <= 2 * LARGEST


@given(st.text(max_size=3000), st.integers(1, 300))
def test_a_text_is_cut_and_can_be_sent(text: str, limit: int) -> None:
    shown = redact_text(text, limit)
    shown.encode()
    assert "\x00" not in shown
    assert len(shown) <= limit + len("… (3000 characters)")


def test_plain_values_are_shown_as_they_are() -> None:
    state = {
        "name": "Ann",
        "pot": 2**63,
        "open": True,
        "rest": None,
        "share": 0.5,
        "list": [1, "two"],
        "in": {"a": 1},
    }
    assert redact(state) == state


def test_other_values_are_shown_as_texts() -> None:
    class Colour(StrEnum):
        RED = "red"

    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert redact([UUID(int=1), now, Colour.RED, 1j, float("nan")]) == [
        "00000000-0000-0000-0000-000000000001",
        "2026-03-01 00:00:00+00:00",
        "red",
        "1j",
        "nan",
    ]


def test_none_and_booleans_are_no_secrets() -> None:
    assert redact({"token": None, "has_key": True, "keys": 3}) == {
        "token": None,
        "has_key": True,
        "keys": REDACTED,
    }


def test_keypairs_are_not_shown() -> None:
    assert redact({"wallet": Keypair()}) == {"wallet": "<Keypair>"}


def test_what_is_too_much_is_counted() -> None:
    shown = redact({"text": "x" * 1000, "items": list(range(1000)), "bytes": b"12345", "number": 2**256})
    assert isinstance(shown, dict)
    assert shown["text"] == "x" * MAX_TEXT + "… (1000 characters)"
    assert shown["items"] == [*range(MAX_ITEMS), f"… {1000 - MAX_ITEMS} more"]
    assert shown["bytes"] == "<5 bytes>"
    assert shown["number"] == "<integer of 257 bits>"
    assert redact({str(number): number for number in range(MAX_ITEMS + 3)})["…"] == "3 more"  # type: ignore[index, call-overload]


def test_what_is_too_deep_is_named() -> None:
    value: Any = "bottom"
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    assert "<list>" in json.dumps(redact(value))
    assert "bottom" not in json.dumps(redact(value))


def test_what_holds_itself_ends() -> None:
    value: dict[str, object] = {}
    value["again"] = value
    assert json.dumps(redact(value)).count("again") == MAX_DEPTH


def test_what_cannot_be_looked_at_is_named() -> None:
    class Hostile(Mapping[str, object]):
        def __getitem__(self, key: str) -> object:
            raise ValueError(PLANTED)

        def __iter__(self) -> Iterator[str]:
            yield "a"

        def __len__(self) -> int:
            return 1

    class Mute:
        def __repr__(self) -> str:
            raise ValueError(PLANTED)

    assert redact({"a": Hostile(), "b": Mute(), "c": 1}) == {"a": "<Hostile>", "b": "<Mute>", "c": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("connection refused", "connection refused"),
        ("persistence.database.DatabaseUnavailable: gone", "persistence.database.DatabaseUnavailable: gone"),
        (
            "cannot reach https://node.example:8899/v2/abc?x=1 now",
            "cannot reach https://node.example:8899/… now",
        ),
        ("cannot reach ws://127.0.0.1:8900", "cannot reach ws://127.0.0.1:8900"),
        ("postgresql://arena:pw@host/db", f"postgresql://{REDACTED}"),
        ("Login(user='a', password='b', c='d')", f"Login(user='a', password= {REDACTED}"),
        ("Authorization: Bearer abc", f"Authorization: {REDACTED}"),
        ("sent Bearer abc there", f"sent Bearer {REDACTED} there"),
    ],
)
def test_texts_lose_what_looks_like_a_secret(text: str, expected: str) -> None:
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "name", ["password", "API-KEY", "apiKey", "x_token_hash", "pass_phrase", "Authorization"]
)
def test_names_of_secrets_are_known_however_they_are_written(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["name", "pot", "sessions", "judging", "message_count", "event_seq", "last_error"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_secret_name(name)
