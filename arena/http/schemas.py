"""What goes in and out over HTTP. Amounts are lamports, times RFC 3339 in UTC."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from arena.economy import ExpiryRule
from arena.edge.encoding import Address, TransactionBytes
from arena.store.bot_lists import BotSort
from arena.store.bot_texts import MAX_DESCRIPTION
from arena.store.bots import BotStatus
from arena.store.leaderboards import Window
from arena.store.messages import MessageStatus
from arena.store.sessions import SessionStatus

MAX_AIRDROP = 10_000_000_000

Cursor = Annotated[str, Field(description="`next_cursor` of the page before, as it is")]


class RequestModel(BaseModel):
    """Base of what comes in: members that are not known are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def example(**body: Any) -> ConfigDict:
    """Configuration of a request's model: a body that works when it is pasted."""
    return ConfigDict(json_schema_extra={"examples": [body]})


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

    model_config = example(address="9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza")

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
    expires_at: datetime = Field(description="of the token: refresh it before")
    refresh_token: str = Field(description="for the next token, once")
    session_expires_at: datetime = Field(description="then the wallet has to sign again")
    user: UserResponse


class RefreshRequest(RequestModel):
    """A refresh token, to be exchanged."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]
    id: UUID | None = Field(
        default=None,
        description="of the client's choice, a new one for each token: the same request can be sent again",
    )


class CurrentSessionResponse(ResponseModel):
    """Who is signed in, since when and until when."""

    user: UserResponse
    operator: bool = Field(description="whether the wallet may use `/admin`")
    signed_in_at: datetime
    expires_at: datetime = Field(description="of the token")
    session_expires_at: datetime


class Profile(ResponseModel):
    """What everybody may know of a wallet that has signed in. Amounts are lamports."""

    wallet: str
    username: str | None
    joined_at: datetime
    bots_opened: int = Field(description="bots of its own that were ever open")
    bots_played: int = Field(description="bots that it has paid to speak with, but for what was refunded")
    messages: int = Field(description="paid ones, likewise")
    spent: int = Field(description="on these messages")
    bots_solved: int = Field(description="whose reward is final on the chain")
    won: int = Field(description="these rewards")


class OwnProfile(Profile):
    """The caller's own."""

    id: UUID


class UserHistoryQuery(RequestModel):
    """How far back."""

    window: Window = Field(
        default=Window.MONTH,
        description="24h: 24 hours; 7d, 30d: so many days; all: the days since the wallet joined, at most 366",
    )


class HistoryBucket(ResponseModel):
    """What was done in one hour, or on one day in UTC. Amounts are lamports."""

    begins_at: datetime = Field(description="the hour, or midnight, in UTC")
    spent: int = Field(description="on messages that were sent then, but for what was refunded")
    won: int = Field(description="for verdicts that were given then: rewards that are final on the chain")
    earned: int = Field(
        description="for verdicts that were given then: the creator's shares of fees, as on the leaderboard"
    )


class UserHistory(ResponseModel):
    """What somebody has spent, won and earned."""

    seconds: int = Field(description="how long a bucket is: an hour or a day")
    buckets: list[HistoryBucket] = Field(
        description="all of the window, the oldest first, the one that is not over yet last"
    )


class ProfilePatch(RequestModel):
    """What shall change of the caller's own profile."""

    username: Annotated[str, Field(max_length=100)] | None = Field(
        description="3 to 20 of the letters A to Z, digits, _ and -; null: none"
    )


# -- bots


class BotSummary(ResponseModel):
    """A bot in a list."""

    id: UUID
    name: str
    kind: str
    status: BotStatus
    address: str = Field(description="of its account on the chain")
    creator: str = Field(description="wallet")
    creator_name: str | None
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


class TransactionFailure(ResponseModel):
    """Why a transaction came to nothing."""

    code: str = Field(description="stable; docs/protocol.md lists them")
    detail: str = Field(description="what happened and what to do, in words")


