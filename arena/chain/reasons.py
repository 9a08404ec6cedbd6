"""Why a transaction came to nothing, in words for whoever signed it.

Everything that Solana, the programs that a transaction calls, or a node can answer is one of the `Reason`s below.
`docs/protocol.md` has them as a table, which a test compares with this module. Pure: nothing is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.chain.cosigning import LIGHTHOUSE
from arena.chain.errors import ProgramError, program_error

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Reason:
    """One way to fail.

    Attributes:
        code: stable, for programs; snake_case, as a problem's.
        title: what happened.
        advice: what to do about it.
    """

    code: str
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason, and what the chain called it.

    Attributes:
        name: letters, digits and a little punctuation, at most `MAX_NAME`; for people who search the web for it.
    """

    reason: Reason
    name: str

    @property
    def code(self) -> str:
        return self.reason.code

    @property
    def detail(self) -> str:
        """A few sentences for the one who signed."""
        said = f" The chain says: {self.name}." if self.name else ""
        return f"{self.reason.title}. {self.reason.advice}{said}"


FUNDS_INSUFFICIENT: Final = Reason(
    "funds_insufficient",
    "The wallet holds less than this costs",
    "Add funds to the wallet, then start again.",
)
FUNDS_BELOW_RENT: Final = Reason(
    "funds_below_rent",
    "The wallet would be left with less than Solana lets an account hold",
    "Keep the rent-exempt minimum in the wallet after paying, or spend it to the last lamport.",
)
WALLET_UNUSABLE: Final = Reason(
    "wallet_unusable",
    "This account cannot pay: it holds data or belongs to a program",
    "Use an ordinary wallet.",
)
QUOTE_EXPIRED: Final = Reason(
    "quote_expired",
    "The payment reached the chain after its quote had expired",
    "Send the message again and sign sooner.",
)
TRANSACTION_EXPIRED: Final = Reason(
    "transaction_expired",
    "The chain did not take the transaction in time, and cannot any more",
    "Nothing was paid. Start again; if the network is busy, with a higher priority fee.",
)
TRANSACTION_SPENT: Final = Reason(
    "transaction_spent",
    "This transaction was sent before",
    "Get a new one and sign that.",
)
BOT_NOT_LIVE: Final = Reason(
    "bot_not_live",
    "The bot takes no payments any more",
    "Choose another bot.",
)
BOT_PLAYED: Final = Reason(
    "bot_played",
    "Somebody has paid for a message",
    "The bot ends by its terms; it cannot be closed before.",
)
BOT_EXISTS: Final = Reason(
    "bot_exists",
    "There is a bot at this address already",
    "If it is not this one, draft it anew.",
)
TERMS_REFUSED: Final = Reason(
    "terms_refused",
    "The program does not take these terms, or not any more",
    "Draft the bot anew; its closing time has to be in the future.",
)
COMPUTE_EXCEEDED: Final = Reason(
    "compute_exceeded",
    "The transaction ran out of what it may compute or load",
    "Sign it as it was given out, without a lower limit.",
)
GUARD_REFUSED: Final = Reason(
    "guard_refused",
    "A guard that the wallet added stopped the transaction",
    "The wallet's balance changed in a way that it did not expect. Start again.",
)
SIGNATURE_INVALID: Final = Reason(
    "signature_invalid",
    "A signature is missing or wrong",
    "Start again, and sign with the wallet that was named.",
)
TRANSACTION_MALFORMED: Final = Reason(
    "transaction_malformed",
    "The network cannot read the transaction",
    "Sign it as it was given out.",
)
NETWORK_BUSY: Final = Reason(
    "network_busy",
    "The network had no room for the transaction",
    "Start again in a moment, with a higher priority fee if it lasts.",
)
PROGRAM_MISSING: Final = Reason(
    "program_missing",
    "The arena's program cannot be run on this chain",
    "Wait; the operators of the arena have to put it right.",
)
PROGRAM_REFUSED: Final = Reason(
    "program_refused",
    "The arena's program refused what the arena had asked for",
    "This is the arena's fault: tell its operators.",
)
TRANSACTION_FAILED: Final = Reason(
    "transaction_failed",
    "The transaction failed",
    "Nothing but the network's fee was paid. Start again; if it happens again, tell the operators.",
)
CHAIN_UNAVAILABLE: Final = Reason(
    "chain_unavailable",
    "The Solana node cannot tell right now",
    "Nothing was lost. Try again in a moment.",
)

