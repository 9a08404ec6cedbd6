"""Opening a bot: the creation that its creator signed, examined and co-signed."""

from __future__ import annotations

from uuid import UUID

from solders.hash import Hash
from solders.transaction import VersionedTransaction

from arena.chain.client import Commitment
from arena.chain.payment import PaymentRefused, check_create_transaction, cosign, create_transaction
from arena.chain.reasons import Failure, explain, explain_expiry
from arena.chain.submitter import Outgoing, TransactionKind
from arena.chain.transaction_errors import parse
from arena.game import terms
from arena.game.refusals import draft_outdated, payment_refused, transaction_spent
from arena.game.services import Services
from arena.store import transactions
from arena.store.bots import Bot
from arena.store.transactions import NetworkTransaction, TransactionStatus

BLOCKHASH_LIFE = 150
"""Blocks for which a blockhash can be named, https://solana.com/docs/core/transactions."""
HEIGHT_MARGIN = 50
"""Blocks by which the node that gave a creator a blockhash may be ahead of ours."""


async def unsigned_creation(services: Services, bot: Bot, creator: str) -> bytes:
    """The transaction that opens the draft `bot`, with a fresh blockhash, for its creator to sign.

    Raises:
        Problem: `draft_outdated`.
        ChainUnavailable: no blockhash can be had.
    """
    _check_founding_key(services, bot)
    blockhash = await services.client.latest_blockhash()
    quote = terms.create_quote(services, bot, creator, blockhash.hash, blockhash.last_valid_block_height)
    return create_transaction(services.program_id, quote)


async def checked_creation(services: Services, bot: Bot, creator: str, signed: bytes) -> Outgoing:
    """The creation as it is to be sent: found to be the drafted one, and co-signed.

    It may name any blockhash, since a draft can be old: whichever it is, it is dead 150 blocks from now, and a few
    more for a node that is ahead of ours. To take it for dead too late costs patience, too early a bot.

    Raises:
        Problem: with the code that `PaymentRefused` has, `transaction_spent`, or `draft_outdated`.
        ChainUnavailable: the chain's height cannot be had.
    """
    _check_founding_key(services, bot)
    height = await services.client.block_height(Commitment.CONFIRMED) + BLOCKHASH_LIFE + HEIGHT_MARGIN
    try:
        quote = terms.create_quote(services, bot, creator, blockhash_of(signed), height)
        checked = check_create_transaction(services.program_id, quote, signed)
    except PaymentRefused as refused:
        raise payment_refused(refused) from refused
    if await transactions.get(services.database, checked.signature) is not None:
        raise transaction_spent()
    return Outgoing(
        checked.signature,
        cosign(checked.transaction, services.keys.quote_signer),
        height,
        TransactionKind.CREATE,
        bot.id,
    )


def _check_founding_key(services: Services, bot: Bot) -> None:
    """Only the key that a bot's address follows from can sign its creation."""
    if bot.founding_key != str(services.keys.quote_pubkey):
        raise draft_outdated()


async def last_failure(services: Services, bot_id: UUID) -> Failure | None:
    """Why the last attempt to open the draft came to nothing; None: there was none."""
    last = await transactions.of_bot(services.database, bot_id, kind=TransactionKind.CREATE, limit=1)
    match last:
        case [NetworkTransaction(status=TransactionStatus.FAILED, error=str(line), raw=raw)]:
            return explain(parse(line), services.program_id, raw)
        case [NetworkTransaction(status=TransactionStatus.EXPIRED, error=line, raw=raw)]:
            return explain_expiry(None if line is None else parse(line), services.program_id, raw)
        case _:
            return None


def blockhash_of(signed: bytes) -> Hash:
    """The blockhash that a signed transaction names."""
    try:
        return VersionedTransaction.from_bytes(signed).message.recent_blockhash
    except ValueError:
        return Hash.default()  # the examination says what is wrong with it
