"""What the chain alone says about a bot, in plain words. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from arena.audit.account import check_account, holdings
from arena.audit.chain_reading import BotOnChain
from arena.audit.differences import Difference, Kind
from arena.audit.ledger import Ledger
from arena.audit.proof import Proof, check_proof
from arena.brains import confirms
from arena.chain.events import BotCreated
from arena.economy import format_sol

LIMITS: Final = (
    "whether messages that did not win were judged rightly: the chain has hashes of texts, not texts",
    "whether a message was quoted the newest price: a quote keeps its price until it runs out",
    "why a fee was given back",
    "whether this node tells the truth: ask another one with --rpc",
)
"""What no chain can tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``ok`` None: it could not be, ``said`` says why."""

    name: str
    ok: bool | None
    said: str
    differences: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "check": self.name,
            "ok": self.ok,
            "said": self.said,
            "differences": [str(difference) for difference in self.differences],
        }


def verify(chain: BotOnChain, ledger: Ledger, proof: Proof | None) -> list[Check]:
    """All checks of a bot with a history. ``ledger`` is that of the history."""
    found = (*ledger.differences, *check_account(ledger, chain.account, chain.lamports))
    created = ledger.created

    def check(name: str, said: str, kinds: Collection[Kind]) -> Check:
        wrong = tuple(difference for difference in found if difference.kind in kinds)
        return Check(name, not wrong, said, wrong)

    checks = [
        check("history", _history(ledger), {Kind.HISTORY, Kind.ADDRESS, Kind.TERMS}),
        check("prices", _prices(ledger), {Kind.PRICE, Kind.MESSAGE_ORDER}),
        check("split", _split(ledger), {Kind.SPLIT, Kind.BOOKS}),
        check("refunds", _refunds(ledger), {Kind.REFUND}),
        check("reward", _reward(ledger), {Kind.REWARD}),
        check("closing", _closing(ledger), {Kind.CLOSING}),
        check("account", _account(chain), {Kind.ACCOUNT, Kind.LAMPORTS}),
    ]
    return [*checks, _puzzle(ledger, created, proof)]


def exit_code(checks: Sequence[Check]) -> int:
    """0 when nothing that was checked is wrong, else 1."""
    return int(any(check.ok is False for check in checks))


def _history(ledger: Ledger) -> str:
    end = "its closing" if ledger.closed else "now; it is solved" if ledger.settled else "now; it is open"
    return (
        f"{len(ledger.events)} events from its creation to {end}: numbered without a gap, each in one "
        "transaction; its address follows from its key and id"
    )


def _prices(ledger: Ledger) -> str:
    late = (
        f"; {ledger.quoted} at the price of another place, which their quote had kept"
        if ledger.quoted
        else ""
    )
    return f"{len(ledger.fees)} messages, numbered in order, each paid at a price of the terms{late}"


def _split(ledger: Ledger) -> str:
    created = ledger.created
    if created is None:
        return "there are no terms"
    platform = 10_000 - created.pot_bps - created.creator_bps
    return (
        f"every fee was divided {_percent(created.pot_bps)} to the pot, {_percent(created.creator_bps)} to the "
        f"creator, {_percent(platform)} to the platform; the pot adds up after every event"
    )


def _refunds(ledger: Ledger) -> str:
    return f"{len(ledger.refunds)} fees went back, each to who had paid it, in full, once"


def _reward(ledger: Ledger) -> str:
    won = ledger.settled
    if won is None:
        return "not solved so far" if ledger.closed is None else "nobody solved it"
    return (
        f"{format_sol(won.reward)} to {won.winner}, who paid for message {won.message_index}: the initial pot and "
        "what the messages up to it added"
    )


def _closing(ledger: Ledger) -> str:
    end = ledger.closed
    if end is None:
        return "not closed so far"
    return (
        f"{format_sol(end.to_heir)} to {'the winner' if ledger.settled else 'the last player'}, "
        f"{format_sol(end.to_platform)} to the platform, {format_sol(end.to_creator)} to the creator, "
        f"the rent included ({end.reason.name.lower()})"
    )


def _account(chain: BotOnChain) -> str:
    if chain.account is None:
        dust = f"; {chain.lamports} lamports lie where it was" if chain.lamports else ""
        return f"the account is gone, as a closed bot's has to be{dust}"
    held = holdings(chain.account, chain.lamports)
    return (
        f"{held.lamports} lamports = rent {held.rent} + pot {held.pot} + creator {held.creator_due} + platform "
        f"{held.platform_due} + unclaimed {held.unclaimed} + surplus {held.surplus}, as its events add up to"
    )


def _puzzle(ledger: Ledger, created: BotCreated | None, proof: Proof | None) -> Check:
    ended = ledger.settled is not None or ledger.closed is not None
    if created is None or not ended:
        return Check("puzzle", None, "not revealed before the bot has ended")
    if proof is None:
        return Check("puzzle", None, "not checked: name the arena with --url, or a saved proof with --proof")
    steps = check_proof(ledger, proof)
    wrong = [step.what for step in steps if not step.ok]
    if wrong:
        return Check("puzzle", False, "it is not so that " + "; nor that ".join(wrong))
    won = proof.winning_message
    told = won is None or confirms(proof.kind, proof.secret, won.text) is not None
    by_hand = "" if told else f"; whether it solves a {proof.kind} is for you to judge"
    return Check("puzzle", True, "; ".join(step.what for step in steps) + by_hand)


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"
