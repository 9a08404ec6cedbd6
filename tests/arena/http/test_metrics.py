"""The metrics: who sees them, and that they say what happened."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from actors import ActorCrashed
from arena.game.funds import LOW_FUNDS
from arena.game.messages import AttachSession
from arena.ids import new_id
from tests.fixtures.front import Front, feed_status, running_front

TOKEN = "only-for-prometheus-0123456789-abcdef"


async def crash(front: Front) -> None:
    """Have one session crash."""
    front.game.attach_error = ValueError("a bug")
    with pytest.raises(ActorCrashed):
        await front.services.session(new_id()).ask(AttachSession())


async def operator(front: Front) -> dict[str, str]:
    assert front.services.keys.admin is not None
    return (await front.player(front.services.keys.admin)).headers


async def scrape(front: Front) -> dict[tuple[str, ...], float]:
    """Samples by their name and the values of their labels."""
    response = await front.http.get("/metrics", headers=await operator(front))
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_a_supervised_crash_is_seen_by_kind(front: Front) -> None:
    await crash(front)
    samples = await scrape(front)
    assert samples["arena_actor_crashes_total", "sessions"] == 1
    assert samples["arena_actor_starts_total", "sessions"] >= 1
    assert samples["arena_actor_dead_letters_total", "sessions", "crashed"] == 1
    handling = "arena_actor_message_handling_seconds"
    assert samples[f"{handling}_count", "sessions"] == 1
    assert samples[f"{handling}_bucket", "sessions", "+Inf"] == 1
    assert samples[f"{handling}_sum", "sessions"] > 0


async def test_what_our_wallets_hold_is_seen(front: Front) -> None:
    assert not [name for name in await scrape(front) if name[0].startswith("arena_wallet")]
    front.rpc.methods["getBalance"] = lambda _: {"context": {"slot": 10}, "value": 77}
    await front.services.funds.look()
    samples = await scrape(front)
    assert samples["arena_wallet_lamports", "payout_key"] == 77
    assert samples["arena_wallet_lamports", "platform_wallet"] == 77
    assert samples["arena_wallet_least_lamports", "payout_key"] == LOW_FUNDS


async def test_what_players_do_is_seen(front: Front) -> None:
    before = await scrape(front)
    front.services.traffic.message_quoted(0.0045)
    samples = await scrape(front)
    assert samples["arena_messages_total", "quoted"] == 1
    assert samples["arena_messages_total", "paid"] == 0
    assert samples["arena_message_seconds_bucket", "0.004", "quote"] == 0
    assert samples["arena_message_seconds_bucket", "0.005", "quote"] == 1
    assert samples["arena_message_seconds_count", "quote"] == 1
    assert samples["arena_http_requests_total",] == before["arena_http_requests_total",] + 1
    assert samples["arena_websockets",] == 0
    assert samples["arena_websocket_frames_total", "in"] == 0


async def test_labels_name_kinds_and_never_single_actors(front: Front) -> None:
    for _ in range(30):
        await crash(front)
    samples = await scrape(front)
    assert samples["arena_actor_crashes_total", "sessions"] == 30
    kinds = {name[1] for name in samples if name[0] == "arena_actor_crashes_total"}
    assert kinds <= {"sessions", "JournalActor", "actor"}


async def test_the_journal_the_feed_the_loop_and_the_process_are_there(front: Front) -> None:
    before = await scrape(front)
    await front.bot()
    after = await scrape(front)
    assert after["arena_journal_changes_total",] > before["arena_journal_changes_total",]
    assert after["arena_journal_available",] == 1
    assert after["arena_feed_subscribed",] == 1
    assert after["arena_feed_poll_age_seconds",] < 60
    assert after["arena_event_loop_blocked_total",] == 0
    assert after["process_resident_memory_bytes",] > 1_000_000


async def test_a_feed_that_has_never_polled_has_no_age(front: Front) -> None:
    front.services.feed = SimpleNamespace(status=feed_status(last_poll_at=None))  # type: ignore[assignment]
    assert ("arena_feed_poll_age_seconds",) not in await scrape(front)


async def test_prometheus_is_let_in_with_its_own_token(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path, arena_metrics_token=TOKEN) as front:
        right = await front.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert right.status_code == 200
        wrong = await front.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "token_invalid")
        assert (await front.http.get("/metrics", headers=await operator(front))).status_code == 200
        elsewhere = await front.http.get("/admin/actors", headers={"Authorization": f"Bearer {TOKEN}"})
        assert elsewhere.status_code == 401, "it opens nothing else"


async def test_nobody_else_is(front: Front) -> None:
    player = await front.player()
    assert (await front.http.get("/metrics", headers=player.headers)).status_code == 403
    missing = await front.http.get("/metrics")
    assert (missing.status_code, missing.json()["code"]) == (401, "token_missing")
    odd = await front.http.get("/metrics", headers={"Authorization": "Bearer ü".encode("latin-1")})
    assert odd.status_code == 401


async def test_who_asks_for_openmetrics_gets_it(front: Front) -> None:
    headers = await operator(front) | {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = await front.http.get("/metrics", headers=headers)
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    names = {family.name for family in open_metrics(response.text)}
    assert {"arena_actor_message_waiting_seconds", "arena_actor_restarts"} <= names
