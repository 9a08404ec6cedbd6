"""Who gets what when a bot closes: as it must have been, and as it would be now. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from solders.pubkey import Pubkey

from arena.audit.differences import Kind
from arena.audit.ledger import Ledger
from arena.chain.accounts import GRACE_SECONDS, BotAccount, BotStatus
from arena.chain.client import AccountState
from arena.chain.events import BotClosed, BotCreated, CloseReason
from arena.economy import Books, ExpiryRule


@dataclass(frozen=True, slots=True)
class Payouts:
    """What a closing pays, lamports. ``forfeited`` is in ``to_creator``: what a wallet could not have held."""

    heir: Pubkey
    to_heir: int
    platform: Pubkey
    to_platform: int
    creator: Pubkey
    to_creator: int
    forfeited: int


def closes_from(account: BotAccount) -> int:
    """From when on anyone may close the bot; seconds since the epoch."""
    return account.closes_at + GRACE_SECONDS


def can_hold(wallet: AccountState | None, lamports: int, minimum: int) -> bool:
    """Whether a wallet could receive `lamports`, as the program sees it.

    Args:
        minimum: the rent-exempt minimum of an account with its data.
    """
    if wallet is None:
        return lamports >= minimum
    return not wallet.executable and wallet.lamports + lamports >= minimum


def payouts(
    account: BotAccount, lamports: int, *, heir_can_hold: bool = True, platform_can_hold: bool = True
) -> Payouts:
    """What closing a bot that holds `lamports` pays once its grace period is over.

    Args:
        heir_can_hold, platform_can_hold: whether the wallet exists, or would by what it gets.
    """
    books = Books(account.pot, account.creator_due, account.platform_due, account.unclaimed)
    kept = account.message_count > account.refund_count
    inherited = _inheritance(
        books,
        solved=account.status is BotStatus.SOLVED,
        rule=ExpiryRule[account.expiry_rule.name],
        initial_pot=account.initial_pot,
        kept=kept,
    )
    to_heir = inherited if heir_can_hold or account.heir == account.creator else 0
    to_platform = books.platform_due if platform_can_hold or account.platform == account.creator else 0
    return Payouts(
        heir=account.heir,
        to_heir=to_heir,
        platform=account.platform,
        to_platform=to_platform,
        creator=account.creator,
        to_creator=lamports - to_heir - to_platform,
        forfeited=inherited - to_heir + books.platform_due - to_platform,
    )


def check_closing(ledger: Ledger, created: BotCreated, event: BotClosed) -> None:
    """Note in `ledger`, which has come to just before `event`, what is wrong with a closing."""
    about, books = "closing", ledger.books
    solved = ledger.settled
    heir = solved.winner if solved else ledger.last_player or created.creator
    ledger.differs(Kind.CLOSING, f"{about}, heir", heir, event.heir)
    inherited = _inheritance(
        books,
        solved=solved is not None,
        rule=ExpiryRule[created.expiry_rule.name],
        initial_pot=created.initial_pot,
        kept=ledger.kept_count > 0,
    )
    due = books.platform_due
    forfeited = 0
    for name, amount, paid in (
        ("to the heir", inherited, event.to_heir),
        ("to the platform", due, event.to_platform),
    ):
        if paid == 0 and event.forfeited:  # all or nothing
            forfeited += amount
        else:
            ledger.differs(Kind.CLOSING, f"{about}, {name}", amount, paid)
    expected = {
        "forfeited": forfeited,
        "creator_due": books.creator_due,
        "pot_to_creator": books.pot - inherited,
        "unclaimed": books.unclaimed,
        "rent_reserve": created.rent_reserve,
        "to_creator": books.creator_due
        + books.pot
        - inherited
        + books.unclaimed
        + forfeited
        + created.rent_reserve
        + event.surplus,
    }
    for name, amount in expected.items():
        ledger.differs(Kind.CLOSING, f"{about}, {name}", amount, getattr(event, name))
    if not _reason_holds(ledger, created, event):
        ledger.wrong(Kind.CLOSING, f"{about}, reason", "one that holds", event.reason.name.lower())
    ledger.moved(event.heir, paid_out=event.to_heir)
    ledger.moved(created.platform, paid_out=event.to_platform)
    ledger.moved(created.creator, paid_out=event.to_creator)


def _inheritance(books: Books, *, solved: bool, rule: ExpiryRule, initial_pot: int, kept: bool) -> int:
    """What of the pot is the heir's; the rest is the creator's."""
    return books.pot if solved else books.expire(rule, initial_pot, was_played=kept).last_player


def _reason_holds(ledger: Ledger, created: BotCreated, event: BotClosed) -> bool:
    """As far as events tell: they do not tell the time."""
    if event.reason is CloseReason.ABANDONED:
        return event.closer != ledger.payout_key
    if event.closer != ledger.payout_key:
        return False
    match event.reason:
        case CloseReason.SOLVED:
            return ledger.settled is not None
        case CloseReason.EXPIRED:
            return ledger.settled is None
        case CloseReason.IDLE:
            played = ledger.message_count >= created.idle_min_messages
            return ledger.settled is None and created.idle_after > 0 and played
        case CloseReason.UNPLAYED:
            return ledger.settled is None and ledger.kept_count == 0
