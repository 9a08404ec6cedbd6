"""Who wants to hear of what: turns what happens on the chain into notifications.

Publishing never waits. A notification is put into its connection's bounded outbox; a connection whose outbox
is full is told to overflow, which closes it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.localnet import wire
from arena.localnet.bank import Advance, Bank, Commitment
from arena.localnet.history import Entry
from arena.localnet.node import Observer
from arena.localnet.params import DataSlice
from arena.localnet.rpcerrors import RpcError
from arena.localnet.transactions import Json


@dataclass(frozen=True, slots=True)
class SignatureTopic:
    signature: Signature
    commitment: Commitment
    notify_received: bool = False


@dataclass(frozen=True, slots=True)
class LogsTopic:
    mentions: Pubkey | None
    """None: all transactions"""
    commitment: Commitment


@dataclass(frozen=True, slots=True)
class AccountTopic:
    key: Pubkey
    commitment: Commitment
    encoding: str
    data_slice: DataSlice | None = None


@dataclass(frozen=True, slots=True)
class SlotTopic:
    pass


@dataclass(frozen=True, slots=True)
class RootTopic:
    pass


Topic = SignatureTopic | LogsTopic | AccountTopic | SlotTopic | RootTopic


@dataclass(eq=False, slots=True)
class Subscription:
    """One of a connection; `send` puts a notification into its outbox."""

    id: int
    topic: Topic
    send: Callable[[bytes], None]
    ended: Callable[["Subscription"], None]


class Subscriptions(Observer):
    """All subscriptions of one chain."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._ids = count(1)
        self._by_key: defaultdict[Hashable, dict[int, Subscription]] = defaultdict(dict)

    def add(
        self, topic: Topic, send: Callable[[bytes], None], ended: Callable[[Subscription], None]
    ) -> Subscription:
        """Start one. What it is about to hear of first is sent by `begin`, after the id has been answered."""
        subscription = Subscription(next(self._ids), topic, send, ended)
        self._by_key[_key(topic)][subscription.id] = subscription
        return subscription

    def begin(self, subscription: Subscription) -> None:
        """Tell a new subscription what has happened already: a signature that is as far as it asks."""
        topic = subscription.topic
        if isinstance(topic, SignatureTopic):
            entry = self._bank.history.get(topic.signature)
            if entry is not None and entry.slot <= self._bank.slot_at(topic.commitment):
                self._notify_signature(subscription, entry)

    def remove(self, subscription: Subscription) -> None:
        """End one; ending it twice is harmless."""
        key = _key(subscription.topic)
        group = self._by_key.get(key)
        if group is not None:
            group.pop(subscription.id, None)
            if not group:
                del self._by_key[key]

    # what happens

    def executed(self, entry: Entry) -> None:
        for subscription in self._group(("signature", entry.signature)):
            topic = subscription.topic
            if isinstance(topic, SignatureTopic) and topic.notify_received:
                _send(subscription, "signature", self._with_context(entry.slot, "receivedSignature"))
        self._landed(entry, Commitment.PROCESSED)
        self._accounts_changed(set(entry.keys), Commitment.PROCESSED, entry.slot)

    def advanced(self, advance: Advance) -> None:
        info: Json = {
            "slot": advance.slot,
            "parent": advance.parent,
            "root": advance.after[Commitment.FINALIZED],
        }
        for subscription in self._group(("slot",)):
            _send(subscription, "slot", info)
        for commitment in (Commitment.CONFIRMED, Commitment.FINALIZED):
            before, after = advance.before[commitment], advance.after[commitment]
            for entry in self._bank.history.landed_between(before, after):
                self._landed(entry, commitment)
            changed = self._bank.accounts.changed_between(before, after)
            self._accounts_changed(changed, commitment, after)
        for subscription in self._group(("root",)):
            _send(subscription, "root", advance.after[Commitment.FINALIZED])

    def _landed(self, entry: Entry, commitment: Commitment) -> None:
        for subscription in self._group(("signature", entry.signature)):
            topic = subscription.topic
            if isinstance(topic, SignatureTopic) and topic.commitment is commitment:
                self._notify_signature(subscription, entry)
        listeners = self._group(("logs", None, commitment))
        for key in dict.fromkeys(entry.keys):
            listeners += self._group(("logs", key, commitment))
        if not listeners:
            return
        value: Json = {
            "signature": str(entry.signature),
            "err": entry.error,
            "logs": entry.details()["logs"],
        }
        for subscription in listeners:
            _send(subscription, "logs", self._with_context(entry.slot, value))

    def _notify_signature(self, subscription: Subscription, entry: Entry) -> None:
        _send(subscription, "signature", self._with_context(entry.slot, {"err": entry.error}))
        self.remove(subscription)  # it fires once
        subscription.ended(subscription)

    def _accounts_changed(self, keys: set[Pubkey], commitment: Commitment, slot: int) -> None:
        for key in keys:
            listeners = self._group(("account", key, commitment))
            if listeners and self._bank.accounts.knows(key):
                account = self._bank.accounts.at(key, slot)
                for subscription in listeners:
                    self._notify_account(subscription, account, slot)

    def _notify_account(self, subscription: Subscription, account: Account | None, slot: int) -> None:
        topic = subscription.topic
        assert isinstance(topic, AccountTopic)
        try:
            value = wire.account_json(account or wire.NO_ACCOUNT, topic.encoding, topic.data_slice)
        except RpcError:  # too long for base58: real nodes, too, have nothing to say then
            return
        _send(subscription, "account", self._with_context(slot, value))

    def _group(self, key: Hashable) -> list[Subscription]:
        group = self._by_key.get(key)
        return list(group.values()) if group else []

    def _with_context(self, slot: int, value: Json) -> Json:
        return {"context": wire.context(slot), "value": value}


def _key(topic: Topic) -> Hashable:
    match topic:
        case SignatureTopic():
            return ("signature", topic.signature)
        case LogsTopic():
            return ("logs", topic.mentions, topic.commitment)
        case AccountTopic():
            return ("account", topic.key, topic.commitment)
        case SlotTopic():
            return ("slot",)
        case RootTopic():
            return ("root",)


def _send(subscription: Subscription, kind: str, result: Json) -> None:
    notification = {
        "jsonrpc": "2.0",
        "method": f"{kind}Notification",
        "params": {"result": result, "subscription": subscription.id},
    }
    subscription.send(json.dumps(notification, separators=(",", ":")).encode())
