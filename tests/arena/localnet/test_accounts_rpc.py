"""Accounts: encodings, slices, several at once, and a program's accounts."""

import base64
import struct
import time

from solana.rpc.commitment import Processed
from solana.rpc.types import DataSliceOpts, MemcmpOpts
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import AssignParams, CreateAccountParams, assign, create_account

from tests.arena.localnet.support import SOL, Chain, memo

CLOCK = "SysvarC1ock11111111111111111111111111111111"
CONFIRMED = {"commitment": "confirmed"}


async def create(chain: Chain, owner: Pubkey, space: int) -> Keypair:
    payer, account = await chain.funded(), Keypair()
    params = CreateAccountParams(
        from_pubkey=payer.pubkey(), to_pubkey=account.pubkey(), lamports=SOL, space=space, owner=owner
    )
    signature = await chain.send([payer, account], create_account(params))
    await chain.reach(signature, "confirmed")
    return account


async def test_an_account_in_every_encoding(chain: Chain) -> None:
    owner = Keypair().pubkey()
    account = await create(chain, owner, 10)
    key = str(account.pubkey())

    async def data(encoding: str | None, **more: object) -> object:
        config = {**CONFIRMED, **more, **({"encoding": encoding} if encoding else {})}
        return (await chain.result("getAccountInfo", key, config))["value"]["data"]

    assert await data("base64") == [base64.b64encode(bytes(10)).decode(), "base64"]
    assert await data("base58") == ["1" * 10, "base58"]
    assert await data("jsonParsed") == await data("base64")
    assert await data(None) == "1" * 10
    assert await data("base58", dataSlice={"offset": 2, "length": 3}) == ["111", "base58"]
    assert await data("base64", dataSlice={"offset": 9, "length": 100}) == ["AA==", "base64"]
    assert await data("base64", dataSlice={"offset": 90, "length": 1}) == ["", "base64"]
    typed = await chain.client.get_account_info(account.pubkey(), data_slice=DataSliceOpts(0, 4))
    assert typed.value is not None
    assert (typed.value.owner, len(typed.value.data), typed.value.lamports) == (owner, 4, SOL)


async def test_long_data_is_refused_in_base58(chain: Chain) -> None:
    account = await create(chain, Keypair().pubkey(), 129)
    config = {**CONFIRMED, "encoding": "base58"}
    response = await chain.call("getAccountInfo", str(account.pubkey()), config)
    assert response["error"]["code"] == -32600
    assert "Base64" in response["error"]["message"]


async def test_an_absent_account_is_null(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    assert (await chain.result("getAccountInfo", key))["value"] is None
    assert (await chain.result("getBalance", key))["value"] == 0


async def test_several_accounts_in_one_request(chain: Chain) -> None:
    alice, nobody = await chain.funded(), Keypair()
    keys = [alice.pubkey(), nobody.pubkey(), alice.pubkey()]
    found = (await chain.client.get_multiple_accounts(keys)).value
    assert [account and account.lamports for account in found] == [10 * SOL, None, 10 * SOL]
    too_many = [str(alice.pubkey())] * 101
    assert (await chain.call("getMultipleAccounts", too_many))["error"]["code"] == -32602


async def test_a_programs_accounts_with_filters(chain: Chain) -> None:
    owner = Keypair().pubkey()
    small, large = await create(chain, owner, 8), await create(chain, owner, 9)

    async def find(*filters: int | MemcmpOpts) -> set[Pubkey]:
        found = await chain.client.get_program_accounts(owner, filters=list(filters))
        return {row.pubkey for row in found.value}

    assert await find() == {small.pubkey(), large.pubkey()}
    assert await find(9) == {large.pubkey()}
    assert await find(9, MemcmpOpts(0, "1111")) == {large.pubkey()}
    assert await find(MemcmpOpts(8, "1")) == {large.pubkey()}
    assert await find(MemcmpOpts(0, "2")) == set()
    config = {**CONFIRMED, "encoding": "base64", "withContext": True, "filters": [{"dataSize": 8}]}
    wrapped = await chain.result("getProgramAccounts", str(owner), config)
    assert wrapped["context"]["slot"] > 0
    assert [row["pubkey"] for row in wrapped["value"]] == [str(small.pubkey())]


async def test_an_account_that_changes_hands_moves_between_programs(chain: Chain) -> None:
    owner = Keypair().pubkey()
    payer, account = await chain.funded(), await chain.funded(SOL)
    signature = await chain.send([payer, account], assign(AssignParams(pubkey=account.pubkey(), owner=owner)))
    await chain.reach(signature, "finalized")
    await chain.sleep_slots(2)
    found = await chain.client.get_program_accounts(owner)
    assert [row.pubkey for row in found.value] == [account.pubkey()]
    system = await chain.client.get_program_accounts(Pubkey.default())
    assert account.pubkey() not in {row.pubkey for row in system.value}


async def test_the_clock_follows_unix_time_and_slots(chain: Chain) -> None:
    config = {"encoding": "base64", "commitment": "processed"}
    value = (await chain.result("getAccountInfo", CLOCK, config))["value"]
    slot, _, _, _, timestamp = struct.unpack("<QqQQq", base64.b64decode(value["data"][0]))
    assert abs(timestamp - time.time()) < 3
    assert abs(slot - await chain.result("getSlot", {"commitment": "processed"})) < 20


async def test_signatures_for_an_address_page_by_page(chain: Chain) -> None:
    alice = await chain.funded()
    sent = [str(await chain.send([alice], memo(b"m%d" % n, alice))) for n in range(5)]
    await chain.reach(sent[-1], "finalized")
    await chain.sleep_slots(1)
    address = str(alice.pubkey())
    rows = await chain.result("getSignaturesForAddress", address)
    assert [row["signature"] for row in rows][:5] == sent[::-1]
    assert len(rows) == 6  # the airdrop
    assert rows[0]["memo"] == "[2] m4"
    assert rows[0]["confirmationStatus"] == "finalized"

    async def page(**config: object) -> list[str]:
        found = await chain.result("getSignaturesForAddress", address, config)
        return [row["signature"] for row in found]

    assert await page(limit=2) == [sent[4], sent[3]]
    assert await page(before=sent[3], limit=2) == [sent[2], sent[1]]
    assert await page(until=sent[2]) == [sent[4], sent[3]]
    assert await page(before=sent[4], until=sent[1]) == [sent[3], sent[2]]
    unknown = str(Keypair().sign_message(b"unknown"))
    assert await page(before=unknown) == []
    assert await page(until=unknown, limit=1) == [sent[4]]
    for limit in (0, 1001):
        response = await chain.call("getSignaturesForAddress", address, {"limit": limit})
        assert response["error"]["code"] == -32602


async def test_the_node_introduces_itself(chain: Chain) -> None:
    assert (await chain.client.is_connected()) is True
    assert (await chain.client.get_version()).value.solana_core.startswith("2.")
    genesis = (await chain.client.get_genesis_hash()).value
    assert genesis == (await chain.client.get_genesis_hash()).value
    rent = await chain.client.get_minimum_balance_for_rent_exemption(89)
    assert rent.value == 1_510_320
    epoch = (await chain.client.get_epoch_info(Processed)).value
    assert epoch.absolute_slot == epoch.block_height
    assert await chain.result("getRecentPrioritizationFees", []) == []
