"""From a token to whom it names, and back again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
import trio

from arena.edge.identity import Identity
from arena.edge.tokens import Tokens, token_revoked
from arena.game.services import Services
from arena.problems import forbidden
from arena.store import auth
from persistence import Database, DatabaseUnavailable

log = structlog.get_logger(__name__)

OPERATOR_PATIENCE: Final = 2.0
"""Seconds that an operator waits for the database to say that a token was not revoked."""
MAX_OPERATOR_TOKENS: Final = 256
"""Tokens of operators that are remembered; the one used longest ago is forgotten first."""


class Authenticator:
    """Session tokens together with the list of revoked ones, and the wallets of operators."""

    def __init__(self, tokens: Tokens, database: Database, operators: frozenset[str] = frozenset()) -> None:
        self.tokens = tokens
        self._database = database
        self._operators = operators
        self._found_good: OrderedDict[UUID, None] = OrderedDict()

    @classmethod
    def of(cls, services: Services) -> Authenticator:
        """With the keys and settings of these services."""
        settings = services.settings
        return cls(
            Tokens(
                services.keys.jwt_secret,
                issuer=settings.public_url,
                lifetime=settings.arena_session_lifetime,
                previous=services.keys.jwt_previous_secrets,
            ),
            services.database,
            services.keys.admin_wallets,
        )

    async def authenticate(self, token: str) -> Identity:
        """Whom the token names.

        Raises:
            TokenRefused: it is not, or no longer, a token of ours.
            DatabaseUnavailable: whether it was revoked cannot be told now.
        """
        identity = self.tokens.read(token)
        await self.check_revoked(identity)
        return identity

    async def authenticate_operator(self, token: str) -> Identity:
        """Whom the token names, if they operate this arena. They get in while the database is away, too: that is when
        they are needed.

        Then a token counts that was found good before and has not been revoked since: only this process revokes, one
        arena runs per database. A token that was not used before the outage has to wait for its end.

        Raises:
            TokenRefused: it is not, or no longer, a token of ours.
            Problem: 403 `forbidden`, it is another user's.
            DatabaseUnavailable, trio.TooSlowError: whether it was revoked cannot be told now.
        """
        identity = self.tokens.read(token)
        if identity.wallet not in self._operators:
            raise forbidden("Only wallets of operators may do this.")
        try:
            with trio.fail_after(OPERATOR_PATIENCE):
                await self.check_revoked(identity)
        except (DatabaseUnavailable, trio.TooSlowError):
            if identity.jti not in self._found_good:
                raise
            log.warning("revocation_not_checked", wallet=identity.wallet)
        self._found_good[identity.jti] = None
        self._found_good.move_to_end(identity.jti)
        if len(self._found_good) > MAX_OPERATOR_TOKENS:
            self._found_good.popitem(last=False)
        return identity

    async def check_revoked(self, identity: Identity) -> None:
        """Raises `TokenRefused` if the token was logged out or its user is not there any more, `DatabaseUnavailable` if
        that cannot be told now.
        """
        if not await auth.is_good(self._database, identity.jti, identity.user_id):
            raise token_revoked()

    async def revoke(self, identity: Identity) -> None:
        """Log out: the token is refused from now on. Safe to repeat."""
        self._found_good.pop(identity.jti, None)
        await auth.revoke_token(
            self._database, identity.jti, expires_at=datetime.fromtimestamp(identity.expires_at, UTC)
        )
