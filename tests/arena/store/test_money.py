"""Transactions and solutions."""

import pytest

from arena.ids import new_id
from arena.store import solutions, transactions
from arena.store.solutions import NewSolution
from arena.store.transactions import NewTransaction, TransactionStatus
from persistence import ChangeRejected, Database, WriteConflict


async def test_a_transaction_is_stored_before_it_is_sent_and_followed_to_its_end(
    world, commit, database: Database
) -> None:
    message, fee = await world.paying(await world.session(await world.bot()))
    row = await transactions.get(database, fee.signature)
    assert row is not None
    for name in NewTransaction.__dataclass_fields__:
        assert getattr(row, name) == getattr(fee, name), name
    assert (row.status, row.slot, row.error) == (TransactionStatus.PENDING, None, None)
    assert await transactions.pending(database, message.bot_id) == [row]
    await commit(transactions.landed(fee.signature, slot=12))
    row = await transactions.get(database, fee.signature)
    assert row is not None
    assert (row.status, row.slot) == (TransactionStatus.LANDED, 12)
    assert await transactions.pending(database, message.bot_id) == []
    assert await transactions.of_message(database, message.id) == [row]


async def test_an_outcome_is_told_once(world, commit, database: Database) -> None:
    _, fee = await world.paying(await world.session(await world.bot()))
    await commit(transactions.failed(fee.signature, slot=3, error="custom program error: 0x1771"))
    for outcome in (transactions.landed(fee.signature, slot=4), transactions.expired(fee.signature)):
        with pytest.raises(WriteConflict):
            await commit(outcome)
    row = await transactions.get(database, fee.signature)
    assert row is not None
    assert (row.status, row.error) == (TransactionStatus.FAILED, "custom program error: 0x1771")


async def test_one_live_transaction_a_message_and_kind(world, commit) -> None:
    session = await world.session(await world.bot())
    message, fee = await world.paying(session)
    with pytest.raises(ChangeRejected):
        await commit(transactions.send(world.fee(message)))
    await commit(transactions.send(world.fee(message, kind="refund")))
    await world.paying(session)
    # its successor may come in the very change that buries it
    await commit(transactions.send(world.fee(message)), transactions.expired(fee.signature))


async def test_one_live_settlement_a_bot(world, commit) -> None:
    message = world.new_message(await world.session(await world.bot()))
    settle = [world.fee(message, kind="settle", message_id=None) for _ in range(2)]
    await commit(transactions.send(settle[0]))
    with pytest.raises(ChangeRejected):
        await commit(transactions.send(settle[1]))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": -1},
        {"raw": bytes(1233)},
        {"kind": "gift"},
        {"message_id": None},
        {"last_valid_block_height": -1},
        {"signature": "x"},
    ],
)
async def test_a_transaction_that_cannot_be_is_refused(world, commit, changes: dict[str, object]) -> None:
    message, _ = await world.paying(await world.session(await world.bot()))
    with pytest.raises(ChangeRejected):
        await commit(transactions.send(world.fee(message, **({"kind": "refund"} | changes))))


async def test_transactions_of_a_bot_by_kind(world, commit, database: Database) -> None:
    bot = await world.bot()
    message, fee = await world.paying(await world.session(bot))
    refund = world.fee(message, kind="refund")
    await commit(transactions.send(refund))
    assert [t.signature for t in await transactions.of_bot(database, bot.id)] == [
        refund.signature,
        fee.signature,
    ]
    assert [t.signature for t in await transactions.of_bot(database, bot.id, kind="fee")] == [fee.signature]
    assert [t.signature for t in await transactions.pending(database, bot.id, kind="refund")] == [
        refund.signature
    ]
    assert await transactions.get(database, "unknown") is None


async def test_a_solution_goes_through_its_settlement(world, commit, database: Database) -> None:
    bot, player = await world.bot(), await world.user()
    message = await world.judged(await world.session(bot, player), 1, solved=True)
    assert await solutions.get(database, bot.id) is None
    await world.solved(message, reward=99)
    row = await solutions.get(database, bot.id)
    assert row is not None
    assert (row.status, row.winner, row.winner_id, row.reward) == ("solved", player.wallet, player.id, 99)
    assert (row.message_index, row.proof, row.revealed) == (1, bytes(range(32)), {"phrase": "open sesame"})
    assert await solutions.unfinished(database) == [bot.id]
    await commit(solutions.settled(bot.id, "settle"))
    assert await solutions.unfinished(database) == [bot.id]
    await commit(solutions.closed(bot.id, "close"))
    row = await solutions.get(database, bot.id)
    assert row is not None
    assert (row.status, row.settle_signature, row.close_signature) == ("closed", "settle", "close")
    assert await solutions.unfinished(database) == []


async def test_a_settlement_does_not_skip_or_repeat(world, commit) -> None:
    message = await world.judged(await world.session(bot := await world.bot()), 1, solved=True)
    await world.solved(message)
    with pytest.raises(WriteConflict):
        await commit(solutions.closed(bot.id, "close"))
    await commit(solutions.settled(bot.id, "settle"))
    with pytest.raises(WriteConflict):
        await commit(solutions.settled(bot.id, "again"))


async def test_a_bot_ends_once(world) -> None:
    message = await world.judged(await world.session(await world.bot()), 1, solved=True)
    await world.solved(message)
    with pytest.raises(ChangeRejected):
        await world.solved(message)


async def test_a_bot_that_nobody_solved_has_no_winner(world, commit, database: Database) -> None:
    bot = await world.bot()
    await commit(solutions.ended(NewSolution(bot_id=bot.id, proof=bytes(32), revealed={"phrase": "x"})))
    row = await solutions.get(database, bot.id)
    assert row is not None
    assert (row.status, row.winner, row.message_id, row.reward) == ("expired", None, None, 0)
    with pytest.raises(WriteConflict):
        await commit(solutions.settled(bot.id, "settle"))
    await commit(solutions.closed(bot.id, "close"))


@pytest.mark.parametrize(
    "changes", [{"reward": 1}, {"reward": -1}, {"proof": b"short"}, {"message_index": 1}]
)
async def test_an_end_that_cannot_be_is_refused(world, commit, changes: dict[str, object]) -> None:
    bot = await world.bot()
    values: dict[str, object] = {"bot_id": bot.id, "proof": bytes(32), "revealed": {}}
    with pytest.raises(ChangeRejected):
        await commit(solutions.ended(NewSolution(**(values | changes))))


async def test_unfinished_solutions_come_in_pages(world, commit, database: Database) -> None:
    made = [(await world.bot()).id for _ in range(3)]
    for bot_id in made:
        await commit(solutions.ended(NewSolution(bot_id=bot_id, proof=bytes(32), revealed={})))
    assert await solutions.unfinished(database, limit=2) == made[:2]
    assert await solutions.unfinished(database, after=made[1]) == made[2:]
    assert await solutions.unfinished(database, after=new_id()) == []
