"""What the log says of requests."""

from pathlib import Path

import structlog
from structlog.testing import capture_logs

from tests.fixtures.front import running_front


async def test_each_request_is_a_line_with_its_id_and_nothing_of_its_path(
    postgres: str, tmp_path: Path
) -> None:
    async with running_front(postgres, tmp_path, arena_access_log=True) as front:
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            bot_id = await front.bot()
            found = await front.http.get(f"/api/v1/bots/{bot_id}", headers={"X-Request-Id": "mine"})
            missing = await front.http.get("/api/v1/nothing?token=secret")
        lines = [entry for entry in logs if entry["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/api/v1/bots/<uuid:bot_id>", 200),
        ("GET", None, 404),
    ]
    assert lines[0]["request_id"] == "mine" == found.headers["X-Request-Id"]
    assert lines[1]["request_id"] == missing.headers["X-Request-Id"]
    assert all(line["seconds"] >= 0 for line in lines)
    assert "secret" not in str(logs)


async def test_without_the_setting_there_are_no_such_lines(postgres: str, tmp_path: Path) -> None:
    async with running_front(postgres, tmp_path) as front:
        with capture_logs() as logs:
            await front.http.get("/api/v1/health/live")
    assert [entry for entry in logs if entry["event"] == "request"] == []
