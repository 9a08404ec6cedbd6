"""What the on-chain program answers when it refuses.

Two ranges: Anchor's own codes (below 6000), used where Anchor would use them, so that every Solana tool
explains them; and the program's codes from 6000 on. The same table is written into the IDL and into the C
header.
"""

from enum import IntEnum

from solders.transaction_status import InstructionErrorCustom, TransactionErrorInstructionError


class ProgramError(IntEnum):
    """A refusal of the program: its custom error code, with the message for people in `message`."""

    message: str

    def __new__(cls, code: int, message: str) -> "ProgramError":
        """Bind a message to a code."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.message = message
        return member

    # Anchor's codes, with Anchor's meaning.
    INSTRUCTION_UNKNOWN = 101, "the program has no such instruction"
    INSTRUCTION_MALFORMED = 102, "the instruction's arguments have the wrong length"
    ACCOUNT_NOT_WRITABLE = 2000, "an account that the instruction changes was passed read-only"
    ACCOUNT_UNRELATED = 2001, "an account is not the one that the bot has stored"
    ADDRESS_NOT_DERIVED = 2006, "the bot's address does not follow from its seeds"
    DISCRIMINATOR_MISSING = 3001, "the account is too short to hold a discriminator"
    DISCRIMINATOR_MISMATCH = 3002, "the account is not a bot"
    ACCOUNT_MALFORMED = 3003, "the account does not have the size of a bot"
    ACCOUNTS_MISSING = 3005, "fewer accounts were passed than the instruction needs"
    ACCOUNT_FOREIGN = 3007, "the account belongs to another program"
    NOT_THE_SYSTEM_PROGRAM = 3008, "the account passed as the system program is another one"
    SIGNATURE_MISSING = 3010, "an account that has to sign did not"
    NOT_A_WALLET = 3011, "the payer is not a wallet: it holds data or belongs to a program"
    BOT_GONE = 3012, "there is no account at the bot's address"

    # The program's own.
    BOT_NOT_OPEN = 6000, "the bot is not open"
    BOT_EXPIRED = 6001, "the bot's closing time has come"
    QUOTE_EXPIRED = 6002, "the quote is no longer valid"
    FEE_OUT_OF_RANGE = 6003, "the amount is not between the bot's lowest and highest fee"
    INSUFFICIENT_FUNDS = 6004, "the payer's wallet holds less than the amount"
    FEE_TERMS_INVALID = 6005, "the fee terms are invalid"
    SPLIT_INVALID = 6006, "the shares of pot and creator exceed the whole"
    INITIAL_POT_TOO_SMALL = 6007, "the initial pot is below the rent-exempt minimum of a wallet"
    CLOSES_AT_INVALID = 6008, "the closing time is not in the future, or more than two years away"
    EXPIRY_RULE_INVALID = 6009, "the expiry rule is unknown"
    KEYS_INVALID = 6010, "a key is empty, or quote key and payout key are the same"
    PLATFORM_INVALID = 6011, "the platform's account is no wallet, or was passed read-only"
    BOT_EXISTS = 6012, "the bot's address is in use"
    MESSAGE_INDEX_OUT_OF_RANGE = 6013, "the bot has recorded no such message"
    ALREADY_REFUNDED = 6014, "the message is at or before the last one that was refunded or settled"
    REFUND_EXCEEDS_BOOKS = 6015, "the books hold less than the refund"
    REWARD_OUT_OF_RANGE = 6016, "the reward is not between the initial pot and the pot"
    WINNER_REFUNDED = 6017, "the winning message was refunded"
    REWARD_UNDELIVERABLE = 6018, "the winner's account cannot hold the reward"
    UNEXPECTED_MESSAGE_COUNT = 6019, "another message was recorded"
    CLOSE_NOT_ALLOWED = 6020, "the bot is not solved, expired, idle or unplayed"
    CREATOR_SIGNATURE_MISSING = 6021, "closing an unplayed bot needs its creator's signature"
    GRACE_NOT_OVER = 6022, "only the payout key may close before the grace period is over"
    REFUNDS_OUTSTANDING = 6023, "fees paid after the solution have not been refunded"
    PLATFORM_CANNOT_RECEIVE = 6024, "the platform's wallet cannot hold its dues"
    DUPLICATE_ACCOUNT = 6025, "the bot was passed as its own counterparty"
    TOO_MANY_ACCOUNTS = 6026, "more accounts were passed than the instruction takes"
    VERSION_UNSUPPORTED = 6027, "the account was written by another version of the program"
    AMOUNT_OVERFLOW = 6028, "an amount does not fit into 64 bits"
    INSOLVENT = 6029, "the bot would hold less than it owes"

    @property
    def idl_name(self) -> str:
        """The name as the IDL spells it: `BotNotOpen`."""
        return self.name.title().replace("_", "")


FIRST_OWN_CODE = 6000
_BY_CODE = {error.value: error for error in ProgramError}


def program_error(error: int | object) -> ProgramError | None:
    """Name a refusal.

    Takes a custom error code, or the error of a transaction as solders has it
    (`TransactionErrorInstructionError`). None means that it is not a refusal of this program that we know;
    the caller has to know that the failed instruction was ours (the system program has codes of its own, all
    below 100).
    """
    match error:
        case int():
            code = error
        case TransactionErrorInstructionError() if isinstance(error.err, InstructionErrorCustom):
            code = error.err.code
        case _:
            return None
    return _BY_CODE.get(code)
