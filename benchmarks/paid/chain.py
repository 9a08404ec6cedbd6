"""The chain that the benchmark's node tells of: what was recorded of the real one, with each message's own numbers.

No I/O. It counts what the program counts (messages, events, the pot), and does not verify anything: what the program
and the network check is not what is measured.
"""

from __future__ import annotations

import base64
import copy
import json
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.program.interface import BOT, EVENTS, layout

SLOT_SECONDS = 0.4
FINAL_AFTER = 32
"""Slots until a transaction is final, as on the real clusters: 13 s."""
FIRST_SLOT = 1_000
BLOCKHASH_LIFE = 150
BPS = 10_000

_FEE_RECORDED = next(event for event in EVENTS if event.name == "MessageFeeRecorded")
_EVENT = {field.name: offset for field, offset in layout(_FEE_RECORDED.fields)}
_ACCOUNT = {field.name: offset for field, offset in layout(BOT)}
_U64 = struct.Struct("<Q")
_DATA = "Program data: "


@dataclass(frozen=True, slots=True)
class BotOnChain:
    """A bot as it is when the benchmark begins. Keys are 32 bytes, amounts lamports.

    Attributes:
        initial_pot: what is in it then.
        messages: that have been paid for until then.
    """

    bot_id: bytes
    address: str
    founding_key: bytes
    initial_pot: int
    pot_bps: int
    creator_bps: int
    messages: int = 0


@dataclass(slots=True)
class _Landed:
    signature: str
    slot: int
    logs_data: str
    raw: str


class _Bot:
    def __init__(self, terms: BotOnChain, event: bytes, account: bytes) -> None:
        self.terms = terms
        self.pot = terms.initial_pot
        self.messages = terms.messages
        self.event_seq = 1 + terms.messages
        self.history: list[_Landed] = []
        self.event = bytearray(event)
        self.account = bytearray(account)
        for name, value in (
            ("bot", bytes(Pubkey.from_string(terms.address))),
            ("founding_key", terms.founding_key),
            ("bot_id", terms.bot_id),
        ):
            self.event[_EVENT[name] : _EVENT[name] + len(value)] = value
        for name, value in (("founding_key", terms.founding_key), ("bot_id", terms.bot_id)):
            self.account[_ACCOUNT[name] : _ACCOUNT[name] + len(value)] = value

    def pay(self, player: bytes, instruction: bytes) -> str:
        """Record a fee; the event as a line of the log has it, in base64."""
        amount = _U64.unpack_from(instruction, 56)[0]
        pot_share = amount * self.terms.pot_bps // BPS
        creator_share = amount * self.terms.creator_bps // BPS
        self.messages += 1
        self.event_seq += 1
        self.pot += pot_share
        event = self.event
        event[_EVENT["message_id"] : _EVENT["message_id"] + 16] = instruction[8:24]
        event[_EVENT["content_hash"] : _EVENT["content_hash"] + 32] = instruction[24:56]
        event[_EVENT["player"] : _EVENT["player"] + 32] = player
        for name, value in (
            ("pot", self.pot),
            ("message_count", self.messages),
            ("event_seq", self.event_seq),
            ("message_index", self.messages),
            ("amount", amount),
            ("pot_share", pot_share),
            ("creator_share", creator_share),
            ("platform_share", amount - pot_share - creator_share),
            ("recorded_at", int(time.time())),
        ):
            _U64.pack_into(event, _EVENT[name], value)
        return base64.b64encode(event).decode()

    def data(self) -> bytes:
        for name, value in (
            ("pot", self.pot),
            ("message_count", self.messages),
            ("event_seq", self.event_seq),
        ):
            _U64.pack_into(self.account, _ACCOUNT[name], value)
        return bytes(self.account)


