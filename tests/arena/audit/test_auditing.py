"""Audits of a running arena: real actors, real rows, the real local chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.audit import chain_reading
from arena.audit.auditing import Auditor
from arena.audit.chain_reading import BotOnChain, Unreadable, read_bot
from arena.audit.differences import Kind
from arena.audit.report import AuditReport
from arena.chain.accounts import decode_bot
from arena.chain.client import ChainClient, ChainUnavailable, Commitment
from arena.chain.history import whole_history
from arena.game.closing import unsigned_closing
from arena.game.messages import CloseUnplayed
from arena.game.signing import sign_first
from arena.store import chain_events, messages, money, solutions
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.money import MoneyRows
from persistence import Database
from persistence.database import Connection
from tests.arena.game.conftest import FEE, PHRASE, POT, SOL, Arena, Player

SHARE = FEE * 8 // 10


@asynccontextmanager
async def auditor(arena: Arena) -> AsyncIterator[Auditor]:
    async with ChainClient(arena.endpoints.rpc_url, Commitment.FINALIZED) as client:
        yield Auditor(client, arena.services.program_id, arena.services.database)


async def audit(arena: Arena, *bots: str) -> AuditReport:
    async with auditor(arena) as auditing:
        return await auditing.audit(bots)


async def judged(player: Player, text: str) -> UUID:
    client_id = await player.say(text)
    with trio.fail_after(30):
        while True:
            found = await messages.by_client_id(player.arena.services.database, player.session.id, client_id)
            if found is not None and found.status is MessageStatus.JUDGED:
                return found.id
            await trio.sleep(0.02)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(30):
        while not await condition():
            await trio.sleep(0.05)


async def solved_and_closed(arena: Arena) -> tuple[UUID, Player, Keypair]:
    creator = await arena.wallet()
    bot_id = await arena.open_bot(creator)
    player = await arena.player(bot_id)
    await judged(player, "the moon?")
    await judged(player, PHRASE)

    async def final() -> bool:
        solution = await solutions.get(arena.services.database, bot_id)
        return solution is not None and solution.close_signature is not None

    await until(final)
    await arena.until(bot_id, BotStatus.CLOSED)

    async def known_to_be_final() -> bool:
        return not await chain_events.unfinal(arena.services.database, bot_id, limit=1)

    await until(known_to_be_final)  # before, what differs may still be on its way
    return bot_id, player, creator


async def test_a_closed_and_a_live_bot_agree_to_the_lamport(arena: Arena) -> None:
    closed, player, creator = await solved_and_closed(arena)
    live = await arena.open_bot(creator)
    await judged(await arena.player(live, player.wallet), "hello")
    report = await audit(arena)
    assert [str(difference) for bot in report.bots for difference in bot.differences] == []
    assert report.exit_code == 0
    by_id = {bot.bot_id: bot for bot in report.bots}
    assert by_id[str(closed)].holdings.lamports == 0
    assert (by_id[str(closed)].chain_events, by_id[str(closed)].messages) == (5, 2)
    totals = report.wallets
    assert totals[str(player.wallet.pubkey())].paid_in == 3 * FEE
    assert totals[str(player.wallet.pubkey())].paid_out == POT + 2 * SHARE
    held = sum(bot.holdings.lamports for bot in report.bots)
    assert sum(moved.net for moved in totals.values()) == -held


async def test_a_bot_that_its_creator_closed_unplayed_agrees_too(arena: Arena) -> None:
    creator = await arena.wallet()
    bot_id = await arena.open_bot(creator)
    unsigned = await unsigned_closing(arena.services, await arena.bot(bot_id), str(creator.pubkey()))
    closing = CloseUnplayed(str(creator.pubkey()), sign_first(unsigned, creator))
    await arena.services.bot(bot_id).ask(closing)
    await arena.until(bot_id, BotStatus.CLOSED)
    report = await audit(arena)
    assert [str(difference) for bot in report.bots for difference in bot.differences] == []
    assert report.exit_code == 0


async def test_an_audit_while_messages_are_being_paid_finds_nothing(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    players = [await arena.player(bot_id) for _ in range(3)]
    over = False

    async def chat(player: Player) -> None:
        while not over:
            await judged(player, "hello")

    async with trio.open_nursery() as nursery:
        for player in players:
            nursery.start_soon(chat, player)
        for _ in range(8):
            report = await audit(arena)
            assert [str(difference) for bot in report.bots for difference in bot.differences] == []
        over = True
    assert (await audit(arena)).bots[0].messages > 3


async def test_bots_can_be_named_by_id_or_address_and_unknown_ones_are_told(arena: Arena) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    await arena.open_bot(await arena.wallet())
    address = (await arena.bot(bot_id)).address
    for name in (str(bot_id), address):
        assert [bot.bot_id for bot in (await audit(arena, name)).bots] == [str(bot_id)]
    report = await audit(arena, str(uuid4()))
    assert [difference.kind for difference in report.bots[0].differences] == [Kind.BOT_UNKNOWN]
    assert report.exit_code == 1


PLANTED = [
    ("update bots set pot = pot + 1", Kind.MIRROR),
    ("update bots set fee_cap = fee_cap + 1", Kind.TERMS),
    ("update messages set amount = amount + 1 where message_index = 1", Kind.MESSAGE),
    ("update messages set text = 'something else' where message_index = 1", Kind.MESSAGE),
    ("update bot_solutions set reward = reward - 1", Kind.REWARD),
    ("update network_transactions set amount = amount + 1 where kind = 'settle'", Kind.TRANSACTION),
    ("delete from network_transactions where kind = 'close'", Kind.TRANSACTION_UNKNOWN),
    ("update chain_events set pot = pot + 1 where event_seq = 2", Kind.MIRROR),
    (
        "update network_transactions set signature = translate(signature, '123', '456') where kind = 'settle'",
        Kind.TRANSACTION_NOT_ON_CHAIN,
    ),
]


async def test_what_is_changed_in_the_database_is_found(arena: Arena) -> None:
    bot_id, _, _ = await solved_and_closed(arena)
    database = arena.services.database
    tables = ("bots", "messages", "bot_solutions", "network_transactions", "chain_events")
    for table in tables:
        await database.execute(f"create table kept_{table} as select * from {table}")
    for sql, kind in PLANTED:
        await database.execute(sql)
        report = await audit(arena, str(bot_id))
        assert kind in {difference.kind for difference in report.bots[0].differences}, sql
        assert report.exit_code == 1
        await restore(database, tables)
    assert (await audit(arena)).exit_code == 0


async def restore(database: Database, tables: tuple[str, ...]) -> None:
    """The tables as they were kept."""

    async def write(connection: Connection) -> None:
        await connection.execute("set local session_replication_role = replica")  # no foreign keys meanwhile
        for table in tables:
            await connection.execute(f"delete from {table}")
            await connection.execute(f"insert into {table} select * from kept_{table}")

    await database.run(write)


async def test_money_that_the_payout_key_moved_past_the_database_is_found(arena: Arena) -> None:
    """As a thief of the key would: a refund that no row knows."""
    from arena.chain.instructions import refund_message_fee
    from arena.chain.own_transactions import own_transaction

    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    await judged(player, "hello")
    services, address = arena.services, Pubkey.from_string((await arena.bot(bot_id)).address)
    services.feed.untrack(bot_id)  # whatever the arena makes of it
    thief = await arena.wallet()
    instruction = refund_message_fee(
        services.program_id,
        bot=address,
        payout_key=services.keys.payout_pubkey,
        player=thief.pubkey(),
        message_index=1,
        amount=FEE,
    )
    blockhash = await services.client.latest_blockhash()
    await services.client.send(own_transaction([instruction], services.keys.payout, blockhash).transaction)

    async def final() -> bool:
        state = await services.client.account(address, Commitment.FINALIZED)
        return state is not None and decode_bot(state.data).refund_count == 1

    await until(final)
    [bot] = (await audit(arena)).bots
    found = {difference.kind for difference in bot.differences}
    assert {Kind.REFUND, Kind.TRANSACTION_UNKNOWN, Kind.OUTCOME} <= found


async def test_rows_that_know_more_than_what_was_final_are_looked_at_again_once_it_must_be(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The arena takes events in when they are confirmed, so an audit may find it ahead of what is final."""
    bot_id = await arena.open_bot(await arena.wallet())
    await judged(await arena.player(bot_id), "hello")
    happened: list[str] = []

    async def read(client: ChainClient, program_id: Pubkey, address: Pubkey) -> BotOnChain:
        happened.append("read")
        chain = await read_bot(client, program_id, address)
        return replace(chain, events=chain.events[:1]) if len(happened) == 1 else chain

    async def wait(client: ChainClient) -> None:
        happened.append("waited")
        await chain_reading.until_final(client)

    monkeypatch.setattr("arena.audit.auditing.read_bot", read)
    monkeypatch.setattr("arena.audit.auditing.until_final", wait)
    report = await audit(arena)
    assert happened == ["read", "waited", "read"]
    assert (report.exit_code, report.bots[0].messages) == (0, 1)


