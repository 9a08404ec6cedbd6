"""Bringing a command's own transactions to the chain, and waiting until they are final."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from arena.chain.client import ChainClient, ChainUnavailable
from arena.chain.submitter import Expired, Failed, Landed, Outcome, Outgoing, Submitter

SUBMIT_INTERVAL = 0.5
FINAL_TIMEOUT = 300.0
"""Seconds; a transaction is final, or can never land, long before."""


async def land(client: ChainClient, transactions: Sequence[Outgoing]) -> dict[str, Outcome]:
    """Send transactions until each is final or can never be; what became of them, by signature.

    Raises:
        ChainUnavailable: of some it is not known in time.
    """
    outcomes: dict[str, Outcome] = {}
    ended = trio.Event()

    async def on_end(outcome: Outcome) -> None:
        outcomes[outcome.outgoing.signature] = outcome
        if len(outcomes) == len(transactions):
            ended.set()

    if not transactions:
        return outcomes
    submitter = Submitter(client, on_end, interval=SUBMIT_INTERVAL)
    with trio.move_on_after(FINAL_TIMEOUT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(submitter.run)
            for outgoing in transactions:
                submitter.submit(outgoing)
            await ended.wait()
            nursery.cancel_scope.cancel()
    unknown = [outgoing.signature for outgoing in transactions if outgoing.signature not in outcomes]
    if unknown:
        raise ChainUnavailable(f"{', '.join(unknown)}: not final after {FINAL_TIMEOUT:.0f} seconds")
    return outcomes


def what_went_wrong(outcome: Outcome) -> str | None:
    """In words; None if nothing did."""
    match outcome:
        case Landed():
            return None
        case Failed(error=error):
            return f"it was refused: {error}"
        case Expired():
            return "it did not land in time; nothing happened, try again"
