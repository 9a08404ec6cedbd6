"""A bot's terms, from its row to the types of its neighbours: the chain, the brain, its secrets."""

from __future__ import annotations

import json
from functools import partial
from uuid import UUID

import structlog
from solders.hash import Hash
from solders.pubkey import Pubkey

from arena.brains import Brain, Endpoints, InvalidBrain, Means, history_turns, make_brain
from arena.chain.accounts import ExpiryRule
from arena.chain.instructions import BotTerms
from arena.chain.payment import CreateQuote
from arena.chain.submitter import Outgoing, TransactionKind
from arena.game.frames import Reveal
from arena.game.services import Services
from arena.game.thinking import AbsentBrain
from arena.secretbox import SecretBox
from arena.settings import Settings
from arena.store import bots
from arena.store.transactions import NetworkTransaction, NewTransaction

log = structlog.get_logger(__name__)


def secret_label(bot_id: UUID) -> bytes:
    """What a bot's encrypted secret is bound to."""
    return b"bots.secret:" + bot_id.bytes


def salt_label(bot_id: UUID) -> bytes:
    """What a bot's encrypted salt is bound to."""
    return b"bots.salt:" + bot_id.bytes


def credentials_label(bot_id: UUID) -> bytes:
    """What a bot's encrypted credentials are bound to."""
    return b"bots.credentials:" + bot_id.bytes


def open_secret(box: SecretBox, bot: bots.Bot) -> dict[str, object]:
    secret: dict[str, object] = json.loads(box.decrypt(bot.secret, secret_label(bot.id)))
    return secret


def open_salt(box: SecretBox, bot: bots.Bot) -> bytes:
    return box.decrypt(bot.salt, salt_label(bot.id))


def open_credentials(box: SecretBox, bot: bots.Bot) -> dict[str, object]:
    """What the bot pays a service of its own with; nothing if it needs none."""
    if bot.credentials is None:
        return {}
    credentials: dict[str, object] = json.loads(box.decrypt(bot.credentials, credentials_label(bot.id)))
    return credentials


def endpoints(settings: Settings) -> Endpoints:
    """The language models that the operator has set up."""
    key = settings.arena_llm_api_key
    return Endpoints(
        url=settings.arena_llm_base_url,
        key=key.get_secret_value() if key is not None else "",
        models=settings.arena_llm_models,
        allowed=frozenset(settings.arena_llm_allowed_urls),
    )


def brain_of(services: Services, bot: bots.Bot) -> Brain:
    """The bot's brain. If its kind is not there any more, one that judges nothing: players get their money back."""
    box = services.secretbox
    means = Means(endpoints(services.settings), partial(services.spending.purse, bot.id))
    try:
        return make_brain(bot.kind, bot.public, open_secret(box, bot), open_credentials(box, bot), means)
    except InvalidBrain as problem:
        log.error("brain_absent", bot_id=str(bot.id), kind=bot.kind, reason=problem.detail)  # noqa: TRY400
        return AbsentBrain()


def turns_told(bot: bots.Bot) -> int:
    """How many of a player's latest turns the bot's brain is given."""
    return history_turns(bot.kind)


def reveal(box: SecretBox, bot: bots.Bot) -> Reveal:
    """What the objective hash committed to. Only for a bot that has ended."""
    return Reveal(
        salt=open_salt(box, bot).hex(), kind=bot.kind, public=dict(bot.public), secret=open_secret(box, bot)
    )


def create_quote(
    services: Services, bot: bots.Bot, creator: str, blockhash: Hash, height: int
) -> CreateQuote:
    """What the creation of `bot` has to be, with the blockhash that its transaction names."""
    keys = services.keys
    return CreateQuote(
        bot_id=bot.id,
        creator=Pubkey.from_string(creator),
        quote_key=keys.quote_pubkey,
        payout_key=keys.payout_pubkey,
        admin=keys.admin_pubkey,
        platform=keys.platform_wallet,
        terms=BotTerms(
            objective_hash=bot.objective_hash,
            fee_base=bot.fee_base,
            fee_growth_bps=bot.fee_growth_bps,
            fee_cap=bot.fee_cap,
            pot_bps=bot.pot_bps,
            creator_bps=bot.creator_bps,
            initial_pot=bot.initial_pot,
            closes_at=int(bot.closes_at.timestamp()),
            idle_after=bot.idle_after,
            idle_min_messages=bot.idle_min_messages,
            expiry_rule=ExpiryRule[bot.expiry_rule.name],
        ),
        blockhash=blockhash,
        last_valid_block_height=height,
    )


def outgoing(row: NetworkTransaction) -> Outgoing:
    """A transaction that was committed, on its way again."""
    return Outgoing(
        signature=row.signature,
        transaction=row.raw,
        last_valid_block_height=row.last_valid_block_height,
        kind=TransactionKind(row.kind),
        bot_id=row.bot_id,
        message_id=row.message_id,
    )


def new_transaction(transaction: Outgoing, *, payer: str, amount: int) -> NewTransaction:
    """A transaction that is about to be sent, as its row. `amount` in lamports."""
    return NewTransaction(
        signature=transaction.signature,
        kind=transaction.kind.value,
        bot_id=transaction.bot_id,
        message_id=transaction.message_id,
        payer=payer,
        amount=amount,
        raw=transaction.transaction,
        last_valid_block_height=transaction.last_valid_block_height,
    )