async def test_rows_on_a_fork_that_the_arena_has_not_undone_can_not_be_compared(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is stopped between a confirmed payment and the fork that takes it back."""
    await arena.open_bot(await arena.wallet())
    read = money.rows

    async def forked(database: Database, bot_id: UUID) -> MoneyRows | None:
        rows = await read(database, bot_id)
        assert rows is not None
        creation = replace(rows.events[0], signature="2" * 88, final=False)
        return replace(rows, events=(creation,))

    monkeypatch.setattr(money, "rows", forked)
    report = await audit(arena)
    assert report.exit_code == 3
    assert "a fork took event 1 back" in report.bots[0].unreadable


async def test_a_draft_whose_creation_never_landed_agrees(arena: Arena) -> None:
    from arena.game.messages import OpenBot
    from arena.game.signing import sign_first

    creator = await arena.wallet(SOL // 10)
    draft = await arena.draft(creator)
    opening = OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    await arena.services.bot(draft.bot_id).ask(opening)
    await arena.until(draft.bot_id, BotStatus.DRAFT)
    report = await audit(arena)
    assert [bot.bot_id for bot in report.bots] == [str(draft.bot_id)]
    assert report.exit_code == 0


async def test_drafts_for_which_nothing_was_sent_are_left_out(arena: Arena) -> None:
    await arena.draft(await arena.wallet())
    assert await money.located(arena.services.database) == []
    assert (await audit(arena)).bots == ()


async def test_the_whole_history_of_a_closed_bot_is_read_and_dust_is_shown_apart(arena: Arena) -> None:
    bot_id, _, _ = await solved_and_closed(arena)
    address = Pubkey.from_string((await arena.bot(bot_id)).address)
    client = arena.services.client
    history = await whole_history(client, arena.services.program_id, address)
    assert [seen.event.event_seq for seen in history.events] == [1, 2, 3, 4, 5]
    assert history.unread == 0
    await client.airdrop(address, 1_000_000)

    async def there() -> bool:
        return await client.balance(address, Commitment.FINALIZED) == 1_000_000

    await until(there)
    [bot] = (await audit(arena)).bots
    assert (bot.holdings.surplus, bot.differences) == (1_000_000, ())


async def test_a_client_that_asks_for_less_than_final_is_refused(arena: Arena) -> None:
    services = arena.services
    with pytest.raises(ValueError, match="final"):
        Auditor(services.client, services.program_id, services.database)


async def test_an_account_of_nobody_we_know_has_no_history(arena: Arena) -> None:
    found = await read_bot(arena.services.client, arena.services.program_id, Pubkey.new_unique())
    assert (found.account, found.events, found.lamports) == (None, (), 0)


async def test_a_chain_that_does_not_get_final_cannot_be_read(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_reading, "FINALITY_TIMEOUT", 0.2)

    async def slot(commitment: Commitment | None = None) -> int:
        return 1 if commitment is Commitment.FINALIZED else 10**9

    monkeypatch.setattr(arena.services.client, "slot", slot)
    with pytest.raises(Unreadable, match="not final"):
        await chain_reading.until_final(arena.services.client)


async def test_a_node_that_is_away_is_told_of_each_bot_that_could_not_be_read(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    async with auditor(arena) as auditing:

        async def away(*_: object, **__: object) -> None:
            raise ChainUnavailable("the node is down")

        monkeypatch.setattr(auditing._client, "account", away)
        report = await auditing.audit()
    assert [(bot.bot_id, bot.unreadable) for bot in report.bots] == [(str(bot_id), "the node is down")]
    assert report.exit_code == 3
