"""A bot's account against what its events add up to. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arena.audit.differences import Difference, Kind
from arena.audit.ledger import Ledger
from arena.chain.accounts import BotAccount, BotStatus
from arena.chain.events import BotCreated


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is at a bot's address, lamports: `lamports` = the books and the rent, and a surplus that somebody sent.

    Of a bot that is closed, or not opened yet, everything is surplus.
    """

    lamports: int
    rent: int = 0
    pot: int = 0
    creator_due: int = 0
    platform_due: int = 0
    unclaimed: int = 0

    @property
    def surplus(self) -> int:
        owed = self.rent + self.pot + self.creator_due + self.platform_due + self.unclaimed
        return self.lamports - owed


def holdings(account: BotAccount | None, lamports: int) -> Holdings:
    """How `lamports` divide."""
    if account is None:
        return Holdings(lamports)
    return Holdings(
        lamports,
        account.rent_reserve,
        account.pot,
        account.creator_due,
        account.platform_due,
        account.unclaimed,
    )


def check_account(ledger: Ledger, account: BotAccount | None, lamports: int) -> list[Difference]:
    """What differs between the account and the events up to its `event_seq`.

    Args:
        account: None when there is none, or it is not the program's any more.
    """
    found = Ledger(ledger.address)  # collects differences only
    created = ledger.created
    if account is None:
        if ledger.events and ledger.closed is None:
            found.wrong(Kind.ACCOUNT, "account", "there, as long as the bot is not closed", "none")
        return found.differences
    if ledger.closed is not None or created is None:
        found.wrong(Kind.ACCOUNT, "account", "none, closed or never created", "there")
        return found.differences
    for name, expected in {**_terms(created), **_state(ledger, created)}.items():
        found.differs(Kind.ACCOUNT, f"account, {name}", expected, getattr(account, name))
    if lamports < account.owed:
        found.wrong(Kind.LAMPORTS, "account", f"at least {account.owed}", lamports)
    return found.differences


def _terms(created: BotCreated) -> Mapping[str, object]:
    names = (
        "bot_id creator founding_key admin platform objective_hash fee_base fee_cap initial_pot rent_reserve "
        "created_at closes_at idle_min_messages fee_growth_bps idle_after pot_bps creator_bps expiry_rule"
    )
    return {name: getattr(created, name) for name in names.split()}


def _state(ledger: Ledger, created: BotCreated) -> Mapping[str, object]:
    solved, last = ledger.settled, ledger.fees.get(ledger.message_count)
    return {
        "status": BotStatus.OPEN if solved is None else BotStatus.SOLVED,
        "winner": solved.winner if solved else None,
        "last_player": ledger.last_player,
        "quote_key": ledger.quote_key,
        "payout_key": ledger.payout_key,
        "pot": ledger.books.pot,
        "creator_due": ledger.books.creator_due,
        "platform_due": ledger.books.platform_due,
        "unclaimed": ledger.books.unclaimed,
        "message_count": ledger.message_count,
        "refund_cursor": ledger.refund_cursor,
        "refund_count": len(ledger.refunds),
        "event_seq": ledger.event_seq,
        "last_message_at": last.recorded_at if last else created.created_at,
    }
