"""The actor tree of the game, as `docs/architecture.md` draws it."""

from __future__ import annotations

from uuid import UUID

from actors import ActorSpec, RegionSpec, Strategy, SupervisorSpec
from arena.game.bot import BotActor
from arena.game.chain_actors import FeedActor, SubmitterActor
from arena.game.janitor import JanitorActor
from arena.game.lobby import LobbyActor
from arena.game.services import Services
from arena.game.session import ChatSessionActor
from arena.game.settlement import SettlementActor
from persistence import JournalActor


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
                        ],
                    ),
                    ActorSpec("lobby", LobbyActor),
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
