"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in user, as their token says.

    Attributes:
        wallet: base58 address.
        sid: the session that the token belongs to; logging out ends it.
        expires_at: Unix seconds; a connection that was opened with the token ends then.
    """

    user_id: UUID
    wallet: str
    sid: UUID
    expires_at: int
