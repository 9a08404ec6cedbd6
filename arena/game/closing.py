"""Closing a bot before its time: only by its creator, and only if nobody has ever paid for a message."""

from __future__ import annotations

from solders.hash import Hash
from solders.pubkey import Pubkey

from arena.chain.client import Commitment
from arena.chain.payment import (
    CloseQuote,
    PaymentRefused,
    check_close_transaction,
    close_transaction,
    cosign,
)
from arena.chain.submitter import Outgoing, TransactionKind
from arena.game.opening import BLOCKHASH_LIFE, HEIGHT_MARGIN, blockhash_of
from arena.game.refusals import payment_refused, transaction_spent
from arena.game.services import Services
from arena.store import transactions
from arena.store.bots import Bot


async def unsigned_closing(services: Services, bot: Bot, creator: str) -> bytes:
    """The transaction that closes `bot`, with a fresh blockhash, for its creator to sign.

    Raises:
        ChainUnavailable: no blockhash can be had.
    """
    blockhash = await services.client.latest_blockhash()
    return close_transaction(services.program_id, _quote(services, bot, creator, blockhash.hash))


async def checked_closing(services: Services, bot: Bot, creator: str, signed: bytes) -> Outgoing:
    """The closing as it is to be sent: found to be that of this bot, and co-signed.

    Raises:
        Problem: with the code that `PaymentRefused` has, or `transaction_spent`.
        ChainUnavailable: the chain's height cannot be had.
    """
    height = await services.client.block_height(Commitment.CONFIRMED) + BLOCKHASH_LIFE + HEIGHT_MARGIN
    try:
        quote = _quote(services, bot, creator, blockhash_of(signed))
        checked = check_close_transaction(services.program_id, quote, signed)
    except PaymentRefused as refused:
        raise payment_refused(refused) from refused
    if await transactions.get(services.database, checked.signature) is not None:
        raise transaction_spent()
    return Outgoing(
        checked.signature,
        cosign(checked.transaction, services.keys.payout),
        height,
        TransactionKind.CLOSE,
        bot.id,
    )


def _quote(services: Services, bot: Bot, creator: str, blockhash: Hash) -> CloseQuote:
    return CloseQuote(
        bot=Pubkey.from_string(bot.address),
        creator=Pubkey.from_string(creator),
        payout_key=services.keys.payout_pubkey,
        platform=services.keys.platform_wallet,
        blockhash=blockhash,
    )
