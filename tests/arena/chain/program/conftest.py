"""A Solana VM with the program in it, and what a round needs: keys, wallets, a clock that only we move.

Every transaction goes through `World.send`, which checks more than the VM does: no account ends up with less
than its rent-exempt minimum, no lamport appears or disappears, and the bot's books are covered.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

import pytest
from solders.account import Account
from solders.clock import Clock
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata

from arena.chain import instructions
from arena.chain.accounts import BotAccount, BotStatus, decode_bot
from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_elf
from arena.chain.errors import ProgramError, program_error
from arena.chain.events import ProgramEvent, parse_events
from arena.chain.instructions import BotTerms
from arena.chain.pda import bot_address

START = 1_700_000_000
DAY = 86_400
SOL = 1_000_000_000
SIGNATURE_FEE = 5_000
WALLET_MINIMUM = 890_880  # rent-exempt minimum of an empty account


def key(name: str) -> Keypair:
    """A keypair of that name, the same in every run."""
    return Keypair.from_seed(sha256(name.encode()).digest())


@dataclass(frozen=True)
class Receipt:
    """A transaction that went through."""

    events: list[ProgramEvent]
    compute_units: int
    logs: list[str]

    @property
    def event(self) -> ProgramEvent:
        (event,) = self.events
        return event


class Refused(Exception):
    """A transaction that did not go through."""

    def __init__(self, error: object, logs: list[str]) -> None:
        super().__init__(error, logs)
        self.error = error
        self.code = program_error(error)


class World:
    """One VM, one arena, and a bot that can be opened."""

    Refused = Refused
    program_id = DEFAULT_PROGRAM_ID
    bot_id = UUID("0192f0c1-2b3c-7d4e-8f50-617283940a1b")

    def __init__(self, svm: LiteSVM | None = None) -> None:
        self.svm = svm or LiteSVM()
        if svm is None:
            self.svm.add_program(self.program_id, program_elf())
        self.quote, self.payout, self.admin = key("quote"), key("payout"), key("admin")
        self.creator, self.alice, self.bob, self.stranger = map(key, ("creator", "alice", "bob", "stranger"))
        self.platform = key("platform")
        self.payer = key("payer")  # pays the network's fees, so that other balances are exact
        for wallet in (self.creator, self.alice, self.bob, self.payer):
            self.give(wallet, 100 * SOL)
        self.give(self.platform, WALLET_MINIMUM)
        self.bot = bot_address(self.program_id, self.quote.pubkey(), self.bot_id)
        self.terms = BotTerms(
            objective_hash=bytes(range(32)),
            fee_base=1_000_000,
            fee_growth_bps=78,
            fee_cap=50_000_000,
            pot_bps=7_000,
            creator_bps=2_000,
            initial_pot=SOL,
            closes_at=START + 30 * DAY,
            idle_after=DAY,
            idle_min_messages=2,
        )
        self.paid: list[int] = []
        self.set_time(START)

    # ---- the world outside ----

    def set_time(self, unix_timestamp: int) -> None:
        self.svm.set_clock(Clock(1, 0, 0, 0, unix_timestamp))

    @property
    def time(self) -> int:
        return self.svm.get_clock().unix_timestamp

    def give(self, wallet: Keypair | Pubkey, lamports: int) -> None:
        address = wallet if isinstance(wallet, Pubkey) else wallet.pubkey()
        held = self.svm.get_account(address)
        if held is None:
            held = Account(0, b"", Pubkey.default())
        self.put(address, held, lamports=held.lamports + lamports)

    def put(self, address: Pubkey, account: Account, **changes: object) -> None:
        """Write an account into the VM, past all programs."""
        values = {
            name: getattr(account, name) for name in ("lamports", "data", "owner", "executable", "rent_epoch")
        }
        self.svm.set_account(address, Account(*(values | changes).values()))

    def empty(self, wallet: Keypair) -> None:
        self.put(wallet.pubkey(), Account(0, b"", Pubkey.default()))

    def balance(self, wallet: Keypair | Pubkey) -> int:
        return self.svm.get_balance(wallet if isinstance(wallet, Pubkey) else wallet.pubkey()) or 0

    # ---- transactions ----

    def send(self, *wanted: Instruction, signers: tuple[Keypair, ...]) -> Receipt:
        """Send a transaction; raises Refused."""
        every = {meta.pubkey for instruction in wanted for meta in instruction.accounts} | {
            self.payer.pubkey()
        }
        before = {address: self.balance(address) for address in every}
        self.svm.expire_blockhash()
        blockhash = self.svm.latest_blockhash()
        message = Message.new_with_blockhash(list(wanted), self.payer.pubkey(), blockhash)
        unique = list({signer.pubkey(): signer for signer in (self.payer, *signers)}.values())
        result = self.svm.send_transaction(Transaction(unique, message, blockhash))
        after = {address: self.balance(address) for address in every}
        fee = SIGNATURE_FEE * len(unique)
        if isinstance(result, FailedTransactionMetadata):
            before[self.payer.pubkey()] -= fee
            assert after == before, "a refused transaction moved lamports"
            raise Refused(result.err(), result.meta().logs())
        assert sum(after.values()) == sum(before.values()) - fee, "lamports appeared or disappeared"
        for address in every:
            if after[address] != before[address]:
                self._check_rent(address)
        self._check_books()
        return Receipt(
            parse_events(self.program_id, result.logs()), result.compute_units_consumed(), result.logs()
        )

    def _check_rent(self, address: Pubkey) -> None:
        account = self.svm.get_account(address)
        if account is not None and account.lamports:
            minimum = self.svm.minimum_balance_for_rent_exemption(len(account.data))
            assert account.lamports >= minimum, f"{address} is below its rent-exempt minimum"

    def _check_books(self) -> None:
        if self.is_open:
            state = self.state
            assert self.balance(self.bot) >= state.owed
            assert state.pot >= state.initial_pot or state.status is BotStatus.SOLVED

    @property
    def is_open(self) -> bool:
        account = self.svm.get_account(self.bot)
        return account is not None and account.owner == self.program_id

    @property
    def state(self) -> BotAccount:
        account = self.svm.get_account(self.bot)
        assert account is not None
        return decode_bot(bytes(account.data))

    def forge(self, **changes: int | Pubkey) -> None:
        """Overwrite fields of the bot's account, past the program."""
        from arena.chain.program.interface import BOT, layout

        account = self.svm.get_account(self.bot)
        data = bytearray(account.data)
        places = {field.name: (field, offset) for field, offset in layout(BOT)}
        for name, value in changes.items():
            field, offset = places[name]
            raw = bytes(value) if isinstance(value, Pubkey) else value.to_bytes(field.size, "little")
            data[offset : offset + field.size] = raw
        self.put(self.bot, account, data=bytes(data))

    # ---- the program's instructions, with the right answers as defaults ----

    def create_instruction(self, **changes: object) -> Instruction:
        terms = replace(self.terms, **{k: v for k, v in changes.items() if hasattr(self.terms, k)})
        arguments = {
            "creator": self.creator.pubkey(),
            "quote_key": self.quote.pubkey(),
            "payout_key": self.payout.pubkey(),
            "admin": self.admin.pubkey(),
            "platform": self.platform.pubkey(),
            "bot_id": self.bot_id,
            "terms": terms,
        }
        arguments |= {k: v for k, v in changes.items() if k in arguments}
        return instructions.create_bot(self.program_id, **arguments)

    def create(self, **changes: object) -> Receipt:
        return self.send(self.create_instruction(**changes), signers=(self.creator, self.quote))

    def record_instruction(self, player: Keypair, amount: int, **changes: object) -> Instruction:
        arguments = {
            "bot": self.bot,
            "player": player.pubkey(),
            "quote_key": self.quote.pubkey(),
            "message_id": UUID(int=len(self.paid) + 1),
            "content_hash": sha256(b"open sesame").digest(),
            "amount": amount,
            "valid_until": self.time + 60,
        }
        return instructions.record_message_fee(self.program_id, **(arguments | changes))

    def record(self, player: Keypair, amount: int | None = None, **changes: object) -> Receipt:
        amount = self.terms.fee_base if amount is None else amount
        quote = changes.pop("quote", self.quote)
        changes.setdefault("quote_key", quote.pubkey())
        receipt = self.send(self.record_instruction(player, amount, **changes), signers=(player, quote))
        self.paid.append(amount)
        return receipt

    def settle_instruction(self, winner: Pubkey, index: int, reward: int, **changes: object) -> Instruction:
        arguments = {
            "bot": self.bot,
            "payout_key": self.payout.pubkey(),
            "winner": winner,
            "message_index": index,
            "reward": reward,
            "proof": bytes(range(32, 64)),
        }
        return instructions.settle_reward(self.program_id, **(arguments | changes))

    def settle(self, winner: Keypair | Pubkey, index: int, reward: int, **changes: object) -> Receipt:
        address = winner if isinstance(winner, Pubkey) else winner.pubkey()
        payout = changes.pop("payout", self.payout)
        changes.setdefault("payout_key", payout.pubkey())
        return self.send(self.settle_instruction(address, index, reward, **changes), signers=(payout,))

    def refund_instruction(self, player: Pubkey, index: int, amount: int, **changes: object) -> Instruction:
        arguments = {
            "bot": self.bot,
            "payout_key": self.payout.pubkey(),
            "player": player,
            "message_index": index,
            "amount": amount,
        }
        return instructions.refund_message_fee(self.program_id, **(arguments | changes))

    def refund(
        self, player: Keypair | Pubkey, index: int, amount: int | None = None, **changes: object
    ) -> Receipt:
        address = player if isinstance(player, Pubkey) else player.pubkey()
        amount = self.paid[index - 1] if amount is None else amount
        payout = changes.pop("payout", self.payout)
        changes.setdefault("payout_key", payout.pubkey())
        return self.send(self.refund_instruction(address, index, amount, **changes), signers=(payout,))

    def close_instruction(self, closer: Keypair, **changes: object) -> Instruction:
        state = self.state
        arguments = {
            "bot": self.bot,
            "closer": closer.pubkey(),
            "creator": state.creator,
            "platform": state.platform,
            "heir": state.heir,
            "expected_message_count": state.message_count,
        }
        return instructions.close_bot(self.program_id, **(arguments | changes))

    def close(self, closer: Keypair | None = None, **changes: object) -> Receipt:
        closer = closer or self.payout
        signers = (closer, self.creator) if changes.get("creator_signs") else (closer,)
        return self.send(self.close_instruction(closer, **changes), signers=signers)

    def rotate(self, quote_key: Pubkey, payout_key: Pubkey, admin: Keypair | None = None) -> Receipt:
        admin = admin or self.admin
        instruction = instructions.rotate_keys(
            self.program_id, bot=self.bot, admin=admin.pubkey(), quote_key=quote_key, payout_key=payout_key
        )
        return self.send(instruction, signers=(admin,))

    # ---- expectations ----

    def refused(self, code: ProgramError) -> "pytest.RaisesExc[Refused]":
        """Expect the program to refuse with that code, and the bot to be untouched (`send` sees to that)."""
        return pytest.raises(Refused, check=lambda error: error.code is code)


def with_account(instruction: Instruction, place: int, **changes: object) -> Instruction:
    """The instruction with one of its accounts changed."""
    accounts = list(instruction.accounts)
    meta = accounts[place]
    values = {"pubkey": meta.pubkey, "is_signer": meta.is_signer, "is_writable": meta.is_writable} | changes
    accounts[place] = AccountMeta(**values)
    return Instruction(instruction.program_id, instruction.data, accounts)


@pytest.fixture
def world() -> World:
    """A VM with the program and funded wallets, and no bot yet."""
    return World()


@pytest.fixture
def bot(world: World) -> World:
    """The same with an open bot."""
    world.create()
    return world


@pytest.fixture
def change_account():
    """`with_account`."""
    return with_account


def pytest_configure(config: pytest.Config) -> None:
    """Let property tests make a world that lasts longer than one example."""
    config.world_type = World
