"""An audit's report for people."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena.audit.report import AuditReport, BotReport

MAX_BOTS = 100
MAX_WALLETS = 50
MAX_DIFFERENCES = 200


def print_report(console: Console, report: AuditReport) -> None:
    """Print all of it; what is long is cut, and says so."""
    wrong_first = sorted(report.bots, key=lambda bot: not (bot.differences or bot.unreadable))
    if report.bots:
        console.print(_bots(wrong_first[:MAX_BOTS]))
        _say_rest(console, len(report.bots) - MAX_BOTS, "bots")
    if report.wallets:
        console.print(_wallets(report))
        _say_rest(console, len(report.wallets) - MAX_WALLETS, "wallets")
    in_flight: Counter[str] = Counter()
    for bot in report.bots:
        in_flight.update(bot.in_flight)
    for what, count in sorted(in_flight.items()):
        console.print(f"In flight, no difference: {count} {what}.", highlight=False)
    _print_differences(console, wrong_first)
    said = f"{report.differences} differences" if report.differences else "No difference"
    unread = f"; {report.unreadable} bots cannot be read" if report.unreadable else ""
    console.print(f"{said} in {len(report.bots)} bots at slot {report.slot}{unread}.", highlight=False)


def _print_differences(console: Console, bots: list[BotReport]) -> None:
    lines = [
        f"[red]{bot.address}[/red] {escape(said)}"
        for bot in bots
        for said in [
            *([f"cannot be read: {bot.unreadable}"] if bot.unreadable else []),
            *(str(difference) for difference in bot.differences),
        ]
    ]
    for line in lines[:MAX_DIFFERENCES]:
        console.print(line, highlight=False, soft_wrap=True)
    _say_rest(console, len(lines) - MAX_DIFFERENCES, "lines; --json has all")


def _bots(bots: list[BotReport]) -> Table:
    table = Table(title="Bots: lamports = rent + pot + dues + unclaimed, and a surplus that somebody sent")
    for column in ("bot", "status", "events", "paid", "back"):
        table.add_column(column, no_wrap=True, justify="left" if column in ("bot", "status") else "right")
    for column in ("lamports", "rent", "pot", "creator", "platform", "unclaimed", "surplus", ""):
        table.add_column(column, no_wrap=True, justify="right")
    for bot in bots:
        held = bot.holdings
        amounts = (
            held.lamports,
            held.rent,
            held.pot,
            held.creator_due,
            held.platform_due,
            held.unclaimed,
            held.surplus,
        )
        table.add_row(
            f"{bot.address[:8]}…",
            bot.status,
            str(bot.chain_events),
            str(bot.messages),
            str(bot.refunds),
            *(f"{amount:,}" for amount in amounts),
            _verdict(bot),
        )
    return table


def _verdict(bot: BotReport) -> str:
    if bot.differences:
        return f"[red]{len(bot.differences)} wrong[/red]"
    return "[yellow]unread[/yellow]" if bot.unreadable else "[green]right[/green]"


def _wallets(report: AuditReport) -> Table:
    table = Table(title="Wallets: lamports to and from bots, without the network's fees")
    table.add_column("wallet", no_wrap=True)
    for column in ("paid in", "paid out", "net"):
        table.add_column(column, no_wrap=True, justify="right")
    for wallet, moved in list(report.wallets.items())[:MAX_WALLETS]:
        table.add_row(wallet, f"{moved.paid_in:,}", f"{moved.paid_out:,}", f"{moved.net:+,}")
    return table


def _say_rest(console: Console, count: int, what: str) -> None:
    if count > 0:
        console.print(f"… and {count} more {what}", highlight=False)
