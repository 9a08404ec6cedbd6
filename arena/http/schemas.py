"""What goes in and out over HTTP. Amounts are lamports, times RFC 3339 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from arena.economy import ExpiryRule
from arena.edge.encoding import Address, TransactionBytes
from arena.store.bots import BotStatus
from arena.store.sessions import SessionStatus

MAX_AIRDROP = 10_000_000_000


class RequestModel(BaseModel):
    """Base of what comes in: members that are not known are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ResponseModel(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(frozen=True)


class ProblemDocument(ResponseModel):
    """What went wrong, after RFC 9457. `code` is stable; further members depend on it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    instance: str | None = Field(default=None, description="the request's id, as in X-Request-Id")


# -- signing in


class NonceRequest(RequestModel):
    """A wallet that wants to sign in."""

    address: Address


class SignInInput(ResponseModel):
    """The input of the wallet standard's `signIn`, which makes the same text of it."""

    domain: str
    address: str
    statement: str
    uri: str
    version: str
    chainId: str  # noqa: N815 -- the standard's names
    nonce: str
    issuedAt: str  # noqa: N815
    expirationTime: str  # noqa: N815


class NonceResponse(ResponseModel):
    """The text to sign, valid once and until it expires."""

    nonce: str
    message: str = Field(description="the Sign-In-With-Solana text; sign its UTF-8 bytes")
    sign_in: SignInInput
    expires_at: datetime


class SessionRequest(RequestModel):
    """The signed text."""

    address: Address
    nonce: Annotated[str, Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9]+$")]
    signature: Annotated[str, Field(min_length=64, max_length=128, description="64 bytes, base58 or base64")]
    message: Annotated[str, Field(max_length=2_000)] | None = Field(
        default=None, description="what the wallet signed, if its `signIn` says so (`signedMessage`, as text)"
    )


class UserResponse(ResponseModel):
    """A user."""

    id: UUID
    wallet: str
    username: str | None


class SessionResponse(ResponseModel):
    """Signed in. Send the token as `Authorization: Bearer …`."""

    token: str
    expires_at: datetime
    user: UserResponse


# -- bots


class BotSummary(ResponseModel):
    """A bot in a list."""

    id: UUID
    name: str
    kind: str
    status: BotStatus
    address: str = Field(description="of its account on the chain")
    creator: str = Field(description="wallet")
    pot: int
    initial_pot: int
    next_price: int
    message_count: int
    closes_at: datetime
    opened_at: datetime | None
    ended_at: datetime | None
    demo: bool = Field(description="the house made it and knows the answer")
    winner: str | None = Field(description="wallet")
    reward: int | None


class BotResponse(BotSummary):
    """A bot with its terms."""

    public: dict[str, Any] = Field(
        description="what players may know of the puzzle; hints once they are unlocked"
    )
    objective_hash: str = Field(description="the commitment on the chain, hexadecimal")
    fee_base: int
    fee_growth_bps: int
    fee_cap: int
    pot_bps: int
    creator_bps: int
    idle_after: int = Field(description="seconds; 0: never")
    idle_min_messages: int
    expiry_rule: ExpiryRule
    judged_count: int
    winning_index: int | None
    created_at: datetime


class BotList(ResponseModel):
    """A page of bots, the newest first."""

    bots: list[BotSummary]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


class BotsQuery(RequestModel):
    """Which bots."""

    status: BotStatus | None = Field(default=None, description="left out: all that were ever open")
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before")
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class DraftResponse(ResponseModel):
    """A draft, and the transaction that opens it: the creator signs it and sends it to `/bots/{id}/open`."""

    bot: BotResponse
    transaction: TransactionBytes


class ClosingResponse(ResponseModel):
    """The transaction that closes an unplayed bot, for its creator to sign."""

    transaction: TransactionBytes


class OpenRequest(RequestModel):
    """The signed transaction."""

    transaction: TransactionBytes


class OpenResponse(ResponseModel):
    """On its way: it takes effect once the transaction has landed."""

    signature: str


# -- chats


class ChatResponse(ResponseModel):
    """The caller's session with a bot."""

    id: UUID
    bot_id: UUID
    wallet: str
    status: SessionStatus
    created_at: datetime
    websocket: str = Field(description="path of its websocket")


# -- the chain


class ChainResponse(ResponseModel):
    """The chain that this arena plays on. Keys and wallets are base58."""

    chain: str = Field(description="mainnet, devnet, testnet or localnet, as in sign-in texts")
    rpc_url: str | None = Field(description="only of the local chain; use a node of your own on others")
    ws_url: str | None
    program_id: str
    quote_key: str = Field(description="co-signs creations and fees")
    payout_key: str = Field(description="signs rewards, refunds and closings")
    admin: str = Field(description="may rotate both")
    platform_wallet: str
    faucet: bool = Field(description="whether `POST /faucet` gives money")


# -- operation


class IndexResponse(ResponseModel):
    """What this is, and where its parts are."""

    name: str = "Arena: chat with live puzzle bots, pay each message on Solana, win the pot"
    play: str = "arena demo"
    bots: str = "/api/v1/bots"
    health: str = "/api/v1/health"
    chain: str = "/api/v1/chain"
    api: str = "/openapi.json"


class Check(ResponseModel):
    """One part of the arena."""

    ok: bool
    detail: str | None = None


class JournalCheck(Check):
    """How far the writer of game state is behind."""

    queued: int
    last_commit_seconds: float | None


class FeedCheck(Check):
    """How the arena hears of the chain."""

    subscribed: bool
    tracked: int
    seconds_since_poll: float | None


class WalletFunds(ResponseModel):
    """What a wallet of the arena held when it was last looked at, and the least it should hold."""

    name: Literal["payout_key", "platform_wallet"]
    address: str
    lamports: int
    least: int


class FundsCheck(Check):
    """Whether the arena can go on paying. It can be played without, so it is ready all the same."""

    wallets: list[WalletFunds]


class HealthResponse(ResponseModel):
    """Whether the arena can be played."""

    status: Literal["ready", "unready"]
    database: Check
    chain: Check
    journal: JournalCheck
    feed: FeedCheck
    funds: FundsCheck


class LiveResponse(ResponseModel):
    """The process runs."""

    status: Literal["live"] = "live"


class AirdropRequest(RequestModel):
    """Money of the local chain, worth nothing."""

    address: Address
    lamports: Annotated[int, Field(ge=1, le=MAX_AIRDROP, strict=True)] = 2_000_000_000


class AirdropResponse(ResponseModel):
    """Sent; it is there in a moment."""

    signature: str
