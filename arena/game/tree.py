"""The actor tree of the game, as `docs/architecture.md` draws it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from actors import ActorSpec, RegionSpec, Strategy, SupervisorSpec
from arena.game.bot import BotActor
from arena.game.chain_actors import FeedActor, FinalityActor, SubmitterActor
from arena.game.janitor import JanitorActor
from arena.game.lobby import LobbyActor
from arena.game.services import Services
from arena.game.session import ChatSessionActor
from arena.game.settlement import SettlementActor
from persistence import JournalActor

INDISPENSABLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/journal": "Nothing could be committed: whoever changes something would wait for ever.",
        "/game": "There would be nothing to play.",
        "/game/chain": "Nobody would hear of payments, and nothing would be paid out.",
        "/game/chain/feed": "Players would pay, and their messages would not be judged.",
        "/game/chain/submitter": "Accepted payments would not be sent, and winners not be paid.",
        "/game/chain/finality": "What the chain takes back would not be noticed, and nothing would become final.",
        "/game/bots": "Players would pay, and their messages would not be judged.",
        "/game/settlements": "Winners would not be paid.",
    }
)
"""What must not be stopped while the arena runs, and what would happen: nothing crashes, and so nobody would notice.
Restarting it is fine. Without sessions, the lobby or the janitor, what is paid is judged and won all the same; a single
bot, session or settlement that is stopped comes back with its next message."""


def game_tree(services: Services) -> SupervisorSpec:
    """The root: when the journal starts anew, so does the game; inside the game each for itself."""
    return SupervisorSpec(
        "root",
        strategy=Strategy.REST_FOR_ONE,
        children=[
            ActorSpec("journal", lambda: JournalActor(services.journal)),
            SupervisorSpec(
                "game",
                strategy=Strategy.ONE_FOR_ONE,
                children=[
                    SupervisorSpec(
                        "chain",
                        children=[
                            ActorSpec("feed", lambda: FeedActor(services.feed)),
                            ActorSpec("submitter", lambda: SubmitterActor(services.submitter)),
                            ActorSpec("finality", lambda: FinalityActor(services.finality)),
                        ],
                    ),
                    ActorSpec("lobby", lambda: LobbyActor(services.database, services.presence)),
                    RegionSpec(
                        "bots",
                        kind="bots",
                        factory=lambda key: BotActor(services, UUID(key)),
                        # a live bot has a clock, which keeps it awake; drafts and what is over go to sleep
                        idle_after=services.settings.arena_idle_after,
                    ),
                    RegionSpec(
                        "sessions",
                        kind="sessions",
                        factory=lambda key: ChatSessionActor(services, UUID(key)),
                        idle_after=services.settings.arena_idle_after,
                    ),
                    RegionSpec(
                        "settlements",
                        kind="settlements",
                        factory=lambda key: SettlementActor(services, UUID(key)),
                    ),
                    ActorSpec("janitor", lambda: JanitorActor(services)),
                ],
            ),
        ],
    )
