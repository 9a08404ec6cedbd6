"""From a draft to a bot that takes messages."""

from __future__ import annotations

from uuid import UUID

import pytest
from solders.keypair import Keypair

from arena.chain.reasons import EXPIRED
from arena.chain.submitter import Expired, TransactionKind
from arena.game.drafts import creation
from arena.game.messages import OpenBot, PriceMessage
from arena.game.opening import last_failure
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import bots, events, transactions
from arena.store.bots import BotStatus
from arena.store.transactions import TransactionStatus
from tests.fixtures.game import SOL, Game, World


async def opening(game: Game, lamports: int = 10 * SOL) -> tuple[UUID, Keypair, str, bytes]:
    """A draft, and its creation signed and sent."""
    draft, creator = await game.draft()
    signed = sign_first(draft.transaction, creator)
    signature = await game.bot_ref(draft.bot_id).ask(OpenBot(str(creator.pubkey()), signed))
    return draft.bot_id, creator, signature, signed


async def test_the_creation_is_committed_before_it_is_sent(game: Game) -> None:
    bot_id, _, signature, _ = await opening(game)
    sent = await game.outbox.take(TransactionKind.CREATE)
    assert sent.signature == signature
    assert game.happened[-3:] == ["commit transactions.insert", "commit bots.mirror", "submit create"]
    assert (await game.bot(bot_id)).status is BotStatus.OPENING
    assert game.feed.after == {bot_id: 0}


async def test_a_bot_is_open_when_the_chain_says_so(game: Game) -> None:
    bot = await game.open_bot()
    assert (bot.status, bot.pot, bot.event_seq) == (BotStatus.OPEN, 50_000_000, 1)
    assert bot.opened_at is not None
    account = game.chain.bot(bot.address)
    assert account is not None
    assert account.objective_hash == bot.objective_hash
    [pot] = await events.public(game.database, bot.id, after=0)
    assert b'"next_price": 1000000' in pot.frame


async def test_opening_twice_is_opening_once(game: Game) -> None:
    bot_id, creator, signature, signed = await opening(game)
    again = OpenBot(str(creator.pubkey()), signed)
    assert await game.bot_ref(bot_id).ask(again) == signature
    await game.land(await game.outbox.take(TransactionKind.CREATE))
    assert await game.bot_ref(bot_id).ask(again) == signature
    assert len(game.outbox.all) == 1


async def test_a_draft_has_no_price(game: Game) -> None:
    draft, _ = await game.draft()
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(draft.bot_id).ask(PriceMessage())
    assert refusal.value.extra == {"bot_status": "draft"}


async def test_a_creation_for_another_wallet_is_refused_and_changes_nothing(game: Game) -> None:
    draft, creator = await game.draft()
    thief = Keypair()
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(draft.bot_id).ask(
            OpenBot(str(thief.pubkey()), sign_first(draft.transaction, creator))
        )
    assert refusal.value.status == 422
    assert (await game.bot(draft.bot_id)).status is BotStatus.DRAFT
    assert game.outbox.all == []


async def test_an_expired_creation_leaves_a_draft_that_can_be_opened_again(game: Game) -> None:
    bot_id, creator, signature, _ = await opening(game)
    first = await game.outbox.take(TransactionKind.CREATE)
    assert await last_failure(game.services, bot_id) is None
    await game.expire(first)
    assert (await game.bot(bot_id)).status is BotStatus.DRAFT
    assert await last_failure(game.services, bot_id) == EXPIRED
    assert game.feed.after == {}, "nothing is to be heard of a bot that is not there"
    draft = await creation(game.services, bot_id, str(creator.pubkey()))
    second = await game.bot_ref(bot_id).ask(
        OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    )
    assert second != signature
    await game.land(await game.outbox.take(TransactionKind.CREATE))
    assert (await game.bot(bot_id)).status is BotStatus.OPEN


async def test_a_creation_that_its_creator_could_not_pay_for_says_so(game: Game) -> None:
    """Without money for the network's fee it is in no block, and the chain knows nothing of it."""
    bot_id, *_ = await opening(game)
    await game.expire(await game.outbox.take(TransactionKind.CREATE), "InsufficientFundsForFee")
    why = await last_failure(game.services, bot_id)
    assert why is not None
    assert (why.code, why.name) == ("funds_insufficient", "InsufficientFundsForFee")


async def test_a_creation_that_failed_is_not_sent_again_as_it_is(game: Game) -> None:
    draft, creator = await game.draft(initial_pot=100 * SOL)  # more than the creator has
    signed = OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
    await game.bot_ref(draft.bot_id).ask(signed)
    landing = await game.land(await game.outbox.take(TransactionKind.CREATE))
    assert landing.error is not None
    assert (await game.bot(draft.bot_id)).status is BotStatus.DRAFT
    why = await last_failure(game.services, draft.bot_id)
    assert why is not None
    assert (why.code, why.name) == ("funds_insufficient", "InsufficientFunds")
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(draft.bot_id).ask(signed)
    assert refusal.value.code == "transaction_spent"
    assert game.system.info(f"/game/bots/{draft.bot_id}").failed == 0


async def test_the_end_of_an_old_creation_does_not_touch_a_newer_one(game: Game) -> None:
    """Ends are told until they are taken, so one may come again when everything has moved on."""
    bot_id, creator, _, _ = await opening(game)
    first = await game.outbox.take(TransactionKind.CREATE)
    await game.expire(first)
    draft = await creation(game.services, bot_id, str(creator.pubkey()))
    await game.bot_ref(bot_id).ask(OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator)))
    await game.router.ended(Expired(first))
    assert (await game.bot(bot_id)).status is BotStatus.OPENING
    [second] = await transactions.pending(game.database, bot_id)
    assert second.signature != first.signature


async def test_a_creation_counts_as_dead_only_when_no_node_can_take_it_any_more(game: Game) -> None:
    """Its blockhash may be of a node that is ahead of the one that was asked for the height."""
    _, _, signature, _ = await opening(game)
    row = await transactions.get(game.database, signature)
    assert row is not None
    assert row.last_valid_block_height >= game.chain.height + 150 + 32


async def test_an_opening_goes_on_after_a_restart(world: World) -> None:
    async with world.running() as game:
        bot_id, _, signature, _ = await opening(game)
    async with world.running() as game:
        sent = await game.outbox.take(TransactionKind.CREATE)
        assert sent.signature == signature
        assert game.feed.after == {bot_id: 0}
        await game.land(sent)
        assert (await game.bot(bot_id)).status is BotStatus.OPEN
        row = await transactions.get(game.database, signature)
        assert row is not None
        assert row.status is TransactionStatus.LANDED


async def test_a_bot_that_nobody_knows_is_not_found(game: Game) -> None:
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(UUID(int=1)).ask(PriceMessage())
    assert refusal.value.status == 404


async def test_a_draft_waits_for_its_creator_and_is_no_work_for_a_start(world: World) -> None:
    async with world.running() as game:
        draft, _ = await game.draft()
        assert await bots.pending(game.database) == []
    async with world.running() as game:
        assert game.system.info("/game/bots").children == 0
        assert (await game.bot(draft.bot_id)).status is BotStatus.DRAFT
