"""The one actor of the simulation: does what messages and its plan say, and writes down all of it."""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from actors import Actor, ActorStopped, MailboxFull, StopReason, Terminated
from tests.actors.simulation.plan import (
    ActorPlan,
    Ask,
    Child,
    Crash,
    Deed,
    Finish,
    Job,
    Later,
    Link,
    Operate,
    Pause,
    Refuse,
    Sleep,
    Start,
    Tell,
    Watch,
)
from tests.actors.simulation.trace import What
from tests.actors.simulation.world import World


class Broken(Exception):
    """A planned crash."""


class NoThanks(Exception):
    """A planned refusal."""


def make(world: World, path: str, plan: ActorPlan) -> Performer:
    """The factory of all actors."""
    number = world.starts[path]
    world.starts[path] += 1
    start = plan.starts[number] if number < len(plan.starts) else Start()
    run = world.run_of(path.rpartition("/")[0] or "/")
    if start.factory_fails:
        world.note(What.NOT_MADE, path, world.new_life(), about=Broken.__name__, run=run)
        raise Broken(path)
    return Performer(world, path, plan, start, run)


class Performer(Actor[Job | Terminated]):
    refusals: ClassVar[tuple[type[Exception], ...]] = (NoThanks,)

    def __init__(self, world: World, path: str, plan: ActorPlan, start: Start, run: int) -> None:
        self.world, self.path, self.plan, self.start = world, path, plan, start
        self.mailbox_capacity = plan.capacity  # type: ignore[misc]
        self.overflow = plan.overflow  # type: ignore[misc]
        self.life = world.new_life()
        self.note(What.MADE, run=run)

    def note(self, what: What, job: int = 0, about: str = "", **more: Any) -> None:
        self.world.note(what, self.path, self.life, job, about, **more)

    async def started(self) -> None:
        self.context.on_end(lambda: self.note(What.ENDED))
        await self.guarded(self.start.deeds)
        self.note(What.UP)

    async def receive(self, message: Job | Terminated) -> Any:
        match message:
            case Terminated(path, reason):
                self.note(What.TOLD, about=f"{path} {reason.name}")
                return None
            case Job(deeds, number):
                self.note(What.TAKEN, number)
                try:
                    await self.guarded(deeds, number)
                except NoThanks:
                    self.note(What.REFUSED, number)
                    raise
                except trio.Cancelled:
                    self.note(What.CUT, number)
                    raise
                self.note(What.HANDLED, number)
                return number

    async def stopped(self, reason: StopReason) -> None:
        self.note(What.STOPPING, about=reason.name)
        await self.guarded(self.plan.stop)

    async def guarded(self, deeds: tuple[Deed, ...], number: int = 0) -> None:
        """Do them, and write down a crash."""
        try:
            for deed in deeds:
                await self.perform(deed)
        except Exception as error:
            if number and isinstance(error, NoThanks):
                raise
            self.note(What.BROKEN, number, type(error).__name__)
            raise

    async def perform(self, deed: Deed) -> None:
        match deed:
            case Crash():
                raise Broken
            case Refuse():
                raise NoThanks
            case Finish():
                self.note(What.FINISH)
                self.context.stop()
            case Tell():
                self.world.tell(self.path, deed)
            case Ask():
                await self.world.ask(self.path, deed)
            case Child():
                self.context.start_task(self.child, deed)
            case Later():
                self.later(deed)
            case Watch(target):
                self.note(What.WATCHES, about=target)
                self.context.watch(self.world.ref(target))
            case Link(target):
                self.link(target)
            case _:
                await idle(self.world, deed)

    async def child(self, deed: Child) -> None:
        try:
            await trio.sleep(deed.seconds)
            if deed.crash:
                self.note(What.BROKEN, about=Broken.__name__)
                raise Broken
        finally:
            self.note(What.CHILD_ENDED)

    def link(self, target: str) -> None:
        try:
            self.context.link(self.world.ref(target))
        except ActorStopped:
            self.note(What.NOT_LINKED, about=target)
        else:
            self.note(What.LINKED, about=target)

    def later(self, deed: Later) -> None:
        job = self.world.stamp(deed.job)
        if job is None:
            return
        try:
            timer = self.context.send_later(deed.seconds, job)
        except MailboxFull:
            return
        self.note(What.TIMER, job.number, value=timer.due)
        if deed.cancelled:
            timer.cancel()
            self.note(What.NO_TIMER, job.number)


async def idle(world: World, deed: Deed) -> None:
    """What senders do in the same way."""
    match deed:
        case Pause(checkpoints):
            for _ in range(checkpoints):
                await trio.lowlevel.checkpoint()
        case Sleep(seconds):
            await trio.sleep(seconds)
        case Operate():
            world.operate(deed)


async def send(world: World, sender: str, deeds: tuple[Deed, ...]) -> None:
    """A sender outside of the tree."""
    for deed in deeds:
        match deed:
            case Tell():
                world.tell(sender, deed)
            case Ask(target, job, limit):
                await world.ask(sender, Ask(target, job, limit))
            case _:
                await idle(world, deed)
