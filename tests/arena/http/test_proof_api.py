"""The proof of a bot that is over: all of it when its settlement is final, nothing before."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from arena.audit.proof import read_proof
from arena.brains import objective_hash
from arena.ids import new_id
from arena.store import messages, solutions, transactions
from arena.store.bots import BotStatus
from arena.store.messages import NewMessage, content_hash
from arena.store.solutions import NewSolution
from arena.store.transactions import NewTransaction
from tests.fixtures.front import Front

SALT = bytes(range(32))
PUBLIC: dict[str, Any] = {
    "persona": "A gatekeeper",
    "hints": [{"after_messages": 5, "text": "It is a cave. 🜂"}],
}
SECRET = {"phrase": "open sesame"}
TEXT = "Open, sesame!"
SIGNATURES = {
    name: letter * 88 for name, letter in {"create": "2", "fee": "3", "settle": "4", "close": "5"}.items()
}


async def played_bot(front: Front, status: BotStatus = BotStatus.SOLVED) -> tuple[UUID, NewMessage]:
    """A bot with a judged message, whose creation failed once before it landed."""
    bot_id = await front.bot(
        status, public=PUBLIC, objective_hash=objective_hash(SALT, "passphrase", PUBLIC, SECRET)
    )
    player = await front.player()
    session = await front.session(player, bot_id)
    message_id = new_id()
    message = NewMessage(
        id=message_id,
        bot_id=bot_id,
        session_id=session.id,
        solver_id=player.user_id,
        wallet=str(player.wallet.pubkey()),
        client_id=new_id(),
        text=TEXT,
        content_hash=content_hash(message_id, TEXT),
        amount=1_210_000,
        valid_until=datetime.now(UTC),
    )
    for signature in ("9" * 88, SIGNATURES["create"]):
        created = NewTransaction(
            signature=signature,
            kind="create",
            bot_id=bot_id,
            payer="somebody",
            amount=50_000_000,
            raw=b"raw",
            last_valid_block_height=1,
        )
        await front.commit(transactions.send(created))
        landed = signature == SIGNATURES["create"]
        await front.commit(
            transactions.landed(signature, slot=5) if landed else transactions.expired(signature)
        )
    await front.commit(messages.accept(message))
    await front.commit(
        messages.paid(
            message.id, message_index=3, pot_share=968_000, fee_signature=SIGNATURES["fee"], fee_slot=7
        )
    )
    await front.commit(messages.judged(message.id, reply="At last!", solved=True))
    return bot_id, message


async def solve(front: Front, bot_id: UUID, message: NewMessage) -> None:
    await front.commit(
        solutions.ended(
            NewSolution(
                bot_id=bot_id,
                message_id=message.id,
                winner_id=message.solver_id,
                message_index=3,
                reward=50_968_000,
                proof=SALT,
                revealed=SECRET,
            )
        )
    )


def url(bot_id: UUID) -> str:
    return f"/api/v1/bots/{bot_id}/proof"


async def test_a_settled_bot_shows_everything_that_a_checker_needs(front: Front) -> None:
    bot_id, message = await played_bot(front)
    await solve(front, bot_id, message)
    await front.commit(solutions.settled(bot_id, SIGNATURES["settle"]))
    response = await front.http.get(url(bot_id))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, no-cache"  # its closing is still to come
    known = {"If-None-Match": response.headers["ETag"]}
    assert (await front.http.get(url(bot_id), headers=known)).status_code == 304
    proof = response.json()
    assert proof["signatures"] == {
        "create": SIGNATURES["create"],
        "settle": SIGNATURES["settle"],
        "close": None,
    }
    assert (proof["secret"], proof["public"], proof["kind"]) == (SECRET, PUBLIC, "passphrase")
    assert proof["winning_message"] == {
        "message_id": str(message.id),
        "message_index": 3,
        "wallet": message.wallet,
        "text": TEXT,
        "reply": "At last!",
        "content_hash": message.content_hash.hex(),
        "amount": 1_210_000,
        "signature": SIGNATURES["fee"],
    }
    assert (proof["reward"], proof["program_id"]) == (50_968_000, str(front.services.program_id))
    assert read_proof(response.content).salt == SALT


async def test_the_hash_can_be_computed_from_the_answer_alone(front: Front) -> None:
    bot_id, message = await played_bot(front)
    await solve(front, bot_id, message)
    await front.commit(solutions.settled(bot_id, SIGNATURES["settle"]))
    proof = (await front.http.get(url(bot_id))).json()
    preimage = bytes.fromhex(proof["salt"]) + proof["canonical"].encode()
    assert hashlib.sha256(preimage).hexdigest() == proof["objective_hash"]
    won = proof["winning_message"]
    said = UUID(won["message_id"]).bytes + won["text"].encode()
    assert hashlib.sha256(said).hexdigest() == won["content_hash"]


async def test_a_closed_bot_names_its_closing_and_one_that_nobody_solved_has_no_winner(front: Front) -> None:
    bot_id = await front.bot(BotStatus.CLOSED, public=PUBLIC)
    await front.commit(solutions.ended(NewSolution(bot_id=bot_id, proof=SALT, revealed=SECRET)))
    assert (await front.http.get(url(bot_id))).status_code == 409
    await front.commit(solutions.closed(bot_id, SIGNATURES["close"]))
    response = await front.http.get(url(bot_id))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    proof = response.json()
    assert (proof["winning_message"], proof["reward"]) == (None, 0)
    assert proof["signatures"] == {"create": None, "settle": None, "close": SIGNATURES["close"]}


async def test_before_the_settlement_is_final_nothing_is_revealed(front: Front) -> None:
    bot_id, message = await played_bot(front)

    async def refused() -> None:
        response = await front.http.get(url(bot_id))
        assert (response.status_code, response.json()["code"]) == (409, "proof_not_revealed")
        assert response.json()["bot_status"] == "solved"
        assert "sesame" not in response.text
        assert SALT.hex() not in response.text

    await refused()
    await solve(front, bot_id, message)
    await refused()


@pytest.mark.parametrize("status", [BotStatus.DRAFT, BotStatus.OPENING])
async def test_a_draft_is_not_there_for_anybody(front: Front, status: BotStatus) -> None:
    creator = await front.player()
    bot_id = await front.bot(status, creator)
    response = await front.http.get(url(bot_id), headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


async def test_an_unknown_bot_has_no_proof(front: Front) -> None:
    response = await front.http.get(url(new_id()))
    assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


async def test_a_live_bot_has_no_proof(front: Front) -> None:
    response = await front.http.get(url(await front.bot()))
    assert (response.status_code, response.json()["code"]) == (409, "proof_not_revealed")


async def test_the_api_describes_the_proof(front: Front) -> None:
    paths = (await front.http.get("/openapi.json")).json()["paths"]
    [path] = [path for path in paths if path.endswith("/proof")]
    assert {"200", "404", "409"} <= set(paths[path]["get"]["responses"])
