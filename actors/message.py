"""Messages: frozen dataclasses whose class names the type of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.lifecycle import StopReason

AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Message(Generic[AnswerT_co]):
    """Base of all messages. ``Message[int]`` is answered by an int, ``Message[None]`` has no answer::

        @dataclass(frozen=True, slots=True)
        class GetPrice(Message[int]):
            wallet: str

    A type checker knows that ``await ref.ask(GetPrice("..."))`` is an int. What an actor's ``receive``
    returns for it is the actor's promise; nothing checks that at run time.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Terminated(Message[None]):
    """A watched actor has ended for good. It overtakes the queue and is never refused by a full mailbox."""

    path: str
    reason: StopReason
