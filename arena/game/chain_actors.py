"""The actors that face the chain: each owns one long-lived loop, so that its crash is supervised like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NoReturn
from uuid import UUID

from actors import Actor, Message
from arena.chain.feed import ChainEvent, Feed
from arena.chain.submitter import Landed, Outcome, Submitter, TransactionKind
from arena.game.finality_watch import FinalityWatch
from arena.game.messages import ChainEventSeen, TransactionEnded
from arena.game.services import Services


class FeedActor(Actor[Message[Any]]):
    """Runs the feed: program events on their way to bots."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def started(self) -> None:
        self.context.start_task(self._feed.run, name="feed")

    async def receive(self, message: Message[Any]) -> NoReturn:
        raise TypeError(f"the feed takes no messages: {type(message).__name__}")

    def describe(self) -> Mapping[str, object]:
        return asdict(self._feed.status)


class SubmitterActor(Actor[Message[Any]]):
    """Runs the submitter: our transactions on their way to the chain."""

    def __init__(self, submitter: Submitter) -> None:
        self._submitter = submitter

    async def started(self) -> None:
        self.context.start_task(self._submitter.run, name="submitter")

    async def receive(self, message: Message[Any]) -> NoReturn:
        raise TypeError(f"the submitter takes no messages: {type(message).__name__}")


class FinalityActor(Actor[Message[Any]]):
    """Runs the watch: whether the chain stands by what it has told."""

    def __init__(self, watch: FinalityWatch) -> None:
        self._watch = watch

    async def started(self) -> None:
        self.context.start_task(self._watch.run, name="watch")

    async def receive(self, message: Message[Any]) -> NoReturn:
        raise TypeError(f"the watch takes no messages: {type(message).__name__}")

    def describe(self) -> Mapping[str, object]:
        return {"looked_at": self._watch.looked_at}


class ChainRouter:
    """Brings what the feed and the submitter learn to the actor whose fact it is."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def hand(
        self,
        bot_id: UUID,
        event: ChainEvent,
        handled: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """An event of a bot; durable when it is said to be handled. See `FeedHandler`."""
        self._services.bot(bot_id).inquire(ChainEventSeen(event), lambda _: handled(), failed)

    @staticmethod
    def wants(outcome: Outcome) -> bool:
        """Whether `ended` is to be called: of a creation or payment that landed its event tells, with the books."""
        return not (
            isinstance(outcome, Landed)
            and outcome.outgoing.kind in (TransactionKind.CREATE, TransactionKind.FEE)
        )

    async def ended(self, outcome: Outcome) -> None:
        """A transaction is final; durable when this returns."""
        outgoing = outcome.outgoing
        match outgoing.kind:
            case TransactionKind.CREATE | TransactionKind.FEE:
                await self._services.bot(outgoing.bot_id).ask(TransactionEnded(outcome))
            case TransactionKind.SETTLE | TransactionKind.REFUND | TransactionKind.CLOSE:
                await self._services.settlement(outgoing.bot_id).ask(TransactionEnded(outcome))
