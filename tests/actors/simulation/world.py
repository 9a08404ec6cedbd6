"""What is outside of the actors: it knows the system, numbers what happens, and writes the trace."""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import trio

from actors import ActorError, ActorInfo, ActorRef, ActorSystem, LinkBroken, Survey, UnknownActor
from tests.actors.simulation.plan import Ask, Job, Operate, Tell
from tests.actors.simulation.trace import Event, What

MAX_JOBS = 100
"""Messages in one schedule: an actor whose ``stopped`` sends what restarts it would go on for ever."""


@dataclass(frozen=True, slots=True)
class Look:
    """What introspection said at one moment."""

    position: int
    """In the trace: how much had happened."""
    at: float
    tree: list[ActorInfo]
    survey: Survey


class World(logging.Handler):
    """Also listens to the runtime's log, which is where it says whom it restarts."""

    system: ActorSystem

    def __init__(self) -> None:
        super().__init__()
        self.trace: list[Event] = []
        self.starts: Counter[str] = Counter()
        self.looks: list[Look] = []
        self._newest: dict[str, int] = {}
        """The latest start of each actor."""
        self._jobs = 0
        self._lives = 0

    def note(
        self, what: What, path: str = "", life: int = 0, job: int = 0, about: str = "", **more: Any
    ) -> None:
        if what in (What.MADE, What.NOT_MADE):
            self._newest[path] = life
        self.trace.append(Event(trio.current_time(), what, path, life, job, about, **more))

    def new_life(self) -> int:
        self._lives += 1
        return self._lives

    def stamp(self, job: Job) -> Job | None:
        """The job with a number of its own; None when there have been enough."""
        if self._jobs >= MAX_JOBS:
            return None
        self._jobs += 1
        return replace(job, number=self._jobs)

    def run_of(self, path: str) -> int:
        """How often this supervisor or region has been restarted."""
        return self.system.info(path).restarts

    def ref(self, path: str) -> ActorRef:
        return self.system.ref(path)

    # -- what senders and actors do --------------------------------------------------------------------------

    def tell(self, sender: str, deed: Tell) -> None:
        job = self.stamp(deed.job)
        if job is None:
            return
        letters = self.system.dead_letters
        before = letters.count
        if self._is_full(deed.target):
            self.note(What.FULL, deed.target, 0, job.number)
        try:
            self.ref(deed.target).tell(job)
        except ActorError as error:
            self.note(What.TURNED_AWAY, deed.target, 0, job.number, type(error).__name__)
        else:
            self.note(What.SENT, deed.target, 0, job.number, sender)
        # Telling is one step, so what is lost now is lost because of it.
        for letter in letters.recent[before:] if letters.count > before else ():
            assert isinstance(letter.message, Job)
            self.note(What.DROPPED, letter.path, 0, letter.message.number, str(job.number))

    async def ask(self, sender: str, deed: Ask) -> None:
        job, target = self.stamp(deed.job), deed.target
        if job is None:
            return
        with trio.move_on_after(math.inf if deed.limit is None else deed.limit):
            # 1: must leave a trace even if it is cancelled. One that waits for room or is never sent need not.
            accepted = 0 if self._is_full(target) or trio.current_effective_deadline() == -math.inf else 1
            self.note(What.ASKED, target, 0, job.number, sender, run=accepted)
            try:
                answer = await self.ref(target).ask(job)
                self.note(What.ANSWERED, target, 0, job.number, str(answer))
            except trio.Cancelled:
                self.note(What.GAVE_UP, target, 0, job.number, sender)
                raise
            except Exception as error:
                self.note(What.FAILED, target, 0, job.number, type(error).__name__)
                if deed.fatal:
                    raise

    def operate(self, deed: Operate) -> None:
        try:
            if deed.restart:
                self.system.restart(deed.target)
            else:
                self.system.stop(deed.target)
        except UnknownActor:
            return
        self.note(What.RESTART if deed.restart else What.STOP, deed.target)

    async def look(self) -> None:
        """Take down what introspection says now."""
        self.looks.append(
            Look(len(self.trace), trio.current_time(), self.system.tree(), await self.system.survey())
        )

    def _is_full(self, path: str) -> bool:
        try:
            info = self.system.info(path)
        except UnknownActor:
            return False
        return 0 < info.mailbox_capacity <= info.mailbox_depth

    # -- the runtime's log -----------------------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        text, args = str(record.msg), record.args
        if not isinstance(args, tuple):
            return
        if text == "actor %s crashed" and record.exc_info:
            path, error = str(args[0]), record.exc_info[1]
            about = (
                f"{type(error).__name__} {error.path}"
                if isinstance(error, LinkBroken)
                else type(error).__name__
            )
            self.note(What.CRASHED, path, self._newest[path], about=about)
        if not text.startswith(("supervisor", "region")):
            return
        match args:
            case str(path), str(name), float(delay):
                self.note(What.DECIDED, path, about=name, value=delay, run=self.run_of(path))
            case str(path), str(name):
                self.note(What.OVERSPENT, path, about=name, run=self.run_of(path))
