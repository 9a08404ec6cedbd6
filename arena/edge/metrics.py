"""What Prometheus is told of a running arena. Labels are kinds of actors and reasons, so their number is bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from time import time

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from actors import Histogram, KindStats, Load, Survey
from arena.edge.rate_limits import RateLimits
from arena.game.services import Services
from arena.game.traffic import Traffic


class ArenaMetrics:
    """A Prometheus collector of one moment: what ``survey`` found, and what the parts have counted so far."""

    def __init__(self, services: Services, survey: Survey, limits: RateLimits) -> None:
        self._services = services
        self._limits = limits
        self._survey = survey

    def collect(self) -> Iterator[Metric]:
        """All families, in the order they are shown."""
        system = self._services.system
        yield from _loads(self._survey.by_kind)
        yield from _stats(system.statistics.by_kind)
        yield from _traffic(self._services.traffic)
        yield from _journal(self._services)
        yield from _feed(self._services)
        yield from _halts(self._services)
        yield from _funds(self._services)
        yield from _loop(self._services)
        yield _refusals(self._limits)
        yield from PROCESS_COLLECTOR.collect()
        yield from GC_COLLECTOR.collect()


def _loads(loads: Mapping[str, Load]) -> Iterator[Metric]:
    for name, meaning, attribute in (
        ("arena_actors_live", "Actors that are up.", "live"),
        ("arena_actors_stuck", "Actors that are at one message for too long.", "stuck"),
        ("arena_actor_mailbox_messages", "Messages waiting in mailboxes.", "queued"),
        ("arena_actor_mailbox_deepest", "Messages waiting in the fullest mailbox.", "deepest"),
    ):
        gauge = GaugeMetricFamily(name, meaning, labels=["kind"])
        for kind, load in loads.items():
            gauge.add_metric([kind], getattr(load, attribute))
        yield gauge


def _stats(kinds: Mapping[str, KindStats]) -> Iterator[Metric]:
    for name, meaning, attribute in (
        ("arena_actor_starts", "Starts of actors, restarts and activations included.", "started"),
        ("arena_actor_restarts", "Restarts of actors.", "restarted"),
        ("arena_actor_crashes", "Crashes of actors.", "crashed"),
        ("arena_actor_messages_handled", "Messages handled without a crash.", "handled"),
        ("arena_actor_messages_stuck", "Messages that were found to take too long.", "stuck"),
    ):
        counter = CounterMetricFamily(name, meaning, labels=["kind"])
        for kind, stats in kinds.items():
            counter.add_metric([kind], getattr(stats, attribute))
        yield counter
    letters = CounterMetricFamily(
        "arena_actor_dead_letters", "Messages that nobody handled.", labels=["kind", "reason"]
    )
    for kind, stats in kinds.items():
        for reason, count in stats.dead_letters.items():
            letters.add_metric([kind, reason], count)
    yield letters
    yield _histogram(
        "arena_actor_message_waiting_seconds",
        "From being queued to being taken up.",
        ((kind, stats.waiting) for kind, stats in kinds.items()),
    )
    yield _histogram(
        "arena_actor_message_handling_seconds",
        "From being taken up to the answer, or the crash.",
        ((kind, stats.handling) for kind, stats in kinds.items()),
    )


def _histogram(
    name: str, meaning: str, histograms: Iterable[tuple[str, Histogram]], label: str = "kind"
) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=[label])
    for value, histogram in histograms:
        bounds = [*map(str, histogram.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
        family.add_metric([value], buckets, sum_value=histogram.total)
    return family


def _traffic(traffic: Traffic) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "arena_http_requests", "HTTP requests answered, also those refused.", traffic.requests
    )
    yield GaugeMetricFamily("arena_websockets", "Websockets that are open.", traffic.connections)
    frames = CounterMetricFamily("arena_websocket_frames", "Frames of websockets.", labels=["direction"])
    frames.add_metric(["in"], traffic.frames_in)
    frames.add_metric(["out"], traffic.frames_out)
    yield frames
    yield GaugeMetricFamily("arena_sockets", "Connections of any kind that are open.", traffic.sockets)
    yield CounterMetricFamily(
        "arena_sockets_refused",
        "Connections turned away, because there are too many.",
        traffic.sockets_refused,
    )
    yield CounterMetricFamily(
        "arena_connection_faults", "Connections that a fault of ours has ended.", traffic.faults
    )
    closed = CounterMetricFamily(
        "arena_websockets_closed", "Websockets that are over, by the code we closed with.", labels=["code"]
    )
    for code, count in sorted(traffic.closed.items()):
        closed.add_metric([str(int(code))], count)
    yield closed
    messages = CounterMetricFamily("arena_messages", "Messages that came so far.", labels=["step"])
    for step in ("quoted", "paid", "judged"):
        messages.add_metric([step], getattr(traffic, step))
    yield messages
    yield _histogram(
        "arena_message_seconds",
        "How long a quote took, a payment to be confirmed, a verdict to be given.",
        ((step, getattr(traffic, step)) for step in ("quote", "payment", "verdict")),
        label="step",
    )


def _journal(services: Services) -> Iterator[Metric]:
    stats = services.journal.stats
    yield GaugeMetricFamily(
        "arena_journal_available", "Whether the last attempt to write reached Postgres.", stats.available
    )
    yield GaugeMetricFamily("arena_journal_queued", "Changes that wait or are being written.", stats.queued)
    yield GaugeMetricFamily(
        "arena_journal_last_commit_seconds", "How long the last batch took.", stats.last_commit_seconds
    )
    yield CounterMetricFamily("arena_journal_batches", "Batches committed.", stats.batches)
    yield CounterMetricFamily("arena_journal_changes", "Changes committed.", stats.changes)


def _feed(services: Services) -> Iterator[Metric]:
    status = services.feed.status
    yield GaugeMetricFamily(
        "arena_feed_subscribed", "Whether the chain tells us of transactions by itself.", status.subscribed
    )
    yield GaugeMetricFamily("arena_feed_tracked", "Bots that the chain is watched for.", status.tracked)
    if status.last_poll_at is not None:
        yield GaugeMetricFamily(
            "arena_feed_poll_age_seconds",
            "Since the last look at the chain.",
            max(0.0, time() - status.last_poll_at),
        )


def _halts(services: Services) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "arena_bots_halted", "Bots that stand still until operators decide.", services.halted_bots
    )


def _funds(services: Services) -> Iterator[Metric]:
    held = GaugeMetricFamily("arena_wallet_lamports", "What our wallets hold.", labels=["wallet"])
    least = GaugeMetricFamily("arena_wallet_least_lamports", "What they should hold.", labels=["wallet"])
    for balance in services.funds.balances:
        held.add_metric([balance.name], balance.lamports)
        least.add_metric([balance.name], balance.least)
    yield held
    yield least


def _refusals(limits: RateLimits) -> Metric:
    counter = CounterMetricFamily(
        "arena_limit_refusals", "Requests, frames and connections that a limit refused.", labels=["scope"]
    )
    for scope, count in limits.refused.items():
        counter.add_metric([scope], count)
    return counter


def _loop(services: Services) -> Iterator[Metric]:
    watch = services.loop_watch
    yield GaugeMetricFamily(
        "arena_event_loop_lag_seconds", "What the event loop last took to give a sign of life.", watch.lag
    )
    yield CounterMetricFamily(
        "arena_event_loop_blocked", "How often the event loop did not turn for a second.", watch.blocked
    )
