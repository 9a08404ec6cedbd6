"""Sessions of users: begun by a signature, kept going by refresh tokens, told by access tokens, until they end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
import trio

from arena.edge import refresh_tokens
from arena.edge.identity import Identity
from arena.edge.tokens import Tokens, token_revoked
from arena.game.services import Services
from arena.problems import forbidden
from arena.store import auth_sessions
from arena.store.auth_sessions import AuthSession, Ended
from arena.store.users import User
from persistence import Database, DatabaseUnavailable

log = structlog.get_logger(__name__)

OPERATOR_PATIENCE: Final = 2.0
"""Seconds that an operator waits for the database to say that a session has not ended."""
MAX_OPERATOR_SESSIONS: Final = 256
"""Sessions of operators that are remembered; the one used longest ago is forgotten first."""

Ending = Callable[[Callable[[Identity], bool]], None]
"""Told that sessions end before their time: of whom it says yes to."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client gets that signed in or refreshed.

    Attributes:
        token: for requests, until the identity's `expires_at`.
        refresh_token: for the next token, once, while the session lasts.
        ends_at: when the wallet has to sign again.
    """

    token: str
    refresh_token: str
    identity: Identity
    session: AuthSession
    ends_at: datetime


class Authenticator:
    """Who is asking, and since when and until when they may.

    Args:
        lifetime: seconds from a signature until the next one is needed.
        operator_lifetime: the same for wallets of operators.
    """

    def __init__(
        self,
        tokens: Tokens,
        database: Database,
        *,
        lifetime: int,
        operator_lifetime: int,
        operators: frozenset[str] = frozenset(),
    ) -> None:
        self.tokens = tokens
        self._database = database
        self._lifetime = timedelta(seconds=lifetime)
        self._operator_lifetime = timedelta(seconds=min(lifetime, operator_lifetime))
        self._operators = operators
        self._found_good: OrderedDict[UUID, Identity] = OrderedDict()
        self._listeners: list[Ending] = []

    @classmethod
    def of(cls, services: Services) -> Authenticator:
        """With the keys and settings of these services."""
        settings, keys = services.settings, services.keys
        return cls(
            Tokens(
                keys.jwt_secret,
                issuer=settings.public_url,
                lifetime=settings.arena_access_lifetime,
                previous=keys.jwt_previous_secrets,
            ),
            services.database,
            lifetime=settings.arena_session_lifetime,
            operator_lifetime=settings.arena_operator_session_lifetime,
            operators=keys.admin_wallets,
        )

    def on_ended(self, listener: Ending) -> None:
        """Tell the listener from now on."""
        self._listeners.append(listener)

    def is_operator(self, identity: Identity) -> bool:
        return identity.wallet in self._operators

    # -- sessions

    async def begin(self, user: User) -> SignedIn:
        """A new session, of a user who has proved to hold the wallet."""
        token = refresh_tokens.new_refresh_token()
        begun = await auth_sessions.begin(
            self._database,
            user.id,
            refresh_tokens.digest(token),
            expires_at=datetime.now(UTC) + self._lifetime_of(user.wallet),
        )
        self._tell(lambda who: who.sid in begun.ended)
        return self._signed_in(begun.session, token)

    async def refresh(self, token: str, request_id: UUID | None) -> SignedIn:
        """Exchange a refresh token. Safe to repeat with the same id until the answer has been used.

        A token that is used a second time was stolen, from or by whoever used it first: the session ends.

        Raises:
            TokenRefused: `refresh_token_invalid`, whatever is wrong with it.
        """
        successor = refresh_tokens.successor(token, request_id)
        found = await auth_sessions.rotate(
            self._database, refresh_tokens.digest(token), refresh_tokens.digest(successor)
        )
        match found:
            case None:
                raise refresh_tokens.refresh_token_invalid()
            case Ended(session):
                log.warning("session_ended", reason="refreshed twice, or too often", wallet=session.wallet)
                self._tell(lambda who: who.sid == session.id)
                raise refresh_tokens.refresh_token_invalid()
            case AuthSession() if self._ends_at(found) <= datetime.now(UTC):
                # it began before its wallet became an operator's
                await self._end(found.id)
                raise refresh_tokens.refresh_token_invalid()
            case AuthSession():
                return self._signed_in(found, successor)

    async def session(self, identity: Identity) -> tuple[AuthSession, datetime]:
        """The session and when it ends. Raises `TokenRefused` if it has ended."""
        session = await auth_sessions.get(self._database, identity.sid, identity.user_id)
        if session is None:
            raise token_revoked()
        return session, self._ends_at(session)

    async def revoke(self, identity: Identity) -> None:
        """Log out: the session's tokens are refused from now on. Safe to repeat."""
        await self._end(identity.sid)

    async def revoke_all(self, identity: Identity) -> None:
        """Log out everywhere: all sessions of the user end. Safe to repeat."""
        try:
            await auth_sessions.end_all(self._database, identity.user_id)
        finally:
            self._tell(lambda who: who.user_id == identity.user_id)

    # -- access tokens

    async def authenticate(self, token: str) -> Identity:
        """Whom the token names.

        Raises:
            TokenRefused: it is not, or no longer, a token of ours.
            DatabaseUnavailable: whether its session has ended cannot be told now.
        """
        identity = self.tokens.read(token)
        await self.check_revoked(identity)
        return identity

    async def authenticate_operator(self, token: str) -> Identity:
        """Whom the token names, if they operate this arena. They get in while the database is away, too: that is when
        they are needed.

        Then a token counts whose session was found good before and has not ended since: only this process ends any,
        one arena runs per database. A session that was not used before the outage has to wait for its end.

        Raises:
            TokenRefused: it is not, or no longer, a token of ours.
            Problem: 403 `forbidden`, it is another user's.
            DatabaseUnavailable, trio.TooSlowError: whether its session has ended cannot be told now.
        """
        identity = self.tokens.read(token)
        if not self.is_operator(identity):
            raise forbidden("Only wallets of operators may do this.")
        try:
            with trio.fail_after(OPERATOR_PATIENCE):
                await self.check_revoked(identity)
        except (DatabaseUnavailable, trio.TooSlowError):
            if identity.sid not in self._found_good:
                raise
            log.warning("revocation_not_checked", wallet=identity.wallet)
        self._found_good[identity.sid] = identity
        self._found_good.move_to_end(identity.sid)
        if len(self._found_good) > MAX_OPERATOR_SESSIONS:
            self._found_good.popitem(last=False)
        return identity

    async def check_revoked(self, identity: Identity) -> None:
        """Raises `TokenRefused` if the session has ended or was never there, `DatabaseUnavailable` if that cannot be
        told now.
        """
        if not await auth_sessions.is_open(self._database, identity.sid, identity.user_id):
            raise token_revoked()

    # -- inside

    async def _end(self, session_id: UUID) -> None:
        try:
            await auth_sessions.end(self._database, session_id)
        finally:
            # in an outage, too: it may have been committed, and it was asked for
            self._tell(lambda who: who.sid == session_id)

    def _tell(self, is_over: Callable[[Identity], bool]) -> None:
        for who in [who for who in self._found_good.values() if is_over(who)]:
            del self._found_good[who.sid]
        for listener in self._listeners:
            listener(is_over)

    def _signed_in(self, session: AuthSession, refresh_token: str) -> SignedIn:
        ends_at = self._ends_at(session)
        issued = self.tokens.issue(session.user_id, session.wallet, session.id, until=ends_at.timestamp())
        return SignedIn(issued.token, refresh_token, issued.identity, session, ends_at)

    def _ends_at(self, session: AuthSession) -> datetime:
        return min(session.expires_at, session.created_at + self._lifetime_of(session.wallet))

    def _lifetime_of(self, wallet: str) -> timedelta:
        return self._operator_lifetime if wallet in self._operators else self._lifetime
