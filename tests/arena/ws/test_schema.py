"""The JSON Schema of all frames."""

import pytest
from jsonschema import Draft202012Validator

from arena.ws.schema import frames_schema

CHAT = {
    "welcome", "quote", "payment.state", "error", "pong", "payment", "rollback", "reply", "reply.delta", "pot",
    "settlement", "refund", "ping", "presence",
}  # fmt: skip
PRIVATE = {"quote", "payment.state", "payment", "reply.delta"}


@pytest.mark.parametrize(
    ("union", "types"),
    [
        ("chat.client", {"message", "pay", "resume", "ping", "pong"}),
        ("chat.server", CHAT),
        ("spectator.client", {"resume", "ping", "pong"}),
        ("spectator.server", CHAT - PRIVATE),
        ("lobby.client", {"ping", "pong"}),
        ("lobby.server", {"welcome", "error", "ping", "pong", "presence", "lobby", "bot"}),
    ],
)
def test_the_schema_has_every_frame_of_every_socket(union: str, types: set[str]) -> None:
    schema = frames_schema()
    mapping = schema["$defs"][union]["discriminator"]["mapping"]
    assert set(mapping) == types
    for reference in mapping.values():
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(frames_schema())


def test_a_frame_without_its_type_is_none() -> None:
    validator = Draft202012Validator(frames_schema())
    assert validator.is_valid({"type": "pong"})
    assert not validator.is_valid({})
