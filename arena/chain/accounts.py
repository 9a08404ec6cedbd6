"""A bot's account, decoded."""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from construct import ConstructError
from solders.pubkey import Pubkey

from arena.chain.artifacts import coder

BOT_VERSION = 1
BOT_SIZE = 520  # bytes, with the discriminator

GRACE_SECONDS = 7 * 86_400  # after closes_at; then anyone may close
MAX_LIFETIME_SECONDS = 731 * 86_400  # closes_at is at most so far from the creation

BPS = 10_000


class AccountMalformed(Exception):
    """The data is not a bot's account, or one of another version."""


class BotStatus(IntEnum):
    """What the chain knows of a bot's state; a closed bot has no account."""

    OPEN = 0
    SOLVED = 1


class ExpiryRule(IntEnum):
    """Who gets the pot of a bot that nobody solved."""

    LAST_PLAYER = 0  # the last player gets the whole pot
    CREATOR = 1  # the creator gets the initial pot, the last player what it grew by


@dataclass(frozen=True, slots=True)
class BotAccount:
    """The state of a bot on chain. Amounts are lamports, times are seconds since the epoch.

    `pot`, `creator_due`, `platform_due` and `unclaimed` are the books; the account always holds at least
    their sum and `rent_reserve`. `last_player` and `winner` are None as long as there is none.
    """

    version: int
    status: BotStatus
    bump: int
    expiry_rule: ExpiryRule
    pot_bps: int
    creator_bps: int
    fee_growth_bps: int
    idle_after: int
    bot_id: UUID
    creator: Pubkey
    founding_key: Pubkey
    quote_key: Pubkey
    payout_key: Pubkey
    admin: Pubkey
    platform: Pubkey
    objective_hash: bytes
    last_player: Pubkey | None
    winner: Pubkey | None
    fee_base: int
    fee_cap: int
    initial_pot: int
    rent_reserve: int
    pot: int
    creator_due: int
    platform_due: int
    unclaimed: int
    message_count: int
    refund_cursor: int
    refund_count: int
    event_seq: int
    created_at: int
    closes_at: int
    last_message_at: int
    idle_min_messages: int

    @property
    def owed(self) -> int:
        """What the account has to hold; everything above is surplus that somebody sent."""
        return self.rent_reserve + self.pot + self.creator_due + self.platform_due + self.unclaimed

    @property
    def heir(self) -> Pubkey:
        """The wallet that `close_bot` has to be given as heir: winner, else last player, else creator."""
        if self.status is BotStatus.SOLVED:
            return self.winner or self.creator
        return self.last_player or self.creator


def decode_bot(data: bytes) -> BotAccount:
    """Decode the data of a bot's account. Raises AccountMalformed.

    Says nothing of who owns the account: the caller has to compare its owner with the program.
    """
    if len(data) != BOT_SIZE:
        raise AccountMalformed(f"a bot's account has {BOT_SIZE} bytes, not {len(data)}")
    accounts = coder().accounts
    if data[:8] != accounts.acc_name_to_discriminator["Bot"]:
        raise AccountMalformed("the account is not a bot")
    try:
        raw = accounts.decode(data)
    except ConstructError as error:
        raise AccountMalformed(str(error)) from error
    if raw.version != BOT_VERSION:
        raise AccountMalformed(f"version {raw.version} of a bot's account is unknown")
    try:
        status, expiry_rule = BotStatus(raw.status), ExpiryRule(raw.expiry_rule)
    except ValueError as error:
        raise AccountMalformed(str(error)) from error
    none = Pubkey.default()
    return BotAccount(
        version=raw.version,
        status=status,
        bump=raw.bump,
        expiry_rule=expiry_rule,
        pot_bps=raw.pot_bps,
        creator_bps=raw.creator_bps,
        fee_growth_bps=raw.fee_growth_bps,
        idle_after=raw.idle_after,
        bot_id=UUID(bytes=bytes(raw.bot_id)),
        creator=raw.creator,
        founding_key=raw.founding_key,
        quote_key=raw.quote_key,
        payout_key=raw.payout_key,
        admin=raw.admin,
        platform=raw.platform,
        objective_hash=bytes(raw.objective_hash),
        last_player=None if raw.last_player == none else raw.last_player,
        winner=None if raw.winner == none else raw.winner,
        fee_base=raw.fee_base,
        fee_cap=raw.fee_cap,
        initial_pot=raw.initial_pot,
        rent_reserve=raw.rent_reserve,
        pot=raw.pot,
        creator_due=raw.creator_due,
        platform_due=raw.platform_due,
        unclaimed=raw.unclaimed,
        message_count=raw.message_count,
        refund_cursor=raw.refund_cursor,
        refund_count=raw.refund_count,
        event_seq=raw.event_seq,
        created_at=raw.created_at,
        closes_at=raw.closes_at,
        last_message_at=raw.last_message_at,
        idle_min_messages=raw.idle_min_messages,
    )
