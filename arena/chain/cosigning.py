"""Transactions that a wallet signs first and the arena last.

The arena writes an unsigned transaction with one instruction of its program, the wallet signs it (and adds
what wallets add), and what comes back is taken apart here before the arena's key signs too. Everything that
was not
asked for is refused: the signature of the arena's key must never count for anything but the one instruction.

All of this is pure: no clock, no network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import AccountMeta, CompiledInstruction, Instruction
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.transaction import SanitizeError, VersionedTransaction

from arena.chain.compute_budget import COMPUTE_BUDGET, BudgetRefused, check_budget
from arena.chain.signer import Signer

MAX_TRANSACTION_BYTES = 1232  # what fits into one packet, https://solana.com/docs/core/transactions
LIGHTHOUSE = Pubkey.from_string("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95")
"""Assertions that wallets put around a transaction to guard their user; https://www.lighthouse.voyage"""
MAX_INSTRUCTIONS = 16

_WALLETS = slice(1, 65)
"""Where the wallet's signature is in what is asked for: after the number of signatures, before the co-signer's."""
_SIGNED = slice(129, None)
"""What both sign: all after the signatures."""
_NONCE_ADVANCE = (4).to_bytes(4, "little")


class PaymentRefused(Exception):
    """A signed transaction is not the one that was asked for.

    Attributes:
        code: stable, snake_case.
        detail: a sentence for the player.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Expected:
    """What was asked for: one instruction, paid for by the wallet, co-signed by one key of ours."""

    instruction: Instruction
    wallet: Pubkey
    cosigner: Pubkey
    blockhash: Hash


@dataclass(frozen=True, slots=True)
class Signed:
    """A checked transaction, still without our signature, and the signature that the network knows it by."""

    transaction: bytes
    signature: str


def unsigned_transaction(expected: Expected) -> bytes:
    """The transaction for the wallet to sign, in the legacy format that every wallet reads.

    Raises:
        ValueError: the instruction does not fit a wallet and a read-only co-signer.
    """
    message = Message.new_with_blockhash([expected.instruction], expected.wallet, expected.blockhash)
    signers = message.account_keys[: message.header.num_required_signatures]
    if signers != [expected.wallet, expected.cosigner] or message.header.num_readonly_signed_accounts != 1:
        raise ValueError("the instruction must be signed by the wallet and a read-only co-signer alone")
    raw = bytes(VersionedTransaction.populate(message, [Signature.default()] * len(signers)))
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise ValueError(f"the transaction has {len(raw)} bytes, more than fit into a packet")
    return raw


def plainly_signed(asked: bytes, signed: bytes, wallet: Pubkey) -> Signed | None:
    """The very bytes that were asked for, with the wallet's valid signature: nothing in them needs to be examined.

    None: wallets may add to a transaction, or something is wrong; `check_signed` finds out.

    Args:
        asked: of `unsigned_transaction`.
        signed: what came back.
    """
    if len(signed) != len(asked) or signed[: _WALLETS.start] + signed[_WALLETS.stop :] != (
        asked[: _WALLETS.start] + asked[_WALLETS.stop :]
    ):
        return None
    signature = Signature(signed[_WALLETS])
    if not signature.verify(wallet, signed[_SIGNED]):
        return None
    return Signed(signed, str(signature))


def check_signed(
    expected: Expected, signed: bytes, explain: Callable[[Instruction], PaymentRefused]
) -> Signed:
    """Take apart what a wallet signed.

    Args:
        expected: what it was asked to sign.
        signed: what came back.
        explain: says in which point an instruction of our program differs from the expected one.

    Raises:
        PaymentRefused: it is anything but the expected transaction, give or take what wallets add.
    """
    transaction = _parse(signed)
    message = transaction.message
    _check_keys(expected, message)
    if message.recent_blockhash != expected.blockhash:
        raise PaymentRefused(
            "blockhash_mismatch", "The transaction names another blockhash than the one that was quoted."
        )
    _check_instructions(expected, message, explain)
    _check_signatures(expected, transaction)
    return Signed(signed, str(transaction.signatures[0]))


def cosign(transaction: bytes, signer: Signer) -> bytes:
    """Add our signature to a checked transaction.

    Raises:
        ValueError: the signer is not asked for, or would do more than co-sign (pay, or be written to).
    """
    parsed = VersionedTransaction.from_bytes(transaction)
    message = parsed.message
    signers = message.account_keys[: message.header.num_required_signatures]
    if signer.public not in signers[1:]:
        raise ValueError("this key is no co-signer of the transaction")
    place = signers.index(signer.public)
    if _is_writable(message, place):
        raise ValueError("this key would be written to")
    # a byte for how many there are, as there cannot be more than 127, then the signatures, then what they sign
    start, signed = 1 + 64 * place, transaction[1 + 64 * len(parsed.signatures) :]
    return transaction[:start] + signer.sign(signed) + transaction[start + 64 :]


def _parse(signed: bytes) -> VersionedTransaction:
    if len(signed) > MAX_TRANSACTION_BYTES:
        raise PaymentRefused(
            "transaction_too_large", f"A transaction has at most {MAX_TRANSACTION_BYTES} bytes."
        )
    try:
        transaction = VersionedTransaction.from_bytes(signed)
        transaction.sanitize()
        canonical = bytes(transaction)
    except (ValueError, SanitizeError) as error:
        raise PaymentRefused("transaction_malformed", "This is not a Solana transaction.") from error
    if canonical != signed:
        raise PaymentRefused("transaction_malformed", "There is more in these bytes than a transaction.")
    message = transaction.message
    if not isinstance(message, Message | MessageV0):
        raise PaymentRefused("transaction_malformed", "This version of transactions is not known here.")
    if isinstance(message, MessageV0) and message.address_table_lookups:
        raise PaymentRefused(
            "lookup_table_unexpected", "Address lookup tables are not accepted in a payment."
        )
    if len(set(message.account_keys)) != len(message.account_keys):
        raise PaymentRefused("transaction_malformed", "An account is listed twice.")
    if len(transaction.signatures) != message.header.num_required_signatures:
        raise PaymentRefused("transaction_malformed", "The number of signatures is wrong.")
    if len(message.instructions) > MAX_INSTRUCTIONS:
        raise PaymentRefused("instruction_unexpected", "There are too many instructions in the transaction.")
    count = len(message.account_keys)
    for instruction in message.instructions:
        if instruction.program_id_index >= count or any(index >= count for index in instruction.accounts):
            raise PaymentRefused(
                "transaction_malformed", "An instruction names an account that is not listed."
            )
    return transaction


def _check_keys(expected: Expected, message: Message | MessageV0) -> None:
    signers = message.account_keys[: message.header.num_required_signatures]
    if signers[0] != expected.wallet:
        raise PaymentRefused(
            "payer_unexpected", "The transaction has to be paid by the wallet that was quoted."
        )
    if set(signers) != {expected.wallet, expected.cosigner}:
        raise PaymentRefused(
            "signer_unexpected",
            "The transaction has to be signed by your wallet and the arena, and nobody else.",
        )
    if _is_writable(message, signers.index(expected.cosigner)):
        raise PaymentRefused("signer_unexpected", "The arena's key may sign here and nothing else.")


def _check_instructions(
    expected: Expected, message: Message | MessageV0, explain: Callable[[Instruction], PaymentRefused]
) -> None:
    keys = message.account_keys
    ours: list[CompiledInstruction] = []
    budget: list[CompiledInstruction] = []
    for instruction in message.instructions:
        program = keys[instruction.program_id_index]
        if program == expected.instruction.program_id:
            ours.append(instruction)
            continue
        _check_foreign(expected, program, instruction, keys)
        if program == COMPUTE_BUDGET:
            budget.append(instruction)
    if len(ours) != 1:
        raise PaymentRefused(
            "instruction_missing" if not ours else "instruction_repeated",
            "The transaction has to hold the quoted instruction exactly once.",
        )
    _check_ours(expected, message, ours[0], explain)
    try:
        check_budget(budget, others=len(message.instructions) - len(budget))
    except BudgetRefused as error:
        raise PaymentRefused("compute_budget_refused", str(error)) from error
    used = {index for instruction in message.instructions for index in instruction.accounts}
    used |= {instruction.program_id_index for instruction in message.instructions}
    if used | {0} != set(range(len(keys))):
        raise PaymentRefused("account_unexpected", "The transaction lists accounts that nothing in it uses.")


def _check_foreign(
    expected: Expected, program: Pubkey, instruction: CompiledInstruction, keys: list[Pubkey]
) -> None:
    """An instruction that is not our program's: only what wallets add, and never with our key."""
    if program == SYSTEM_PROGRAM and bytes(instruction.data) == _NONCE_ADVANCE:
        raise PaymentRefused("nonce_unexpected", "A durable nonce is not accepted in a payment.")
    if program not in (COMPUTE_BUDGET, LIGHTHOUSE):
        raise PaymentRefused(
            "instruction_unexpected", f"The transaction holds an instruction of another program ({program})."
        )
    if any(keys[index] == expected.cosigner for index in instruction.accounts):
        raise PaymentRefused("signer_unexpected", "The arena's key appears where it does not belong.")


