"""anchorpy under trio talks to the chain as it would to any other; only its confirming (asyncio) is left out."""

import json

import pytest
from anchorpy import Context, Idl, Program, Provider, Wallet
from solana.rpc.commitment import Confirmed
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.message import Message
from solders.transaction import VersionedTransaction

from tests.arena.localnet.support import MEMO, Chain, memo

IDL = {
    "version": "0.1.0",
    "name": "notes",
    "instructions": [{"name": "note", "accounts": [], "args": [{"name": "number", "type": "u64"}]}],
}
OPTIONS = TxOpts(skip_confirmation=True, preflight_commitment=Confirmed)


async def test_a_provider_sends_and_simulates(chain: Chain) -> None:
    alice = await chain.funded()
    provider = Provider(chain.client, Wallet(alice), OPTIONS)
    blockhash = (await chain.client.get_latest_blockhash(Confirmed)).value.blockhash
    message = Message.new_with_blockhash([memo(b"anchor", alice)], alice.pubkey(), blockhash)
    transaction = VersionedTransaction(message, [alice])
    simulated = await provider.simulate(transaction, OPTIONS)
    assert simulated.value.err is None
    signature = await provider.send(transaction, OPTIONS)
    status = await chain.reach(signature, "confirmed")
    assert status["err"] is None


async def test_a_programs_refusal_arrives_as_an_error(chain: Chain) -> None:
    # The memo program refuses Anchor's discriminator, which is no UTF-8: a failing call from end to end.
    alice = await chain.funded()
    program = Program(Idl.from_json(json.dumps(IDL)), MEMO, Provider(chain.client, Wallet(alice), OPTIONS))
    with pytest.raises(RPCException, match="invalid instruction data"):
        await program.rpc["note"](2**64 - 1, ctx=Context(options=OPTIONS))
    with pytest.raises(RPCException, match="InvalidInstructionData"):
        await program.simulate["note"](2**64 - 1, ctx=Context(options=OPTIONS))
