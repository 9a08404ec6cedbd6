"""From where the current request comes."""

from __future__ import annotations

from quart import request

from arena.edge import client_address
from arena.http.context import front


def client_key() -> str:
    """What stands for the client's address in limits."""
    return client_address.client_key(front().services.settings, request.scope["client"], request.headers)
