"""The one description of the program's interface: account, instructions, events, errors.

The C header and the IDL are generated from it; the typed Python client is written by hand and tested against
the IDL. Everything has a fixed size, and every field lies on its natural alignment, so the Borsh encoding of
a structure *is* its layout in C and the program reads and writes it in place. `check_alignment` holds that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, PROGRAM_NAME
from arena.chain.errors import FIRST_OWN_CODE, ProgramError

VERSION = "0.1.0"
DISCRIMINATOR_SIZE = 8

# name in the IDL -> (name in C, size in bytes, alignment in bytes)
SCALARS = {
    "bool": ("u8", 1, 1),
    "u8": ("u8", 1, 1),
    "u16": ("u16", 2, 2),
    "u32": ("u32", 4, 4),
    "u64": ("u64", 8, 8),
    "i64": ("i64", 8, 8),
    "publicKey": ("Pubkey", 32, 8),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its snake_case name and its IDL type, or a number for that many bytes."""

    name: str
    type: str | int

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.type if isinstance(self.type, int) else SCALARS[self.type][1]

    @property
    def alignment(self) -> int:
        """What the offset has to be a multiple of."""
        return 1 if isinstance(self.type, int) else SCALARS[self.type][2]

    @property
    def c_declaration(self) -> str:
        """The field as a member of a C structure."""
        if isinstance(self.type, int):
            return f"u8 {self.name}[{self.type}];"
        return f"{SCALARS[self.type][0]} {self.name};"

    @property
    def idl_type(self) -> object:
        """The type as the IDL spells it."""
        return {"array": ["u8", self.type]} if isinstance(self.type, int) else self.type


def fields(text: str) -> tuple[Field, ...]:
    """Read `name: type` lines; a type that is a number means that many bytes."""
    pairs = (line.split(":") for line in text.split("\n") if line.strip())
    return tuple(
        Field(name.strip(), int(kind) if kind.strip().isdigit() else kind.strip()) for name, kind in pairs
    )


@dataclass(frozen=True, slots=True)
class Account:
    """One account of an instruction, in order."""

    name: str
    signer: bool = False
    writable: bool = False
    optional_signer: bool = False  # signs in some cases; the IDL has no word for it and says "no signer"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its snake_case name, accounts and arguments."""

    name: str
    accounts: tuple[Account, ...]
    arguments: tuple[Field, ...]

    @property
    def discriminator(self) -> bytes:
        """The eight bytes that Anchor puts before the arguments."""
        return discriminator("global", self.name)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its CamelCase name and the fields after the common ones."""

    name: str
    own_fields: tuple[Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, the common ones first."""
        return EVENT_HEAD + self.own_fields

    @property
    def discriminator(self) -> bytes:
        """The eight bytes that Anchor puts before the fields."""
        return discriminator("event", self.name)


def discriminator(namespace: str, name: str) -> bytes:
    """Anchor's discriminator: the first eight bytes of sha256("namespace:name")."""
    return sha256(f"{namespace}:{name}".encode()).digest()[:DISCRIMINATOR_SIZE]


def layout(members: Sequence[Field]) -> Iterator[tuple[Field, int]]:
    """Each field with its offset, counted from the discriminator's first byte."""
    offset = DISCRIMINATOR_SIZE
    for member in members:
        yield member, offset
        offset += member.size


def encoded_size(members: Sequence[Field]) -> int:
    """Size in bytes with the discriminator."""
    return DISCRIMINATOR_SIZE + sum(member.size for member in members)


def check_alignment(name: str, members: Sequence[Field]) -> None:
    """Raise ValueError if C would lay the fields out otherwise than Borsh does."""
    for member, offset in layout(members):
        if offset % member.alignment:
            raise ValueError(f"{name}.{member.name} at offset {offset} is not aligned to {member.alignment}")


