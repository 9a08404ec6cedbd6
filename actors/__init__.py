"""Supervised actors on trio: typed messages, bounded mailboxes, supervision trees, virtual actors."""

from actors.actor import Actor, Context
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
from actors.mailbox import Overflow
from actors.message import AnswerT, Message, Terminated
from actors.publisher import Publisher, Subscription
from actors.ref import ActorRef
from actors.snapshot import InMemorySnapshotStore, Snapshot, SnapshotStore
from actors.specs import ActorSpec, Intensity, RegionSpec, Restart, Strategy, SupervisorSpec
from actors.system import ActorSystem, open_system
from actors.timers import Timer

__all__ = [
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
    "DeadLetter",
    "DeadLetters",
    "InMemorySnapshotStore",
    "Intensity",
    "LinkBroken",
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
    "StopReason",
    "Strategy",
    "SubscriberLagged",
    "Subscription",
    "SupervisorSpec",
    "SystemFailed",
    "Terminated",
    "Timer",
    "Undelivered",
    "UnknownActor",
    "open_system",
]
