"""`/users`: who people are, and what they have done."""

from __future__ import annotations

from dataclasses import asdict

import trio
from pydantic import TypeAdapter, ValidationError
from quart import Blueprint, Response
from quart_schema import document_response

from arena.edge.encoding import Address
from arena.edge.identity import Identity
from arena.game.usernames import rename_user
from arena.http import cursors
from arena.http.bearer import authenticated
from arena.http.bot_answers import summary
from arena.http.caching import cached_answer
from arena.http.context import front
from arena.http.schemas import (
    HistoryBucket,
    OwnBot,
    OwnBotList,
    OwnBotsQuery,
    OwnProfile,
    OwnSession,
    OwnSessions,
    OwnSessionsQuery,
    ProblemDocument,
    Profile,
    ProfilePatch,
    UserHistory,
    UserHistoryQuery,
)
from arena.http.validation import answer, body, query
from arena.problems import not_found
from arena.store import bot_lists, earnings, histories, profiles, sessions, users
from arena.store.bot_lists import Place
from arena.store.bots import BotStatus
from arena.store.sessions import NamedSession
from arena.store.users import User

blueprint = Blueprint("users", __name__)

COMMIT_TIMEOUT = 10.0
"""Seconds; a change is committed by then, or nothing is known to have happened."""
_address: TypeAdapter[str] = TypeAdapter(Address)


@blueprint.get("/users/me")
@document_response(OwnProfile)
@authenticated
async def get_me(identity: Identity) -> Response:
    """Your own profile."""
    return answer(await _own_profile(identity))


@blueprint.patch("/users/me")
@document_response(OwnProfile)
@document_response(ProblemDocument, 409)
@document_response(ProblemDocument, 422)
@authenticated
@body(ProfilePatch)
async def edit_me(wanted: ProfilePatch, identity: Identity) -> Response:
    """Choose a name, or have none any more. 409 `username_taken`, also by a name that looks like it."""
    with trio.fail_after(COMMIT_TIMEOUT):
        await rename_user(front().services, await _user(identity), wanted.username)
    return answer(await _own_profile(identity))


@blueprint.get("/users/me/sessions")
@document_response(OwnSessions)
@authenticated
@query(OwnSessionsQuery)
async def get_my_sessions(wanted: OwnSessionsQuery, identity: Identity) -> Response:
    """Your sessions, the newest first."""
    scope = f"sessions {identity.user_id} {wanted.status}"
    found = await sessions.of_solver(
        front().services.database,
        identity.user_id,
        status=wanted.status,
        before=None if wanted.cursor is None else cursors.decode(wanted.cursor, scope, cursors.ID),
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    return answer(
        OwnSessions(
            sessions=[_session(session) for session in page],
            next_cursor=cursors.encode(scope, page[-1].id) if len(found) > wanted.limit else None,
        )
    )


@blueprint.get("/users/me/bots")
@document_response(OwnBotList)
@authenticated
@query(OwnBotsQuery)
async def get_my_bots(wanted: OwnBotsQuery, identity: Identity) -> Response:
    """Your bots, drafts too, the newest first."""
    scope = f"own bots {identity.user_id} {wanted.status}"
    before = None if wanted.cursor is None else cursors.decode(wanted.cursor, scope, cursors.ID)
    found = await bot_lists.page(
        front().services.database,
        statuses=frozenset(BotStatus) if wanted.status is None else {wanted.status},
        creator_id=identity.user_id,
        after=None if before is None else Place(before, before),
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    earned = await earnings.of_bots(front().services.database, [bot.id for bot in page])
    return answer(
        OwnBotList(
            bots=[OwnBot(**summary(bot).model_dump(), earned=earned.get(bot.id, 0)) for bot in page],
            next_cursor=cursors.encode(scope, page[-1].id) if len(found) > wanted.limit else None,
        )
    )


@blueprint.get("/users/<address>")
@document_response(Profile)
@document_response(ProblemDocument, 404)
async def get_user(address: str) -> Response:
    """Somebody's profile, by wallet."""
    return cached_answer(await _profile(await _user_at(address)))


@blueprint.get("/users/<address>/history")
@document_response(UserHistory)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 422)
@query(UserHistoryQuery)
async def get_user_history(wanted: UserHistoryQuery, address: str) -> Response:
    """What somebody has spent, won and earned, hour by hour or day by day."""
    buckets = await histories.read(front().services.database, await _user_at(address), wanted.window)
    return cached_answer(
        UserHistory(
            seconds=int(histories.width(wanted.window).total_seconds()),
            buckets=[HistoryBucket(**asdict(bucket)) for bucket in buckets],
        )
    )


async def _own_profile(identity: Identity) -> OwnProfile:
    user = await _user(identity)
    return OwnProfile(id=user.id, **(await _profile(user)).model_dump())


async def _user_at(address: str) -> User:
    """Raises a Problem, 404 `user_not_found`."""
    try:
        wallet = _address.validate_python(address)
    except ValidationError:
        raise not_found("user") from None
    user = await users.by_wallet(front().services.database, wallet)
    if user is None:
        raise not_found("user", "Nobody has signed in with this wallet.")
    return user


async def _user(identity: Identity) -> User:
    user = await users.get(front().services.database, identity.user_id)
    if user is None:  # a token of before the database was replaced
        raise not_found("user", "Sign in again.")
    return user


async def _profile(user: User) -> Profile:
    done = await profiles.deeds(front().services.database, user.id)
    return Profile(wallet=user.wallet, username=user.username, joined_at=user.created_at, **asdict(done))


def _session(session: NamedSession) -> OwnSession:
    return OwnSession(
        id=session.id,
        bot_id=session.bot_id,
        wallet=session.solver,
        status=session.status,
        created_at=session.created_at,
        websocket=f"/ws/chats/{session.id}",
        bot_name=session.bot_name,
        bot_status=session.bot_status,
    )
