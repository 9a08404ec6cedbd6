"""`/auth`: signing in with a wallet, and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from quart import Blueprint, Response, request
from quart_schema import document_response
from quart_trio.wrappers import TrioResponse

from arena.edge.identity import Identity
from arena.edge.origins import page_origin
from arena.edge.rate_limits import Scope
from arena.game.services import Services
from arena.http import siws
from arena.http.bearer import authenticated
from arena.http.client import client_key
from arena.http.context import front
from arena.http.schemas import (
    NonceRequest,
    NonceResponse,
    ProblemDocument,
    SessionRequest,
    SessionResponse,
    SignInInput,
    UserResponse,
)
from arena.http.siws import SignIn, SignInRefused
from arena.http.validation import answer, body
from arena.store import auth, users

blueprint = Blueprint("auth", __name__)


@blueprint.post("/auth/nonce")
@document_response(NonceResponse)
@document_response(ProblemDocument, 429)
@body(NonceRequest)
async def create_nonce(wanted: NonceRequest) -> Response:
    """Get a text to sign in with.

    The text names the page that asks (its Origin, if that is allowed here), as wallets expect.
    """
    services, limits = front().services, front().limits
    address = client_key()
    limits.check(Scope.NONCES_ADDRESS, address)
    limits.check(Scope.NONCES_WALLET, f"{address} {wanted.address}")
    sign_in = _sign_in(services, wanted.address, siws.new_nonce(datetime.now(UTC)))
    await auth.add_nonce(
        services.database, sign_in.nonce, expires_at=sign_in.expiration_time, wallet=wanted.address
    )
    return answer(
        NonceResponse(
            nonce=sign_in.nonce,
            message=sign_in.text,
            sign_in=SignInInput(
                domain=sign_in.domain,
                address=sign_in.address,
                statement=sign_in.statement or "",
                uri=sign_in.uri,
                version=siws.VERSION,
                chainId=sign_in.chain_id,
                nonce=sign_in.nonce,
                issuedAt=siws.timestamp(sign_in.issued_at),
                expirationTime=siws.timestamp(sign_in.expiration_time),
            ),
            expires_at=sign_in.expiration_time,
        )
    )


@blueprint.post("/auth/session")
@document_response(SessionResponse, 201)
@document_response(ProblemDocument, 401)
@body(SessionRequest)
async def create_session(signed: SessionRequest) -> Response:
    """Sign in: hand in the signed text, get a token.

    401 `nonce_invalid`, `sign_in_text_mismatch` or `signature_invalid`.
    """
    services = front().services
    try:
        expected = _sign_in(services, signed.address, signed.nonce)
    except ValueError:
        raise _nonce_invalid() from None
    siws.verify(expected, signed.message, siws.decode_signature(signed.signature))
    # only now: a wrong signature does not use it up, and of two right ones the first wins
    if not await auth.consume_nonce(services.database, signed.nonce, wallet=signed.address):
        raise _nonce_invalid()
    user = await users.find_or_create(services.database, signed.address)
    issued = front().authenticator.tokens.issue(user.id, user.wallet)
    return answer(
        SessionResponse(
            token=issued.token,
            expires_at=datetime.fromtimestamp(issued.identity.expires_at, UTC),
            user=UserResponse(id=user.id, wallet=user.wallet, username=user.username),
        ),
        201,
    )


@blueprint.delete("/auth/session")
@authenticated
async def delete_session(identity: Identity) -> Response:
    """Log out: the token is refused from now on."""
    await front().authenticator.revoke(identity)
    return TrioResponse(status=204)


def _sign_in(services: Services, address: str, nonce: str) -> SignIn:
    """The text for a nonce: made again when the signature comes, so that nothing of it is taken on trust.

    Raises:
        ValueError: this is no nonce of ours.
    """
    issued_at = siws.nonce_time(nonce)
    origin = page_origin(services.settings, request.headers.get("Origin"))
    return SignIn(
        domain=urlsplit(origin).netloc,
        address=address,
        uri=origin,
        chain_id=services.chain_id,
        nonce=nonce,
        issued_at=issued_at,
        expiration_time=issued_at + timedelta(seconds=services.settings.arena_nonce_lifetime),
    )


def _nonce_invalid() -> SignInRefused:
    # one answer for unknown, foreign, used and expired
    return SignInRefused("nonce_invalid", "The nonce is not valid any more. Ask for a new one.")
