"""What becomes of frames that are too many: each is refused, and a client that does not listen has to go."""

from __future__ import annotations

from uuid import UUID

from arena.edge.rate_limits import FrameLimits
from arena.problems import Problem
from arena.ws.connection import CloseCode, Connection
from arena.ws.protocol import error_frame


def refuse_frame(
    connection: Connection, limits: FrameLimits, too_many: Problem, frame_id: UUID | None = None
) -> None:
    """Say that a frame was not handled because there are too many; close the connection if that goes on."""
    connection.send_nowait(error_frame(too_many, frame_id))
    if limits.is_flood():
        connection.close(CloseCode.POLICY_VIOLATION, too_many.code)
