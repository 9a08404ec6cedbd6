"""The JSON Schema of all frames, for clients in other languages."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from arena.ws.protocol import (
    ChatClientFrame,
    ChatServerFrame,
    LobbyClientFrame,
    LobbyServerFrame,
    SpectatorClientFrame,
    SpectatorServerFrame,
)

SOCKETS: Final[dict[str, tuple[Any, Any]]] = {
    "chat": (ChatClientFrame, ChatServerFrame),
    "spectator": (SpectatorClientFrame, SpectatorServerFrame),
    "lobby": (LobbyClientFrame, LobbyServerFrame),
}
"""By socket: what clients send over it, and what servers do."""


def frames_schema() -> dict[str, Any]:
    """The JSON Schema of all frames. Under `$defs` are the unions `chat.client`, `chat.server` and so on."""
    definitions: dict[str, Any] = {}
    unions: dict[str, Any] = {}
    for socket, (client, server) in SOCKETS.items():
        definitions |= _described(client, "validation", unions, f"{socket}.client")
        definitions |= _described(server, "serialization", unions, f"{socket}.server")
    for definition in definitions.values():
        for member in definition.get("properties", {}).values():
            member.pop("title", None)  # the member's name once more
        if "const" in definition.get("properties", {}).get("type", {}):
            # a default to pydantic; on the wire it is always there
            definition["required"] = [
                "type",
                *(name for name in definition.get("required", ()) if name != "type"),
            ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frame",
        "$defs": dict(sorted(definitions.items())) | unions,
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in unions],
    }


def _described(union: Any, mode: JsonSchemaMode, unions: dict[str, Any], name: str) -> dict[str, Any]:
    """Put the union's schema under its name; what it refers to."""
    schema = TypeAdapter[Any](union).json_schema(mode=mode, ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = schema.pop("$defs")
    unions[name] = schema
    return definitions
