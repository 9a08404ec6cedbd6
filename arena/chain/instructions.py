"""The program's instructions: one function that builds each, and one that takes them apart again."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from construct import ConstructError
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

from arena.chain.accounts import ExpiryRule
from arena.chain.artifacts import coder
from arena.chain.codec import INSTRUCTION
from arena.chain.pda import bot_address

HASH_SIZE = 32  # bytes, of an objective hash, a content hash and a proof


@dataclass(frozen=True, slots=True)
class BotTerms:
    """What a creator promises, fixed for the life of a bot. Amounts are lamports, shares are basis points.

    Of every fee `pot_bps` go to the pot, `creator_bps` to the creator and the rest to the platform.
    `fee_base` and `initial_pot` are at least the rent-exempt minimum of an empty account; `closes_at`
    (seconds since the epoch) is at most two years away; a bot with `idle_after` > 0 may be closed when at
    least `idle_min_messages` were paid and none for that many seconds.
    """

    objective_hash: bytes
    fee_base: int
    fee_growth_bps: int
    fee_cap: int
    pot_bps: int
    creator_bps: int
    initial_pot: int
    closes_at: int
    idle_after: int = 0
    idle_min_messages: int = 0
    expiry_rule: ExpiryRule = ExpiryRule.LAST_PLAYER


@dataclass(frozen=True, slots=True)
class CreateBot:
    """A `create_bot` instruction, taken apart."""

    creator: Pubkey
    quote_key: Pubkey
    payout_key: Pubkey
    admin: Pubkey
    platform: Pubkey
    bot: Pubkey
    bot_id: UUID
    terms: BotTerms


@dataclass(frozen=True, slots=True)
class RecordMessageFee:
    """A `record_message_fee` instruction, taken apart."""

    player: Pubkey
    quote_key: Pubkey
    bot: Pubkey
    message_id: UUID
    content_hash: bytes
    amount: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class SettleReward:
    """A `settle_reward` instruction, taken apart."""

    payout_key: Pubkey
    bot: Pubkey
    winner: Pubkey
    message_index: int
    reward: int
    proof: bytes


@dataclass(frozen=True, slots=True)
class RefundMessageFee:
    """A `refund_message_fee` instruction, taken apart."""

    payout_key: Pubkey
    bot: Pubkey
    player: Pubkey
    message_index: int
    amount: int


@dataclass(frozen=True, slots=True)
class CloseBot:
    """A `close_bot` instruction, taken apart."""

    closer: Pubkey
    bot: Pubkey
    creator: Pubkey
    platform: Pubkey
    heir: Pubkey
    expected_message_count: int
    creator_signs: bool


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """A `rotate_keys` instruction, taken apart."""

    admin: Pubkey
    bot: Pubkey
    quote_key: Pubkey
    payout_key: Pubkey


ProgramInstruction = CreateBot | RecordMessageFee | SettleReward | RefundMessageFee | CloseBot | RotateKeys


def create_bot(
    program_id: Pubkey,
    *,
    creator: Pubkey,
    quote_key: Pubkey,
    payout_key: Pubkey,
    admin: Pubkey,
    platform: Pubkey,
    bot_id: UUID,
    terms: BotTerms,
) -> Instruction:
    """Open a bot: its creator pays the rent and the initial pot. Signed by creator and quote key."""
    arguments = {
        "bot_id": bot_id.bytes,
        "objective_hash": _hash(terms.objective_hash),
        "fee_base": terms.fee_base,
        "fee_cap": terms.fee_cap,
        "initial_pot": terms.initial_pot,
        "closes_at": terms.closes_at,
        "idle_min_messages": terms.idle_min_messages,
        "fee_growth_bps": terms.fee_growth_bps,
        "idle_after": terms.idle_after,
        "pot_bps": terms.pot_bps,
        "creator_bps": terms.creator_bps,
        "expiry_rule": int(terms.expiry_rule),
    }
    accounts = [
        _signer(creator, writable=True),
        _signer(quote_key),
        AccountMeta(payout_key, is_signer=False, is_writable=False),
        AccountMeta(admin, is_signer=False, is_writable=False),
        _writable(platform),
        _writable(bot_address(program_id, quote_key, bot_id)),
        AccountMeta(SYSTEM_PROGRAM, is_signer=False, is_writable=False),
    ]
    return _instruction(program_id, "create_bot", arguments, accounts)


def record_message_fee(
    program_id: Pubkey,
    *,
    bot: Pubkey,
    player: Pubkey,
    quote_key: Pubkey,
    message_id: UUID,
    content_hash: bytes,
    amount: int,
    valid_until: int,
) -> Instruction:
    """Pay for one message, before `valid_until` (seconds since the epoch). Signed by player and quote key."""
    arguments = {
        "message_id": message_id.bytes,
        "content_hash": _hash(content_hash),
        "amount": amount,
        "valid_until": valid_until,
    }
    accounts = [
        _signer(player, writable=True),
        _signer(quote_key),
        _writable(bot),
        AccountMeta(SYSTEM_PROGRAM, is_signer=False, is_writable=False),
    ]
    return _instruction(program_id, "record_message_fee", arguments, accounts)


def settle_reward(
    program_id: Pubkey,
    *,
    bot: Pubkey,
    payout_key: Pubkey,
    winner: Pubkey,
    message_index: int,
    reward: int,
    proof: bytes,
) -> Instruction:
    """Pay the reward to the winner and reveal the 32-byte proof. Signed by the payout key."""
    arguments = {"message_index": message_index, "reward": reward, "proof": _hash(proof)}
    accounts = [_signer(payout_key), _writable(bot), _writable(winner)]
    return _instruction(program_id, "settle_reward", arguments, accounts)


def refund_message_fee(
    program_id: Pubkey, *, bot: Pubkey, payout_key: Pubkey, player: Pubkey, message_index: int, amount: int
) -> Instruction:
    """Pay a fee back: `amount` is what `record_message_fee` took for it. Signed by the payout key."""
    arguments = {"message_index": message_index, "amount": amount}
    accounts = [_signer(payout_key), _writable(bot), _writable(player)]
    return _instruction(program_id, "refund_message_fee", arguments, accounts)


def close_bot(
    program_id: Pubkey,
    *,
    bot: Pubkey,
    closer: Pubkey,
    creator: Pubkey,
    platform: Pubkey,
    heir: Pubkey,
    expected_message_count: int,
    creator_signs: bool = False,
) -> Instruction:
    """Pay everybody and end the bot. Signed by the payout key, or after the grace period by anyone, as
    `closer`.

    `heir` is `BotAccount.heir`. An unplayed bot before its time also needs the creator's signature.
    """
    accounts = [
        _signer(closer),
        _writable(bot),
        AccountMeta(creator, is_signer=creator_signs, is_writable=True),
        _writable(platform),
        _writable(heir),
    ]
    arguments = {"expected_message_count": expected_message_count}
    return _instruction(program_id, "close_bot", arguments, accounts)


def rotate_keys(
    program_id: Pubkey, *, bot: Pubkey, admin: Pubkey, quote_key: Pubkey, payout_key: Pubkey
) -> Instruction:
    """Replace quote key and payout key. Signed by the admin."""
    arguments = {"quote_key": quote_key, "payout_key": payout_key}
    return _instruction(program_id, "rotate_keys", arguments, [_signer(admin), _writable(bot)])


def decode_instruction(program_id: Pubkey, instruction: Instruction) -> ProgramInstruction | None:
    """Take an instruction apart; None if it is not one of this program or does not have exactly its form.

    The accounts are those that were passed; whether they signed, the transaction's header says.
    """
    if instruction.program_id != program_id:
        return None
    ours, data = coder().instruction, instruction.data
    name = ours.sighash_to_name.get(data[:8])
    if name is None:
        return None
    try:
        raw = ours.parse(data).data
        if ours.encode(name, raw) != data:  # construct overlooks bytes behind the last field
            return None
        keys = [meta.pubkey for meta in instruction.accounts]
        return _take_apart(name, raw, keys, instruction)
    except (ConstructError, ValueError):
        return None


def _take_apart(
    name: str, raw: Mapping[str, object], keys: list[Pubkey], instruction: Instruction
) -> ProgramInstruction | None:
    args = _Arguments(raw)
    match name, keys:
        case "create_bot", [creator, quote_key, payout_key, admin, platform, bot, system] if (
            system == SYSTEM_PROGRAM
        ):
            terms = BotTerms(
                objective_hash=args.octets("objective_hash"),
                fee_base=args.integer("fee_base"),
                fee_growth_bps=args.integer("fee_growth_bps"),
                fee_cap=args.integer("fee_cap"),
                pot_bps=args.integer("pot_bps"),
                creator_bps=args.integer("creator_bps"),
                initial_pot=args.integer("initial_pot"),
                closes_at=args.integer("closes_at"),
                idle_after=args.integer("idle_after"),
                idle_min_messages=args.integer("idle_min_messages"),
                expiry_rule=ExpiryRule(args.integer("expiry_rule")),
            )
            bot_id = UUID(bytes=args.octets("bot_id"))
            return CreateBot(creator, quote_key, payout_key, admin, platform, bot, bot_id, terms)
        case "record_message_fee", [player, quote_key, bot, system] if system == SYSTEM_PROGRAM:
            return RecordMessageFee(
                player,
                quote_key,
                bot,
                UUID(bytes=args.octets("message_id")),
                args.octets("content_hash"),
                args.integer("amount"),
                args.integer("valid_until"),
            )
        case "settle_reward", [payout_key, bot, winner]:
            index, reward = args.integer("message_index"), args.integer("reward")
            return SettleReward(payout_key, bot, winner, index, reward, args.octets("proof"))
        case "refund_message_fee", [payout_key, bot, player]:
            index, amount = args.integer("message_index"), args.integer("amount")
            return RefundMessageFee(payout_key, bot, player, index, amount)
        case "close_bot", [closer, bot, creator, platform, heir]:
            expected, signs = args.integer("expected_message_count"), instruction.accounts[2].is_signer
            return CloseBot(closer, bot, creator, platform, heir, expected, signs)
        case "rotate_keys", [admin, bot]:
            return RotateKeys(admin, bot, args.key("quote_key"), args.key("payout_key"))
    return None


class _Arguments:
    """Arguments as anchorpy decodes them, given out with their types."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._raw = raw

    def integer(self, name: str) -> int:
        value = self._raw[name]
        assert isinstance(value, int)
        return value

    def octets(self, name: str) -> bytes:
        value = self._raw[name]
        assert isinstance(value, list)
        return bytes(value)

    def key(self, name: str) -> Pubkey:
        value = self._raw[name]
        assert isinstance(value, Pubkey)
        return value


def _instruction(
    program_id: Pubkey, name: str, arguments: Mapping[str, object], accounts: list[AccountMeta]
) -> Instruction:
    try:
        data = INSTRUCTION[name].encode(arguments)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return Instruction(program_id, data, accounts)


def _hash(value: bytes) -> bytes:
    if len(value) != HASH_SIZE:
        raise ValueError(f"{HASH_SIZE} bytes are needed, not {len(value)}")
    return value


def _signer(key: Pubkey, *, writable: bool = False) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=writable)


def _writable(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)