class BotResponse(BotSummary):
    """A bot with its terms."""

    description: str = Field(description="what its creator says of it; no part of the commitment")
    revision: int = Field(description="goes up when the description is changed")
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
    opening_error: TransactionFailure | None = Field(
        default=None,
        description="of a draft, for its creator: why the last attempt to open it came to nothing",
    )


class BotList(ResponseModel):
    """A page of bots."""

    bots: list[BotSummary]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


class OwnBot(BotSummary):
    """A bot of the caller's own in a list."""

    earned: int = Field(
        description="lamports: its creator's shares of the fees of judged messages, as on the leaderboard"
    )


class OwnBotList(ResponseModel):
    """A page of the caller's own bots."""

    bots: list[OwnBot]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


class BotsQuery(RequestModel):
    """Which bots, in which order. All filters that are given must hold."""

    status: BotStatus | None = Field(default=None, description="left out: all that were ever open")
    creator: Address | None = Field(default=None, description="wallet")
    kind: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,40}$")] | None = None
    q: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="words, or their beginnings, that are all in name, persona, objective or description",
    )
    sort: BotSort = Field(
        default=BotSort.NEWEST,
        description="pot: the largest first; price: the cheapest next message first; ending: the soonest first; "
        "played: the most messages first",
    )
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class OwnBotsQuery(RequestModel):
    """Which of the caller's bots."""

    status: BotStatus | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class TermsResponse(ResponseModel):
    """What a new bot can be here."""

    kinds: list[str] = Field(description="of brains, by which bots can be drafted")
    pot_bps: int = Field(description="of each fee, in basis points")
    creator_bps: int = Field(description="likewise; the rest is the platform's")
    smallest: int = Field(description="lamports: the least first price, and the least pot")
    rent: int = Field(
        description="lamports that a bot's account holds besides the pot; its creator's in the end"
    )
    models: list[str] = Field(
        description="language models at the operator's endpoint, for bots that name no other; empty: there is none"
    )
    endpoints: list[str] = Field(description="that bots may name, whose creators bring keys of their own")


class BotPatch(RequestModel):
    """What shall change of a bot."""

    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] = Field(
        description="plain text; may be empty"
    )
    revision: Annotated[int, Field(ge=1, le=2**53 - 1)] = Field(
        description="of the bot as it was read: 409 `bot_changed` if it has been edited since"
    )


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


class OwnSessionsQuery(RequestModel):
    """Which of the caller's sessions."""

    status: SessionStatus | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class OwnSession(ChatResponse):
    """A session in a list."""

    bot_name: str
    bot_status: BotStatus


class OwnSessions(ResponseModel):
    """A page of the caller's sessions, the newest first."""

    sessions: list[OwnSession]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


class Reading(StrEnum):
    """From which end a conversation is read."""

    NEWEST = "newest"
    OLDEST = "oldest"


class TranscriptQuery(RequestModel):
    """Which part of a transcript. Both bounds are left out themselves."""

    order: Reading = Reading.NEWEST
    after: Annotated[int, Field(ge=0, le=2**53 - 1)] = Field(default=0, description="a message_index")
    before: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = Field(
        default=None, description="a message_index"
    )
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class TranscriptMessage(ResponseModel):
    """A message and the bot's reply, as everybody may read them. Texts are what people wrote: escape them."""

    message_id: UUID = Field(description="the id on the chain")
    message_index: int
    wallet: str
    username: str | None
    text: str
    reply: str
    verdict: Literal["solved", "unsolved"]
    amount: int
    signature: str = Field(description="of the transaction that paid for it")
    judged_at: datetime


class Transcript(ResponseModel):
    """A page of what was said to a bot and judged."""

    messages: list[TranscriptMessage]
    next_index: int | None = Field(
        description="`before` of the next page (`after`, if read from the oldest); null: this was the last"
    )


