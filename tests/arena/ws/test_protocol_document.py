"""What docs/protocol.md shows is what the code does."""

import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from arena.ws.connection import CloseCode
from arena.ws.protocol import ClientFrame, ServerFrame, decode, frames_schema

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "protocol.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json (client|server)\n(.*?)```", DOCUMENT, re.DOTALL)
CODE = re.compile(r"""(?:Problem|Refused|refused|TokenRefused)\(\s*f?"([a-z][a-z0-9_]+)"(?=[,)])""")


@pytest.mark.parametrize(("side", "example"), EXAMPLES)
def test_every_example_is_a_frame(side: str, example: str) -> None:
    if side == "client":
        decode(example)
    else:
        TypeAdapter(ServerFrame).validate_json(example)


@pytest.mark.parametrize(("side", "union"), [("client", ClientFrame), ("server", ServerFrame)])
def test_every_frame_has_an_example(side: str, union: object) -> None:
    shown = {json.loads(example)["type"] for at, example in EXAMPLES if at == side}
    assert shown == set(frames_schema()["$defs"][side]["discriminator"]["mapping"])


def test_every_code_is_in_the_table() -> None:
    raised = {
        code
        for package in ("edge", "http", "ws", "game", "chain", "brains")
        for path in (ROOT / "arena" / package).rglob("*.py")
        for code in CODE.findall(path.read_text("utf-8"))
    }
    assert len(raised) > 40
    table = DOCUMENT.partition("## Error codes")[2]
    assert raised - set(re.findall(r"`([a-z_0-9]+)`", table)) == set()


def test_every_close_code_is_told() -> None:
    for code in CloseCode:
        assert f"| {code.value} |" in DOCUMENT
