"""`/auth`: signing in with a wallet, staying so, and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from quart import Blueprint, Response, request
from quart_schema import document_response
from quart_trio.wrappers import TrioResponse

from arena.edge.authentication import SignedIn
from arena.edge.identity import Identity
from arena.edge.origins import page_origin
from arena.edge.rate_limits import Scope
from arena.game.services import Services
from arena.http import signing_in
from arena.http.bearer import authenticated
from arena.http.client import client_key
from arena.http.context import front
from arena.http.schemas import (
    CurrentSessionResponse,
    NonceRequest,
    NonceResponse,
    ProblemDocument,
    RefreshRequest,
    SessionRequest,
    SessionResponse,
    SignInInput,
    UserResponse,
)
from arena.http.siws import SignInText
from arena.http.validation import answer, body
from arena.store import auth, users
from arena.store.auth_sessions import AuthSession

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
    nonce = signing_in.new_nonce(datetime.now(UTC))
    text = _text(services, wanted.address, nonce)
    expires_at = signing_in.nonce_time(nonce) + timedelta(seconds=services.settings.arena_nonce_lifetime)
    await auth.add_nonce(services.database, nonce, expires_at=expires_at, wallet=wanted.address)
    return answer(
        NonceResponse(
            nonce=nonce,
            message=text.text,
            sign_in=SignInInput(
                domain=text.domain,
                address=text.address,
                statement=text.statement or "",
                uri=text.uri or "",
                version=text.version or "",
                chainId=text.chain_id or "",
                nonce=nonce,
                issuedAt=text.issued_at or "",
                expirationTime=text.expiration_time or "",
            ),
            expires_at=expires_at,
        )
    )


@blueprint.post("/auth/session")
@document_response(SessionResponse, 201)
@document_response(ProblemDocument, 401)
@body(SessionRequest)
async def create_session(signed: SessionRequest) -> Response:
    """Sign in: hand in the signed text, get tokens.

    401 `nonce_invalid`, `sign_in_text_mismatch` or `signature_invalid`.
    """
    services = front().services
    expected = _text(services, signed.address, signed.nonce)
    signing_in.verify(expected, signed.message, signing_in.decode_signature(signed.signature))
    # only now: a wrong signature does not use it up, and of two right ones the first wins
    if not await auth.consume_nonce(services.database, signed.nonce, wallet=signed.address):
        raise signing_in.nonce_invalid()
    user = await users.find_or_create(services.database, signed.address)
    return answer(_signed_in(await front().authenticator.begin(user)), 201)


@blueprint.post("/auth/refresh")
@document_response(SessionResponse)
@document_response(ProblemDocument, 401)
@body(RefreshRequest)
async def refresh_session(wanted: RefreshRequest) -> Response:
    """Get the next tokens. A refresh token counts once; one that is used again ends its session.

    With an `id` the request may be sent again, as long as its answer has not been used. 401 `refresh_token_invalid`.
    """
    return answer(_signed_in(await front().authenticator.refresh(wanted.refresh_token, wanted.id)))


@blueprint.get("/auth/session")
@document_response(CurrentSessionResponse)
@authenticated
async def get_session(identity: Identity) -> Response:
    """Who you are, and until when."""
    authenticator = front().authenticator
    session, ends_at = await authenticator.session(identity)
    return answer(
        CurrentSessionResponse(
            user=_user(session),
            operator=authenticator.is_operator(identity),
            signed_in_at=session.created_at,
            expires_at=_time(identity.expires_at),
            session_expires_at=ends_at,
        )
    )


@blueprint.delete("/auth/session")
@authenticated
async def delete_session(identity: Identity) -> Response:
    """Log out: all tokens of this session are refused from now on, and its websockets are closed."""
    await front().authenticator.revoke(identity)
    return TrioResponse(status=204)


@blueprint.delete("/auth/sessions")
@authenticated
async def delete_sessions(identity: Identity) -> Response:
    """Log out everywhere: the same for all sessions of your wallet."""
    await front().authenticator.revoke_all(identity)
    return TrioResponse(status=204)


def _signed_in(signed_in: SignedIn) -> SessionResponse:
    return SessionResponse(
        token=signed_in.token,
        expires_at=_time(signed_in.identity.expires_at),
        refresh_token=signed_in.refresh_token,
        session_expires_at=signed_in.ends_at,
        user=_user(signed_in.session),
    )


def _user(session: AuthSession) -> UserResponse:
    return UserResponse(id=session.user_id, wallet=session.wallet, username=session.username)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(services: Services, address: str, nonce: str) -> SignInText:
    origin = page_origin(services.settings, request.headers.get("Origin"))
    return signing_in.text_to_sign(
        nonce,
        address,
        domain=urlsplit(origin).netloc,
        uri=origin,
        chain_id=services.chain_id,
        lifetime=services.settings.arena_nonce_lifetime,
    )
