import hashlib
from dataclasses import replace

import pytest

from arena.ids import new_id
from arena.store import messages, solutions, transactions, transcripts
from arena.store.messages import MessageStatus, NewMessage
from persistence import ChangeRejected, Database, WriteConflict


async def status_of(database: Database, message_id) -> MessageStatus:
    message = await messages.get(database, message_id)
    assert message is not None
    return message.status


def test_a_payment_commits_to_id_and_text() -> None:
    message_id = new_id()
    expected = hashlib.sha256(message_id.bytes + "grüß".encode()).digest()
    assert messages.content_hash(message_id, "grüß") == expected


async def test_an_accepted_message_is_stored_as_it_was_given(world, database: Database) -> None:
    session = await world.session(await world.bot())
    new, _ = await world.paying(session, "žluťoučký 🐎\n")
    message = await messages.get(database, new.id)
    assert message is not None
    for name in NewMessage.__dataclass_fields__:
        assert getattr(message, name) == getattr(new, name), name
    assert message.status is MessageStatus.PAYING
    assert await messages.by_client_id(database, session.id, new.client_id) == message


async def test_no_message_is_none(database: Database) -> None:
    assert await messages.get(database, new_id()) is None
    assert await messages.by_client_id(database, new_id(), new_id()) is None
    assert await messages.all_unjudged(database, new_id()) == []
    assert await messages.all_paying(database, new_id()) == []
    assert await messages.refunds_due(database, new_id()) == []
    assert await messages.history(database, new_id(), before_index=9) == []
    assert await transcripts.page(database, new_id()) == []
    assert await messages.pot_shares(database, new_id(), up_to_index=9) == 0


async def test_from_payment_to_verdict(world, commit, database: Database) -> None:
    session = await world.session(await world.bot())
    paid = await world.paid(session, 1)
    assert (paid.status, paid.message_index, paid.pot_share, paid.fee_slot) == (
        MessageStatus.PAID,
        1,
        800_000,
        11,
    )
    await commit(messages.judged(paid.id, reply="No.", solved=False))
    judged = await messages.get(database, paid.id)
    assert judged is not None
    assert (judged.status, judged.reply, judged.solved) == (MessageStatus.JUDGED, "No.", False)
    assert judged.judged_at is not None


async def test_from_payment_to_verdict_at_once(world, commit, database: Database) -> None:
    message, fee = await world.paying(await world.session(await world.bot()))
    await commit(
        messages.paid_and_judged(
            message.id,
            message_index=3,
            pot_share=5,
            fee_signature=fee.signature,
            fee_slot=7,
            reply="No.",
            solved=False,
        )
    )
    row = await messages.get(database, message.id)
    assert row is not None
    assert (row.status, row.reply, row.solved) == (MessageStatus.JUDGED, "No.", False)
    assert (row.message_index, row.pot_share, row.fee_signature, row.fee_slot) == (3, 5, fee.signature, 7)
    assert row.judged_at is not None


async def test_from_payment_to_refund(world, commit, database: Database) -> None:
    message, fee = await world.paying(await world.session(await world.bot()))
    await commit(
        messages.refunding(message.id, reason="bot_solved"),
        messages.paid(message.id, message_index=3, pot_share=5, fee_signature=fee.signature, fee_slot=1),
    )
    await commit(messages.refunded(message.bot_id, message_index=3, signature="refund"))
    row = await messages.get(database, message.id)
    assert row is not None
    assert (row.status, row.refund_reason, row.refund_signature) == (
        MessageStatus.REFUNDED,
        "bot_solved",
        "refund",
    )


async def test_a_dead_payment_can_be_tried_again_with_new_terms(world, commit, database: Database) -> None:
    message, fee = await world.paying(await world.session(await world.bot()))
    await commit(messages.dead(message.id), transactions.expired(fee.signature))
    again = replace(message, amount=2_000_000)
    second = world.fee(again)
    await commit(messages.retry(again), transactions.send(second))
    row = await messages.get(database, message.id)
    assert row is not None
    assert (row.status, row.amount, row.client_id) == (MessageStatus.PAYING, 2_000_000, message.client_id)
    assert await messages.all_paying(database, message.bot_id) == [row]
    (live,) = await transactions.pending(database, message.bot_id)
    assert live.signature == second.signature


