"""What can go wrong, as seen by whoever talks to an actor."""

from __future__ import annotations


class ActorError(Exception):
    """Base of everything this package raises on purpose."""


class ActorCrashed(ActorError):
    """The message that was asked crashed the actor, or the actor crashed while handling it.

    ``__cause__`` is the exception that escaped from the actor. The message may have taken effect in part.
    """

    def __init__(self, path: str, message_type: str) -> None:
        super().__init__(f"{path} crashed while handling {message_type}")
        self.path = path


class ActorStopped(ActorError):
    """The actor exists, but takes no messages: not started yet, stopping, ended or failed."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} takes no messages: {why}")
        self.path = path
        self.why = why


class LinkBroken(ActorError):
    """An actor that this one was linked to has crashed, and took it along."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}, which this actor is linked to, has crashed")
        self.path = path


class UnknownActor(ActorError):
    """Nothing that takes messages lives at this path, or no region serves this kind."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no actor {path}")
        self.path = path


class MailboxFull(ActorError):
    """A limit was reached and nothing was queued. The sender decides: drop, slow down, or ask and wait."""

    def __init__(self, path: str, capacity: int, what: str = "messages") -> None:
        super().__init__(f"{path} is full: {capacity} {what}")
        self.path = path
        self.capacity = capacity


class RegionFull(MailboxFull):
    """The region has as many live actors as it may have, and this id is not one of them."""

    def __init__(self, path: str, capacity: int) -> None:
        super().__init__(path, capacity, "live actors")


class AskDeadlock(ActorError):
    """The ask could never be answered: whom it asks is itself waiting for an answer of the asker."""

    def __init__(self, path: str, target: str) -> None:
        super().__init__(f"{path} asks {target}, which waits for {path}")
        self.path = path
        self.target = target


class StaleSnapshot(ActorError):
    """The stored snapshot is not at the version it was read at: somebody else wrote in between."""

    def __init__(self, kind: str, id: str, expected: int) -> None:  # noqa: A002 (the field's name)
        super().__init__(f"the snapshot of {kind} {id} is no longer at version {expected}")
        self.kind = kind
        self.id = id
        self.expected = expected


class SubscriberLagged(ActorError):
    """The subscriber fell behind by more than its capacity and was dropped, after what it had buffered."""


class SystemFailed(ActorError):
    """The root supervisor gave up. ``__cause__`` is the crash that was one too many."""


def unwrap(error: BaseException) -> BaseException:
    """Take off the exception groups that nurseries put around a single exception."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
