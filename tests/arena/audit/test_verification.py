"""What can be said about a bot from the chain alone, and with the puzzle that was revealed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from arena.audit.chain_reading import BotOnChain
from arena.audit.ledger import Ledger
from arena.audit.proof import ProofMalformed, check_proof, read_proof
from arena.audit.verification import Check, exit_code, verify
from arena.brains import objective_hash
from arena.chain.events import MessageFeeRecorded
from tests.arena.audit.lives import PROOF, Life, expired_life, solved_life

PUBLIC = {"persona": "A gatekeeper"}
SECRET = {"phrase": "open sesame"}
TEXT = "Open, sesame!"
MESSAGE = UUID(int=7)


def won_life(text: str = TEXT) -> Life:
    """Solved by its second message, which said `text`."""
    life = Life(objective_hash=objective_hash(PROOF, "passphrase", PUBLIC, SECRET))
    life.pay(life.world.bob)
    life.world.paid.append(life.fees.price(1))
    hashed = hashlib.sha256(MESSAGE.bytes + text.encode()).digest()
    life.add(
        life.world.record(life.world.alice, life.fees.price(1), message_id=MESSAGE, content_hash=hashed).event
    )
    life.world.paid.pop()
    life.settle(life.world.alice, 2)
    life.close()
    return life


def document(**values: Any) -> dict[str, Any]:
    return {
        "salt": PROOF.hex(),
        "kind": "passphrase",
        "public": PUBLIC,
        "secret": SECRET,
        "winning_message": {"message_id": str(MESSAGE), "message_index": 2, "text": TEXT},
        "signatures": {},
    } | values


def on_chain(life: Life, events: int | None = None) -> tuple[BotOnChain, Ledger]:
    chain = BotOnChain(life.world.bot, life.account, life.lamports, tuple(life.history[:events]))
    return chain, life.ledger(life.history[:events])


def verified(life: Life, proof: dict[str, Any] | None = None) -> dict[str, Check]:
    chain, ledger = on_chain(life)
    checks = verify(chain, ledger, None if proof is None else read_proof(proof))
    return {check.name: check for check in checks}


# -- the chain alone


def test_every_check_of_a_solved_bot_is_right_and_the_puzzle_waits_for_its_proof() -> None:
    checks = verified(solved_life())
    assert {name for name, check in checks.items() if check.ok} == set(checks) - {"puzzle"}
    assert checks["puzzle"].ok is None
    assert "--url" in checks["puzzle"].said
    assert exit_code(list(checks.values())) == 0


def test_an_open_bot_reveals_nothing_yet() -> None:
    checks = verified(Life())
    assert "not revealed" in checks["puzzle"].said
    assert "surplus 0" in checks["account"].said
    assert exit_code(list(checks.values())) == 0


def test_a_wrong_figure_makes_its_check_wrong_and_no_other() -> None:
    life = solved_life()
    fee = life.history[2].event
    assert isinstance(fee, MessageFeeRecorded)
    life.history[2] = replace(life.history[2], event=replace(fee, creator_share=fee.creator_share - 1))
    checks = verified(life)
    wrong = {name for name, check in checks.items() if check.ok is False}
    assert "split" in wrong
    assert "history" not in wrong
    assert exit_code(list(checks.values())) == 1


def test_dust_at_a_closed_bots_address_is_told() -> None:
    life = solved_life()
    life.world.give(life.world.bot, 900_000)
    checks = verified(life)
    assert "900000 lamports lie where it was" in checks["account"].said
    assert checks["account"].ok


# -- with the revealed puzzle


def test_the_right_puzzle_and_the_winning_text_are_found_to_be_right() -> None:
    life = won_life()
    _, ledger = on_chain(life)
    steps = check_proof(ledger, read_proof(document()))
    assert [step.ok for step in steps] == [True] * 4
    assert verified(life, document())["puzzle"].ok


def test_a_bot_that_nobody_solved_can_be_checked_with_the_salt_of_the_proof() -> None:
    life = expired_life(objective_hash=objective_hash(PROOF, "passphrase", PUBLIC, SECRET))
    assert verified(life, document(winning_message=None))["puzzle"].ok
    other = verified(life, document(winning_message=None, salt=bytes(32).hex()))["puzzle"]
    assert other.ok is False


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"salt": bytes(32).hex()}, "the salt is the proof"),
        ({"secret": {"phrase": "close sesame"}}, "objective hash"),
        ({"public": {"persona": "Another"}}, "objective hash"),
        ({"kind": "riddle"}, "objective hash"),
        ({"secret": {"phrase": 0.5}}, "objective hash"),
        (
            {"winning_message": {"message_id": str(MESSAGE), "message_index": 2, "text": "open sesame"}},
            "paid for",
        ),
        (
            {"winning_message": {"message_id": str(UUID(int=9)), "message_index": 2, "text": TEXT}},
            "paid for",
        ),
    ],
)
def test_another_puzzle_is_found_to_be_wrong(values: dict[str, Any], said: str) -> None:
    check = verified(won_life(), document(**values))["puzzle"]
    assert check.ok is False
    assert said in check.said


def test_a_winner_who_did_not_say_the_phrase_is_found() -> None:
    said = "Is it a cave?"
    life = won_life(said)
    won = {"message_id": str(MESSAGE), "message_index": 2, "text": said}
    check = verified(life, document(winning_message=won))["puzzle"]
    assert check.ok is False
    assert "says the phrase" in check.said


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        json.dumps({"salt": "xx"}),
        json.dumps(document(salt="00")),
        json.dumps(document(kind=1)),
    ],
)
def test_what_is_no_proof_is_refused(broken: str) -> None:
    with pytest.raises(ProofMalformed):
        read_proof(broken)
    assert read_proof(json.dumps(document())).secret == SECRET
