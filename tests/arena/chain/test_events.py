"""Events are found in logs exactly when our program printed them; a log in doubt is refused."""

import contextlib
from base64 import b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from arena.chain.accounts import ExpiryRule
from arena.chain.artifacts import DEFAULT_PROGRAM_ID as PROGRAM
from arena.chain.events import (
    BotClosed,
    BotCreated,
    CloseReason,
    LogsIncomplete,
    MessageFeeRefunded,
    RewardSettled,
    decode_event,
    parse_events,
)
from arena.chain.program.interface import EVENTS, encoded_size

OTHER = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T"
SYSTEM = "1" * 32
BY_NAME = {event.name: event for event in EVENTS}


def encode(name: str, **values: int) -> bytes:
    """An event whose fields are 1, 2, 3... unless a value is given."""
    event = BY_NAME[name]
    data = event.discriminator
    for number, field in enumerate(event.fields, start=1):
        data += values.get(field.name, number).to_bytes(field.size, "little")
    return data


def line(data: bytes) -> str:
    return f"Program data: {b64encode(data).decode()}"


def invocation(program: object, *inner: str, depth: int = 1) -> list[str]:
    return [
        f"Program {program} invoke [{depth}]",
        *inner,
        f"Program {program} consumed 4176 of 200000 compute units",
        f"Program {program} success",
    ]


SETTLED = encode("RewardSettled")
PRINTED = line(SETTLED)
CALL = invocation(PROGRAM, "Program log: Instruction: SettleReward", PRINTED)
INNER = invocation(PROGRAM, PRINTED, depth=2)


# ---- what an event says ----


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_is_decoded(event):
    small = {"expiry_rule": 1, "reason": 1, "delivered": 1}
    decoded = decode_event(encode(event.name, **small))
    assert type(decoded).__name__ == event.name
    for number, field in enumerate(event.fields, start=1):
        expected: object = small.get(field.name, number)
        if field.type == "publicKey":
            expected = Pubkey(number.to_bytes(32, "little"))
        elif field.name in ("bot_id", "message_id"):
            expected = UUID(bytes=number.to_bytes(16, "little"))
        elif isinstance(field.type, int):
            expected = number.to_bytes(field.size, "little")
        assert getattr(decoded, field.name) == expected, field.name


def test_values_have_their_types():
    created = decode_event(encode("BotCreated", expiry_rule=1))
    closed = decode_event(encode("BotClosed", reason=4))
    refunded = decode_event(encode("MessageFeeRefunded", delivered=0))
    assert isinstance(created, BotCreated)
    assert isinstance(closed, BotClosed)
    assert isinstance(refunded, MessageFeeRefunded)
    assert created.expiry_rule is ExpiryRule.CREATOR
    assert closed.reason is CloseReason.ABANDONED
    assert refunded.delivered is False


def test_an_event_of_another_form_is_refused():
    for data in (
        b"",
        SETTLED[:7],
        SETTLED[:8],
        SETTLED[:-1],
        SETTLED + b"\0",
        bytes(8) + SETTLED[8:],
        encode("BotCreated", expiry_rule=2),
        encode("BotClosed", reason=5),
    ):
        with pytest.raises(LogsIncomplete):
            decode_event(data)


@given(st.sampled_from(EVENTS), st.data())
def test_arbitrary_contents_decode_or_are_refused(event, data):
    size = encoded_size(event.fields) - 8
    contents = data.draw(st.binary(min_size=size, max_size=size))
    with contextlib.suppress(LogsIncomplete):
        decode_event(event.discriminator + contents)


# ---- whose it is ----