def _check_ours(
    expected: Expected,
    message: Message | MessageV0,
    compiled: CompiledInstruction,
    explain: Callable[[Instruction], PaymentRefused],
) -> None:
    """The one instruction, with the very accounts and privileges that were asked for."""
    keys = message.account_keys
    found = Instruction(
        expected.instruction.program_id,
        bytes(compiled.data),
        [
            AccountMeta(
                keys[index], index < message.header.num_required_signatures, _is_writable(message, index)
            )
            for index in compiled.accounts
        ],
    )
    if bytes(found.data) != bytes(expected.instruction.data) or [
        account.pubkey for account in found.accounts
    ] != [account.pubkey for account in expected.instruction.accounts]:
        raise explain(found)
    # Rights belong to an account in the whole transaction, however often it is named. The wallet has them
    # all: it pays.
    wanted = {expected.wallet: (True, True)}
    for account in expected.instruction.accounts:
        signs, writes = wanted.get(account.pubkey, (False, False))
        wanted[account.pubkey] = (signs or account.is_signer, writes or account.is_writable)
    for account in found.accounts:
        if (account.is_signer, account.is_writable) != wanted[account.pubkey]:
            raise PaymentRefused("account_unexpected", "An account has other rights than in the quote.")


def _check_signatures(expected: Expected, transaction: VersionedTransaction) -> None:
    signers = transaction.message.account_keys
    blank = Signature.default()
    for signer, signature in zip(signers, transaction.signatures, strict=False):
        if signer == expected.cosigner:
            if signature != blank:
                raise PaymentRefused(
                    "signature_unexpected", "The place of the arena's signature has to be left empty."
                )
        elif signature == blank:
            raise PaymentRefused("signature_missing", "Your wallet has not signed the transaction.")
        elif not signature.verify(signer, to_bytes_versioned(transaction.message)):
            raise PaymentRefused("signature_invalid", "The signature does not fit the transaction.")


def _is_writable(message: Message | MessageV0, index: int) -> bool:
    """By the message's header: writable signers, read-only signers, writable others, read-only others."""
    header = message.header
    if index < header.num_required_signatures:
        return index < header.num_required_signatures - header.num_readonly_signed_accounts
    return index < len(message.account_keys) - header.num_readonly_unsigned_accounts