EXPIRED: Final = Failure(TRANSACTION_EXPIRED, "")
"""What never landed: the chain says nothing of it."""

BY_TRANSACTION_ERROR: Final = {
    "AccountBorrowOutstanding": NETWORK_BUSY,
    "AccountInUse": NETWORK_BUSY,
    "AccountLoadedTwice": TRANSACTION_MALFORMED,
    "AccountNotFound": FUNDS_INSUFFICIENT,
    "AddressLookupTableNotFound": TRANSACTION_MALFORMED,
    "AlreadyProcessed": TRANSACTION_SPENT,
    "BlockhashNotFound": TRANSACTION_EXPIRED,
    "CallChainTooDeep": TRANSACTION_MALFORMED,
    "ClusterMaintenance": NETWORK_BUSY,
    "CommitCancelled": NETWORK_BUSY,
    "DuplicateInstruction": TRANSACTION_MALFORMED,
    "InsufficientFundsForFee": FUNDS_INSUFFICIENT,
    "InsufficientFundsForRent": FUNDS_BELOW_RENT,
    "InvalidAccountForFee": WALLET_UNUSABLE,
    "InvalidAccountIndex": TRANSACTION_MALFORMED,
    "InvalidAddressLookupTableData": TRANSACTION_MALFORMED,
    "InvalidAddressLookupTableIndex": TRANSACTION_MALFORMED,
    "InvalidAddressLookupTableOwner": TRANSACTION_MALFORMED,
    "InvalidLoadedAccountsDataSizeLimit": COMPUTE_EXCEEDED,
    "InvalidProgramForExecution": PROGRAM_MISSING,
    "InvalidRentPayingAccount": FUNDS_BELOW_RENT,
    "InvalidWritableAccount": TRANSACTION_MALFORMED,
    "MaxLoadedAccountsDataSizeExceeded": COMPUTE_EXCEEDED,
    "MissingSignatureForFee": SIGNATURE_INVALID,
    "ProgramAccountNotFound": PROGRAM_MISSING,
    "ProgramCacheHitMaxLimit": NETWORK_BUSY,
    "ProgramExecutionTemporarilyRestricted": NETWORK_BUSY,
    "ResanitizationNeeded": NETWORK_BUSY,
    "SanitizeFailure": TRANSACTION_MALFORMED,
    "SignatureFailure": SIGNATURE_INVALID,
    "TooManyAccountLocks": TRANSACTION_MALFORMED,
    "UnbalancedTransaction": PROGRAM_REFUSED,
    "UnsupportedVersion": TRANSACTION_MALFORMED,
    "WouldExceedAccountDataBlockLimit": NETWORK_BUSY,
    "WouldExceedAccountDataTotalLimit": NETWORK_BUSY,
    "WouldExceedMaxAccountCostLimit": NETWORK_BUSY,
    "WouldExceedMaxBlockCostLimit": NETWORK_BUSY,
    "WouldExceedMaxVoteCostLimit": NETWORK_BUSY,
}
"""Of the transaction as a whole, but for `InstructionError`."""

