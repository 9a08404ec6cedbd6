"""Supervised actors on trio: typed messages, bounded mailboxes, supervision trees, virtual actors."""

from actors.actor import Actor, Context
from actors.current import CurrentActor, current_actor
from actors.deadletters import DeadLetter, DeadLetters, Undelivered
from actors.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskDeadlock,
    LinkBroken,
    MailboxFull,
    RegionFull,
    StaleSnapshot,
    SubscriberLagged,
    SystemFailed,
    UnknownActor,
)
from actors.info import ActorInfo
from actors.lifecycle import ActorState, StopReason
from actors.loopwatch import LoopWatch, watch_event_loop
from actors.mailbox import Inquiry, Overflow
from actors.message import AnswerT, Message, Terminated
from actors.publisher import Publisher, Subscription
from actors.ref import ActorRef
from actors.snapshot import InMemorySnapshotStore, Snapshot, SnapshotStore
from actors.specs import ActorSpec, Intensity, RegionSpec, Restart, Strategy, SupervisorSpec
from actors.stats import BOUNDS, Histogram, KindStats, Statistics
from actors.survey import Load, StuckActor, Survey
from actors.system import ActorSystem, open_system
from actors.timers import Timer
from actors.waking import WOKEN

__all__ = [
    "BOUNDS",
    "WOKEN",
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorInfo",
    "ActorRef",
    "ActorSpec",
    "ActorState",
    "ActorStopped",
    "ActorSystem",
    "AnswerT",
    "AskDeadlock",
    "Context",
    "CurrentActor",
    "DeadLetter",
    "DeadLetters",
    "Histogram",
    "InMemorySnapshotStore",
    "Inquiry",
    "Intensity",
    "KindStats",
    "LinkBroken",
    "Load",
    "LoopWatch",
    "MailboxFull",
    "Message",
    "Overflow",
    "Publisher",
    "RegionFull",
    "RegionSpec",
    "Restart",
    "Snapshot",
    "SnapshotStore",
    "StaleSnapshot",
    "Statistics",
    "StopReason",
    "Strategy",
    "StuckActor",
    "SubscriberLagged",
    "Subscription",
    "SupervisorSpec",
    "Survey",
    "SystemFailed",
    "Terminated",
    "Timer",
    "Undelivered",
    "UnknownActor",
    "current_actor",
    "open_system",
    "watch_event_loop",
]
