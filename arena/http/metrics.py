"""`/metrics`: figures for Prometheus."""

from __future__ import annotations

import hmac

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from quart import Blueprint, Response, request
from quart_schema import hide

from arena.edge.metrics import ArenaMetrics
from arena.edge.tokens import bearer
from arena.http.context import front

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@hide
async def metrics() -> Response:
    """In Prometheus' text format or OpenMetrics, as `Accept` asks, for ARENA_METRICS_TOKEN or an operator's token.

    Raises:
        TokenRefused, Problem: it is neither.
    """
    await _allow(bearer(request.headers.get("Authorization")))
    services = front().services
    registry = CollectorRegistry()
    registry.register(ArenaMetrics(services, await services.system.survey(), front().limits))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


async def _allow(token: str) -> None:
    expected = front().services.settings.arena_metrics_token
    if expected is not None and hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
        return
    await front().authenticator.authenticate_operator(token)
