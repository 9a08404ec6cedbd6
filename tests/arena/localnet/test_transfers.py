"""A wallet's view: balances, fees, transactions, rent, through the real client."""

import base64
import struct

import pytest
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.address_lookup_table_account import (
    ADDRESS_LOOKUP_TABLE_ID,
    AddressLookupTableAccount,
    derive_lookup_table_address,
)
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from tests.arena.localnet.support import MEMO, SOL, Chain, memo, pay

RENT_MINIMUM = 890_880


async def test_a_transfer_moves_lamports_and_the_fee(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    signature = await chain.send([alice], pay(alice, bob.pubkey(), SOL))
    assert await chain.balance(bob.pubkey()) == SOL
    assert await chain.balance(alice.pubkey()) == 9 * SOL - 5000
    await chain.reach(signature, "confirmed")
    landed = await chain.client.get_transaction(signature, commitment=Confirmed)
    assert landed.value is not None
    meta = landed.value.transaction.meta
    assert meta is not None
    assert meta.err is None
    assert meta.fee == 5000
    assert meta.pre_balances[:2] == [10 * SOL, 0]
    assert meta.post_balances[:2] == [9 * SOL - 5000, SOL]


async def test_a_priority_fee_is_charged_and_foretold(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    budget = [set_compute_unit_limit(1_000), set_compute_unit_price(1_500_001)]
    transaction = await chain.signed([alice], *budget, pay(alice, bob.pubkey(), SOL))
    foretold = await chain.client.get_fee_for_message(transaction.message)
    assert foretold.value == 5000 + 1501  # 1000 units at 1.500001 lamports, rounded up
    await chain.client.send_raw_transaction(bytes(transaction))
    assert await chain.balance(alice.pubkey()) == 9 * SOL - 6501


async def test_a_fee_that_cannot_be_paid_is_refused(chain: Chain) -> None:
    alice = await chain.funded(RENT_MINIMUM)
    price = set_compute_unit_price(10_000_000_000)
    with pytest.raises(RPCException, match="Insufficient funds for fee"):
        await chain.send([alice], price, memo(b"hi"))
    with pytest.raises(RPCException, match="no record of a prior credit"):
        await chain.send([Keypair()], memo(b"hi"))


async def test_a_wallet_may_not_be_left_below_the_rent_minimum(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    with pytest.raises(RPCException) as caught:
        await chain.send([alice], pay(alice, bob.pubkey(), RENT_MINIMUM - 1))
    assert caught.value.args[0].data.err.account_index == 1
    with pytest.raises(RPCException, match=r"account \(0\) with insufficient funds for rent"):
        await chain.send([alice], pay(alice, bob.pubkey(), 10 * SOL - 5000 - 1))
    assert await chain.balance(alice.pubkey()) == 10 * SOL
    await chain.send([alice], pay(alice, bob.pubkey(), 10 * SOL - 5000))  # all of it is fine
    assert await chain.balance(alice.pubkey()) == 0
    account = await chain.client.get_account_info(alice.pubkey(), Processed)
    assert account.value is None


async def test_a_payer_left_below_the_rent_minimum_by_the_fee_is_refused(chain: Chain) -> None:
    alice = await chain.funded(RENT_MINIMUM)
    with pytest.raises(RPCException, match=r"account \(0\) with insufficient funds for rent"):
        await chain.send([alice], memo(b"hi", alice))
    assert await chain.balance(alice.pubkey()) == RENT_MINIMUM


async def test_a_failure_without_preflight_lands_and_pays_the_fee(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    signature = await chain.send([alice], pay(alice, bob.pubkey(), 11 * SOL), skip_preflight=True)
    status = await chain.reach(signature, "confirmed")
    assert status["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert status["status"] == {"Err": status["err"]}
    assert await chain.balance(alice.pubkey()) == 10 * SOL - 5000
    meta = (await chain.result("getTransaction", str(signature), {"commitment": "confirmed"}))["meta"]
    assert meta["err"] == status["err"]
    assert any("insufficient lamports" in line for line in meta["logMessages"])


async def test_a_rent_failure_without_preflight_lands_and_pays_the_fee_only(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    signature = await chain.send([alice], pay(alice, bob.pubkey(), 5), skip_preflight=True)
    status = await chain.status(signature)
    assert status["err"] == {"InsufficientFundsForRent": {"account_index": 1}}
    assert await chain.balance(bob.pubkey()) == 0
    assert await chain.balance(alice.pubkey()) == 10 * SOL - 5000


async def test_preflight_fails_with_the_error_of_real_nodes(chain: Chain) -> None:
    alice = await chain.funded()
    with pytest.raises(RPCException) as caught:
        await chain.send([alice], memo(b"\xff\xfe", alice))
    failure = caught.value.args[0]
    assert failure.message == (
        "Transaction simulation failed: Error processing Instruction 0: invalid instruction data"
    )
    assert failure.data.logs[-1].endswith("failed: invalid instruction data")
    assert failure.data.units_consumed > 0
    assert await chain.balance(alice.pubkey()) == 10 * SOL


async def test_a_wrong_signature_is_refused_and_never_executed(chain: Chain) -> None:
    alice = await chain.funded()
    good = await chain.signed([alice], pay(alice, Keypair().pubkey(), SOL))
    forged = VersionedTransaction.populate(good.message, [Keypair().sign_message(b"x")])
    with pytest.raises(RPCException, match="SignatureVerificationFailure"):
        await chain.client.send_raw_transaction(bytes(forged))
    await chain.client.send_raw_transaction(bytes(forged), TxOpts(skip_preflight=True))
    assert await chain.balance(alice.pubkey()) == 10 * SOL
    assert await chain.status(forged.signatures[0]) is None


async def test_an_unknown_program_is_named_as_such(chain: Chain) -> None:
    alice = await chain.funded()
    instruction = memo(b"")
    stranger = type(instruction)(Keypair().pubkey(), b"", [])
    with pytest.raises(RPCException, match="Attempt to load a program that does not exist"):
        await chain.send([alice], stranger)


async def test_versioned_transactions_land(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    message = MessageV0.try_compile(
        alice.pubkey(), [pay(alice, bob.pubkey(), SOL)], [], await chain.blockhash()
    )
    signature = (await chain.client.send_transaction(VersionedTransaction(message, [alice]))).value
    await chain.reach(signature, "confirmed")
    confirmed = {"commitment": "confirmed"}
    refused = await chain.call("getTransaction", str(signature), confirmed)
    assert refused["error"]["code"] == -32015
    found = await chain.result(
        "getTransaction", str(signature), {**confirmed, "maxSupportedTransactionVersion": 0}
    )
    assert found["version"] == 0
    typed = await chain.client.get_transaction(
        signature, "json", Confirmed, max_supported_transaction_version=0
    )
    assert typed.value is not None


@pytest.mark.parametrize("encoding", ["json", "base64", "base58", "jsonParsed"])
async def test_get_transaction_in_every_encoding(chain: Chain, encoding: str) -> None:
    alice = await chain.funded()
    transaction = await chain.signed([alice], memo(b"hello", alice), pay(alice, alice.pubkey(), 1))
    signature = (await chain.client.send_transaction(transaction)).value
    await chain.reach(signature, "confirmed")
    found = (await chain.client.get_transaction(signature, encoding, Confirmed)).value
    assert found is not None
    got = found.transaction.transaction
    if encoding in ("base64", "base58"):
        assert got == transaction
    else:
        assert got.signatures == transaction.signatures
        assert got.message.recent_blockhash == transaction.message.recent_blockhash
        assert len(got.message.instructions) == 2
    assert found.transaction.meta is not None
    assert found.transaction.meta.log_messages is not None
    assert any("hello" in line for line in found.transaction.meta.log_messages)


async def test_simulation_shows_accounts_and_changes_nothing(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    transfer = pay(alice, bob.pubkey(), SOL)
    unsigned = VersionedTransaction.populate(
        Message.new_with_blockhash([transfer], alice.pubkey(), Hash.default()),
        [Keypair().sign_message(b"")],
    )
    accounts = {"encoding": "base64", "addresses": [str(alice.pubkey()), str(bob.pubkey())]}
    config = {
        "encoding": "base64",
        "commitment": "confirmed",
        "replaceRecentBlockhash": True,
        "accounts": accounts,
    }
    raw = base64.b64encode(bytes(unsigned)).decode()
    value = (await chain.result("simulateTransaction", raw, config))["value"]
    assert value["err"] is None
    assert [account["lamports"] for account in value["accounts"]] == [9 * SOL - 5000, SOL]
    assert value["replacementBlockhash"]["lastValidBlockHeight"] > 0
    assert await chain.balance(bob.pubkey()) == 0
    without = {**config, "replaceRecentBlockhash": False}
    assert (await chain.result("simulateTransaction", raw, without))["value"]["err"] == "BlockhashNotFound"
    verified = await chain.call("simulateTransaction", raw, {**without, "sigVerify": True})
    assert verified["error"]["code"] == -32003


async def test_airdrops_are_bounded_and_equal_ones_are_two(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    first = await chain.result("requestAirdrop", key, SOL)
    second = await chain.result("requestAirdrop", key, SOL)
    assert first != second
    assert (await chain.result("getBalance", key, {"commitment": "processed"}))["value"] == 2 * SOL
    limit = chain.config.limits.airdrop_lamports
    assert (await chain.call("requestAirdrop", key, limit + 1))["error"]["code"] == -32602
    poor = await chain.call("requestAirdrop", str(Keypair().pubkey()), 1)
    assert poor["error"]["data"]["err"] == {"InsufficientFundsForRent": {"account_index": 1}}


async def lookup_table(chain: Chain, payer: Keypair, *addresses: Pubkey) -> AddressLookupTableAccount:
    """A lookup table made by the real program, ready for use."""
    slot = await chain.result("getSlot", {"commitment": "confirmed"})
    table, bump = derive_lookup_table_address(payer.pubkey(), slot)
    accounts = [
        AccountMeta(table, False, True),
        AccountMeta(payer.pubkey(), True, False),
        AccountMeta(payer.pubkey(), True, True),
        AccountMeta(Pubkey.default(), False, False),
    ]
    extension = struct.pack("<IQ", 2, len(addresses)) + b"".join(map(bytes, addresses))
    signature = await chain.send(
        [payer],
        Instruction(ADDRESS_LOOKUP_TABLE_ID, struct.pack("<IQB", 0, slot, bump), accounts),
        Instruction(ADDRESS_LOOKUP_TABLE_ID, extension, accounts),
    )
    await chain.reach(signature, "confirmed")
    return AddressLookupTableAccount(table, list(addresses))


async def test_lookup_tables_load_accounts(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    table = await lookup_table(chain, alice, bob.pubkey(), MEMO)
    await chain.sleep_slots(1)  # a table is usable from the slot after its extension
    message = MessageV0.try_compile(
        alice.pubkey(), [pay(alice, bob.pubkey(), SOL)], [table], await chain.blockhash()
    )
    assert len(message.account_keys) == 2  # the receiver comes from the table
    signature = (await chain.client.send_transaction(VersionedTransaction(message, [alice]))).value
    assert (await chain.reach(signature, "confirmed"))["err"] is None
    assert await chain.balance(bob.pubkey()) == SOL
    config = {"commitment": "confirmed", "maxSupportedTransactionVersion": 0, "encoding": "jsonParsed"}
    found = await chain.result("getTransaction", str(signature), config)
    assert found["meta"]["loadedAddresses"] == {"writable": [str(bob.pubkey())], "readonly": []}
    assert found["transaction"]["message"]["accountKeys"][-1]["source"] == "lookupTable"
    assert found["meta"]["postBalances"][-1] == SOL
    rows = await chain.result("getSignaturesForAddress", str(bob.pubkey()), {"commitment": "confirmed"})
    assert [row["signature"] for row in rows] == [str(signature)]
    lost = AddressLookupTableAccount(Keypair().pubkey(), table.addresses)
    message = MessageV0.try_compile(
        alice.pubkey(), [pay(alice, bob.pubkey(), SOL)], [lost], await chain.blockhash()
    )
    with pytest.raises(RPCException, match="address table account that doesn't exist"):
        await chain.client.send_transaction(VersionedTransaction(message, [alice]))
