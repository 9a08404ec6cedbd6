"""Frames: what is understood, what is refused and how."""

import base64
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.problems import Problem
from arena.store.messages import MessageStatus
from arena.ws.connection import MAX_FRAME_BYTES
from arena.ws.dialects import CHAT, FrameRefused
from arena.ws.protocol import (
    MAX_SEQ,
    PONG,
    MessageFrame,
    PayFrame,
    PaymentStateFrame,
    PingFrame,
    QuoteFrame,
    ResumeFrame,
    WelcomeFrame,
    error_frame,
)

decode = CHAT.decode

ID = UUID("01890000-0000-7000-8000-000000000001")


def refusal(data: bytes | str) -> FrameRefused:
    with pytest.raises(FrameRefused) as caught:
        decode(data)
    return caught.value


def outcome(data: bytes | str) -> str:
    try:
        decode(data)
    except FrameRefused as refused:
        return refused.code
    return "understood"


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(st.uuids(), texts, st.booleans())
def test_a_message(frame_id: UUID, text: str, as_bytes: bool) -> None:
    data = json.dumps({"type": "message", "id": str(frame_id), "text": text})
    assert decode(data.encode() if as_bytes else data) == MessageFrame(type="message", id=frame_id, text=text)


@given(st.binary(min_size=1, max_size=1232))
def test_a_payment(transaction: bytes) -> None:
    data = {"type": "pay", "id": str(ID), "transaction": base64.b64encode(transaction).decode()}
    assert decode(json.dumps(data)) == PayFrame(type="pay", id=ID, transaction=transaction)


@given(st.integers(0, MAX_SEQ))
def test_resuming(after: int) -> None:
    assert decode(json.dumps({"type": "resume", "after": after})) == ResumeFrame(type="resume", after=after)


def test_a_ping() -> None:
    assert decode('{"type":"ping"}') == PingFrame(type="ping")


@pytest.mark.parametrize("data", ["", "{", "nonsense", b"\xff\xfe", '{"type":"ping"', b"\x00"])
def test_what_is_no_json_is_malformed(data: bytes | str) -> None:
    assert refusal(data).code == "frame_malformed"


@pytest.mark.parametrize("data", ["[]", "7", "null", '"ping"', "{}", '{"id":"x"}', "[" * 50_000])
def test_what_is_no_object_with_a_type_is_malformed(data: str) -> None:
    assert refusal(data).code == "frame_malformed"


@pytest.mark.parametrize("kind", ["quote", "Message", "", 7, None, ["ping"]])
def test_an_unknown_type_is_said_to_be_one(kind: object) -> None:
    refused = refusal(json.dumps({"type": kind, "id": str(ID)}))
    assert refused.code in {"frame_unknown", "frame_malformed"}
    assert refused.frame_id == ID


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "message", "id": str(ID)}, "text"),
        ({"type": "message", "id": str(ID), "text": ""}, "text"),
        ({"type": "message", "id": str(ID), "text": 7}, "text"),
        ({"type": "message", "id": str(ID), "text": "x" * 10_001}, "text"),
        ({"type": "message", "id": str(ID), "text": "x", "more": 1}, "more"),
        ({"type": "pay", "id": str(ID), "transaction": "no base64"}, "transaction"),
        ({"type": "pay", "id": str(ID), "transaction": ""}, "transaction"),
        ({"type": "pay", "id": str(ID), "transaction": None}, "transaction"),
    ],
)
def test_a_wrong_field_is_named_together_with_the_frames_id(frame: dict[str, object], field: str) -> None:
    refused = refusal(json.dumps(frame))
    assert refused.code == "frame_invalid"
    assert refused.detail.startswith(f"{field}: ")
    assert refused.frame_id == ID


@pytest.mark.parametrize("after", [-1, MAX_SEQ + 1, 1.5, "1", True, None])
def test_resume_takes_a_whole_number(after: object) -> None:
    assert refusal(json.dumps({"type": "resume", "after": after})).code == "frame_invalid"


def test_a_wrong_id_cannot_be_told_back() -> None:
    refused = refusal('{"type":"message","id":"x","text":"hello"}')
    assert (refused.code, refused.frame_id) == ("frame_invalid", None)


def test_what_was_sent_is_not_told_back() -> None:
    refused = refusal(json.dumps({"type": "pay", "id": str(ID), "transaction": "my secret"}))
    assert "my secret" not in str(refused)


@pytest.mark.parametrize(
    "text", ["x" * (MAX_FRAME_BYTES + 1), "\U0001f642" * (MAX_FRAME_BYTES // 4 + 1), "é" * MAX_FRAME_BYTES]
)
def test_an_over_long_frame_is_not_even_parsed(text: str) -> None:
    assert refusal(text).code == "frame_too_large"
    assert refusal(text.encode()).code == "frame_too_large"


def test_the_longest_message_fits_into_a_frame_however_it_is_written() -> None:
    for text in ("\U0001f642" * 10_000, "\u00e9" * 10_000):
        frame = {"type": "message", "id": str(ID), "text": text}
        assert decode(json.dumps(frame, ensure_ascii=False))
    assert decode(json.dumps({"type": "message", "id": str(ID), "text": "\u00e9" * 10_000}))


@pytest.mark.parametrize("data", [r'{"type":"message","id":"%s","text":"\ud800"}', r'{"type":"\udfff"}'])
def test_half_a_character_is_refused(data: str) -> None:
    assert refusal(data.replace("%s", str(ID))).code in {"frame_malformed", "frame_unknown", "frame_invalid"}


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_whatever_comes_is_a_frame_or_refused(data: bytes | str) -> None:
    assert outcome(data) in {"understood", "frame_malformed", "frame_unknown", "frame_invalid"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["id", "text", "transaction", "after", "x"]), json_values),
    st.sampled_from(["message", "pay", "resume", "ping", "pong"]),
)
def test_whatever_a_frame_holds_it_is_understood_or_refused(fields: dict[str, object], kind: str) -> None:
    assert outcome(json.dumps(fields | {"type": kind})) in {"understood", "frame_invalid"}


# -- to the client


def test_a_welcome() -> None:
    frame = WelcomeFrame(session_id=ID, bot_id=ID, wallet="w", seq=7, max_text_length=2000)
    assert json.loads(frame.encode()) == {
        "type": "welcome",
        "protocol": "arena.v1",
        "session_id": str(ID),
        "bot_id": str(ID),
        "wallet": "w",
        "seq": 7,
        "max_text_length": 2000,
    }


def test_a_quote_carries_its_transaction_in_base64() -> None:
    frame = QuoteFrame(id=ID, message_id=ID, amount=5, valid_until=9, transaction=b"abc")
    assert json.loads(frame.encode())["transaction"] == "YWJj"


def test_where_a_payment_stands() -> None:
    frame = PaymentStateFrame(id=ID, status=MessageStatus.PAYING)
    assert json.loads(frame.encode()) == {"type": "payment.state", "id": str(ID), "status": "paying"}


def test_a_pong() -> None:
    assert json.loads(PONG) == {"type": "pong"}


def test_an_error_tells_what_the_problem_does() -> None:
    problem = Problem("busy", "The arena is busy", 503, "Try again.", {"retry_after": 2, "inner": "x"})
    assert json.loads(error_frame(problem, ID)) == {
        "type": "error",
        "code": "busy",
        "detail": "Try again.",
        "id": str(ID),
        "retry_after": 2,
    }


def test_an_error_always_says_something() -> None:
    assert json.loads(error_frame(Problem("gone", "It is gone", 410))) == {
        "type": "error",
        "code": "gone",
        "detail": "It is gone",
    }
