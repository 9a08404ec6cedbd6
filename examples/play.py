"""Plays against a bot, knowing nothing of the arena but docs/protocol.md.

    pip install httpx websockets solders
    python examples/play.py http://127.0.0.1:8080 "Is it a cave?" "open sesame"

says each text to the open bot with the largest pot (--bot ID: to that one), pays for it from a new wallet that the
local chain's faucet fills (--key FILE: from one of yours, as solana-keygen writes it), and prints what the bot replies.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import uuid
from pathlib import Path

import httpx
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction
from websockets.sync.client import connect

FAUCET_LAMPORTS = 2_000_000_000


def sign_in(http: httpx.Client, wallet: Keypair) -> str:
    """A token: sign the text that the arena asks for."""
    address = str(wallet.pubkey())
    asked = http.post("/api/v1/auth/nonce", json={"address": address}).raise_for_status().json()
    signature = wallet.sign_message(asked["message"].encode())
    signed = {"address": address, "nonce": asked["nonce"], "signature": str(signature)}
    return str(http.post("/api/v1/auth/session", json=signed).raise_for_status().json()["token"])


def sign(transaction: str, wallet: Keypair) -> str:
    """What a wallet does with an unsigned transaction: its own signature in its own place."""
    unsigned = VersionedTransaction.from_bytes(base64.b64decode(transaction))
    signatures = unsigned.signatures
    place = unsigned.message.account_keys.index(wallet.pubkey())
    signatures[place] = wallet.sign_message(to_bytes_versioned(unsigned.message))
    return base64.b64encode(bytes(VersionedTransaction.populate(unsigned.message, signatures))).decode()


def play(url: str, wallet: Keypair, texts: list[str], bot_id: str | None, *, funded: bool) -> bool:
    """Say the texts, one after the other; whether one of them solved the bot."""
    with httpx.Client(base_url=url, timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {sign_in(http, wallet)}"
        if not funded:
            wanted = {"address": str(wallet.pubkey()), "lamports": FAUCET_LAMPORTS}
            http.post("/api/v1/faucet", json=wanted).raise_for_status()
        if bot_id is None:
            found = http.get("/api/v1/bots", params={"status": "open", "sort": "pot", "limit": 1})
            bot_id = found.raise_for_status().json()["bots"][0]["id"]
        session = http.get(f"/api/v1/chats/{bot_id}").raise_for_status().json()
        token = http.headers["Authorization"]
    with connect(
        url.replace("http", "ws", 1) + session["websocket"], additional_headers={"Authorization": token}
    ) as chat:
        for text in texts:
            message_id = str(uuid.uuid4())
            chat.send(json.dumps({"type": "message", "id": message_id, "text": text}))
            print(f"> {text}")
            for received in chat:
                frame = json.loads(received)
                if frame["type"] == "ping":
                    chat.send(json.dumps({"type": "pong"}))
                if frame.get("id") != message_id:
                    continue  # what others say, and what it makes of the pot
                match frame["type"]:
                    case "quote":
                        print(f"  costs {frame['amount']} lamports")
                        transaction = sign(frame["transaction"], wallet)
                        chat.send(json.dumps({"type": "pay", "id": message_id, "transaction": transaction}))
                    case "payment":
                        print(f"  payment {frame['status']}")
                    case "reply":
                        print(f"< {frame['reply']}")
                        if frame["verdict"] == "solved":
                            return True
                        break
                    case "refund":
                        print(f"  refunded: {frame['reason']}")
                        break
                    case "error":
                        sys.exit(f"{frame['code']}: {frame['detail']}")
    return False


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("texts", nargs="+", metavar="text")
    parser.add_argument("--bot", help="its id")
    parser.add_argument("--key", type=Path, help="a wallet's key file")
    arguments = parser.parse_args()
    wallet = Keypair.from_bytes(json.loads(arguments.key.read_text())) if arguments.key else Keypair()
    solved = play(arguments.url, wallet, arguments.texts, arguments.bot, funded=arguments.key is not None)
    print("solved: the pot is yours" if solved else "not solved")


if __name__ == "__main__":
    main()
