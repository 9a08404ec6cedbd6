"""A run in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.e2e.soak.conversation import Conversation
from tests.e2e.soak.records import Record


def count(
    record: Record, complete: Mapping[tuple[str, str], Conversation], statuses: Mapping[str, str]
) -> None:
    """What became of bots and messages."""
    fates = [fate for talk in complete.values() for fate in talk.fates.messages.values()]
    solved = {talk.bot.id for talk in complete.values() if talk.fates.rewarded}
    ended = Counter(
        "solved"
        if bot_id in solved
        else f"closed: {record.bots[bot_id].kind}"
        if status == "closed"
        else f"still {status}"
        for bot_id, status in statuses.items()
    )
    record.figures |= {
        "players": len({wallet for wallet, _ in complete}),
        "bots opened": len(record.bots),
        **{f"bots {how}": number for how, number in sorted(ended.items())},
        "messages paid": sum(fate.paid for fate in fates),
        "verdicts": sum(fate.status == "judged" for fate in fates),
        "refunds": sum(fate.status == "refunded" for fate in fates),
        "payments that never landed": sum(fate.status == "dead" for fate in fates),
        "rollbacks seen": sum(talk.fates.rollbacks for talk in complete.values()),
    }


def print_report(record: Record, duration: float) -> None:
    """All figures, and what is wrong."""
    lines: list[tuple[str, object]] = [("duration", f"{duration:.0f} s"), *record.figures.items()]
    lines += [(f"fault: {fault}", number) for fault, number in sorted(record.faults.items())]
    lines += [
        ("faults", record.faults.total()),
        ("longest from payment to verdict", f"{record.slowest[0]:.1f} s: {record.slowest[1]}"),
        ("the same, away from faults", f"{record.longest_undisturbed_wait():.1f} s"),
        ("violations", len(record.wrong)),
    ]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        shown = f"{value:,}" if isinstance(value, int) else value
        record.say(f"{name:<{width}}  {shown}")
