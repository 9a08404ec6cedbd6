"""Looking into the running arena: actors, one actor, dead letters, and who may look."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from httpx import Response
from solders.keypair import Keypair

from actors import ActorCrashed
from arena.game.messages import AttachSession, OpenBot
from arena.ids import new_id
from tests.fixtures.front import BotStandIn, Front, running_front

ACTORS = "/admin/actors"
LETTERS = "/admin/dead-letters"
PHRASE = "open sesame"


async def get(front: Front, url: str, /, **query: Any) -> Response:
    """As an operator."""
    assert front.services.keys.admin is not None
    operator = await front.player(front.services.keys.admin)
    return await front.http.get(url, params=query, headers=operator.headers)


async def found(front: Front, /, **query: Any) -> list[str]:
    response = await get(front, ACTORS, **query)
    assert response.status_code == 200, response.text
    return [actor["path"] for actor in response.json()["actors"]]


async def activate(front: Front) -> str:
    """One more session; its path."""
    session = front.services.session(new_id())
    await session.ask(AttachSession())
    return session.path


async def crash(front: Front, error: Exception) -> str:
    """A session that has crashed; its path."""
    session = front.services.session(new_id())
    front.game.attach_error = error
    with pytest.raises(ActorCrashed):
        await session.ask(AttachSession())
    front.game.attach_error = None
    return session.path


# -- who may look


@pytest.mark.parametrize("path", [ACTORS, f"{ACTORS}/sessions", LETTERS, "/admin/audit"])
async def test_only_operators_may_look(front: Front, path: str) -> None:
    player = await front.player()
    response = await front.http.get(path, headers=player.headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    missing = await front.http.get(path)
    assert (missing.status_code, missing.json()["code"]) == (401, "token_missing")


async def test_wallets_of_the_settings_operate(postgres: str, tmp_path: Path) -> None:
    operator = Keypair()
    async with running_front(postgres, tmp_path, arena_admin_wallets=str(operator.pubkey())) as front:
        headers = (await front.player(operator)).headers
        assert (await front.http.get(ACTORS, headers=headers)).status_code == 200


async def test_in_development_the_generated_admin_key_operates(front: Front) -> None:
    assert (await get(front, ACTORS)).status_code == 200


# -- the tree


async def test_the_tree_is_shown_with_what_is_going_on(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.resume(after=0)
        await client.send(type="message", id=session.id, text="hello")
        await client.receive_type("quote")
        tree = (await get(front, ACTORS)).json()
    path = f"/sessions/{session.id}"
    assert [actor["path"] for actor in tree["actors"]] == ["/", "/bots", "/journal", "/sessions", path]
    one = tree["actors"][-1]
    assert (one["kind"], one["state"], one["failed"], one["last_error"]) == ("sessions", "running", 0, None)
    assert one["handled"] >= 1
    assert (tree["total"], tree["next_cursor"], tree["dead_letters"]) == (5, None, 0)
    assert tree["by_state"] == {"running": 5}
    assert tree["by_kind"] == {"supervisor": 1, "region": 2, "JournalActor": 1, "sessions": 1}


async def test_a_supervised_crash_is_seen(front: Front) -> None:
    await activate(front)
    path = await crash(front, ValueError("a bug"))
    [actor] = (await get(front, ACTORS, failed="true")).json()["actors"]
    assert (actor["path"], actor["failed"], actor["last_error"]) == (path, 1, "ValueError: a bug")
    await front.services.system.ref(path).ask(AttachSession())  # it is back
    [actor] = (await get(front, ACTORS, failed="true")).json()["actors"]
    assert (actor["state"], actor["restarts"], actor["handled"]) == ("running", 1, 1)
    assert (await get(front, ACTORS)).json()["dead_letters"] == 1


async def test_secrets_in_errors_are_not_shown(front: Front) -> None:
    await crash(front, ValueError(f"wrong phrase: {PHRASE}"))
    for response in (await get(front, ACTORS, failed="true"), await get(front, LETTERS)):
        assert "ValueError: wrong phrase: [redacted]" in response.text
        assert "sesame" not in response.text


async def test_pages_follow_one_another(front: Front) -> None:
    everybody = {await activate(front) for _ in range(5)}
    seen: list[str] = []
    query: dict[str, Any] = {"kind": "sessions", "limit": 2}
    for size in (2, 2, 1):
        page = (await get(front, ACTORS, **query)).json()
        assert (len(page["actors"]), page["total"]) == (size, 5)
        seen += [actor["path"] for actor in page["actors"]]
        query["cursor"] = page["next_cursor"]
    assert query["cursor"] is None
    assert seen == sorted(everybody)


async def test_conditions_narrow_down(front: Front) -> None:
    path = await activate(front)
    assert await found(front, under="/sessions") == ["/sessions", path]
    assert await found(front, under="/sessions/", kind="region") == ["/sessions"]
    assert await found(front, path=path[-12:]) == [path]
    assert await found(front, kind="sessions", failed="false") == [path]
    assert await found(front, state="stopped") == []
    assert path in await found(front, state=["stopped", "running"])
    assert await found(front, min_depth=1) == []


async def test_a_tree_is_opened_node_by_node(front: Front) -> None:
    sessions = sorted([await activate(front) for _ in range(3)])

    async def opened(path: str) -> dict[str, int]:
        listed = (await get(front, ACTORS, under=path, levels=1)).json()
        assert (listed["total"], listed["next_cursor"]) == (len(listed["actors"]), None)
        return {actor["path"]: actor["children"] for actor in listed["actors"]}

    assert await opened("/") == {"/": 3, "/bots": 0, "/journal": 0, "/sessions": 3}
    assert await opened("/sessions") == {"/sessions": 3, **dict.fromkeys(sessions, 0)}
    assert await found(front, under="/sessions", levels=0) == ["/sessions"]


@pytest.fixture
async def stuck(front: Front) -> AsyncIterator[str]:
    """The path of a bot that is at one message, with another one waiting."""
    release, begun = trio.Event(), trio.Event()

    async def wait(*_: object) -> str:
        begun.set()
        await release.wait()
        return ""

    front.game.open = wait
    bot = front.services.bot(new_id())
    for _ in range(2):
        bot.tell(OpenBot("a wallet", PHRASE.encode()))
    await begun.wait()
    yield bot.path
    release.set()


async def test_who_is_stuck_is_found(front: Front, stuck: str) -> None:
    await activate(front)
    assert await found(front, handling_for=0) == [stuck]
    assert await found(front, handling_for=3600) == []
    response = await get(front, ACTORS, min_depth=1)
    [actor] = response.json()["actors"]
    assert (actor["path"], actor["handling"], actor["mailbox_depth"]) == (stuck, "OpenBot", 1)
    assert actor["handling_for"] > 0
    assert "sesame" not in response.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "sleeping"),
        ("min_depth", "-1"),
        ("failed", "maybe"),
        ("handling_for", "nan"),
        ("handling_for", "-1"),
        ("limit", "0"),
        ("limit", "100000"),
        ("under", "bots"),
        ("levels", "-1"),
        ("levels", "x"),
        ("kind", ["a", "b"]),
        ("colour", "red"),
    ],
)
async def test_conditions_that_make_no_sense_are_refused(front: Front, field: str, value: Any) -> None:
    response = await get(front, ACTORS, **{field: value})
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert response.json()["errors"][0]["field"].startswith(f"query.{field}")


async def test_below_nothing_there_is_nothing(front: Front) -> None:
    response = await get(front, ACTORS, under="/nobody")
    assert (response.status_code, response.json()["code"]) == (404, "actor_not_found")


# -- one actor


async def test_one_actor_is_shown_with_what_it_says_of_itself(front: Front) -> None:
    bot_id = new_id()
    await front.services.bot(bot_id).ask(OpenBot("a wallet", b""))
    one = (await get(front, f"{ACTORS}/bots/{bot_id}")).json()
    assert (one["path"], one["handled"]) == (f"/bots/{bot_id}", 1)
    assert one["details"] == {"bot_id": str(bot_id)}


async def test_what_it_says_of_itself_is_redacted(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {
        "bot_id": 1,
        "solution": PHRASE,
        "more": {"raw": PHRASE.encode(), "self": object},
        "text": "x" * 9999,
    }
    monkeypatch.setattr(BotStandIn, "describe", lambda self: state)
    bot = front.services.bot(new_id())
    await bot.ask(OpenBot("a wallet", b""))
    response = await get(front, f"{ACTORS}{bot.path}")
    assert "sesame" not in response.text
    assert response.json()["details"]["bot_id"] == 1
    assert len(response.content) < 2_000


async def test_an_actor_that_cannot_describe_itself_is_shown_all_the_same(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(self: BotStandIn) -> dict[str, object]:
        raise ValueError(PHRASE)

    monkeypatch.setattr(BotStandIn, "describe", describe)
    bot = front.services.bot(new_id())
    await bot.ask(OpenBot("a wallet", b""))
    response = await get(front, f"{ACTORS}{bot.path}")
    assert (response.status_code, response.json()["details"]) == (200, {"error": "ValueError"})


@pytest.mark.parametrize("path", ["nobody", "sessions/00000000-0000-0000-0000-000000000000", "journal/below"])
async def test_an_actor_that_is_not_there_is_not_found(front: Front, path: str) -> None:
    response = await get(front, f"{ACTORS}/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "actor_not_found")


# -- dead letters


async def test_dead_letters_tell_types_and_errors_and_never_contents(front: Front, stuck: str) -> None:
    path = await crash(front, ValueError("a bug"))
    front.services.system.stop(stuck)
    with trio.fail_after(5):
        while front.services.system.dead_letters.count < 2:
            await trio.sleep(0.01)
    response = await get(front, LETTERS)
    assert "sesame" not in response.text
    letters = response.json()
    newest, oldest = letters["dead_letters"]
    assert (newest["path"], newest["message"], newest["reason"]) == (stuck, "OpenBot", "stopped")
    assert newest["error"] is None
    assert (oldest["path"], oldest["message"], oldest["reason"]) == (path, "AttachSession", "crashed")
    assert oldest["error"] == "ValueError: a bug"
    age = datetime.now(UTC) - datetime.fromisoformat(oldest["at"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert (letters["count"], letters["by_reason"]) == (2, {"crashed": 1, "stopped": 1})


async def test_dead_letters_can_be_narrowed_down(front: Front) -> None:
    paths = [await crash(front, ValueError(f"bug {number}")) for number in range(3)]

    async def errors(**query: Any) -> list[str]:
        return [letter["error"] for letter in (await get(front, LETTERS, **query)).json()["dead_letters"]]

    assert await errors(limit=2) == ["ValueError: bug 2", "ValueError: bug 1"]
    assert await errors(path=paths[0]) == ["ValueError: bug 0"]
    assert await errors(reason="stopped") == []
    assert (await get(front, LETTERS, reason="tired")).json()["code"] == "validation_failed"


async def test_of_a_group_of_errors_the_last_one_is_told(front: Front) -> None:
    await crash(front, ExceptionGroup("several", [ValueError("one"), TypeError("another")]))
    [letter] = (await get(front, LETTERS)).json()["dead_letters"]
    assert letter["error"] == "TypeError: another"
