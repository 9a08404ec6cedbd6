"""From a token to whom it names, and back again."""

from __future__ import annotations

from datetime import UTC, datetime

from arena.edge.identity import Identity
from arena.edge.tokens import Tokens, token_revoked
from arena.game.services import Services
from arena.store import auth
from persistence import Database


class Authenticator:
    """Session tokens together with the list of revoked ones."""

    def __init__(self, tokens: Tokens, database: Database) -> None:
        self.tokens = tokens
        self._database = database

    @classmethod
    def of(cls, services: Services) -> Authenticator:
        """With the keys and settings of these services."""
        settings = services.settings
        return cls(
            Tokens(
                services.keys.jwt_secret, issuer=settings.public_url, lifetime=settings.arena_session_lifetime
            ),
            services.database,
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

    async def check_revoked(self, identity: Identity) -> None:
        """Raises `TokenRefused` if the token was logged out, `DatabaseUnavailable` if that cannot be told
        now.
        """
        if await auth.is_revoked(self._database, identity.jti):
            raise token_revoked()

    async def revoke(self, identity: Identity) -> None:
        """Log out: the token is refused from now on. Safe to repeat."""
        await auth.revoke_token(
            self._database, identity.jti, expires_at=datetime.fromtimestamp(identity.expires_at, UTC)
        )
