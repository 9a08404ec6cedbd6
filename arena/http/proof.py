"""`/bots/{id}/proof`: all that one needs to check a bot that is over, when its money is final."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_response

from arena.brains import canonical
from arena.http.caching import FOR_EVER, REVALIDATE, cached_answer
from arena.http.context import front
from arena.http.schemas import ProblemDocument
from arena.problems import Problem, not_found
from arena.store import bot_views, messages, solutions, transactions
from arena.store.bot_views import PUBLIC_STATUSES, BotView
from arena.store.messages import Message
from arena.store.solutions import Solution, SolutionStatus
from arena.store.transactions import TransactionStatus
from persistence import Database

blueprint = Blueprint("proof", __name__)

HOW = (
    "objective_hash = sha256(salt ‖ canonical), the salt as 32 bytes, canonical in UTF-8: the JSON of kind, public and "
    "secret with sorted keys, without blanks, nothing escaped that need not be. content_hash = sha256(message_id ‖ "
    "text), the id as 16 bytes, the text in UTF-8. The chain has both hashes, and the salt as the settlement's proof."
)
_FINAL = frozenset({SolutionStatus.PAID, SolutionStatus.CLOSED})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class WinningMessageResponse(_Part):
    """The message that solved the bot."""

    message_id: UUID = Field(description="the id on the chain")
    message_index: int
    wallet: str
    text: str
    reply: str | None
    content_hash: str = Field(description="as on the chain, hexadecimal")
    amount: int
    signature: str | None = Field(description="of the transaction that paid for it")


class SignaturesResponse(_Part):
    """Transactions on the chain."""

    create: str | None
    settle: str | None = Field(description="null when nobody solved it")
    close: str | None = Field(description="null until the bot is closed")


class ProofResponse(_Part):
    """The revealed puzzle, and where on the chain its commitment and its end are."""

    bot_id: UUID
    address: str
    program_id: str
    chain: str
    objective_hash: str = Field(description="the commitment on the chain, hexadecimal")
    salt: str = Field(description="32 bytes, hexadecimal")
    kind: str
    public: dict[str, Any]
    secret: dict[str, Any] = Field(description="the solution")
    canonical: str = Field(description="what is hashed after the salt")
    how: str = HOW
    winning_message: WinningMessageResponse | None
    reward: int
    signatures: SignaturesResponse


@blueprint.get("/bots/<uuid:bot_id>/proof")
@document_response(ProofResponse)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
async def get_proof(bot_id: UUID) -> Response:
    """All that one needs to check a bot: once its reward, or its closing, is final on the chain."""
    database = front().services.database
    bot = await bot_views.get(database, bot_id)
    if bot is None or bot.status not in PUBLIC_STATUSES:
        raise not_found("bot")
    solution = await solutions.get(database, bot_id)
    if solution is None or solution.status not in _FINAL:
        raise Problem(
            "proof_not_revealed",
            "The puzzle is not revealed yet",
            409,
            "It is, once the bot is over and its settlement is final on the chain.",
            {"bot_status": bot.status.value},
        )
    won = await messages.get(database, solution.message_id) if solution.message_id is not None else None
    found = _proof(bot, solution, won, await _creation(database, bot_id))
    return cached_answer(found, control=FOR_EVER if solution.status is SolutionStatus.CLOSED else REVALIDATE)


async def _creation(database: Database, bot_id: UUID) -> str | None:
    sent = await transactions.of_bot(database, bot_id, kind="create")
    return next((row.signature for row in sent if row.status is TransactionStatus.LANDED), None)


def _proof(bot: BotView, solution: Solution, won: Message | None, creation: str | None) -> ProofResponse:
    services = front().services
    public, secret = dict(bot.public), dict(solution.revealed)
    return ProofResponse(
        bot_id=bot.id,
        address=bot.address,
        program_id=str(services.program_id),
        chain=services.chain_id,
        objective_hash=bot.objective_hash.hex(),
        salt=solution.proof.hex(),
        kind=bot.kind,
        public=public,
        secret=secret,
        canonical=canonical({"kind": bot.kind, "public": public, "secret": secret}).decode(),
        winning_message=_winning(won) if won is not None else None,
        reward=solution.reward,
        signatures=SignaturesResponse(
            create=creation, settle=solution.settle_signature, close=solution.close_signature
        ),
    )


def _winning(message: Message) -> WinningMessageResponse:
    assert message.message_index is not None, "what won was paid"
    return WinningMessageResponse(
        message_id=message.id,
        message_index=message.message_index,
        wallet=message.wallet,
        text=message.text,
        reply=message.reply,
        content_hash=message.content_hash.hex(),
        amount=message.amount,
        signature=message.fee_signature,
    )
