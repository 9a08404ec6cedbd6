"""An audit: every bot of the database, read from the chain and from its rows, and compared."""

from __future__ import annotations

from collections.abc import Sequence

import trio
from solders.pubkey import Pubkey

from arena.audit.account import check_account, holdings
from arena.audit.chain_reading import BotOnChain, Unreadable, read_bot, until_final
from arena.audit.compared_events import taken_back
from arena.audit.comparison import Comparison, compare
from arena.audit.differences import Difference, Kind
from arena.audit.ledger import Ledger
from arena.audit.replay import replay
from arena.audit.report import AuditReport, BotReport
from arena.chain.client import ChainClient, ChainUnavailable, Commitment
from arena.store import money
from arena.store.money import Located, MoneyRows
from persistence import Database

BOTS_AT_ONCE = 4
LOOKS = 2
"""How often a bot is looked at, with fresh rows, before a difference counts."""


class Auditor:
    """Compares bots one by one.

    Args:
        client: asks at `finalized`.

    Raises:
        ValueError: the client asks for less.
    """

    def __init__(self, client: ChainClient, program_id: Pubkey, database: Database) -> None:
        if client.commitment is not Commitment.FINALIZED:
            raise ValueError("an audit needs what is final")
        self._client = client
        self._program_id = program_id
        self._database = database

    async def audit(self, wanted: Sequence[str] = ()) -> AuditReport:
        """Compare the bots `wanted` (ids or addresses), or all there are.

        Raises:
            ChainUnavailable: the node cannot be asked at all.
            DatabaseUnavailable: the rows cannot be read.
        """
        slot = await self._client.slot()
        found = [await money.find(self._database, text) for text in wanted] if wanted else await self._all()
        reports: dict[int, BotReport] = {}
        waiting = iter(enumerate(found))

        async def work() -> None:
            for place, bot in waiting:
                reports[place] = await self._report(bot) if bot is not None else _unknown(wanted[place])

        async with trio.open_nursery() as nursery:
            for _ in range(min(BOTS_AT_ONCE, len(found))):
                nursery.start_soon(work)
        return AuditReport(slot, tuple(reports[place] for place in range(len(found))))

    async def _all(self) -> list[Located]:
        found: list[Located] = []
        while page := await money.located(self._database, after=found[-1].id if found else None):
            found += page
        return found

    async def _report(self, bot: Located) -> BotReport:
        try:
            return await self._compare(bot)
        except (ChainUnavailable, Unreadable) as error:
            return BotReport(address=bot.address, bot_id=str(bot.id), unreadable=str(error))

    async def _compare(self, bot: Located, looks: int = LOOKS) -> BotReport:
        """Compare until chain and rows agree, `looks` times at most: while a fork is being undone they do not."""
        address = Pubkey.from_string(bot.address)
        chain = await read_bot(self._client, self._program_id, address)
        known = chain.event_seq
        rows = await money.rows(self._database, bot.id)
        if rows is None:  # a draft that was forgotten just now
            return _unknown(bot.address)
        ledger, compared = self._compared(chain, rows, known)
        if compared.differences:  # the rows may know what is not final yet: look again once it has to be
            await until_final(self._client)
            chain = await read_bot(self._client, self._program_id, address)
            ledger, compared = self._compared(chain, rows, known)
        if compared.differences and looks > 1:
            return await self._compare(bot, looks - 1)
        if compared.differences and (event := taken_back(ledger, rows)) is not None:
            raise Unreadable(
                f"a fork took event {event} back, which the database has still to undo: start the arena, look again"
            )
        return _report(bot, chain, rows, ledger, compared)

    def _compared(self, chain: BotOnChain, rows: MoneyRows, known: int) -> tuple[Ledger, Comparison]:
        ledger = replay(self._program_id, chain.address, chain.events)
        return ledger, compare(ledger, rows, known=known)


def _report(
    bot: Located, chain: BotOnChain, rows: MoneyRows, ledger: Ledger, compared: Comparison
) -> BotReport:
    wrong = (*ledger.differences, *check_account(ledger, chain.account, chain.lamports))
    return BotReport(
        address=bot.address,
        bot_id=str(bot.id),
        status=rows.bot.status.value,
        chain_events=ledger.event_seq,
        database_events=rows.bot.event_seq,
        messages=len(ledger.fees),
        refunds=len(ledger.refunds),
        holdings=holdings(chain.account, chain.lamports),
        wallets=ledger.wallets,
        in_flight=compared.in_flight,
        differences=(*wrong, *compared.differences),
    )


def _unknown(text: str) -> BotReport:
    return BotReport(address=text, differences=(Difference.of(Kind.BOT_UNKNOWN, "bot", "a row", "none"),))