ACCOUNT_NAME = "Bot"
BOT = fields("""
    version: u8
    status: u8
    bump: u8
    expiry_rule: u8
    pot_bps: u16
    creator_bps: u16
    fee_growth_bps: u32
    idle_after: u32
    bot_id: 16
    creator: publicKey
    founding_key: publicKey
    quote_key: publicKey
    payout_key: publicKey
    admin: publicKey
    platform: publicKey
    objective_hash: 32
    last_player: publicKey
    winner: publicKey
    fee_base: u64
    fee_cap: u64
    initial_pot: u64
    rent_reserve: u64
    pot: u64
    creator_due: u64
    platform_due: u64
    unclaimed: u64
    message_count: u64
    refund_cursor: u64
    refund_count: u64
    event_seq: u64
    created_at: i64
    closes_at: i64
    last_message_at: i64
    idle_min_messages: u64
    reserved: 64
""")

CREATOR = Account("creator", writable=True)
BOT_ACCOUNT = Account("bot", writable=True)
PAYOUT_KEY = Account("payout_key", signer=True)
SYSTEM_PROGRAM = Account("system_program")

INSTRUCTIONS = (
    Instruction(
        "create_bot",
        (
            Account("creator", signer=True, writable=True),
            Account("quote_key", signer=True),
            Account("payout_key"),
            Account("admin"),
            Account("platform", writable=True),
            BOT_ACCOUNT,
            SYSTEM_PROGRAM,
        ),
        fields("""
            bot_id: 16
            objective_hash: 32
            fee_base: u64
            fee_cap: u64
            initial_pot: u64
            closes_at: i64
            idle_min_messages: u64
            fee_growth_bps: u32
            idle_after: u32
            pot_bps: u16
            creator_bps: u16
            expiry_rule: u8
        """),
    ),
    Instruction(
        "record_message_fee",
        (
            Account("player", signer=True, writable=True),
            Account("quote_key", signer=True),
            BOT_ACCOUNT,
            SYSTEM_PROGRAM,
        ),
        fields("""
            message_id: 16
            content_hash: 32
            amount: u64
            valid_until: i64
        """),
    ),
    Instruction(
        "settle_reward",
        (PAYOUT_KEY, BOT_ACCOUNT, Account("winner", writable=True)),
        fields("""
            message_index: u64
            reward: u64
            proof: 32
        """),
    ),
    Instruction(
        "refund_message_fee",
        (PAYOUT_KEY, BOT_ACCOUNT, Account("player", writable=True)),
        fields("""
            message_index: u64
            amount: u64
        """),
    ),
    Instruction(
        "close_bot",
        (
            Account("closer", signer=True),
            BOT_ACCOUNT,
            Account("creator", writable=True, optional_signer=True),
            Account("platform", writable=True),
            Account("heir", writable=True),
        ),
        fields("expected_message_count: u64"),
    ),
    Instruction(
        "rotate_keys",
        (Account("admin", signer=True), BOT_ACCOUNT),
        fields("""
            quote_key: publicKey
            payout_key: publicKey
        """),
    ),
)

# What every event begins with: where it came from, and the bot after it.
EVENT_HEAD = fields("""
    bot: publicKey
    founding_key: publicKey
    bot_id: 16
    pot: u64
    message_count: u64
    event_seq: u64
""")

EVENTS = (
    Event(
        "BotCreated",
        fields("""
            creator: publicKey
            quote_key: publicKey
            payout_key: publicKey
            admin: publicKey
            platform: publicKey
            objective_hash: 32
            fee_base: u64
            fee_cap: u64
            initial_pot: u64
            rent_reserve: u64
            created_at: i64
            closes_at: i64
            idle_min_messages: u64
            fee_growth_bps: u32
            idle_after: u32
            pot_bps: u16
            creator_bps: u16
            expiry_rule: u8
        """),
    ),
    Event(
        "MessageFeeRecorded",
        fields("""
            message_id: 16
            content_hash: 32
            player: publicKey
            message_index: u64
            amount: u64
            pot_share: u64
            creator_share: u64
            platform_share: u64
            recorded_at: i64
        """),
    ),
    Event(
        "RewardSettled",
        fields("""
            winner: publicKey
            message_index: u64
            reward: u64
            proof: 32
        """),
    ),
    Event(
        "MessageFeeRefunded",
        fields("""
            player: publicKey
            message_index: u64
            amount: u64
            pot_share: u64
            creator_share: u64
            platform_share: u64
            delivered: bool
        """),
    ),
    Event(
        "BotClosed",
        fields("""
            closer: publicKey
            heir: publicKey
            to_heir: u64
            to_platform: u64
            to_creator: u64
            creator_due: u64
            pot_to_creator: u64
            unclaimed: u64
            forfeited: u64
            rent_reserve: u64
            surplus: u64
            reason: u8
        """),
    ),
    Event(
        "KeysRotated",
        fields("""
            quote_key: publicKey
            payout_key: publicKey
        """),
    ),
)

