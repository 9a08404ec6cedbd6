"""Wallets that stand in for people's own: they speak the Wallet Standard, and their user is the test."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, Page
from solders.keypair import Keypair

SCRIPT = Path(__file__).with_name("stand_in.js")
COMPUTE_BUDGET = {"units": 120_000, "price": 10_000}
"""What `adds_compute_budget` adds: the price is in millionths of a lamport for each unit."""
SEND_TIMEOUT = 10.0
_numbers = count(1)


class Answer(StrEnum):
    """What the user does when the wallet asks."""

    AGREE = "agree"
    REFUSE = "refuse"
    LATER = "later"
    """The wallet's window stays open, until `answer` is another."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page wanted of the user, by the name of the wallet's feature."""

    feature: str
    origin: str
    messages: tuple[bytes, ...] = ()
    transactions: tuple[bytes, ...] = ()


class StandInWallet:
    """A wallet with its own keys. What its user answers is in `answer`, and what he was asked in `asked`.

    Args:
        keys: of its accounts; the first is the one that it connects with.
        signs_in: it knows `solana:signIn`.
        sends_only: it signs nothing that it does not send itself, to the node at `rpc_url`.
        adds_compute_budget: to transactions that have none.
    """

    def __init__(
        self,
        *keys: Keypair,
        name: str = "Stand-in",
        chains: tuple[str, ...] = ("solana:mainnet", "solana:devnet", "solana:testnet", "solana:localnet"),
        signs_in: bool = False,
        sends_only: bool = False,
        adds_compute_budget: bool = False,
        rpc_url: str | None = None,
    ) -> None:
        self.keys = keys or (Keypair(),)
        self.name = name
        self.answer = Answer.AGREE
        self.asked: list[Asked] = []
        self.connected: set[str] = set()
        """Origins whose pages may know the accounts without being asked again."""
        self._rpc_url = rpc_url
        self._function = f"standInWallet{next(_numbers)}"
        self._waiting: set[str] = set()
        self._config = {
            "name": name,
            "ask": self._function,
            "chains": chains,
            "keys": [_exported(key) for key in self.keys],
            "signsIn": signs_in,
            "sendsOnly": sends_only,
            "computeBudget": COMPUTE_BUDGET if adds_compute_budget else None,
        }

    @property
    def address(self) -> str:
        return str(self.keys[0].pubkey())

    def install(self, context: BrowserContext) -> None:
        """Into all pages that are opened from now on."""
        context.expose_binding(self._function, self._ask)
        context.add_init_script(
            f"(() => {{{SCRIPT.read_text()}\nstandInWallet({json.dumps(self._config)})}})()"
        )

    def show(self, page: Page, *keys: Keypair) -> None:
        """The user decides, in the wallet itself, which accounts the page sees from now on; none: it is locked."""
        page.evaluate(
            "([name, detail]) => window.dispatchEvent(new CustomEvent(name, {detail}))",
            [self._function, [str(key.pubkey()) for key in keys]],
        )

    def _ask(self, source: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        url = urlsplit(source["frame"].url)
        origin = f"{url.scheme}://{url.netloc}"
        transactions = tuple(base64.b64decode(each) for each in request.get("transactions", ()))
        match request["feature"]:
            case "send":
                return self._send(transactions[0])
            case "standard:connect" if request["silent"]:
                return Answer.AGREE if origin in self.connected else "unknown"
        if request["id"] not in self._waiting:
            self._waiting.add(request["id"])
            messages = tuple(base64.b64decode(each) for each in request.get("messages", ()))
            self.asked.append(Asked(request["feature"], origin, messages, transactions))
        if self.answer is Answer.AGREE:
            self.connected.add(origin)
        return self.answer

    def _send(self, transaction: bytes) -> str:
        """As wallets do: through a node that they trust, whatever the page may reach. Raises what the node says."""
        assert self._rpc_url is not None, "this wallet knows no node"
        params = [
            base64.b64encode(transaction).decode(),
            {"encoding": "base64", "preflightCommitment": "confirmed"},
        ]
        body = {"jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": params}
        answer = httpx.post(self._rpc_url, json=body, timeout=SEND_TIMEOUT, trust_env=False).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return str(answer["result"])


def _exported(key: Keypair) -> dict[str, Any]:
    """For WebCrypto, which takes an Ed25519 key by RFC 8037."""
    public = bytes(key.pubkey())
    return {
        "address": str(key.pubkey()),
        "publicKey": list(public),
        "jwk": {"kty": "OKP", "crv": "Ed25519", "d": _base64url(key.secret()), "x": _base64url(public)},
    }


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
