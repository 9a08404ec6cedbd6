import pytest

from arena.store import (
    audit,
    bot_texts,
    bots,
    chain_events,
    events,
    messages,
    sessions,
    solutions,
    spending,
    transactions,
    users,
)
from persistence import Database, Statement

STATEMENTS: list[Statement] = [
    value
    for module in (
        audit,
        bot_texts,
        bots,
        chain_events,
        events,
        messages,
        sessions,
        solutions,
        spending,
        transactions,
        users,
    )
    for value in vars(module).values()
    if isinstance(value, Statement)
]
GAME_TABLES = {
    "users",
    "bots",
    "bot_texts",
    "chat_sessions",
    "messages",
    "bot_solutions",
    "network_transactions",
    "bot_events",
    "chain_events",
    "nonces",
    "auth_sessions",
    "refresh_tokens",
    "idempotency_keys",
    "audit_log",
    "llm_spending",
}


async def test_every_table_knows_when_its_rows_were_made_and_changed(database: Database) -> None:
    records = await database.fetch(
        """
        select table_name, array_agg(column_name::text) as columns from information_schema.columns
        where table_schema = 'public' group by table_name
        """
    )
    tables = {record["table_name"]: set(record["columns"]) for record in records}
    assert tables.keys() >= GAME_TABLES
    for name in GAME_TABLES:
        assert tables[name] >= {"created_at", "updated_at"}, name


async def test_a_change_moves_updated_at_and_nothing_else_does(database: Database) -> None:
    records = await database.fetch("select event_object_table as name from information_schema.triggers")
    assert {record["name"] for record in records} >= GAME_TABLES
    await database.execute(
        "insert into nonces (nonce, expires_at, updated_at) values ('a', now(), '2000-01-01')"
    )
    assert await database.fetch_value("select updated_at < now() - interval '1 year' from nonces")
    await database.execute("update nonces set used_at = now()")
    assert await database.fetch_value("select updated_at > now() - interval '1 minute' from nonces")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("messages", "(bot_id, created_at)"),
        ("messages", "(solver_id, status)"),
        ("chat_sessions", "(bot_id, created_at)"),
        ("chat_sessions", "(solver_id, status)"),
        ("bot_events", "(bot_id, created_at)"),
        ("network_transactions", "(bot_id, created_at)"),
    ],
)
async def test_composite_indexes_are_there(database: Database, table: str, columns: str) -> None:
    records = await database.fetch("select indexdef from pg_indexes where tablename = $1", table)
    assert any(columns in record["indexdef"] for record in records)


async def test_amounts_are_bigints_that_are_never_negative(database: Database) -> None:
    for table, column in (
        ("bots", "initial_pot"),
        ("bots", "pot"),
        ("bots", "fee_base"),
        ("messages", "amount"),
        ("messages", "pot_share"),
        ("network_transactions", "amount"),
        ("bot_solutions", "reward"),
    ):
        kind = await database.fetch_value(
            "select data_type from information_schema.columns where table_name = $1 and column_name = $2",
            table,
            column,
        )
        assert kind == "bigint", (table, column)
        checks = await database.fetch(
            "select pg_get_constraintdef(oid) as check from pg_constraint where conrelid = to_regclass($1)",
            table,
        )
        assert any(
            f"({column} >= 0)" in check["check"]
            or f"({column} > 0)" in check["check"]
            or f"({column} >= (0)" in check["check"]
            for check in checks
        ), (table, column)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
async def test_a_statement_takes_arrays_and_writes_nothing_for_none(
    database: Database, statement: Statement
) -> None:
    tag = await database.execute(statement.sql, *[[] for _ in range(statement.columns)])
    assert tag.split()[-1] == "0"


def test_statements_have_names_of_their_own() -> None:
    assert len({statement.name for statement in STATEMENTS}) == len(STATEMENTS)
    assert len(STATEMENTS) >= 17
