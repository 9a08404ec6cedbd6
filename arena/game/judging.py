"""Which messages are thought about, and in which order verdicts are given: state without I/O.

Brains may think about several messages at once, but everything they say waits until it is its message's turn. The turn
is the chain's: the first to pay is the first to be judged, however fast the network or a brain was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from arena.brains import Verdict
from arena.game.chain_facts import PaidMessage
from arena.game.thinking import Unjudged
from arena.store.messages import NewMessage

MAX_THINKING = 4
"""Messages of one bot that are thought about at once. What is thought ahead is in vain if an earlier one solves."""


class _Thought:
    """What the brain has said about one message so far."""

    __slots__ = ("answered", "unsaid", "verdict")

    def __init__(self) -> None:
        self.unsaid: list[str] = []
        """Pieces of the reply that wait for their turn."""
        self.answered = False
        self.verdict: Verdict | Unjudged = Unjudged.FAILED


class Judging:
    """The paid messages of one bot that have no verdict yet, in the order of the chain.

    Messages of one player are thought about one after the other: each reply is part of what the next one is judged by.
    """

    def __init__(self) -> None:
        self._waiting: deque[PaidMessage] = deque()
        self._thoughts: dict[UUID, _Thought] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[PaidMessage]:
        return iter(self._waiting)

    @property
    def thinking(self) -> int:
        """How many messages are being thought about."""
        return sum(not thought.answered for thought in self._thoughts.values())

    def add(self, paid: PaidMessage) -> None:
        """Take in the next message of the chain."""
        assert not self._waiting or paid.index == self._waiting[-1].index + 1, "the chain's order has no gaps"
        self._waiting.append(paid)

    def start_thinking(self, can_wait: Callable[[PaidMessage], bool] = lambda _: False) -> list[PaidMessage]:
        """The messages that are to be thought about from now on.

        Args:
            can_wait: whether a message needs no thought before its turn.
        """
        started: list[PaidMessage] = []
        room = MAX_THINKING - self.thinking
        sessions: set[UUID] = set()
        for paid in self._waiting:
            if room <= 0:
                break
            message = paid.message
            if message.session_id not in sessions and message.id not in self._thoughts and not can_wait(paid):
                self._thoughts[message.id] = _Thought()
                started.append(paid)
                room -= 1
            sessions.add(message.session_id)
        return started

    def say(self, message_id: UUID, piece: str) -> None:
        """The brain has said this piece of its reply. Of a message that is not being thought about it is ignored."""
        if (thought := self._thoughts.get(message_id)) is not None:
            thought.unsaid.append(piece)

    @property
    def speaking(self) -> NewMessage | None:
        """The message whose turn it is, if something was said about it that nobody was shown. Not once the brain is
        done: then the reply follows.
        """
        if not self._waiting:
            return None
        message = self._waiting[0].message
        thought = self._thoughts.get(message.id)
        return message if thought is not None and thought.unsaid and not thought.answered else None

    def unsaid(self) -> str:
        """What was said about the message that is `speaking`, and is shown now."""
        thought = self._thoughts[self._waiting[0].message.id]
        said, thought.unsaid = "".join(thought.unsaid), []
        return said

    def answer(self, message_id: UUID, verdict: Verdict | Unjudged) -> None:
        """The brain is done with a message. Whatever is not being thought about is ignored."""
        thought = self._thoughts.get(message_id)
        if thought is not None and not thought.answered:
            thought.answered, thought.verdict = True, verdict

    def ready(self) -> tuple[PaidMessage, Verdict | Unjudged] | None:
        """The message whose turn it is and what the brain made of it, once it has."""
        if not self._waiting:
            return None
        thought = self._thoughts.get(self._waiting[0].message.id)
        return (self._waiting[0], thought.verdict) if thought is not None and thought.answered else None

    def unthought(self) -> PaidMessage | None:
        """The message whose turn it is, if nobody thinks or has thought about it."""
        if not self._waiting or self._waiting[0].message.id in self._thoughts:
            return None
        return self._waiting[0]

    def done(self) -> None:
        """The message whose turn it was has its verdict."""
        self._thoughts.pop(self._waiting.popleft().message.id, None)

    def stop(self) -> list[PaidMessage]:
        """Nothing more is judged: returns what is left, which nobody thinks about from now on."""
        left = list(self._waiting)
        self._waiting.clear()
        self._thoughts.clear()
        return left

    def describe(self) -> Mapping[str, object]:
        return {"waiting": len(self._waiting), "thinking": self.thinking}
