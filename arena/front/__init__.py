"""The front door: one listener for HTTP and websockets."""

from arena.front.gateway import Gateway
from arena.front.tls import TlsUnusable

__all__ = ["Gateway", "TlsUnusable"]