async def test_every_step_needs_the_one_before(world, commit, database: Database) -> None:
    session = await world.session(bot := await world.bot())
    paying, _ = await world.paying(session)
    paid, judged = await world.paid(session, 1), await world.judged(session, 2)
    refunding = await world.paid(session, 3)
    await commit(messages.refunding(refunding.id, reason="timeout"))
    steps = {
        MessageStatus.PAID: lambda m: messages.paid(
            m.id, message_index=9, pot_share=0, fee_signature="s", fee_slot=0
        ),
        MessageStatus.JUDGED: lambda m: messages.judged(m.id, reply="", solved=False),
        "paid and judged": lambda m: messages.paid_and_judged(
            m.id, message_index=9, pot_share=0, fee_signature="s", fee_slot=0, reply="", solved=False
        ),
        MessageStatus.REFUNDING: lambda m: messages.refunding(m.id, reason="x"),
        MessageStatus.REFUNDED: lambda m: messages.refunded(
            bot.id, message_index=getattr(m, "message_index", None) or 99, signature="x"
        ),
        MessageStatus.DEAD: lambda m: messages.dead(m.id),
        MessageStatus.PAYING: lambda m: messages.retry(m),
    }
    allowed = {
        paying.id: {MessageStatus.PAID, "paid and judged", MessageStatus.DEAD},
        paid.id: {MessageStatus.JUDGED, MessageStatus.REFUNDING},
        judged.id: set(),
        refunding.id: {MessageStatus.REFUNDED},
    }
    for message in (paying, paid, judged, refunding):
        before = await status_of(database, message.id)
        for target, step in steps.items():
            if target not in allowed[message.id]:
                with pytest.raises(WriteConflict):
                    await commit(step(message))
                assert await status_of(database, message.id) is before


async def test_a_change_with_one_wrong_step_changes_nothing(world, commit, database: Database) -> None:
    session = await world.session(await world.bot())
    first, second = await world.paid(session, 1), await world.judged(session, 2)
    with pytest.raises(WriteConflict):
        await commit(*[messages.judged(m.id, reply="x", solved=False) for m in (first, second)])
    assert await status_of(database, first.id) is MessageStatus.PAID


async def test_a_client_id_is_used_once_in_a_session(world, commit) -> None:
    session = await world.session(await world.bot())
    message, _ = await world.paying(session)
    with pytest.raises(ChangeRejected):
        await commit(messages.accept(world.new_message(session, client_id=message.client_id)))


async def test_an_index_is_given_once_in_a_bot(world) -> None:
    bot = await world.bot()
    await world.paid(await world.session(bot), 1)
    with pytest.raises(ChangeRejected):
        await world.paid(await world.session(bot), 1)
    await world.paid(await world.session(await world.bot()), 1)


async def test_only_one_message_solves_a_bot(world) -> None:
    session = await world.session(await world.bot())
    await world.judged(session, 1, solved=True)
    with pytest.raises(ChangeRejected):
        await world.judged(session, 2, solved=True)


@pytest.mark.parametrize("changes", [{"amount": -1}, {"content_hash": b""}, {"text": "a\x00"}])
async def test_a_message_that_cannot_be_is_refused(world, commit, changes: dict[str, object]) -> None:
    session = await world.session(await world.bot())
    with pytest.raises(ChangeRejected):
        await commit(messages.accept(world.new_message(session, **changes)))


async def test_unjudged_messages_come_in_index_order(world, database: Database) -> None:
    bot = await world.bot()
    one, two = await world.session(bot), await world.session(bot)
    await world.judged(one, 1)
    for index, session in ((4, one), (2, two), (3, one)):
        await world.paid(session, index)
    await world.paying(one)
    assert [m.message_index for m in await messages.all_unjudged(database, bot.id)] == [2, 3, 4]


async def test_messages_in_payment_are_found_with_their_transactions(world, database: Database) -> None:
    bot = await world.bot()
    session = await world.session(bot)
    under_way = [await world.paying(session) for _ in range(2)]
    await world.paid(session, 1)
    found = await messages.all_paying(database, bot.id)
    assert [(m.id, m.wallet) for m in found] == [(m.id, session.solver) for m, _ in under_way]
    live = await transactions.pending(database, bot.id, kind="fee")
    assert [(t.message_id, t.raw) for t in live] == [(m.id, fee.raw) for m, fee in under_way]


