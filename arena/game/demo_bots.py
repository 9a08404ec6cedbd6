"""The bots that a fresh local arena opens, so that a newcomer finds somebody to talk to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
import trio
from solders.keypair import Keypair

from actors import ActorError
from arena.chain.client import ChainUnavailable
from arena.game.drafts import DraftBot, creation, draft_bot
from arena.game.messages import OpenBot
from arena.game.services import Services
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import bots, users
from arena.store.bots import BotStatus
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)

_SOL = 1_000_000_000
_LIFE = timedelta(days=30)
_RETRY = 2.0


def _bot(
    name: str, persona: str, objective: str, hints: list[tuple[int, str]], phrase: str, pot: int
) -> DraftBot:
    return DraftBot(
        name=name,
        kind="passphrase",
        public={
            "persona": persona,
            "objective": objective,
            "hints": [{"after_messages": after, "text": text} for after, text in hints],
        },
        secret={"phrase": phrase},
        fee_base=_SOL // 100,
        fee_growth_bps=78,
        fee_cap=_SOL // 10,
        initial_pot=pot,
        closes_at=datetime.now(UTC) + _LIFE,
    )


def demo_bots() -> list[DraftBot]:
    """Three riddles, from easy to hard."""
    return [
        _bot(
            "Mira of the Tide Gate",
            "Mira keeps the gate where the river meets the sea. She is weary of travellers and fond of riddles.",
            "Say what goes out twice a day and always comes home.",
            [(2, "It never knocks."), (4, "The moon calls it."), (7, "Sailors wait for it to be high.")],
            "the tide",
            2 * _SOL,
        ),
        _bot(
            "Oswin the Lamplighter",
            "Oswin lights the lamps of a town that has no sun. He is short of words and of matches.",
            "Name the thing that grows the more you take away from it.",
            [
                (3, "You can fall into it."),
                (6, "Spades make it."),
                (10, "Nothing is in it, and that is all it is."),
            ],
            "a hole",
            3 * _SOL,
        ),
        _bot(
            "The Archivist",
            "The Archivist has read every book but its own catalogue. It answers politely and at length.",
            "Name what speaks every language without ever having learned one.",
            [(5, "It always lets you begin."), (9, "It lives in valleys, wells and empty halls.")],
            "an echo",
            5 * _SOL,
        ),
    ]


async def open_demo_bots(services: Services, house: Keypair) -> None:
    """Open the demo bots, once: those that a start before this one has left unfinished are finished.

    `house` is the wallet that pays their pots; on the local chain it is given what it needs.
    """
    while True:
        try:
            await _open(services, house)
            return
        except (ChainUnavailable, DatabaseUnavailable, ActorError) as error:
            log.warning("demo_bots_postponed", reason=str(error))
            await trio.sleep(_RETRY)
        except Problem as problem:
            log.warning("demo_bots_refused", code=problem.code, detail=problem.detail)
            return


async def _open(services: Services, house: Keypair) -> None:
    wanted = demo_bots()
    user = await users.find_or_create(services.database, str(house.pubkey()))
    have = {bot.name: bot for bot in await bots.demo(services.database)}
    missing = [spec for spec in wanted if spec.name not in have or have[spec.name].status is BotStatus.DRAFT]
    if not missing:
        return
    need = sum(spec.initial_pot for spec in missing) + _SOL
    if await services.client.balance(house.pubkey()) < need:
        await services.client.airdrop(house.pubkey(), need)
        while await services.client.balance(house.pubkey()) < need:
            await trio.sleep(0.2)
    for spec in missing:
        known = have.get(spec.name)
        if known is None:
            draft = await draft_bot(services, user.id, user.wallet, spec, demo=True)
        else:
            draft = await creation(services, known.id, user.wallet)
        signed = sign_first(draft.transaction, house)
        await services.bot(draft.bot_id).ask(OpenBot(user.wallet, signed))
        log.info("demo_bot_opening", name=spec.name, bot_id=str(draft.bot_id))
