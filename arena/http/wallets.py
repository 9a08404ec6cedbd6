"""`/wallets`: what wallets hold, for clients that have no node of their own."""

from __future__ import annotations

from pydantic import ValidationError
from quart import Blueprint, Response
from quart_schema import document_response
from solders.pubkey import Pubkey

from arena.http.context import front
from arena.http.problems import invalid
from arena.http.schemas import ProblemDocument, WalletPath, WalletResponse
from arena.http.validation import answer

blueprint = Blueprint("wallets", __name__)


@blueprint.get("/wallets/<address>")
@document_response(WalletResponse)
@document_response(ProblemDocument, 422)
@document_response(ProblemDocument, 503)
async def get_wallet(address: str) -> Response:
    """What a wallet holds, as the arena's node has it at `confirmed`, about a second ago at most.

    One that does not exist yet holds nothing. 503 `chain_unavailable` when the node does not answer.
    """
    try:
        asked = WalletPath.model_validate({"address": address})
    except ValidationError as error:
        raise invalid(error, "path") from None
    return answer(
        WalletResponse(
            address=asked.address,
            lamports=await front().balances.lamports(Pubkey.from_string(asked.address)),
            rent_exempt_minimum=await front().services.client.rent_exempt_minimum(0),
        )
    )
