"""No message is lost, none is handled twice, they keep their order, every ask has one outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from actors import Overflow, Undelivered
from tests.actors.simulation.history import Fate, History, parent_of
from tests.actors.simulation.plan import Ending
from tests.actors.simulation.trace import What

NOT_SENT = ("UnknownActor", "RegionFull", "AskDeadlock")


def check(history: History) -> Iterator[str]:
    for fate in history.fates.values():
        yield from handled_once(history, fate)
        yield from not_turned_away_by_passivation(history, fate)
        yield from not_turned_away_before_a_restart(history, fate)
        if fate.timer_of:
            yield from timer(history, fate)
        elif fate.turned_away:
            if fate.taken or fate.letters:
                yield f"message {fate.number} was turned away and arrived all the same"
        elif fate.must_leave_a_trace and not fate.asked and not fate.taken and not fate.letters:
            yield f"message {fate.number} to {fate.target} was lost"
        if fate.asked:
            yield from ask(history, fate)
    yield from in_order(history)


def handled_once(history: History, fate: Fate) -> Iterator[str]:
    if len(fate.taken) > 1 or len(fate.ends) > 1:
        yield f"message {fate.number} was handled {len(fate.taken)} times"
        return
    if len(fate.letters) > 1:
        yield f"message {fate.number} is {len(fate.letters)} dead letters"
        return
    letter = fate.letters[0].reason if fate.letters else None
    if not fate.taken:
        if letter not in (None, Undelivered.STOPPED, Undelivered.OVERFLOW):
            yield f"message {fate.number} is a dead letter ({letter}), but was never taken"
        return
    if not fate.ends:
        yield f"the handling of message {fate.number} never ended"
        return
    expected: tuple[Undelivered | None, ...]
    match history.trace[fate.ends[0]].what:
        case What.HANDLED:
            expected = (None,)
        case What.REFUSED:
            # An asker who still waits gets the refusal; otherwise it is a dead letter.
            expected = (None, Undelivered.REFUSED) if fate.asked else (Undelivered.REFUSED,)
        case What.BROKEN:
            expected = (Undelivered.CRASHED,)
        case _:
            # Cancelled: since a child task or a link crashed, or at the deadline for stopping.
            life = history.lives[history.trace[fate.ends[0]].life]
            expected = (Undelivered.CRASHED if life.broken < fate.ends[0] else Undelivered.STOPPED,)
    if letter not in expected:
        yield f"message {fate.number} should be one of the dead letters {expected}, not {letter}"


def ask(history: History, fate: Fate) -> Iterator[str]:
    number = fate.number
    if len(fate.outcomes) != 1:
        yield f"the ask of message {number} has {len(fate.outcomes)} outcomes"
        return
    outcome = fate.outcomes[0]
    end = history.trace[fate.ends[0]].what if fate.ends else None
    letter = fate.letters[0].reason if fate.letters else None
    match outcome.what:
        case What.ANSWERED:
            if end is not What.HANDLED or outcome.about != str(number):
                yield f"message {number} was answered {outcome.about}, its handling: {end}"
        case What.GAVE_UP:
            if fate.must_leave_a_trace and not fate.taken and not fate.letters:
                yield f"message {number} to {fate.target} was queued, its asker cancelled, and it was lost"
        case _ if outcome.about == "NoThanks":
            if end is not What.REFUSED or letter is not None:
                yield f"message {number} was refused, its handling: {end}, dead letter: {letter}"
        case _ if outcome.about == "ActorCrashed":
            if letter is not Undelivered.CRASHED:
                yield f"message {number} crashed its actor, but its dead letter is {letter}"
        case _ if outcome.about == "ActorStopped":
            if end not in (None, What.CUT) or letter not in (None, Undelivered.STOPPED):
                yield f"message {number} failed by the actor's stop, its handling: {end}, dead letter: {letter}"
        case _ if outcome.about == "MailboxFull":
            if end is not None or letter is not Undelivered.OVERFLOW:
                yield f"message {number} was not dropped, its handling: {end}, dead letter: {letter}"
        case _ if outcome.about in NOT_SENT:
            if fate.taken or fate.letters:
                yield f"message {number} was not sent ({outcome.about}) and arrived all the same"
        case _:
            yield f"the ask of message {number} raised {outcome.about}"


def timer(history: History, fate: Fate) -> Iterator[str]:
    life = history.lives[fate.timer_of]
    arrived = bool(fate.taken or fate.letters)
    end = history.time(life.ended)
    if arrived and (fate.timer_cancelled or fate.due > end):
        yield f"message {fate.number} of a cancelled timer or of one that had to end with its actor arrived"
    if arrived and fate.taken and history.time(fate.taken[0]) < fate.due:
        yield f"message {fate.number} of a timer came before its time"
    if not arrived and not fate.timer_cancelled and fate.due < end:
        yield f"message {fate.number} of a timer was lost"


def in_order(history: History) -> Iterator[str]:
    """Whoever they are from, messages are taken in the order they came; those of timers when they are due.

    What waits for room may be overtaken when the queue itself drops what is oldest.
    """
    queues: dict[object, list[Fate]] = defaultdict(list)
    for fate in history.fates.values():
        if not fate.taken:
            continue
        if fate.timer_of:
            queues["timers", fate.timer_of].append(fate)
            continue
        queues["sender", fate.target, fate.sender].append(fate)
        if history.actor(fate.target).overflow is not Overflow.DROP_OLDEST or fate.must_leave_a_trace:
            queues["queue", fate.target].append(fate)
    for fates in queues.values():
        fates.sort(key=lambda fate: (fate.due, fate.sent))
        taken = [fate.taken[0] for fate in fates]
        if taken != sorted(taken):
            yield f"{fates[0].target} took messages {[fate.number for fate in fates]} in another order"


def not_turned_away_by_passivation(history: History, fate: Fate) -> Iterator[str]:
    """What comes while an actor is passivated waits for its next activation."""
    for letter in fate.letters:
        if letter.reason is not Undelivered.STOPPED or fate.taken:
            continue
        lives = history.by_path.get(fate.target, [])
        then = [life for life in lives if history.time(life.ended) == letter.at]
        if not then or then[-1].reason != "PASSIVATED":
            continue
        if any(
            life.made > then[-1].made and history.time(life.wanted_to_stop) == letter.at for life in lives
        ):
            continue  # the next activation had it, and finished while it started
        meanwhile = {event.what for event in history.trace[then[-1].made :] if event.at <= letter.at}
        if not meanwhile & {What.STOP, What.RESTART, What.LEAVING, What.DECIDED, What.OVERSPENT}:
            yield f"message {fate.number} was turned away when {fate.target} was passivated"


def not_turned_away_before_a_restart(history: History, fate: Fate) -> Iterator[str]:
    """What comes between a crash and the restart that was decided waits for it."""
    failed = fate.turned_away or next(
        (event.about for event in fate.outcomes if event.what is What.FAILED), ""
    )
    life = history.life_at(fate.target, fate.sent)
    if failed != "ActorStopped" or fate.letters or fate.timer_of or life is None:
        return
    if history.find(-1, fate.sent, What.STOP, What.RESTART, What.LEAVING, What.OVERSPENT):
        return
    plan = history.outcome.plan
    if plan.ending is Ending.CANCELLED and history.time(fate.sent) >= plan.over_at:
        return  # a cancellation while the tree starts leaves no trace of its own
    name = fate.target.rpartition("/")[2]
    for event in history.find(life.ended, fate.sent, What.DECIDED):
        if (event.path, event.about) == (parent_of(fate.target), name):
            yield f"message {fate.number} was turned away while {fate.target} was to be restarted"
