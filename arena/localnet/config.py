"""Everything a local chain can be told, with its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solders.pubkey import Pubkey

LAMPORTS_PER_SOL = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what clients may ask for; the defaults are those of real nodes where those have one."""

    request_bytes: int = 256 * 1024
    """largest HTTP body or websocket message"""
    batch: int = 100
    """requests in one JSON-RPC batch"""
    connections: int = 512
    """open connections per listener; further ones are refused with 503"""
    subscriptions: int = 256
    """live subscriptions per websocket connection"""
    outbox: int = 1024
    """notifications waiting for one websocket connection; a slower one is closed"""
    receive_seconds: float = 10.0
    """time to send one request in full, once its first byte is there"""
    idle_seconds: float = 75.0
    """time between two requests on one HTTP connection"""
    send_seconds: float = 10.0
    """time a client may take to accept a response"""
    airdrop_lamports: int = 10_000 * LAMPORTS_PER_SOL
    """largest single airdrop"""
    history: int = 100_000
    """finalized transactions kept for getTransaction and getSignaturesForAddress"""
    lag: int = 64
    """slots that a faulty node may lag behind; it keeps so many more than the unfinalized ones"""
    compact_bytes: int = 64 * 1024 * 1024
    """the ledger is rewritten when it has grown beyond this and beyond twice its last compacted size"""


@dataclass(frozen=True, slots=True)
class LocalnetConfig:
    """One local chain.

    A slot lasts `slot_ms` milliseconds. What happens in slot n is confirmed when slot n + `confirmed_after`
    begins, and finalized when slot n + `finalized_after` begins. `programs` are deployed at every start
    (and upgraded, when the file has changed). For tests only: a `forkable` chain drops slots when a client
    asks it to, and a `faulty` one answers as badly as a client tells it.

    Raises:
        ValueError: a value is out of range.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    rpc_port: int = 8899
    """0 takes any free port"""
    ws_port: int | None = None
    """None means the port after the RPC's, as real nodes have it; 0 takes any free port"""
    slot_ms: int = 400
    confirmed_after: int = 1
    finalized_after: int = 8
    programs: Mapping[Pubkey, Path] = field(default_factory=dict)
    forkable: bool = False
    faulty: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 5 <= self.slot_ms <= 60_000:
            raise ValueError(f"slot_ms must be between 5 and 60000, not {self.slot_ms}")
        if not 1 <= self.confirmed_after <= self.finalized_after <= 128:
            raise ValueError("commitments need 1 <= confirmed_after <= finalized_after <= 128")
        for name, port in (("rpc_port", self.rpc_port), ("ws_port", self.ws_port or 0)):
            if not 0 <= port <= 65_535:
                raise ValueError(f"{name} must be between 0 and 65535, not {port}")
        if self.ws_port and self.ws_port == self.rpc_port:
            raise ValueError("rpc_port and ws_port must differ")
        if self.ws_port is None and self.rpc_port == 65_535:
            raise ValueError("rpc_port 65535 leaves no port after it for the websocket: name a ws_port")
