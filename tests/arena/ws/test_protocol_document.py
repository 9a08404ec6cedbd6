"""What docs/protocol.md shows is what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from arena.ws.connection import CloseCode
from arena.ws.schema import SOCKETS

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "protocol.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json (client|server)(?: (\w+))?\n(.*?)```", DOCUMENT, re.DOTALL)
"""Side, socket (none: of the chat, and of the others, too, if they have such a frame) and text."""
CODE = re.compile(r"""(?:Problem|Refused|refused|TokenRefused)\(\s*f?"([a-z][a-z0-9_]+)"(?=[,)])""")
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "frames.schema.json").read_text("utf-8"))


def frames_of(union: str) -> set[str]:
    """The types of the frames of one side of a socket."""
    return set(SCHEMA["$defs"][union]["discriminator"]["mapping"])


@pytest.mark.parametrize(("side", "socket", "example"), EXAMPLES)
def test_every_example_is_a_frame(side: str, socket: str, example: str) -> None:
    frame = json.loads(example)
    socket = socket or "chat"
    TypeAdapter(SOCKETS[socket][side == "server"]).validate_json(example)
    union = {"$ref": f"#/$defs/{socket}.{side}", "$defs": SCHEMA["$defs"]}
    Draft202012Validator(union).validate(frame)
    wrong = Draft202012Validator(union).iter_errors({**frame, "nonsense": 1})
    assert next(wrong, None), "what is not known is refused"


@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("socket", SOCKETS)
def test_every_frame_has_an_example(side: str, socket: str) -> None:
    shown = {where: set[str]() for where in ("", *SOCKETS)}
    for at, where, example in EXAMPLES:
        if at == side:
            shown[where].add(json.loads(example)["type"])
    own = shown[socket] | (shown[""] if socket == "chat" else set())
    assert own <= frames_of(f"{socket}.{side}")
    assert frames_of(f"{socket}.{side}") <= own | shown[""]


def test_every_code_is_in_the_table() -> None:
    raised = {
        code
        for package in ("edge", "front", "http", "ws", "game", "chain", "brains")
        for path in (ROOT / "arena" / package).rglob("*.py")
        for code in CODE.findall(path.read_text("utf-8"))
    }
    assert len(raised) > 40
    table = DOCUMENT.partition("## Error codes")[2]
    assert raised - set(re.findall(r"`([a-z_0-9]+)`", table)) == set()


NOT_PROVOKED = {
    "quote_key_mismatch",  # another key in that place is another signer, which is looked at first
}


def test_every_code_of_the_table_is_provoked_by_a_test() -> None:
    table = DOCUMENT.partition("## Error codes")[2]
    codes = {
        code
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", row)
    }
    assert len(codes) > 100
    tests = "".join(
        path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
    )
    assert {code for code in codes if not re.search(rf"\b{code}\b", tests, re.IGNORECASE)} == NOT_PROVOKED


def test_every_close_code_is_told() -> None:
    for code in CloseCode:
        assert f"| {code.value} |" in DOCUMENT
