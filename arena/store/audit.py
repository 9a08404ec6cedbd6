"""The log of what operators did and what alerted them. Only ever appended to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from arena.ids import new_id
from arena.store.batch import RANK_AUDIT, insert
from persistence import Database, Write


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``actor`` (a wallet, or a part of the server) did ``action`` to ``subject`` (an id or a path)."""

    id: UUID
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]
    created_at: datetime


RECORD = insert(
    "audit.record",
    "audit_log",
    {"id": "uuid", "actor": "text", "action": "text", "subject": "text", "detail": "jsonb"},
    RANK_AUDIT,
    then="on conflict (id) do nothing",
)
"""Written by anyone: rows are independent of each other. Writing one again is a conflict and changes nothing."""


def record(actor: str, action: str, subject: str, detail: Mapping[str, object] | None = None) -> Write:
    """Insert an entry; ``detail`` is JSON-able and holds no secret."""
    return RECORD.row(new_id(), actor, action, subject, json.dumps(dict(detail or {})))


async def newest(
    database: Database, *, subject: str | None = None, before: UUID | None = None, limit: int = 100
) -> list[AuditEntry]:
    """A page of entries, the newest first; go on ``before`` the last one's id."""
    records = await database.fetch(
        """
        select id, actor, action, subject, detail::text as detail, created_at from audit_log
        where ($1::text is null or subject = $1) and ($2::uuid is null or id < $2) order by id desc limit $3
        """,
        subject,
        before,
        limit,
    )
    return [_entry(record) for record in records]


def _entry(record: Record) -> AuditEntry:
    values = dict(record)
    return AuditEntry(**values | {"detail": json.loads(values["detail"])})
