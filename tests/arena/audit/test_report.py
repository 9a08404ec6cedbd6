"""The report of an audit: its exit code, its totals, its keys."""

from __future__ import annotations

from arena.audit.account import Holdings
from arena.audit.differences import Difference, Kind
from arena.audit.report import AuditReport, BotReport
from arena.audit.wallets import Totals, add_up

WRONG = Difference.of(Kind.MIRROR, "pot", 5, 6)


def test_the_exit_code_tells_right_from_wrong_from_unreadable() -> None:
    right = BotReport(address="a")
    wrong = BotReport(address="b", differences=(WRONG,))
    unread = BotReport(address="c", unreadable="the node is down")
    assert AuditReport(1, ()).exit_code == 0
    assert AuditReport(1, (right,)).exit_code == 0
    assert AuditReport(1, (right, unread)).exit_code == 3
    assert AuditReport(1, (right, unread, wrong)).exit_code == 1


def test_totals_of_a_wallet_add_up_over_bots() -> None:
    one = {"alice": Totals(paid_in=10, paid_out=4), "bob": Totals(paid_in=1)}
    other = {"alice": Totals(paid_out=9)}
    assert add_up([one, other]) == {"alice": Totals(10, 13), "bob": Totals(1, 0)}
    assert add_up([one, other])["alice"].net == 3


def test_the_keys_of_the_json_are_stable() -> None:
    bot = BotReport(
        address="a",
        bot_id="b",
        status="open",
        holdings=Holdings(100, rent=60, pot=39),
        wallets={"alice": Totals(5, 0)},
        differences=(WRONG,),
    )
    report = AuditReport(7, (bot,)).as_json()
    assert list(report) == ["version", "ok", "slot", "bots", "wallets", "differences", "unreadable"]
    assert report["bots"] == [
        {
            "address": "a",
            "bot_id": "b",
            "status": "open",
            "ok": False,
            "chain_events": 0,
            "database_events": 0,
            "messages": 0,
            "refunds": 0,
            "lamports": 100,
            "rent": 60,
            "pot": 39,
            "creator_due": 0,
            "platform_due": 0,
            "unclaimed": 0,
            "surplus": 1,
            "in_flight": {},
            "differences": [{"kind": "mirror", "about": "pot", "expected": "5", "found": "6"}],
            "unreadable": None,
        }
    ]
    assert report["wallets"] == [{"wallet": "alice", "paid_in": 5, "paid_out": 0, "net": -5}]
