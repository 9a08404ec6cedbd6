"""What goes on, counted since the start: requests, frames, and the steps of messages with how long they took."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final
from uuid import UUID

import trio

from actors import Histogram

LATENCIES: Final = (
    *(round(step * 10.0**power, 6) for power in range(-3, 2) for step in (1, 1.5, 2, 3, 4, 5, 7)),
    100.0,
)
"""Upper bounds of the histograms' buckets, in seconds: close enough for quantiles."""
MAX_TIMED: Final = 20_000
"""Messages whose next step is timed; of more the oldest is counted without."""


class _Started:
    """When messages began their present step, on trio's clock."""

    def __init__(self) -> None:
        self._since: OrderedDict[UUID, float] = OrderedDict()

    def begin(self, message_id: UUID) -> None:
        self._since[message_id] = trio.current_time()
        if len(self._since) > MAX_TIMED:
            self._since.popitem(last=False)

    def end(self, message_id: UUID, durations: Histogram) -> None:
        since = self._since.pop(message_id, None)
        if since is not None:  # unknown if it began before the arena's start
            durations.observe(trio.current_time() - since)


class Traffic:
    """Counters that never go down, but for `connections`, and histograms of seconds.

    Attributes:
        requests: HTTP requests answered, also those refused.
        frames_in, frames_out: of websockets.
        connections: websockets that are open now.
        sockets: connections of any kind that are open now.
        sockets_refused: connections that were turned away because there are too many.
        closed: websockets that are over, by the code that we closed them with.
        faults: connections that ended because of a fault of ours.
        quoted, paid, judged: quotes given, payments that the chain has confirmed, verdicts given.
        quote: from being asked for a quote to the answer.
        payment: from a signed payment's being committed to its confirmation's being so.
        verdict: from then to the verdict's being so.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.frames_in = 0
        self.frames_out = 0
        self.connections = 0
        self.sockets = 0
        self.sockets_refused = 0
        self.closed: Counter[int] = Counter()
        self.faults = 0
        self.quoted = 0
        self.paid = 0
        self.judged = 0
        self.quote = Histogram(LATENCIES)
        self.payment = Histogram(LATENCIES)
        self.verdict = Histogram(LATENCIES)
        self._paying = _Started()
        self._judging = _Started()

    def message_quoted(self, seconds: float) -> None:
        """A quote was given, after so long."""
        self.quoted += 1
        self.quote.observe(seconds)

    def payment_accepted(self, message_id: UUID) -> None:
        """A message's payment is committed, and on its way."""
        self._paying.begin(message_id)

    def message_paid(self, message_id: UUID, *, is_judged: bool) -> None:
        """Its payment is confirmed; a verdict follows, or not."""
        self.paid += 1
        self._paying.end(message_id, self.payment)
        if is_judged:
            self._judging.begin(message_id)

    def message_judged(self, message_id: UUID) -> None:
        """Its verdict is committed."""
        self.judged += 1
        self._judging.end(message_id, self.verdict)
