"""What the game's actors and the fronts share, made once by `arena serve`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from actors import ActorRef, ActorSystem, LoopWatch
from arena.chain.client import ChainClient
from arena.chain.feed import Feed
from arena.chain.submitter import Submitter
from arena.game.audit_trail import AuditTrail
from arena.game.figures import Figures
from arena.game.finality_watch import FinalityWatch
from arena.game.funds import FundsWatch
from arena.game.offers import Offers
from arena.game.presence import Presence
from arena.game.spending import Spending
from arena.game.traffic import Traffic
from arena.game.winding_down import WindingDown
from arena.keys import KeyRing
from arena.secretbox import SecretBox
from arena.settings import Settings
from persistence import Database, Journal, PostgresSnapshotStore

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(slots=True)
class Services:
    """The parts of one running arena.

    `feed`, `submitter` and `system` refer to each other and are set, once each, while the arena starts.

    Attributes:
        chain_id: what the sign-in text calls the chain: mainnet, devnet, testnet or localnet.
        local_chain: whether the chain is our own local one, with a faucet.
        halted_bots: how many wait for operators, as the janitor counted last.
    """

    settings: Settings
    keys: KeyRing
    secretbox: SecretBox
    database: Database
    journal: Journal
    snapshots: PostgresSnapshotStore
    client: ChainClient
    program_id: Pubkey
    rpc_url: str
    ws_url: str
    chain_id: str
    local_chain: bool
    feed: Feed = field(init=False)
    submitter: Submitter = field(init=False)
    system: ActorSystem = field(init=False)
    audit: AuditTrail = field(init=False)
    spending: Spending = field(init=False)
    funds: FundsWatch = field(init=False)
    figures: Figures = field(init=False)
    finality: FinalityWatch = field(init=False)
    halted_bots: int = 0
    winding_down: WindingDown = field(default_factory=WindingDown)
    loop_watch: LoopWatch = field(default_factory=LoopWatch)
    presence: Presence = field(default_factory=Presence)
    offers: Offers = field(default_factory=Offers)
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        self.audit = AuditTrail(self.journal)
        self.spending = Spending(self.settings, self.journal)
        self.funds = FundsWatch(self.client, self.keys, local_chain=self.local_chain)
        self.figures = Figures(self)
        self.finality = FinalityWatch(self)

    def attach(self, system: ActorSystem) -> None:
        """Called with the system before its first actor starts."""
        self.system = system

    def bot(self, bot_id: UUID) -> ActorRef:
        return self.system.get("bots", str(bot_id))

    def session(self, session_id: UUID) -> ActorRef:
        return self.system.get("sessions", str(session_id))

    def settlement(self, bot_id: UUID) -> ActorRef:
        return self.system.get("settlements", str(bot_id))

    @property
    def lobby(self) -> ActorRef:
        return self.system.ref("/game/lobby")
