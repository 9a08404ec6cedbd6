"""Closing a bot before its time: only by its creator, and only if nobody has ever paid for a message."""

from __future__ import annotations

from solders.hash import Hash
from solders.pubkey import Pubkey

from arena.chain.accounts import decode_bot
from arena.chain.client import ChainUnavailable, Commitment
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
        ChainUnavailable: the node tells no blockhash, or not the bot's account.
    """
    blockhash = await services.client.latest_blockhash()
    return close_transaction(services.program_id, await _quote(services, bot, creator, blockhash.hash))


async def checked_closing(services: Services, bot: Bot, creator: str, signed: bytes) -> Outgoing:
    """The closing as it is to be sent: found to be that of this bot, and co-signed.

    Raises:
        Problem: with the code that `PaymentRefused` has, or `transaction_spent`.
        ChainUnavailable: the node does not tell the chain's height, or not the bot's account.
    """
    height = await services.client.block_height(Commitment.CONFIRMED) + BLOCKHASH_LIFE + HEIGHT_MARGIN
    try:
        quote = await _quote(services, bot, creator, blockhash_of(signed))
        checked = check_close_transaction(services.program_id, quote, signed)
    except PaymentRefused as refused:
        raise payment_refused(refused) from refused
    if await transactions.get(services.database, checked.signature) is not None:
        raise transaction_spent()
    return Outgoing(
        checked.signature,
        cosign(checked.transaction, services.keys.payout_signer),
        height,
        TransactionKind.CLOSE,
        bot.id,
    )


async def _quote(services: Services, bot: Bot, creator: str, blockhash: Hash) -> CloseQuote:
    address = Pubkey.from_string(bot.address)
    state = await services.client.account(address)
    if state is None or state.owner != services.program_id:
        raise ChainUnavailable("the node does not show the bot's account")
    return CloseQuote(
        bot=address,
        creator=Pubkey.from_string(creator),
        payout_key=services.keys.payout_pubkey,
        platform=decode_bot(state.data).platform,
        blockhash=blockhash,
    )
