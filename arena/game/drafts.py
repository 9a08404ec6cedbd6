"""Drafts: a bot before it is on chain.

A draft fixes everything about a bot, its secret included, and commits to it by a hash that the creation puts on chain.
It costs nothing and holds nothing until its creation, signed by the creator, is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from arena.brains import BrainConfig, new_salt, objective_hash, validate
from arena.chain.pda import bot_address
from arena.economy import ExpiryRule
from arena.game import opening, terms
from arena.game.messages import ChangeCredentials
from arena.game.services import Services
from arena.game.text import checked_name
from arena.ids import new_id
from arena.problems import Problem, not_found
from arena.store import bot_texts, bots
from persistence import Change

MIN_LIFE = timedelta(minutes=5)
MAX_LIFE = timedelta(days=365)
MAX_DRAFTS = 50
"""Drafts that a creator may have lying about; the oldest have to be opened or left to expire first."""
EXAMPLE_END = "2026-03-08T12:00:00Z"
"""When the bot of the API's example ends. The document that is served has a time that is to come."""
MAX_EXACT = 2**53 - 1
"""The largest number that a client in JavaScript reads exactly."""

Lamports = Annotated[int, Field(ge=0, le=MAX_EXACT)]


class DraftBot(BaseModel):
    """What a creator wants. Amounts are lamports."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "The Keeper of Skerry Light",
                    "kind": "passphrase",
                    "public": {
                        "persona": "An old keeper who has not spoken since the last ship passed",
                        "objective": "Say what the keeper counts when he cannot sleep.",
                    },
                    "secret": {"phrase": "the waves"},
                    "fee_base": 10_000_000,
                    "fee_growth_bps": 100,
                    "fee_cap": 100_000_000,
                    "initial_pot": 500_000_000,
                    "closes_at": EXAMPLE_END,
                }
            ]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    public: dict[str, Any] = Field(description="the brain's public configuration")
    secret: dict[str, Any] = Field(description="the brain's secret configuration; never shown before the end")
    credentials: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="what the brain pays a service of its own with; never shown, no part of the commitment",
    )
    fee_base: Lamports = Field(description="price of the first message")
    fee_growth_bps: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=0, description="by how much each message makes the next one dearer, in basis points"
    )
    fee_cap: Lamports | None = Field(default=None, description="highest price; the first price if left out")
    initial_pot: Lamports = Field(description="what the creator puts in")
    closes_at: datetime = Field(description="when the bot ends, with a time zone")
    expiry_rule: ExpiryRule = ExpiryRule.LAST_PLAYER
    idle_after: Annotated[int, Field(ge=0, le=365 * 86_400)] = Field(
        default=0, description="seconds without a message after which the bot may end; 0: never"
    )
    idle_min_messages: Annotated[int, Field(ge=0, le=MAX_EXACT)] = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted bot and the unsigned transaction that opens it."""

    bot_id: UUID
    address: str
    transaction: bytes


async def draft_bot(
    services: Services, creator_id: UUID, creator: str, spec: DraftBot, *, demo: bool = False
) -> Draft:
    """Store a draft of `creator` and build its creation.

    Raises:
        Problem: `bot_invalid` or `brain_invalid` with what is wrong, `too_many_drafts`.
    """
    services.winding_down.refuse()
    brain = validate(
        spec.kind, spec.public, spec.secret, spec.credentials, terms.endpoints(services.settings)
    )
    schedule_cap = spec.fee_base if spec.fee_cap is None else spec.fee_cap
    minimum = await services.client.rent_exempt_minimum(0)
    closes_at = spec.closes_at
    now = datetime.now(UTC)
    if closes_at.tzinfo is None:
        raise _invalid("closes_at: needs a time zone")
    if not now + MIN_LIFE <= closes_at <= now + MAX_LIFE:
        raise _invalid("closes_at: must be between 5 minutes and a year from now")
    if spec.fee_base < minimum:
        raise _invalid(f"fee_base: at least {minimum} lamports, so that every payout can be received")
    if spec.initial_pot < minimum:
        raise _invalid(f"initial_pot: at least {minimum} lamports, so that every payout can be received")
    if schedule_cap < spec.fee_base:
        raise _invalid("fee_cap: must not be below fee_base")
    if not demo and await bots.count_drafts(services.database, creator_id) >= MAX_DRAFTS:
        raise Problem("too_many_drafts", "Too many drafts", 429, f"At most {MAX_DRAFTS} of a creator.")

    bot_id = new_id()
    salt = new_salt()
    box = services.secretbox
    address = bot_address(services.program_id, services.keys.quote_pubkey, bot_id)
    bot = bots.NewBot(
        id=bot_id,
        creator_id=creator_id,
        address=str(address),
        founding_key=str(services.keys.quote_pubkey),
        name=checked_name(spec.name, 60),
        kind=spec.kind,
        public=brain.public,
        secret=box.encrypt(to_json(brain.secret), terms.secret_label(bot_id)),
        salt=box.encrypt(salt, terms.salt_label(bot_id)),
        credentials=sealed_credentials(services, bot_id, brain),
        objective_hash=objective_hash(salt, brain.kind, brain.public, brain.secret),
        fee_base=spec.fee_base,
        fee_growth_bps=spec.fee_growth_bps,
        fee_cap=schedule_cap,
        pot_bps=services.settings.arena_pot_bps,
        creator_bps=services.settings.arena_creator_bps,
        initial_pot=spec.initial_pot,
        closes_at=closes_at.replace(microsecond=0),
        idle_after=spec.idle_after,
        idle_min_messages=spec.idle_min_messages,
        expiry_rule=spec.expiry_rule,
        demo=demo,
    )
    await services.journal.commit(Change(writes=(bots.draft(bot), bot_texts.add(bot))))
    return await creation(services, bot_id, creator)


async def creation(services: Services, bot_id: UUID, creator: str) -> Draft:
    """The creation of a draft with a fresh blockhash: for the first time, or again because the last one expired.

    Raises:
        Problem: `bot_not_found`.
    """
    bot = await bots.get(services.database, bot_id)
    if bot is None:
        raise not_found("bot")
    return Draft(bot_id, bot.address, await opening.unsigned_creation(services, bot, creator))


def sealed_credentials(services: Services, bot_id: UUID, brain: BrainConfig) -> bytes | None:
    """A configuration's credentials as they are stored; None: it has none."""
    if not brain.credentials:
        return None
    return services.secretbox.encrypt(to_json(brain.credentials), terms.credentials_label(bot_id))


async def change_credentials(services: Services, bot: bots.Bot, credentials: Mapping[str, object]) -> None:
    """Use other credentials for a bot from now on. Only its creator may ask for it.

    Raises:
        Problem: `brain_invalid`: they do not fit the bot.
    """
    secret = terms.open_secret(services.secretbox, bot)
    brain = validate(bot.kind, bot.public, secret, credentials, terms.endpoints(services.settings))
    sealed = sealed_credentials(services, bot.id, brain)
    if sealed is not None:
        await services.bot(bot.id).ask(ChangeCredentials(sealed))


def _invalid(detail: str) -> Problem:
    return Problem("bot_invalid", "This bot cannot be opened", 422, detail)
