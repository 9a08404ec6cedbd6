"""How hypercorn is set up for this application."""

from __future__ import annotations

from hypercorn.config import Config

from arena.settings import Settings

MAX_MESSAGE_BYTES = 128 * 1024
"""Of websockets, where hypercorn is the server, as it is at our own front door."""
GRACEFUL_TIMEOUT = 5.0


def hypercorn_config(settings: Settings) -> Config:
    """The configuration, with limits on everything that a client can make grow."""
    config = Config()
    host = f"[{settings.arena_host}]" if ":" in settings.arena_host else settings.arena_host
    config.bind = [f"{host}:{settings.arena_port}"]
    config.accesslog = None
    config.loglevel = "WARNING"
    config.backlog = 1024
    config.include_server_header = False
    config.graceful_timeout = GRACEFUL_TIMEOUT
    config.keep_alive_timeout = 30.0
    config.h11_max_incomplete_size = 32 * 1024
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    # its pings keep a connection's task for an interval after the end, and nobody looks at the pongs;
    # arena.ws.hypercorn_stream has the kernel look for dead peers, arena.ws.quart_adapter asks silent clients
    config.websocket_ping_interval = None
    return config