BY_INSTRUCTION_ERROR: Final = {
    **dict.fromkeys(
        (
            "AccountAlreadyInitialized", "AccountBorrowFailed", "AccountBorrowOutstanding", "AccountDataSizeChanged",
            "AccountDataTooSmall", "AccountNotExecutable", "ArithmeticOverflow", "BorshIoError", "CallDepth",
            "BuiltinProgramsMustConsumeComputeUnits", "DuplicateAccountIndex", "DuplicateAccountOutOfSync",
            "ExecutableAccountNotRentExempt", "ExecutableDataModified", "ExecutableLamportChange",
            "ExecutableModified", "ExternalAccountDataModified", "ExternalAccountLamportSpend", "GenericError",
            "IllegalOwner", "Immutable", "IncorrectAuthority", "IncorrectProgramId", "InvalidAccountData",
            "InvalidAccountOwner", "InvalidArgument", "InvalidError", "InvalidInstructionData", "InvalidRealloc",
            "InvalidSeeds", "MaxAccountsDataAllocationsExceeded", "MaxAccountsExceeded",
            "MaxInstructionTraceLengthExceeded", "MaxSeedLengthExceeded", "MissingAccount", "ModifiedProgramId",
            "NotEnoughAccountKeys", "PrivilegeEscalation", "ReadonlyDataModified", "ReadonlyLamportChange",
            "ReentrancyNotAllowed", "RentEpochModified", "UnbalancedInstruction", "UninitializedAccount",
            "UnsupportedSysvar",
        ),
        PROGRAM_REFUSED,
    ),
    "AccountNotRentExempt": FUNDS_BELOW_RENT,
    "ComputationalBudgetExceeded": COMPUTE_EXCEEDED,
    "InsufficientFunds": FUNDS_INSUFFICIENT,
    "MissingRequiredSignature": SIGNATURE_INVALID,
    "ProgramEnvironmentSetupFailure": PROGRAM_MISSING,
    "ProgramFailedToCompile": PROGRAM_MISSING,
    "ProgramFailedToComplete": COMPUTE_EXCEEDED,  # what a node says, too, when the units are used up
    "UnsupportedProgramId": PROGRAM_MISSING,
}  # fmt: skip
"""Of an instruction, where no program gave a code of its own."""

BY_PROGRAM_ERROR: Final = {
    **dict.fromkeys(ProgramError, PROGRAM_REFUSED),
    ProgramError.NOT_A_WALLET: WALLET_UNUSABLE,
    ProgramError.SIGNATURE_MISSING: SIGNATURE_INVALID,
    ProgramError.CREATOR_SIGNATURE_MISSING: SIGNATURE_INVALID,
    ProgramError.BOT_GONE: BOT_NOT_LIVE,
    ProgramError.BOT_NOT_OPEN: BOT_NOT_LIVE,
    ProgramError.BOT_EXPIRED: BOT_NOT_LIVE,
    ProgramError.QUOTE_EXPIRED: QUOTE_EXPIRED,
    ProgramError.INSUFFICIENT_FUNDS: FUNDS_INSUFFICIENT,
    ProgramError.FEE_TERMS_INVALID: TERMS_REFUSED,
    ProgramError.SPLIT_INVALID: TERMS_REFUSED,
    ProgramError.INITIAL_POT_TOO_SMALL: TERMS_REFUSED,
    ProgramError.CLOSES_AT_INVALID: TERMS_REFUSED,
    ProgramError.EXPIRY_RULE_INVALID: TERMS_REFUSED,
    ProgramError.BOT_EXISTS: BOT_EXISTS,
    ProgramError.UNEXPECTED_MESSAGE_COUNT: BOT_PLAYED,
    ProgramError.CLOSE_NOT_ALLOWED: BOT_PLAYED,
}
"""Of the arena's program. What a rightly made transaction never meets is the arena's fault."""

SYSTEM_ERRORS: Final = {
    0: ("AccountAlreadyInUse", BOT_EXISTS),
    1: ("ResultWithNegativeLamports", FUNDS_INSUFFICIENT),
    2: ("InvalidProgramId", PROGRAM_REFUSED),
    3: ("InvalidAccountDataLength", PROGRAM_REFUSED),
    4: ("MaxSeedLengthExceeded", PROGRAM_REFUSED),
    5: ("AddressWithSeedMismatch", PROGRAM_REFUSED),
    6: ("NonceNoRecentBlockhashes", PROGRAM_REFUSED),
    7: ("NonceBlockhashNotExpired", PROGRAM_REFUSED),
    8: ("NonceUnexpectedBlockhashValue", PROGRAM_REFUSED),
}
"""Of the system program, which the arena's calls to create accounts and to move lamports; its codes come through."""