class HistoryQuery(RequestModel):
    """Which part of the caller's own messages."""

    order: Reading = Reading.NEWEST
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class OwnMessage(ResponseModel):
    """A message of the caller's own, with all that became of it."""

    id: UUID = Field(description="the client's id")
    message_id: UUID = Field(description="the id on the chain")
    text: str | None = Field(description="null: only the chain knows of it, and of its text only the hash")
    amount: int
    status: MessageStatus = Field(
        description="paying: on its way; paid: the verdict follows; refunding, refunded: the fee goes back; dead: "
        "nothing was paid, the message may be sent and paid for anew"
    )
    message_index: int | None = Field(description="null as long as it is not paid")
    reply: str | None
    verdict: Literal["solved", "unsolved"] | None
    signature: str | None = Field(description="of the transaction that paid for it")
    refund_reason: str | None
    refund_signature: str | None
    created_at: datetime
    judged_at: datetime | None


class History(ResponseModel):
    """A page of the caller's own messages to a bot."""

    messages: list[OwnMessage]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


class MessagePayment(RequestModel):
    """What pays for a message."""

    transaction: TransactionBytes = Field(description="the quote's, signed by the wallet")


class SayRequest(RequestModel):
    """A message to a bot."""

    model_config = example(id="018f4e3a-7b10-7c3e-9c41-2f6f0d3c5a11", text="Is it about a cave?")

    id: UUID = Field(description="chosen by the client, one for each message; repeating it is safe")
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    payment: MessagePayment | None = Field(default=None, description="left out: ask for a quote")


class PreferHeader(BaseModel):
    """RFC 7240."""

    prefer: str | None = Field(
        default=None, description="`wait=N`: rather wait N seconds for the verdict, at most 30"
    )


class QuoteMember(ResponseModel):
    """The price of a message, and the transaction that pays it, for the wallet to sign."""

    id: UUID
    message_id: UUID = Field(description="the message's id on the chain")
    amount: int
    valid_until: int = Field(description="Unix seconds; it cannot be paid afterwards")
    transaction: TransactionBytes


class PaymentRequired(ProblemDocument):
    """402 `payment_required`: the message has not been paid."""

    quote: QuoteMember


# -- leaderboards


class LeaderboardQuery(RequestModel):
    """Which part of a leaderboard."""

    window: Window = Field(default=Window.ALL, description="verdicts that were given within this time")
    around: Address | None = Field(
        default=None,
        description="a wallet: tell its place, and without a cursor the page that it is in the middle of",
    )
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class StandingResponse(ResponseModel):
    """Somebody's place. Equal amounts have equal ranks, and the ranks after them are left out: 1, 2, 2, 4."""

    rank: int
    wallet: str
    username: str | None
    lamports: int = Field(
        description="solvers: final rewards; creators: their shares of the fees of judged messages"
    )
    count: int = Field(description="solvers: of bots solved; creators: of messages judged")


class Leaderboard(ResponseModel):
    """A page of a leaderboard."""

    standings: list[StandingResponse]
    total: int = Field(description="how many have earned anything; the first 10,000 have a place")
    around: StandingResponse | None = Field(
        description="of the wallet that was asked for; null: it has no place"
    )
    next_cursor: str | None = Field(description="for the next page; null: this was the last")


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


class WalletPath(RequestModel):
    """Whose balance."""

    address: Address


class WalletResponse(ResponseModel):
    """What a wallet holds, in lamports."""

    address: str = Field(description="base58")
    lamports: int = Field(description="0: it does not exist yet")
    rent_exempt_minimum: int = Field(
        description="what a wallet has to keep, if it does not spend the last lamport"
    )


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

    status: Literal["ready", "unready", "stopping"]
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

    model_config = example(address="9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza", lamports=2_000_000_000)

    address: Address
    lamports: Annotated[int, Field(ge=1, le=MAX_AIRDROP, strict=True)] = 2_000_000_000


class AirdropResponse(ResponseModel):
    """Lamports from the faucet."""

    signature: str
    confirmed: bool = Field(description="they are there; false: they will be in a moment")
