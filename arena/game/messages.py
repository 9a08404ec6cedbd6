"""What the game's actors say to each other: one closed set of messages for each receiver.

A receiver that refuses raises `arena.problems.Problem`; the asker gets it raised, the actor goes on.
Asks go one way: connection → session → bot → journal, chain. What flows back is a `Publication` to subscribers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from actors import Message, Subscription
from arena.brains import Verdict
from arena.chain.feed import ChainEvent
from arena.chain.submitter import Outcome
from arena.game.finality import Finality
from arena.game.presence import Count
from arena.game.standings import Answer, Standings
from arena.game.thinking import Unjudged
from arena.store.leaderboards import Board, Window
from arena.store.messages import MessageStatus, NewMessage


@dataclass(frozen=True, slots=True)
class Published:
    """A frame on its way to connections.

    Attributes:
        seq: the frame's number in the bot's log; None for a frame that is not durable.
        session_id: whose it is; None for everybody.
        frame: complete JSON.
    """

    seq: int | None
    session_id: UUID | None
    frame: bytes


Publication = tuple[Published, ...]
"""Frames that came of one step, in their order: whoever may see them gets them together."""


# -- to a session: kind "sessions", id = the session's uuid


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one message, locked until `valid_until`, and the transaction that pays it, unsigned.

    Attributes:
        client_id: the client's id of the message.
        message_id: its id on chain.
        amount: lamports.
        valid_until: Unix seconds; the chain refuses the payment afterwards.
    """

    client_id: UUID
    message_id: UUID
    amount: int
    valid_until: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class PaymentState:
    """Where a payment stands; repeating `Pay` answers it again."""

    client_id: UUID
    status: MessageStatus


@dataclass(frozen=True, slots=True)
class RequestQuote(Message[Quote]):
    """What would it cost to say this?"""

    client_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Pay(Message[PaymentState]):
    """Here is the quoted transaction, signed by the player's wallet; `text` if the player repeats what it pays for."""

    client_id: UUID
    transaction: bytes
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AttachSession(Message[Subscription[Publication]]):
    """Send me this session's frames from now on."""


SessionMessage = RequestQuote | Pay | AttachSession


# -- to a bot: kind "bots", id = the bot's uuid


@dataclass(frozen=True, slots=True)
class Offer:
    """What the next message to a bot costs right now.

    Attributes:
        bot: the address of the bot's account, base58.
        quote_key: who co-signs, base58.
        amount: lamports.
        closes_at: Unix seconds.
    """

    bot: str
    quote_key: str
    amount: int
    closes_at: int


@dataclass(frozen=True, slots=True)
class OpenBot(Message[str]):
    """The creation, signed by its creator; answers the transaction's signature."""

    creator: str
    transaction: bytes


@dataclass(frozen=True, slots=True)
class CloseUnplayed(Message[str]):
    """The closing of a bot that nobody has paid, signed by its creator; answers the transaction's signature."""

    creator: str
    transaction: bytes


@dataclass(frozen=True, slots=True)
class ChangeCredentials(Message[None]):
    """Use these credentials from now on; they are valid, and encrypted for the bot's row."""

    credentials: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PriceMessage(Message[Offer]):
    """What does the next message cost?"""


@dataclass(frozen=True, slots=True)
class AcceptPayment(Message[PaymentState]):
    """A payment that the session found to be in order; it is committed, co-signed and sent.

    Attributes:
        transaction: signed by the player, not yet by us.
        again: the message was paid for before, by a transaction that is dead.
    """

    message: NewMessage
    transaction: bytes
    signature: str
    last_valid_block_height: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class ChainEventSeen(Message[None]):
    """The feed saw an event of this bot; answered once it is committed."""

    event: ChainEvent


@dataclass(frozen=True, slots=True)
class FinalityLearnt(Message[None]):
    """How far the bot's events are final, or which the chain has taken back."""

    finality: Finality


@dataclass(frozen=True, slots=True)
class TransactionEnded(Message[None]):
    """A transaction of ours is final, one way or the other."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BrainAnswered(Message[None]):
    """The brain is done with a message."""

    message_id: UUID
    verdict: Verdict | Unjudged


@dataclass(frozen=True, slots=True)
class ShowReply(Message[None]):
    """Show what the brain has said since a piece of its reply was shown last."""


@dataclass(frozen=True, slots=True)
class SubscribeBot(Message[Subscription[Publication]]):
    """Send me the bot's frames from now on: all of one session and those for everybody; None: only the latter."""

    session_id: UUID | None


@dataclass(frozen=True, slots=True)
class GoOn(Message[None]):
    """Operators let a halted bot go on; up to this `event_seq` it takes the chain's word for what no row knows."""

    adopts_up_to: int


@dataclass(frozen=True, slots=True)
class Wake(Message[None]):
    """Be there and look at your clock: nothing else is asked."""


BotMessage = (
    OpenBot
    | CloseUnplayed
    | ChangeCredentials
    | PriceMessage
    | AcceptPayment
    | ChainEventSeen
    | FinalityLearnt
    | TransactionEnded
    | BrainAnswered
    | SubscribeBot
    | GoOn
    | ShowReply
    | Wake
)


# -- to a settlement: kind "settlements", id = the bot's uuid


@dataclass(frozen=True, slots=True)
class Advance(Message[None]):
    """Look at the chain and the rows and take the next step, if there is one."""


SettlementMessage = Advance | TransactionEnded


# -- to the lobby


@dataclass(frozen=True, slots=True)
class LobbyEntry:
    """What the lobby shows of a bot; every value is absolute.

    Attributes:
        seq: the newest frame in the bot's log; of two entries the one with the higher number is the newer.
    """

    bot_id: UUID
    seq: int
    name: str
    kind: str
    status: str
    pot: int
    next_price: int
    message_count: int
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class BotChanged(Message[None]):
    """A bot's pot or status is another one now."""

    entry: LobbyEntry


@dataclass(frozen=True, slots=True)
class PresenceMoved(Message[None]):
    """Others are there now, by bot."""

    counts: Mapping[UUID, Count]


@dataclass(frozen=True, slots=True)
class PublishLobby(Message[None]):
    """It is time to tell what has changed."""


@dataclass(frozen=True, slots=True)
class LobbyNews:
    """A frame about one bot, which makes an earlier one about the same bot superfluous.

    Attributes:
        seq: of the entry in it; None for a frame that tells only who is there.
        frame: complete JSON.
    """

    bot_id: UUID
    seq: int | None
    frame: bytes


LobbyUpdate = tuple[LobbyNews, ...]
"""What has changed in a moment: of each bot one frame at most."""


@dataclass(frozen=True, slots=True)
class SubscribeLobby(Message[Subscription[LobbyUpdate]]):
    """Send me the changes of all bots from now on."""


@dataclass(frozen=True, slots=True)
class RewardFinal(Message[None]):
    """A winner has been paid, for good."""


@dataclass(frozen=True, slots=True)
class ShowStandings(Message[Standings | Subscription[Answer]]):
    """Who is where on a leaderboard? While it is being read, the answer is where it will be told."""

    board: Board
    window: Window


@dataclass(frozen=True, slots=True)
class StandingsRead(Message[None]):
    """A leaderboard was read, in `took` seconds; or why it could not be."""

    board: Board
    window: Window
    found: Answer
    took: float


LobbyMessage = (
    BotChanged | PresenceMoved | PublishLobby | SubscribeLobby | RewardFinal | ShowStandings | StandingsRead
)


# -- to the janitor


@dataclass(frozen=True, slots=True)
class Sweep(Message[None]):
    """Wake bots with something due, forget what has expired."""
