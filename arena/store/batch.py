"""Statements that write many rows at once: SQL made from the names and types of columns.

Every parameter is an array; row ``n`` of the batch is element ``n`` of each. Two rows of one batch never meet
the same row of a table: an actor has one change under way at a time, and each statement here has one kind of
writer. Those that write the life of a message from its payment to its verdict are marked ``together``: nothing that
one of them does is undone, or looked at, by another.

Rows are found by their keys, and a status only has to be right. It is compared as ``status || ''``, so that no partial
index of that status is taken instead of the key: the planner thinks it small, and it would be read as a whole for every
row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from persistence import Statement

# Order inside of a batch: what others refer to first; rows before what changes them; a transaction's outcome
# before the one that replaces it.
RANK_USER: Final = 5
RANK_BOT: Final = 10
RANK_BOT_TEXT: Final = 12
RANK_MESSAGE: Final = 20
RANK_OUTCOME: Final = 25
RANK_TRANSACTION: Final = 30
RANK_PAID: Final = 40
RANK_JUDGED: Final = 42
RANK_REFUNDING: Final = 44
RANK_REFUNDED: Final = 46
RANK_DEAD: Final = 48
RANK_SOLUTION: Final = 50
RANK_SETTLEMENT: Final = 55
RANK_EVENT: Final = 60
RANK_CHAIN_EVENT: Final = 62
RANK_TAKEN_BACK: Final = 64
RANK_CHAIN_EVENT_END: Final = 66
RANK_MIRROR: Final = 70
RANK_SESSIONS: Final = 80
RANK_SPENDING: Final = 90
RANK_SPENDING_CORRECTED: Final = 92
RANK_AUDIT: Final = 95


def insert(
    name: str,
    table: str,
    columns: Mapping[str, str],
    rank: int,
    *,
    then: str = "",
    together: bool = False,
) -> Statement:
    """Insert rows of ``columns`` (name to type); ``then`` is what follows, such as ``on conflict …``."""
    values = ", ".join(_value(column, kind) for column, kind in columns.items())
    names = ", ".join(columns)
    sql = f"insert into {table} ({names}) select {values} from {_rows(columns)} {then}"  # noqa: S608
    return Statement(name=name, sql=sql.rstrip(), columns=len(columns), rank=rank, together=together)


def update(
    name: str,
    table: str,
    columns: Mapping[str, str],
    *,
    set_: str,
    where: str,
    rank: int,
    exact: bool = True,
    together: bool = False,
) -> Statement:
    """Update rows of ``table``, there called ``t``, from rows of ``columns`` (name to type), called ``v``.

    ``where`` joins both and states what must hold; a row for which it does not is one row too few, and the
    change that it belongs to fails.
    """
    sql = f"update {table} t set {set_} from {_rows(columns)} where {where}"  # noqa: S608
    return Statement(name=name, sql=sql, columns=len(columns), rank=rank, exact=exact, together=together)


def _value(column: str, kind: str) -> str:
    return f"v.{column}::jsonb" if kind == "jsonb" else f"v.{column}"


def _rows(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(
        # JSON travels as text, so that it does not matter which codec a connection has for it
        f"${number}::{'text' if kind == 'jsonb' else kind}[]"
        for number, kind in enumerate(columns.values(), 1)
    )
    return f"unnest({arrays}) as v({', '.join(columns)})"
