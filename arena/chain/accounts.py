"""A bot's account, decoded."""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from solders.pubkey import Pubkey

from arena.chain.codec import ACCOUNT

BOT_VERSION = 1
BOT_SIZE = 520  # bytes, with the discriminator

_NOBODY = Pubkey.default()
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
    if not ACCOUNT.matches(data):
        raise AccountMalformed("the account is not a bot")
    raw = ACCOUNT.decode(data)
    del raw["reserved"]
    if raw["version"] != BOT_VERSION:
        raise AccountMalformed(f"version {raw['version']} of a bot's account is unknown")
    try:
        raw["status"], raw["expiry_rule"] = BotStatus(raw["status"]), ExpiryRule(raw["expiry_rule"])
    except ValueError as error:
        raise AccountMalformed(str(error)) from error
    raw["bot_id"] = UUID(bytes=raw["bot_id"])
    for name in ("last_player", "winner"):
        if raw[name] == _NOBODY:
            raw[name] = None
    return BotAccount(**raw)
