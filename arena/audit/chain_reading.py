"""Reading a bot from the chain, as far as it is final: its account and its whole history, fitting together."""

from __future__ import annotations

from dataclasses import dataclass

import trio
from solders.pubkey import Pubkey

from arena.chain.accounts import AccountMalformed, BotAccount, decode_bot
from arena.chain.client import AccountState, ChainClient, Commitment
from arena.chain.events import BotClosed
from arena.chain.history import History, HistoryTooLong, whole_history
from arena.chain.tracked_bot import ChainEvent

ATTEMPTS = 5
PAUSE = 1.0
FINALITY_TIMEOUT = 120.0
FINALITY_POLL = 0.5


class Unreadable(Exception):
    """The chain, or this part of it, cannot be read from this node: nothing can be said."""


@dataclass(frozen=True, slots=True)
class BotOnChain:
    """One bot. `account` is None when there is none of the program's; `events` end where the account stands."""

    address: Pubkey
    account: BotAccount | None
    lamports: int
    events: tuple[ChainEvent, ...]

    @property
    def event_seq(self) -> int:
        return self.events[-1].event.event_seq if self.events else 0


async def read_bot(client: ChainClient, program_id: Pubkey, address: Pubkey) -> BotOnChain:
    """The bot at `address`, as final as the client asks for.

    The account is read first, so the history goes at least as far; what is newer is cut off. A node that is behind
    itself, or a bot that is created or closed in between, is read again.

    Raises:
        ChainUnavailable: the node cannot be asked.
        Unreadable: it does not tell a history that fits, or the account is none of ours.
    """
    why = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            await trio.sleep(PAUSE)
        state = await client.account(address)
        account = _decoded(program_id, state)
        try:
            history = await whole_history(client, program_id, address)
        except HistoryTooLong as error:
            raise Unreadable(str(error)) from error
        why = _misfit(account, history)
        if not why:
            last = account.event_seq if account else None
            events = tuple(seen for seen in history.events if last is None or seen.event.event_seq <= last)
            return BotOnChain(address, account, state.lamports if state else 0, events)
    raise Unreadable(f"{address}: {why}")


async def until_final(client: ChainClient) -> None:
    """Wait until everything that is confirmed now is final.

    Raises:
        ChainUnavailable: the node cannot be asked.
        Unreadable: it takes too long.
    """
    confirmed = await client.slot(Commitment.CONFIRMED)
    with trio.move_on_after(FINALITY_TIMEOUT):
        while await client.slot(Commitment.FINALIZED) < confirmed:
            await trio.sleep(FINALITY_POLL)
        return
    raise Unreadable(f"slot {confirmed} is not final after {FINALITY_TIMEOUT:.0f} seconds")


def _decoded(program_id: Pubkey, state: AccountState | None) -> BotAccount | None:
    if state is None or state.owner != program_id:
        return None  # anyone can send money to where a bot was
    try:
        return decode_bot(state.data)
    except AccountMalformed as error:
        raise Unreadable(f"the account cannot be read: {error}") from error


def _misfit(account: BotAccount | None, history: History) -> str:
    """Why a history cannot be all there is; empty if it can."""
    events = history.events
    numbers = {seen.event.event_seq for seen in events}
    highest = max(numbers, default=0)
    if account is None and events and not isinstance(events[-1].event, BotClosed):
        return "the account is gone, and the node does not tell of its closing"
    if account is not None and highest < account.event_seq:
        return f"the account has come to event {account.event_seq}, the node's history to {highest}"
    if numbers and min(numbers) > 1:
        return f"the node's history begins with event {min(numbers)}: ask one that keeps all of it"
    if len(numbers) < highest and history.unread:
        return (
            f"{history.unread} transactions cannot be read, and {highest - len(numbers)} events are missing"
        )
    return ""
