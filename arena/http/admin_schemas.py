"""What goes in and out of `/admin`. Times are seconds unless they are RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from actors import ActorState, Undelivered
from arena.http.schemas import RequestModel, ResponseModel

MAX_PATH = 500
MAX_PAGE = 1_000


def _several(value: object) -> object:
    """A parameter that is given once is a text, one that is given several times a list."""
    return [value] if isinstance(value, str) else value


class ActorsQuery(RequestModel):
    """Which actors. Several conditions must all hold."""

    under: Annotated[
        str, Field(max_length=MAX_PATH, pattern="^/", description="a path: it and all below")
    ] = "/"
    levels: (
        Annotated[
            int,
            Field(ge=0, le=100, description="so many levels below `under`; 1: its children; left out: all"),
        ]
        | None
    ) = None
    kind: Annotated[str, Field(max_length=200)] | None = None
    state: Annotated[
        frozenset[ActorState],
        BeforeValidator(_several),
        Field(description="one of these; may be given several times"),
    ] = frozenset()
    min_depth: Annotated[int, Field(ge=0, description="so many messages wait at least")] = 0
    failed: Annotated[bool | None, Field(description="whether it has crashed or been restarted")] = None
    handling_for: Annotated[
        float | None,
        Field(ge=0, allow_inf_nan=False, description="it is at one message for so many seconds at least"),
    ] = None
    path: Annotated[str, Field(max_length=MAX_PATH, description="a part of the path")] = ""
    cursor: (
        Annotated[str, Field(max_length=MAX_PATH, description="`next_cursor` of the page before")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 200


class ActorSummary(ResponseModel):
    """One actor, region or supervisor."""

    path: str
    kind: str
    state: ActorState
    handled: int = Field(description="messages handled without a crash")
    failed: int = Field(description="crashes")
    restarts: int
    last_error: str | None
    mailbox_depth: int
    mailbox_capacity: int
    age: float | None = Field(description="since its last start; null: it is not up")
    idle: float | None = Field(description="since its last message; null: it is at one, or not up")
    handling: str | None = Field(description="type of the message it is at")
    handling_for: float | None
    children: int = Field(description="how many are directly below, whether or not they are listed")


class ActorResponse(ActorSummary):
    """One actor, and what it says of itself."""

    details: dict[str, Any] = Field(description="without secrets, and cut where it is long")


class ActorList(ResponseModel):
    """A page of actors by path, parents first, and how many there are on all pages together."""

    actors: list[ActorSummary]
    next_cursor: str | None = Field(description="for the next page; null: this was the last")
    total: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    dead_letters: int = Field(description="messages that nobody handled, of all actors since the start")


class DeadLettersQuery(RequestModel):
    """Which dead letters."""

    path: Annotated[str, Field(max_length=MAX_PATH, description="a part of the actor's path")] = ""
    reason: Undelivered | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100


class DeadLetterResponse(ResponseModel):
    """A message that nobody handled; not what was in it."""

    path: str
    message: str = Field(description="its type")
    reason: Undelivered
    error: str | None = Field(description="the last line of the traceback")
    at: datetime


class DeadLetterList(ResponseModel):
    """The newest first, of those that are remembered."""

    dead_letters: list[DeadLetterResponse]
    count: int = Field(description="of all since the start")
    by_reason: dict[str, int]


class OperationRequest(RequestModel):
    """Why. The body may be left out."""

    reason: Annotated[
        str,
        # Postgres' JSON has no NUL, and a log has one line for each entry.
        StringConstraints(strip_whitespace=True, max_length=500, pattern="^[^\\x00-\\x1f\\x7f]*$"),
        Field(description="for the audit log"),
    ] = ""


class OperationResponse(ResponseModel):
    """It is being done."""

    before: ActorResponse = Field(description="how it was")
    recorded: bool = Field(description="the audit log has it; false: it will, when the database is back")


class HaltEvent(ResponseModel):
    """An event of the chain that a halted bot has not taken in. ``amount`` is in lamports."""

    event_seq: int
    kind: str
    signature: str
    slot: int
    message_index: int | None
    wallet: str | None
    amount: int | None


class HaltResponse(ResponseModel):
    """A halted bot, and the final events since, in order; at most 1000."""

    bot_id: UUID
    name: str
    address: str
    event_seq: int = Field(description="the last event that it has taken in")
    events: list[HaltEvent]


class ResumeRequest(OperationRequest):
    """Let it go on."""

    up_to: Annotated[
        int, Field(ge=0, description="the `event_seq` up to which the chain is taken at its word")
    ]


class ResumeResponse(ResponseModel):
    """It goes on."""

    up_to: int
    recorded: bool = Field(description="the audit log has it; false: it will, when the database is back")


class AuditQuery(RequestModel):
    """Which entries."""

    subject: Annotated[str, Field(max_length=MAX_PATH, description="a path or an id")] | None = None
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before")
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100


class AuditEntryResponse(ResponseModel):
    """Who did what to what."""

    id: UUID
    actor: str = Field(description="a wallet, or a part of the server")
    action: str
    subject: str
    detail: dict[str, Any]
    created_at: datetime = Field(description="when it was written")


class AuditList(ResponseModel):
    """A page of entries, the newest first."""

    entries: list[AuditEntryResponse]
    next_cursor: str | None


class FiguresQuery(RequestModel):
    """Which steps."""

    since: Annotated[
        int, Field(ge=0, le=2**53 - 1, description="`until` of the answer before: only what came after it")
    ] = 0


class FigureSeries(ResponseModel):
    """One number for each step, the oldest first; null: not known. All are of the same length."""

    requests: list[float | None] = Field(description="HTTP requests answered, by the second")
    frames_in: list[float | None] = Field(description="frames of websockets received, by the second")
    frames_out: list[float | None] = Field(description="frames of websockets sent, by the second")
    connections: list[int | None] = Field(description="open websockets at the end of the step")
    quoted: list[float | None] = Field(description="quotes given, by the second")
    paid: list[float | None] = Field(description="payments confirmed by the chain, by the second")
    judged: list[float | None] = Field(description="verdicts given, by the second")
    quote_p50: list[float | None] = Field(
        description="seconds from being asked for a quote to the answer: median"
    )
    quote_p99: list[float | None] = Field(description="the same, 99th percentile")
    payment_p50: list[float | None] = Field(
        description="seconds from a payment's arrival to its confirmation: median"
    )
    payment_p99: list[float | None] = Field(description="the same, 99th percentile")
    verdict_p50: list[float | None] = Field(
        description="seconds from a payment's confirmation to the verdict: median"
    )
    verdict_p99: list[float | None] = Field(description="the same, 99th percentile")
    journal_queued: list[int | None] = Field(description="changes that waited at the end of the step")
    journal_commit_seconds: list[float | None] = Field(
        description="how long the last commit took; null: there was none in the step"
    )
    loop_lag_seconds: list[float | None] = Field(
        description="what the event loop last took to give a sign of life"
    )
    actor_restarts: list[int | None] = Field(description="restarts of actors in the step")
    chain_slot_lag: list[int | None] = Field(
        description="slots that what the arena goes by is behind what its node has processed; null: it does not answer"
    )


class FiguresResponse(ResponseModel):
    """What the arena did in the last hour, or since its start or `since`: in memory alone."""

    step: int = Field(description="seconds that each number is of")
    until: int = Field(description="when the last step ended, Unix seconds; 0: none has")
    series: FigureSeries
