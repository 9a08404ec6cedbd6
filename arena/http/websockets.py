"""`/ws/…` over plain HTTP: a websocket is needed there."""

from __future__ import annotations

from typing import NoReturn
from uuid import UUID

from quart import Blueprint
from quart_schema import hide

from arena.problems import Problem

blueprint = Blueprint("websockets", __name__)


@blueprint.get("/ws/lobby")
@blueprint.get("/ws/bots/<uuid:_id>")
@blueprint.get("/ws/chats/<uuid:_id>")
@hide
async def websocket_needed(_id: UUID | None = None) -> NoReturn:
    raise Problem("upgrade_required", "A websocket is needed", 426, "Ask for an upgrade to `websocket`.")