BY_NODE_ERROR: Final = {
    -32001: CHAIN_UNAVAILABLE,  # block cleaned up
    -32002: TRANSACTION_FAILED,  # preflight; the error of the transaction says more, if it is there
    -32003: SIGNATURE_INVALID,
    -32004: CHAIN_UNAVAILABLE,  # block not available
    -32005: CHAIN_UNAVAILABLE,  # the node is behind
    -32006: SIGNATURE_INVALID,  # a precompile found one wrong
    -32007: CHAIN_UNAVAILABLE,  # slot skipped
    -32008: CHAIN_UNAVAILABLE,  # no snapshot
    -32009: CHAIN_UNAVAILABLE,  # not in the long-term storage
    -32010: CHAIN_UNAVAILABLE,  # not in its indexes
    -32011: CHAIN_UNAVAILABLE,  # keeps no history
    -32012: CHAIN_UNAVAILABLE,  # scan aborted
    -32013: TRANSACTION_MALFORMED,  # number of signatures
    -32014: CHAIN_UNAVAILABLE,  # status of a block not available yet
    -32015: TRANSACTION_MALFORMED,  # version not supported
    -32016: CHAIN_UNAVAILABLE,  # minimum context slot not reached
    -32600: CHAIN_UNAVAILABLE,  # invalid request: a proxy in between, since ours are valid
    -32601: CHAIN_UNAVAILABLE,  # the method is switched off
    -32602: TRANSACTION_MALFORMED,
    -32603: CHAIN_UNAVAILABLE,  # internal error
    -32700: CHAIN_UNAVAILABLE,  # parse error
    429: CHAIN_UNAVAILABLE,  # some hosts put their rate limit into the body
}
"""Codes of JSON-RPC errors: RpcCustomError of agave, JSON-RPC 2.0. Any other one says nothing of the transaction."""

REASONS: Final = tuple(value for value in globals().values() if isinstance(value, Reason))
"""All of them, in their order."""


def explain(error: object, program_id: Pubkey, transaction: bytes) -> Failure:
    """Why a transaction failed.

    Args:
        error: a `TransactionError` as the RPC has it.
        program_id: the arena's program.
        transaction: tells which program it was that refused its instruction.
    """
    match error:
        case {"InstructionError": [int(index), cause]}:
            return _explain_instruction(cause, program_id, _program_at(transaction, index))
        case {"InsufficientFundsForRent": {"account_index": index}} if index != 0:
            return Failure(
                TRANSACTION_FAILED, "InsufficientFundsForRent"
            )  # not the wallet's, which is the first
        case dict() if len(error) == 1:
            return _named(BY_TRANSACTION_ERROR, str(next(iter(error))))
        case str(name):
            return _named(BY_TRANSACTION_ERROR, name)
        case _:
            return Failure(TRANSACTION_FAILED, "")


def explain_expiry(cause: object, program_id: Pubkey, transaction: bytes) -> Failure:
    """Why a transaction never landed; `cause`: what is known to have kept it out, None: nothing."""
    return EXPIRED if cause is None else explain(cause, program_id, transaction)


def explain_node_error(code: int) -> Reason:
    """What a JSON-RPC error of a node says about a transaction; `CHAIN_UNAVAILABLE`: nothing."""
    return BY_NODE_ERROR.get(code, CHAIN_UNAVAILABLE)


def _explain_instruction(cause: object, program_id: Pubkey, called: Pubkey | None) -> Failure:
    if called == LIGHTHOUSE:
        return Failure(GUARD_REFUSED, "")
    match cause:
        case {"Custom": int(code)} if called == program_id:
            if code in SYSTEM_ERRORS:
                name, reason = SYSTEM_ERRORS[code]
                return Failure(reason, name)
            if (refused := program_error(code)) is not None:
                return Failure(BY_PROGRAM_ERROR[refused], refused.idl_name)
            return Failure(TRANSACTION_FAILED, f"Custom {code}"[:MAX_NAME])
        case {"Custom": int(code)}:
            return Failure(TRANSACTION_FAILED, f"Custom {code}"[:MAX_NAME])
        case str(name):
            return _named(BY_INSTRUCTION_ERROR, name)
        case {"BorshIoError": _}:
            return _named(BY_INSTRUCTION_ERROR, "BorshIoError")
        case _:
            return Failure(TRANSACTION_FAILED, "")


def _program_at(transaction: bytes, index: int) -> Pubkey | None:
    """The program of a transaction's instruction, or None if there is no such instruction."""
    try:
        message = VersionedTransaction.from_bytes(transaction).message
        return message.account_keys[message.instructions[index].program_id_index]
    except (ValueError, IndexError):
        return None


def _named(table: dict[str, Reason], name: str) -> Failure:
    return Failure(table.get(name, TRANSACTION_FAILED), _safe(name))


def _safe(name: str) -> str:
    """A name by a node, which is a stranger: nothing but letters, digits and blanks of it."""
    return re.sub(r"[^A-Za-z0-9_ ]+", "", name)[:MAX_NAME]
