"""`/chain`: which chain this arena plays on, for wallets and for whoever checks it."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from arena.http.context import front
from arena.http.schemas import ChainResponse
from arena.http.validation import answer

blueprint = Blueprint("chain", __name__)


@blueprint.get("/chain")
@document_response(ChainResponse)
async def chain() -> Response:
    """Where the chain is, and the arena's public keys on it."""
    services = front().services
    keys = services.keys
    return answer(
        ChainResponse(
            chain=services.chain_id,
            # an RPC URL of one's own may hold a secret; the local chain's holds none
            rpc_url=services.rpc_url if services.local_chain else None,
            ws_url=services.ws_url if services.local_chain else None,
            program_id=str(services.program_id),
            quote_key=str(keys.quote_pubkey),
            payout_key=str(keys.payout_pubkey),
            admin=str(keys.admin_pubkey),
            platform_wallet=str(keys.platform_wallet),
            faucet=services.local_chain,
        )
    )
