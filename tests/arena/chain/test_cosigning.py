"""What a wallet may send back to be co-signed, and everything that it may not.

The instruction here belongs to a made-up program: taking apart knows nothing of what the instruction means.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.hash import Hash
from solders.instruction import AccountMeta, CompiledInstruction, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    ID as SYSTEM_PROGRAM,
)
from solders.system_program import (
    AdvanceNonceAccountParams,
    TransferParams,
    advance_nonce_account,
    transfer,
)
from solders.transaction import VersionedTransaction

from arena.chain.compute_budget import COMPUTE_BUDGET
from arena.chain.cosigning import (
    LIGHTHOUSE,
    Expected,
    PaymentRefused,
    Signed,
    check_signed,
    cosign,
    plainly_signed,
    unsigned_transaction,
)
from arena.chain.signer import Signer

WALLET, OURS, STRANGER = (Keypair.from_seed(bytes([number] * 32)) for number in (1, 2, 3))
PROGRAM, ACCOUNT, OTHER = (Pubkey.from_bytes(bytes([number] * 32)) for number in (11, 12, 13))
BLOCKHASH = Hash.from_bytes(bytes([21] * 32))


def quoted(data: bytes = b"pay 5", *accounts: AccountMeta, program: Pubkey = PROGRAM) -> Instruction:
    return Instruction(
        program,
        data,
        [
            AccountMeta(ACCOUNT, False, True),
            AccountMeta(WALLET.pubkey(), True, True),
            AccountMeta(OURS.pubkey(), True, False),
            AccountMeta(SYSTEM_PROGRAM, False, False),
            *accounts,
        ],
    )


EXPECTED = Expected(quoted(), WALLET.pubkey(), OURS.pubkey(), BLOCKHASH)


def explain(_found: Instruction) -> PaymentRefused:
    return PaymentRefused("explained", "It differs.")


def check(signed: bytes) -> Signed:
    return check_signed(EXPECTED, signed, explain)


def code_of(signed: bytes) -> str:
    assert plainly_signed(unsigned_transaction(EXPECTED), signed, WALLET.pubkey()) is None
    with pytest.raises(PaymentRefused) as caught:
        check(signed)
    assert caught.value.detail.endswith(".")
    return caught.value.code


@dataclass(frozen=True)
class Wallet:
    """A wallet that signs what a test makes of the quoted transaction."""

    before: tuple[Instruction, ...] = ()
    after: tuple[Instruction, ...] = ()
    main: tuple[Instruction, ...] = (EXPECTED.instruction,)
    payer: Keypair = WALLET
    blockhash: Hash = BLOCKHASH
    version: int | None = None
    signers: tuple[Keypair, ...] = field(default=(WALLET,))

    def message(self) -> Message | MessageV0:
        instructions = [*self.before, *self.main, *self.after]
        if self.version is None:
            return Message.new_with_blockhash(instructions, self.payer.pubkey(), self.blockhash)
        return MessageV0.try_compile(self.payer.pubkey(), instructions, [], self.blockhash)

    def sign(self) -> bytes:
        return sign(self.message(), *self.signers)


def sign(message: Message | MessageV0, *keys: Keypair) -> bytes:
    signers = message.account_keys[: message.header.num_required_signatures]
    by_key = {key.pubkey(): key for key in keys}
    data = to_bytes_versioned(message)
    signatures = [
        by_key[signer].sign_message(data) if signer in by_key else Signature.default() for signer in signers
    ]
    return bytes(VersionedTransaction.populate(message, signatures))


def budget(kind: int, layout: str, value: int) -> Instruction:
    return Instruction(COMPUTE_BUDGET, struct.pack("<B" + layout, kind, value), [])


def unit_limit(units: int) -> Instruction:
    return budget(2, "I", units)


def unit_price(price: int) -> Instruction:
    return budget(3, "Q", price)


def guard(*accounts: AccountMeta) -> Instruction:
    return Instruction(LIGHTHOUSE, b"\x06\x00assert", list(accounts))


READ_ACCOUNT = AccountMeta(ACCOUNT, False, False)


def test_the_quoted_transaction_is_unsigned_and_fits_every_wallet() -> None:
    raw = unsigned_transaction(EXPECTED)
    transaction = VersionedTransaction.from_bytes(raw)
    assert isinstance(transaction.message, Message)
    assert transaction.message.account_keys[:2] == [WALLET.pubkey(), OURS.pubkey()]
    assert transaction.signatures == [Signature.default()] * 2
    assert transaction.message.recent_blockhash == BLOCKHASH


@pytest.mark.parametrize("version", [None, 0])
def test_signed_as_quoted_it_is_accepted_and_cosigned(version: int | None) -> None:
    signed = Wallet(version=version).sign()
    checked = check(signed)
    assert checked.transaction == signed
    complete = VersionedTransaction.from_bytes(cosign(checked.transaction, Signer(OURS)))
    assert complete.verify_with_results() == [True, True]
    assert str(complete.signatures[0]) == checked.signature


def test_the_very_bytes_that_were_asked_for_need_no_second_look() -> None:
    asked, signed = unsigned_transaction(EXPECTED), Wallet().sign()
    assert plainly_signed(asked, signed, WALLET.pubkey()) == check(signed)
    assert plainly_signed(asked, asked, WALLET.pubkey()) is None
    assert plainly_signed(asked, signed, STRANGER.pubkey()) is None


@given(st.integers(0), st.integers(1, 255))
def test_a_byte_that_differs_calls_for_a_second_look(place: int, change: int) -> None:
    signed = bytearray(Wallet().sign())
    signed[place % len(signed)] ^= change
    assert plainly_signed(unsigned_transaction(EXPECTED), bytes(signed), WALLET.pubkey()) is None


ADDITIONS = {
    "compute budget": Wallet(before=(unit_limit(200_000), unit_price(5_000))),
    "all of the compute budget": Wallet(
        before=(unit_limit(1_400_000), unit_price(7), budget(1, "I", 65536), budget(4, "I", 64 << 20))
    ),
    "guards around": Wallet(before=(guard(READ_ACCOUNT),), after=(guard(READ_ACCOUNT),)),
    "guard of the wallet": Wallet(after=(guard(AccountMeta(WALLET.pubkey(), True, True)),)),
    "guard of another account": Wallet(after=(guard(AccountMeta(OTHER, False, False)),)),
    "versioned with all": Wallet(
        before=(unit_limit(300_000), unit_price(1)), after=(guard(READ_ACCOUNT),), version=0
    ),
}


@pytest.mark.parametrize("name", ADDITIONS)
def test_what_wallets_add_is_accepted(name: str) -> None:
    checked = check(ADDITIONS[name].sign())
    assert VersionedTransaction.from_bytes(
        cosign(checked.transaction, Signer(OURS))
    ).verify_with_results() == [
        True,
        True,
    ]


def refit(wallet: Wallet, **changes: object) -> bytes:
    """Compile, then change parts of the message that the compiler would never write."""
    message = wallet.message()
    assert isinstance(message, Message)
    header = message.header
    parts = {
        "required": header.num_required_signatures,
        "readonly_signed": header.num_readonly_signed_accounts,
        "readonly_unsigned": header.num_readonly_unsigned_accounts,
        "keys": message.account_keys,
        "instructions": message.instructions,
        **changes,
    }
    return sign(
        Message.new_with_compiled_instructions(
            parts["required"],
            parts["readonly_signed"],
            parts["readonly_unsigned"],
            parts["keys"],
            message.recent_blockhash,
            parts["instructions"],
        ),
        *wallet.signers,
    )


def with_key(key: Pubkey) -> list[Pubkey]:
    return [*Wallet().message().account_keys, key]


def with_signatures(change: Callable[[list[Signature]], list[Signature]]) -> bytes:
    transaction = VersionedTransaction.from_bytes(Wallet().sign())
    return bytes(VersionedTransaction.populate(transaction.message, change(transaction.signatures)))


def with_lookup_table() -> bytes:
    """A v0 message ends with the number of its lookup tables; here is one with one account."""
    raw = Wallet(version=0).sign()
    assert raw[-1] == 0
    return raw[:-1] + b"\x01" + bytes(OTHER) + b"\x01\x05" + b"\x00"


def unknown_version() -> bytes:
    raw = bytearray(Wallet(version=0).sign())
    raw[1 + 2 * 64] = 0x81
    return bytes(raw)


NONCE = advance_nonce_account(
    AdvanceNonceAccountParams(nonce_pubkey=OTHER, authorized_pubkey=WALLET.pubkey())
)
STEAL = transfer(TransferParams(from_pubkey=OURS.pubkey(), to_pubkey=STRANGER.pubkey(), lamports=1))
SPEND = transfer(TransferParams(from_pubkey=WALLET.pubkey(), to_pubkey=STRANGER.pubkey(), lamports=1))
GARBAGE = Signature.from_bytes(bytes(range(64)))

REFUSED: dict[str, tuple[str, bytes]] = {
    "other data": ("explained", Wallet(main=(quoted(b"pay 4"),)).sign()),
    "no data": ("explained", Wallet(main=(quoted(b""),)).sign()),
    "data too long": ("explained", Wallet(main=(quoted(b"pay 5 "),)).sign()),
    "an account more": (
        "explained",
        Wallet(main=(quoted(b"pay 5", AccountMeta(OTHER, False, False)),)).sign(),
    ),
    "other account": (
        "explained",
        Wallet(
            main=(Instruction(PROGRAM, b"pay 5", [AccountMeta(OTHER, False, True), *quoted().accounts[1:]]),)
        ).sign(),
    ),
    "account made writable": (
        "account_unexpected",
        Wallet(after=(guard(AccountMeta(SYSTEM_PROGRAM, False, True)),)).sign(),
    ),
    "account not writable": ("account_unexpected", refit(Wallet(), readonly_unsigned=3)),
    "instruction twice": ("instruction_repeated", Wallet(main=(quoted(), quoted())).sign()),
    "second instruction of the program": (
        "instruction_repeated",
        Wallet(main=(quoted(), quoted(b"drain"))).sign(),
    ),
    "instruction missing": ("instruction_missing", refit(Wallet(), instructions=[])),
    "instruction of another program": (
        "instruction_unexpected",
        Wallet(main=(quoted(program=OTHER),)).sign(),
    ),
    "transfer from the wallet": ("instruction_unexpected", Wallet(after=(SPEND,)).sign()),
    "transfer from our key": ("signer_unexpected", Wallet(after=(STEAL,)).sign()),
    "memo": ("instruction_unexpected", Wallet(before=(Instruction(OTHER, b"hello", []),)).sign()),
    "nonce advance first": ("nonce_unexpected", Wallet(before=(NONCE,)).sign()),
    "nonce advance last": ("nonce_unexpected", Wallet(after=(NONCE,)).sign()),
    "our key in a guard": (
        "signer_unexpected",
        Wallet(after=(guard(AccountMeta(OURS.pubkey(), False, False)),)).sign(),
    ),
    "our key writable": (
        "signer_unexpected",
        Wallet(after=(guard(AccountMeta(OURS.pubkey(), True, True)),)).sign(),
    ),
    "our key writable by the header": ("signer_unexpected", refit(Wallet(), readonly_signed=0)),
    "our key pays": ("payer_unexpected", Wallet(payer=OURS).sign()),
    "a stranger pays": ("payer_unexpected", Wallet(payer=STRANGER, signers=(WALLET, STRANGER)).sign()),
    "a stranger signs too": (
        "signer_unexpected",
        Wallet(
            after=(guard(AccountMeta(STRANGER.pubkey(), True, False)),), signers=(WALLET, STRANGER)
        ).sign(),
    ),
    "our key is no signer": ("signer_unexpected", refit(Wallet(), required=1, readonly_signed=0)),
    "other blockhash": ("blockhash_mismatch", Wallet(blockhash=Hash.from_bytes(bytes(32))).sign()),
    "not signed": ("signature_missing", Wallet(signers=()).sign()),
    "signature of garbage": ("signature_invalid", with_signatures(lambda sigs: [GARBAGE, sigs[1]])),
    "signature of another transaction": (
        "signature_invalid",
        with_signatures(
            lambda sigs: [
                VersionedTransaction.from_bytes(Wallet(before=(unit_price(1),)).sign()).signatures[0],
                sigs[1],
            ]
        ),
    ),
    "our signature filled with garbage": (
        "signature_unexpected",
        with_signatures(lambda sigs: [sigs[0], GARBAGE]),
    ),
    "our signature there already": ("signature_unexpected", Wallet(signers=(WALLET, OURS)).sign()),
    "signatures swapped": ("signature_missing", with_signatures(lambda sigs: [sigs[1], sigs[0]])),
    "lookup table": ("lookup_table_unexpected", with_lookup_table()),
    "unknown version": ("transaction_malformed", unknown_version()),
    "nothing": ("transaction_malformed", b""),
    "no transaction": ("transaction_malformed", b"\x01" * 300),
    "cut off": ("transaction_malformed", Wallet().sign()[:-1]),
    "trailing byte": ("transaction_malformed", Wallet().sign() + b"\x00"),
    "oversize": ("transaction_too_large", Wallet().sign() + b"\x00" * 1232),
    "too many instructions": (
        "instruction_unexpected",
        Wallet(before=tuple(guard(READ_ACCOUNT) for _ in range(16))).sign(),
    ),
    "an account that nothing uses": (
        "account_unexpected",
        refit(Wallet(), keys=with_key(OTHER), readonly_unsigned=3),
    ),
    "an account listed twice": ("transaction_malformed", refit(Wallet(), keys=with_key(ACCOUNT))),
    "an account that is not listed": (
        "transaction_malformed",
        refit(Wallet(), instructions=[CompiledInstruction(4, b"pay 5", bytes([2, 0, 1, 9]))]),
    ),
    "a program that is not listed": (
        "transaction_malformed",
        refit(Wallet(), instructions=[CompiledInstruction(9, b"pay 5", bytes([2, 0, 1, 3]))]),
    ),
    "priority fee of a fortune": (
        "compute_budget_refused",
        Wallet(before=(unit_limit(1_000_000), unit_price(10_000_001))).sign(),
    ),
    "price beyond reason": ("compute_budget_refused", Wallet(before=(unit_price(2**64 - 1),)).sign()),
    "limit too low": ("compute_budget_refused", Wallet(before=(unit_limit(1_000),)).sign()),
    "limit too high": ("compute_budget_refused", Wallet(before=(unit_limit(1_400_001),)).sign()),
    "limit twice": (
        "compute_budget_refused",
        Wallet(before=(unit_limit(200_000), unit_limit(200_000))).sign(),
    ),
    "loaded data too little": ("compute_budget_refused", Wallet(before=(budget(4, "I", 10),)).sign()),
    "heap out of range": ("compute_budget_refused", Wallet(before=(budget(1, "I", 1 << 20),)).sign()),
    "heap uneven": ("compute_budget_refused", Wallet(before=(budget(1, "I", 40_001),)).sign()),
    "unknown budget instruction": (
        "compute_budget_refused",
        Wallet(before=(Instruction(COMPUTE_BUDGET, b"\x00" * 9, []),)).sign(),
    ),
    "budget instruction cut off": (
        "compute_budget_refused",
        Wallet(before=(Instruction(COMPUTE_BUDGET, b"\x02\x00", []),)).sign(),
    ),
    "empty budget instruction": (
        "compute_budget_refused",
        Wallet(before=(Instruction(COMPUTE_BUDGET, b"", []),)).sign(),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(name: str) -> None:
    code, signed = REFUSED[name]
    assert code_of(signed) == code


@settings(max_examples=300)
@given(st.binary(max_size=1400))
def test_any_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(PaymentRefused):
        check(data)


@settings(max_examples=500)
@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([Wallet().sign(), Wallet(version=0).sign()])))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PaymentRefused):
        check(bytes(raw))


def test_an_account_named_twice_has_the_rights_of_both() -> None:
    expected = replace(
        EXPECTED,
        instruction=quoted(
            b"pay 5",
            AccountMeta(OTHER, False, False),
            AccountMeta(OTHER, False, True),
            AccountMeta(WALLET.pubkey(), False, False),
        ),
    )
    signed = Wallet(main=(expected.instruction,)).sign()
    assert check_signed(expected, signed, explain).transaction == signed


def test_our_key_signs_only_where_it_is_a_readonly_cosigner() -> None:
    with pytest.raises(ValueError, match="no co-signer"):
        cosign(Wallet(payer=OURS).sign(), Signer(OURS))
    with pytest.raises(ValueError, match="no co-signer"):
        cosign(Wallet().sign(), Signer(STRANGER))
    with pytest.raises(ValueError, match="written to"):
        cosign(refit(Wallet(), readonly_signed=0), Signer(OURS))


def test_an_instruction_that_would_need_more_of_our_key_cannot_be_quoted() -> None:
    writable = Instruction(PROGRAM, b"", [AccountMeta(OURS.pubkey(), True, True)])
    with pytest.raises(ValueError, match="read-only co-signer"):
        unsigned_transaction(replace(EXPECTED, instruction=writable))
    with pytest.raises(ValueError, match="packet"):
        unsigned_transaction(replace(EXPECTED, instruction=quoted(b"x" * 1200)))
