"""The puzzle that a bot committed to, revealed at its end: is it the one whose hash went on the chain? No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from arena.audit.ledger import Ledger
from arena.brains import SALT_BYTES, confirms, objective_hash


class WinningMessage(BaseModel):
    """What the winner said, as the arena tells it."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID
    message_index: int
    text: str


class Proof(BaseModel):
    """What has to be known beyond the chain: the members of `GET /api/v1/bots/{id}/proof` that are checked."""

    model_config = ConfigDict(frozen=True)

    salt: bytes
    kind: str
    public: dict[str, Any]
    secret: dict[str, Any]
    winning_message: WinningMessage | None = None

    @field_validator("salt", mode="before")
    @classmethod
    def _salt(cls, value: object) -> bytes:
        salt = bytes.fromhex(value) if isinstance(value, str) else b""
        if len(salt) != SALT_BYTES:
            raise ValueError(f"must be {SALT_BYTES} bytes in hexadecimal")
        return salt


class ProofMalformed(Exception):
    """A document is no proof; the message says why in one line."""


def read_proof(document: str | bytes | Mapping[str, object]) -> Proof:
    """The proof in a document, as JSON or decoded.

    Raises:
        ProofMalformed: it is none.
    """
    try:
        if isinstance(document, str | bytes):
            return Proof.model_validate_json(document)
        return Proof.model_validate(dict(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise ProofMalformed(f"not a proof: {field + ': ' if field else ''}{first['msg']}") from None


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """One step of checking a proof: what was looked at, and whether it is so."""

    what: str
    ok: bool


def check_proof(ledger: Ledger, proof: Proof) -> list[ProofCheck]:
    """Hold a proof against a bot's ledger, which has a creation."""
    created, settled = ledger.created, ledger.settled
    assert created is not None, "a bot without a creation committed to nothing"
    checks = []
    if settled is not None:
        checks.append(
            ProofCheck("the salt is the proof that the settlement put on chain", proof.salt == settled.proof)
        )
    checks.append(
        ProofCheck(
            "sha256 of salt and revealed puzzle is the objective hash of the creation",
            _hash(proof) == created.objective_hash,
        )
    )
    if settled is not None and proof.winning_message is not None:
        checks += _check_winner(ledger, settled.message_index, proof, proof.winning_message)
    return checks


def _hash(proof: Proof) -> bytes:
    try:
        return objective_hash(proof.salt, proof.kind, proof.public, proof.secret)
    except ValueError:  # such as a float: nothing that could have been committed to
        return b""


def _check_winner(ledger: Ledger, index: int, proof: Proof, won: WinningMessage) -> list[ProofCheck]:
    paid = ledger.fees.get(index)
    said = hashlib.sha256(won.message_id.bytes + won.text.encode("utf-8", "surrogatepass")).digest()
    checks = [
        ProofCheck(
            f"the winning text is the one that message {index} paid for",
            paid is not None and (paid.message_id, paid.content_hash) == (won.message_id, said),
        )
    ]
    confirmed = confirms(proof.kind, proof.secret, won.text)
    return checks if confirmed is None else [*checks, ProofCheck(*confirmed)]