for _name, _members in (
    (ACCOUNT_NAME, BOT),
    *((instruction.name, instruction.arguments) for instruction in INSTRUCTIONS),
    *((event.name, event.fields) for event in EVENTS),
):
    check_alignment(_name, _members)


def camel(name: str) -> str:
    """snake_case to camelCase, as IDLs spell names."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def idl() -> dict[str, object]:
    """The IDL, in the format that Anchor wrote before 0.30."""

    def named(members: Sequence[Field]) -> list[dict[str, object]]:
        return [{"name": camel(member.name), "type": member.idl_type} for member in members]

    return {
        "version": VERSION,
        "name": PROGRAM_NAME,
        "instructions": [
            {
                "name": camel(instruction.name),
                "accounts": [
                    {"name": camel(account.name), "isMut": account.writable, "isSigner": account.signer}
                    for account in instruction.accounts
                ],
                "args": named(instruction.arguments),
            }
            for instruction in INSTRUCTIONS
        ],
        "accounts": [{"name": ACCOUNT_NAME, "type": {"kind": "struct", "fields": named(BOT)}}],
        "types": [],
        "events": [
            {"name": event.name, "fields": [{**member, "index": False} for member in named(event.fields)]}
            for event in EVENTS
        ],
        "errors": [
            {"code": error.value, "name": error.idl_name, "msg": error.message}
            for error in ProgramError
            if error >= FIRST_OWN_CODE
        ],
        "metadata": {"address": str(DEFAULT_PROGRAM_ID)},
    }


def _structure(name: str, members: Sequence[Field], first: str, skip: int = 0) -> Iterator[str]:
    yield f"typedef struct {{ /* {encoded_size(members)} bytes */"
    yield f"  {first}"
    yield from (f"  {member.c_declaration}" for member in members[skip:])
    yield f"}} {name};"
    yield f"#define {name.upper()}_SIZE {encoded_size(members)}"
    for member, offset in list(layout(members))[skip:]:
        place = f"__builtin_offsetof({name}, {member.name})"
        yield f'_Static_assert({place} == {offset}, "{name}.{member.name}");'
    yield ""


def header() -> str:
    """The C header: discriminators, error codes and structures."""

    def constant(name: str, value: bytes) -> str:
        return f"#define {name} 0x{int.from_bytes(value, 'little'):016x}ULL"

    lines = [
        "/* Generated from interface.py by build.py. Do not edit. */",
        "#pragma once",
        '#include "sol.h"',
        "",
        constant(f"ACCOUNT_{ACCOUNT_NAME.upper()}", discriminator("account", ACCOUNT_NAME)),
        "",
    ]
    for instruction in INSTRUCTIONS:
        lines.append(constant(f"IX_{instruction.name.upper()}", instruction.discriminator))
    lines.append("")
    for event in EVENTS:
        lines.append(constant(f"EVENT_{event.name.upper()}", event.discriminator))
    lines += ["", "enum {", *(f"  E_{error.name} = {error.value}," for error in ProgramError), "};", ""]
    lines += _structure(ACCOUNT_NAME, BOT, "u64 discriminator;")
    for instruction in INSTRUCTIONS:
        name = "".join(part.title() for part in instruction.name.split("_"))
        lines += _structure(f"{name}Args", instruction.arguments, "u64 discriminator;")
        for place, account in enumerate(instruction.accounts):
            lines.append(f"#define {instruction.name.upper()}__{account.name.upper()} {place}")
        lines += [f"#define {instruction.name.upper()}__ACCOUNTS {len(instruction.accounts)}", ""]
    lines += _structure("EventHead", EVENT_HEAD, "u64 discriminator;")
    for event in EVENTS:
        lines += _structure(f"{event.name}Event", event.fields, "EventHead head;", skip=len(EVENT_HEAD))
    return "\n".join(lines).rstrip() + "\n"