async def test_refunds_due_are_what_is_marked_and_what_came_after_the_winner(
    world, commit, database: Database
) -> None:
    bot = await world.bot()
    session = await world.session(bot)
    timed_out = await world.paid(session, 1)
    await commit(messages.refunding(timed_out.id, reason="timeout"))
    waiting = await world.paid(session, 2)
    late = [await world.paid(session, index) for index in (5, 4)]
    assert [m.message_index for m in await messages.refunds_due(database, bot.id)] == [1]
    await commit(messages.judged(waiting.id, reply="", solved=False))
    await world.solved(await world.judged(session, 3, solved=True))
    assert [m.message_index for m in await messages.refunds_due(database, bot.id)] == [1, 4, 5]
    await commit(messages.refunding(late[1].id, reason="bot_solved"))
    await commit(*[messages.refunded(bot.id, message_index=index, signature="x") for index in (1, 4)])
    assert [m.message_index for m in await messages.refunds_due(database, bot.id)] == [5]


async def test_a_bot_that_nobody_solved_owes_all_that_was_not_judged(
    world, commit, database: Database
) -> None:
    bot = await world.bot()
    session = await world.session(bot)
    await world.judged(session, 1)
    await world.paid(session, 2)
    await commit(solutions.ended(solutions.NewSolution(bot_id=bot.id, proof=bytes(32), revealed={})))
    assert [m.message_index for m in await messages.refunds_due(database, bot.id)] == [2]


async def test_history_is_the_last_turns_of_one_session_in_order(world, database: Database) -> None:
    bot = await world.bot()
    mine, other = await world.session(bot), await world.session(bot)
    for index in range(1, 7):
        await world.judged(mine if index % 2 else other, index, f"text {index}")
    await world.paid(mine, 7)
    turns = await messages.history(database, mine.id, before_index=7)
    assert [(t.message_index, t.text, t.reply) for t in turns] == [
        (1, "text 1", "reply 1"),
        (3, "text 3", "reply 3"),
        (5, "text 5", "reply 5"),
    ]
    assert [t.message_index for t in await messages.history(database, mine.id, before_index=5, limit=1)] == [
        3
    ]


async def test_a_player_sees_all_own_messages_and_everybody_the_judged_ones(
    world, database: Database
) -> None:
    bot, player = await world.bot(), await world.user()
    session = await world.session(bot, player)
    judged, paid = await world.judged(session, 1), await world.paid(session, 2)
    paying, _ = await world.paying(session)
    second = await world.judged(await world.session(bot), 3)
    own = await messages.of_session(database, session.id)
    assert [m.id for m in own] == [paying.id, paid.id, judged.id]
    assert [m.id for m in await messages.of_session(database, session.id, beyond=paid.id)] == [judged.id]
    oldest = await messages.of_session(database, session.id, newest_first=False, beyond=judged.id, limit=1)
    assert [m.id for m in oldest] == [paid.id]
    public = await transcripts.page(database, bot.id)
    assert [message.message_id for message in public] == [second.id, judged.id]
    assert public[1].wallet == player.wallet


async def test_a_transcript_is_read_from_both_ends(world, database: Database) -> None:
    session = await world.session(bot := await world.bot())
    for index in range(1, 6):
        await world.judged(session, index)

    async def read(**where: object) -> list[int]:
        return [said.message_index for said in await transcripts.page(database, bot.id, **where)]

    assert await read(limit=2) == [5, 4]
    assert await read(limit=2, before=4) == [3, 2]
    assert await read(newest_first=False, limit=2) == [1, 2]
    assert await read(newest_first=False, limit=2, after=2) == [3, 4]
    assert await read(newest_first=False, after=1, before=4) == [2, 3]
    assert await read(after=5) == []


async def test_what_solved_a_bot_is_public_when_its_reward_is_final(
    world, commit, database: Database
) -> None:
    session = await world.session(bot := await world.bot())
    await world.judged(session, 1)
    won = await world.judged(session, 2, "the answer", solved=True)
    await world.solved(won)
    assert [said.message_index for said in await transcripts.page(database, bot.id)] == [1]
    await commit(solutions.settled(bot.id, "s" * 88))
    [last, _] = await transcripts.page(database, bot.id)
    assert (last.text, last.solved) == ("the answer", True)


async def test_pot_shares_leave_out_refunds_and_later_messages(world, commit, database: Database) -> None:
    session = await world.session(bot := await world.bot())
    await world.judged(session, 1)
    refunding = await world.paid(session, 2)
    await commit(messages.refunding(refunding.id, reason="timeout"))
    await world.judged(session, 3, solved=True)
    await world.paid(session, 4)
    assert await messages.pot_shares(database, bot.id, up_to_index=3) == 2 * 800_000