@pytest.mark.parametrize(
    ("logs", "count"),
    [
        (CALL, 1),
        (CALL + CALL, 2),
        (invocation("ComputeBudget111111111111111111111111111111") + CALL, 1),
        (invocation(PROGRAM, *invocation(SYSTEM, depth=2), PRINTED), 1),
        (invocation(OTHER, *INNER), 1),
        (invocation(OTHER, PRINTED, *INNER, PRINTED), 1),
        (invocation(OTHER, PRINTED), 0),
        (invocation(SYSTEM), 0),
        (invocation(PROGRAM, *invocation(OTHER, PRINTED, depth=2), PRINTED), 1),
    ],
)
def test_only_what_our_program_itself_printed_counts(logs, count):
    events = parse_events(PROGRAM, logs)
    assert events == [decode_event(SETTLED)] * count
    assert all(isinstance(event, RewardSettled) for event in events)


@pytest.mark.parametrize(
    "said",
    [
        f"Program log: {PRINTED}",
        f"Program log: Program {PROGRAM} invoke [2]",
        f"Program log: x\nProgram {PROGRAM} invoke [2]\n{PRINTED}",
        f"Program log: Program {OTHER} success",
        "Program log: Log truncated",
        "Program log: hellohel",
        f"Program return: {OTHER} AAAA",
        "Program log: Program data: AAAA",
        "Transfer: insufficient lamports 5, need 6",
        "",
    ],
)
def test_nothing_that_another_program_says_looks_like_ours(said):
    assert parse_events(PROGRAM, invocation(OTHER, said)) == []
    assert len(parse_events(PROGRAM, invocation(OTHER, said, *INNER))) == 1
    assert len(parse_events(PROGRAM, invocation(PROGRAM, said, PRINTED))) == 1


def test_another_deployment_of_the_program_is_another_program():
    assert parse_events(Pubkey.from_string(OTHER), CALL) == []


# ---- logs in doubt ----


@pytest.mark.parametrize(
    "logs",
    [
        None,
        [],
        ["Log truncated"],
        [*CALL, "Log truncated"],
        [*invocation(OTHER), "Log truncated"],
        CALL[:1],
        CALL[:-1],
        CALL[1:],
        invocation(OTHER, *INNER)[:-1],
        invocation(OTHER, *INNER)[1:],
        [CALL[0], f"Program {OTHER} success"],
        [f"Program {PROGRAM} invoke [2]", *CALL[1:]],
        [f"Program {PROGRAM} invoke [0]", *CALL[1:]],
        [*CALL[:-1], f"Program {PROGRAM} failed: custom program error: 0x1770"],
        [*CALL, *invocation(OTHER)[:-1], f"Program {OTHER} failed: out of\nmemory"],
        invocation(PROGRAM),
        invocation(PROGRAM, PRINTED, PRINTED),
        invocation(PROGRAM, "Program data: AAAA"),
        invocation(PROGRAM, "Program data: "),
        invocation(PROGRAM, "Program data: not base64"),
        invocation(PROGRAM, "Program data: é"),
        invocation(PROGRAM, line(SETTLED[:-1])),
        invocation(PROGRAM, line(SETTLED + b"\0")),
        invocation(PROGRAM, line(bytes(200))),
        invocation(PROGRAM, PRINTED + " AAAA"),
    ],
)
def test_a_log_in_doubt_is_refused(logs):
    with pytest.raises(LogsIncomplete):
        parse_events(PROGRAM, logs)


@given(st.integers(0, 9))
def test_a_missing_line_never_changes_what_happened(place):
    """It is noticed, or it said nothing of an event."""
    logs = CALL + CALL
    shortened = logs[:place] + logs[place + 1 :]
    try:
        events = parse_events(PROGRAM, shortened)
    except LogsIncomplete:
        return
    assert events == parse_events(PROGRAM, logs)


@given(
    st.lists(
        st.sampled_from([*CALL, *INNER, *invocation(OTHER), "Log truncated", "Program data: AAAA"])
        | st.text()
    )
)
def test_arbitrary_logs_give_events_or_are_refused(logs):
    with contextlib.suppress(LogsIncomplete):
        parse_events(PROGRAM, logs)
