"""What has to hold when all is over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import trio
from solders.pubkey import Pubkey

from arena.chain.client import ChainClient, Commitment
from arena.cli.arena_client import ArenaClient, arena_client
from arena.keys import read_keypair
from tests.arena.cli.run import run
from tests.e2e.player import persistently
from tests.e2e.soak.conversation import Conversation
from tests.e2e.soak.money import reckon
from tests.e2e.soak.records import Bot, Record

BOT_SIZE = 520
AUDIT_ATTEMPTS = 5
UNREADABLE = 3


async def audit(data_dir: Path, record: Record) -> dict[str, Any] | None:
    """`arena audit`; None, and a violation unless the chain or the database could not be read, if it is not content."""
    for _ in range(AUDIT_ATTEMPTS):
        ended = await run("audit", "--json", cwd=data_dir.parent, ARENA_DATA_DIR=str(data_dir))
        if ended.returncode != UNREADABLE:
            break
        await trio.sleep(1)
    if ended.returncode == 0:
        report: dict[str, Any] = json.loads(ended.stdout)
        return report
    record.keep("audit.json", {"out": ended.stdout.decode(), "err": ended.stderr.decode()})
    record.violation(f"arena audit ended with {ended.returncode}: see audit.json")
    return None


def in_flight(report: Mapping[str, Any]) -> dict[str, Mapping[str, int]]:
    return {bot["bot_id"]: bot["in_flight"] for bot in report["bots"] if bot["in_flight"]}


def check_frames(
    live: Mapping[tuple[str, str], Conversation],
    complete: Mapping[tuple[str, str], Conversation],
    record: Record,
) -> None:
    """Each frame once, and each paid message one verdict or refund."""
    for key, conversation in complete.items():
        seen = live[key].frames
        wallet, bot_id = key
        if seen != conversation.frames[: len(seen)]:
            record.violation(f"{wallet} with {bot_id} was sent other frames than are in the log")
        for message_id, fate in conversation.fates.messages.items():
            if fate.status not in ("judged", "refunded", "dead"):
                record.violation(f"message {message_id} of {wallet} to {bot_id} is {fate.status} in the end")


async def check_money(
    bots: Mapping[str, Bot],
    complete: Mapping[tuple[str, str], Conversation],
    before: Mapping[str, int],
    chain: ChainClient,
    statuses: Mapping[str, str],
    platform: str,
    record: Record,
) -> None:
    """Every wallet, and every bot that is still open, against what players were told."""
    expected = Counter(before)
    moved = 0
    rent = await chain.rent_exempt_minimum(BOT_SIZE)
    for bot in bots.values():
        talks = [talk for (_, bot_id), talk in complete.items() if bot_id == bot.id]
        reckoned = reckon(bot, talks, statuses[bot.id], platform)
        for wrong in reckoned.wrong:
            record.violation(f"bot {bot.id} ({bot.kind}): {wrong}")
        expected.update(reckoned.changes)
        moved += sum(fee.amount for fee in reckoned.fees) + bot.terms["initial_pot"]
        on_chain = await chain.balance(Pubkey.from_string(bot.address))
        held = reckoned.held + rent if reckoned.held else 0
        expected[bot.creator] -= rent if reckoned.held else 0
        if on_chain != held:
            record.violation(f"bot {bot.id} ({bot.kind}) holds {on_chain} lamports, expected were {held}")
    for wallet, lamports in expected.items():
        found = await chain.balance(Pubkey.from_string(wallet))
        if found != lamports:
            record.violation(f"{wallet} has {found} lamports, expected were {lamports}: {found - lamports:+}")
    record.figures["lamports paid into bots"] = moved


async def check_actors(url: str, data_dir: Path, record: Record) -> None:
    """No actor has given up. How many were restarted is told."""
    async with (
        arena_client(url, read_keypair(data_dir / "keys" / "admin.json")) as operator,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        headers = {"Authorization": f"Bearer {await operator.sign_in()}"}
        failed = (await http.get(f"{url}/admin/actors", params={"state": "failed"}, headers=headers)).json()
        crashed = (await http.get(f"{url}/admin/actors", params={"failed": "true"}, headers=headers)).json()
    for actor in failed["actors"]:
        record.violation(f"actor {actor['path']} has failed: {actor['last_error']}")
    record.figures["actors restarted since the last start"] = crashed["total"]
    record.keep("actors.json", crashed)


async def statuses_of(client: ArenaClient, bots: Mapping[str, Bot]) -> dict[str, str]:
    return {
        bot_id: (await persistently(client, "GET", f"/bots/{bot_id}", within=60))["status"] for bot_id in bots
    }


async def balances(url: str, wallets: list[str]) -> dict[str, int]:
    async with ChainClient(url, Commitment.FINALIZED) as chain:
        return {wallet: await chain.balance(Pubkey.from_string(wallet)) for wallet in wallets}
