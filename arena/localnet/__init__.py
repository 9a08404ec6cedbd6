"""The local chain: a real Solana VM behind Solana's JSON-RPC and pubsub."""

from arena.localnet.config import Limits, LocalnetConfig
from arena.localnet.errors import (
    DataDirectoryLocked,
    LedgerCorrupt,
    LedgerFailed,
    LocalnetError,
    LocalnetStartError,
    ProgramNotLoadable,
)
from arena.localnet.process import LocalnetProcess, running_endpoints
from arena.localnet.server import Endpoints, serve

__all__ = [
    "DataDirectoryLocked",
    "Endpoints",
    "LedgerCorrupt",
    "LedgerFailed",
    "Limits",
    "LocalnetConfig",
    "LocalnetError",
    "LocalnetProcess",
    "LocalnetStartError",
    "ProgramNotLoadable",
    "running_endpoints",
    "serve",
]