class Chain:
    """What the node answers.

    Args:
        recording: of `benchmarks.paid.recording`.
        notify: called with each notification of the program's logs, once its transaction is confirmed: at once.
    """

    def __init__(
        self, recording: Mapping[str, Any], bots: Sequence[BotOnChain], notify: Callable[[bytes], object]
    ) -> None:
        self._recording = recording
        self._notify = notify
        self._started = time.monotonic()
        self._landed: dict[str, _Landed] = {}
        logs: list[str] = recording["logsNotification"]["params"]["result"]["value"]["logs"]
        [self._line] = [line for line in logs if line.startswith(_DATA)]
        event = base64.b64decode(self._line.removeprefix(_DATA))
        [account] = recording["bot"]["result"]["value"]
        self._bots = {bot.address: _Bot(bot, event, base64.b64decode(account["data"][0])) for bot in bots}
        self._by_key = {bytes(Pubkey.from_string(address)): bot for address, bot in self._bots.items()}
        self._notification = _template(recording["logsNotification"], self._line)
        self._methods: dict[str, Callable[[list[Any]], Any]] = {
            "sendTransaction": self._send,
            "getSignatureStatuses": self._statuses,
            "getMultipleAccounts": self._accounts,
            "getLatestBlockhash": self._blockhash,
            "getSlot": self._slot_of,
            "getBlockHeight": self._slot_of,
            "getTransaction": self._transaction,
            "getSignaturesForAddress": self._signatures,
            "logsSubscribe": self._subscribe,
        }
        self.calls: dict[str, int] = {}
        """How often each method was called."""

    def answer(self, request: Any) -> Any:
        """The answer to one JSON-RPC request, or to a batch of them."""
        if isinstance(request, list):
            return [self.answer(one) for one in request]
        method, params = request["method"], request.get("params", [])
        self.calls[method] = self.calls.get(method, 0) + 1
        own = self._methods.get(method)
        if own is None and method not in self._recording:
            return {
                "jsonrpc": "2.0",
                "id": request["id"],
                "error": {"code": -32601, "message": "Method not found"},
            }
        result = self._recording[method]["result"] if own is None else own(params)
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}

    # -- the clock

    @property
    def slot(self) -> int:
        return FIRST_SLOT + int((time.monotonic() - self._started) / SLOT_SECONDS)

    @property
    def _root(self) -> int:
        return self.slot - FINAL_AFTER

    def _slot_of(self, params: list[Any]) -> int:
        final = bool(params) and params[0].get("commitment") == "finalized"
        return self._root if final else self.slot

    def _context(self) -> dict[str, object]:
        return {"apiVersion": "2.1.0", "slot": self.slot}

    def _blockhash(self, params: list[Any]) -> Any:  # noqa: ARG002
        slot = self.slot
        value = {
            "blockhash": str(Hash(slot.to_bytes(32, "big"))),
            "lastValidBlockHeight": slot + BLOCKHASH_LIFE,
        }
        return {"context": self._context(), "value": value}

    # -- transactions

    def _send(self, params: list[Any]) -> str:
        raw: str = params[0]
        transaction = VersionedTransaction.from_bytes(base64.b64decode(raw))
        signature = str(transaction.signatures[0])
        if signature in self._landed:
            return signature
        message = transaction.message
        keys = message.account_keys
        for instruction in message.instructions:
            if keys[instruction.program_id_index] != DEFAULT_PROGRAM_ID:
                continue
            player, _, address, _ = instruction.accounts
            bot = self._by_key[bytes(keys[address])]
            data = bot.pay(bytes(keys[player]), bytes(instruction.data))
            landed = _Landed(signature, self.slot, data, raw)
            self._landed[signature] = landed
            bot.history.append(landed)
            self._notify(self._notification(signature, landed.slot, data))
        return signature

    def _status(self, signature: str) -> dict[str, object] | None:
        landed = self._landed.get(signature)
        if landed is None:
            return None
        final = landed.slot <= self._root
        return {
            "slot": landed.slot,
            "confirmations": None if final else self.slot - landed.slot,
            "status": {"Ok": None},
            "err": None,
            "confirmationStatus": "finalized" if final else "confirmed",
        }

    def _statuses(self, params: list[Any]) -> Any:
        return {"context": self._context(), "value": [self._status(signature) for signature in params[0]]}

    def _transaction(self, params: list[Any]) -> Any:
        landed = self._landed.get(params[0])
        if landed is None:
            return None
        result = copy.deepcopy(self._recording["getTransaction"]["result"])
        result["slot"] = landed.slot
        result["transaction"][0] = landed.raw
        lines = result["meta"]["logMessages"]
        lines[lines.index(self._line)] = _DATA + landed.logs_data
        return result

    def _signatures(self, params: list[Any]) -> Any:
        address, config = params
        bot = self._bots.get(address)
        history = bot.history[::-1] if bot else []
        if (before := config.get("before")) is not None:
            place = next((n for n, landed in enumerate(history) if landed.signature == before), len(history))
            history = history[place + 1 :]
        [line] = self._recording["getSignaturesForAddress"]["result"]
        return [
            {**line, "signature": landed.signature, "slot": landed.slot, "confirmationStatus": "confirmed"}
            for landed in history[: config.get("limit", 1000)]
        ]

    # -- accounts

    def _accounts(self, params: list[Any]) -> Any:
        return {"context": self._context(), "value": [self._account(address) for address in params[0]]}

    def _account(self, address: str) -> Any:
        if address == str(DEFAULT_PROGRAM_ID):
            return self._recording["program"]["result"]["value"][0]
        bot = self._bots.get(address)
        if bot is None:
            return None
        [recorded] = self._recording["bot"]["result"]["value"]
        return {**recorded, "data": [base64.b64encode(bot.data()).decode(), "base64"]}

    def _subscribe(self, params: list[Any]) -> int:  # noqa: ARG002
        return int(self._recording["logsSubscribe"]["result"])


def _template(notification: Any, line: str) -> Callable[[str, int, str], bytes]:
    """The recorded notification with a place for each of: signature, slot, event. Made once: it is the hottest path."""
    notification = copy.deepcopy(notification)
    result = notification["params"]["result"]
    logs = result["value"]["logs"]
    logs[logs.index(line)] = f"{_DATA}%(event)s"
    result["value"]["signature"] = "%(signature)s"
    result["context"]["slot"] = "%(slot)d"
    text = json.dumps(notification).replace('"%(slot)d"', "%(slot)d")

    def filled(signature: str, slot: int, event: str) -> bytes:
        return (text % {"signature": signature, "slot": slot, "event": event}).encode()

    return filled
