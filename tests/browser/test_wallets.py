"""The wallets that stand in for people's own do what such wallets do: other tests build on that."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from playwright.sync_api import Error, Page
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import PageErrors
from tests.browser.wallets import Answer, StandInWallet
from tests.e2e.player import PHRASE, SOL

APP = """() => {
    window.found = [];
    const api = {register: (...wallets) => { found.push(...wallets); return () => {}; }};
    window.addEventListener("wallet-standard:register-wallet", ({detail}) => detail(api));
    window.dispatchEvent(new CustomEvent("wallet-standard:app-ready", {detail: api}));
    window.toBytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    window.toText = (bytes) => btoa(String.fromCharCode(...bytes));
}"""
"""What a page does to find wallets."""
CONNECT = (
    "async () => (await found[0].features['standard:connect'].connect()).accounts.map(({address}) => address)"
)
SIGN = """async (transaction) => {
    const [{signedTransaction}] = await found[0].features["solana:signTransaction"].signTransaction(
        {account: found[0].accounts[0], transaction: toBytes(transaction), chain: "solana:localnet"});
    return toText(signedTransaction);
}"""
ASK = """async ([url, token, body]) => {
    const authorization = token ? {Authorization: `Bearer ${token}`} : {};
    const response = await fetch(url, body === null ? {headers: authorization} : {
        method: "POST", headers: {"Content-Type": "application/json", ...authorization}, body: JSON.stringify(body)});
    return await response.json();
}"""


@pytest.fixture(scope="module")
def arena_settings(arena_settings: dict[str, str], friendly_site: str) -> dict[str, str]:
    return {**arena_settings, "ARENA_ALLOWED_ORIGINS": friendly_site}


@pytest.fixture
def visit(open_page: OpenPage, friendly_site: str) -> Any:
    """A page of a site that has found these wallets."""

    def visit(*wallets: StandInWallet) -> Page:
        page = open_page(*wallets, base_url=friendly_site)
        page.goto("/")
        page.evaluate(APP)
        return page

    return visit


def unsigned(wallet: Keypair, *, version: int | None = None, cosigner: Keypair | None = None) -> bytes:
    instructions = [
        transfer(TransferParams(from_pubkey=wallet.pubkey(), to_pubkey=Pubkey.new_unique(), lamports=7))
    ]
    if cosigner:
        to = Pubkey.new_unique()
        instructions.append(transfer(TransferParams(from_pubkey=cosigner.pubkey(), to_pubkey=to, lamports=7)))
    message: Message | MessageV0
    if version is None:
        message = Message.new_with_blockhash(instructions, wallet.pubkey(), Hash.default())
    else:
        message = MessageV0.try_compile(wallet.pubkey(), instructions, [], Hash.default())
    signers = message.header.num_required_signatures
    return bytes(VersionedTransaction.populate(message, [Signature.default()] * signers))


def in_text(transaction: bytes) -> str:
    return base64.b64encode(transaction).decode()


def test_a_wallet_is_found_by_an_app_that_comes_after_it(visit: Any) -> None:
    page = visit(StandInWallet(name="First"), StandInWallet(name="Second"))
    assert page.evaluate("found.map(({name, version}) => [name, version])") == [
        ["First", "1.0.0"],
        ["Second", "1.0.0"],
    ]
    assert page.evaluate("found[0].accounts") == []


def test_a_wallet_is_found_by_an_app_that_was_there_before_it(
    open_page: OpenPage, friendly_site: str
) -> None:
    page = open_page(base_url=friendly_site)
    page.context.add_init_script(f"({APP})()")
    StandInWallet(name="Late").install(page.context)
    page.goto("/")
    assert page.evaluate("found.map(({name}) => name)") == ["Late"]


def test_what_a_wallet_can_do_is_in_its_features(visit: Any) -> None:
    page = visit(StandInWallet(), StandInWallet(signs_in=True), StandInWallet(sends_only=True))
    common = {"standard:connect", "standard:disconnect", "standard:events", "solana:signMessage"}
    assert [set(names) for names in page.evaluate("found.map(({features}) => Object.keys(features))")] == [
        common | {"solana:signTransaction"},
        common | {"solana:signTransaction", "solana:signIn"},
        common | {"solana:signAndSendTransaction"},
    ]


def test_connecting_asks_the_user_once_for_each_origin(visit: Any, friendly_site: str) -> None:
    wallet = StandInWallet()
    page = visit(wallet)
    silent = (
        "async () => (await found[0].features['standard:connect'].connect({silent: true})).accounts.length"
    )
    assert page.evaluate(silent) == 0
    assert page.evaluate(CONNECT) == [wallet.address]
    page.reload()
    page.evaluate(APP)
    assert page.evaluate(silent) == 1
    assert [(asked.feature, asked.origin) for asked in wallet.asked] == [("standard:connect", friendly_site)]


def test_a_page_hears_of_accounts_that_come_and_go(visit: Any) -> None:
    first, second = Keypair(), Keypair()
    wallet = StandInWallet(first, second)
    page = visit(wallet)
    page.evaluate("""() => {
        window.heard = [];
        found[0].features["standard:events"].on("change", ({accounts}) => {
            heard.push(accounts.map(({address}) => address));
        });
    }""")
    page.evaluate(CONNECT)
    wallet.show(page, second)
    wallet.show(page)
    page.evaluate("() => found[0].features['standard:disconnect'].disconnect()")
    assert page.evaluate("heard") == [[str(first.pubkey())], [str(second.pubkey())], []]


def test_a_signed_message_is_one_of_the_wallets_key(visit: Any) -> None:
    wallet = StandInWallet()
    page = visit(wallet)
    page.evaluate(CONNECT)
    signature = page.evaluate("""async () => {
        const [{signature}] = await found[0].features["solana:signMessage"].signMessage(
            {account: found[0].accounts[0], message: new TextEncoder().encode("Grüße")});
        return toText(signature);
    }""")
    assert Signature(base64.b64decode(signature)).verify(wallet.keys[0].pubkey(), "Grüße".encode())
    assert wallet.asked[-1].messages == ("Grüße".encode(),)


@pytest.mark.parametrize("version", [None, 0])
def test_a_signed_transaction_is_the_same_with_the_wallets_signature(visit: Any, version: int | None) -> None:
    wallet, cosigner = StandInWallet(), Keypair()
    page = visit(wallet)
    page.evaluate(CONNECT)
    asked = unsigned(wallet.keys[0], version=version, cosigner=cosigner)
    signed = VersionedTransaction.from_bytes(base64.b64decode(page.evaluate(SIGN, in_text(asked))))
    assert signed.message == VersionedTransaction.from_bytes(asked).message
    assert signed.verify_with_results() == [True, False]
    assert wallet.asked[-1].transactions == (asked,)


@pytest.mark.parametrize("version", [None, 0])
def test_a_wallet_that_adds_its_compute_budget_signs_what_it_has_made(
    visit: Any, version: int | None
) -> None:
    wallet = StandInWallet(adds_compute_budget=True)
    page = visit(wallet)
    page.evaluate(CONNECT)
    asked = unsigned(wallet.keys[0], version=version)
    signed = VersionedTransaction.from_bytes(base64.b64decode(page.evaluate(SIGN, in_text(asked))))
    programs = [signed.message.account_keys[each.program_id_index] for each in signed.message.instructions]
    assert programs[:2] == [COMPUTE_BUDGET] * 2
    assert len(programs) == 3
    assert signed.verify_with_results() == [True]


def test_a_user_who_refuses_is_an_error_in_the_page(visit: Any) -> None:
    wallet = StandInWallet()
    page = visit(wallet)
    page.evaluate(CONNECT)
    wallet.answer = Answer.REFUSE
    with pytest.raises(Error, match=r"User rejected the request\."):
        page.evaluate(SIGN, in_text(unsigned(wallet.keys[0])))


def test_a_user_who_takes_his_time_is_waited_for_and_asked_once(visit: Any) -> None:
    wallet = StandInWallet()
    page = visit(wallet)
    page.evaluate(CONNECT)
    wallet.answer = Answer.LATER
    page.evaluate(
        f"(transaction) => {{ window.done = false; ({SIGN})(transaction).then(() => {{ done = true; }}); }}",
        in_text(unsigned(wallet.keys[0])),
    )
    page.wait_for_timeout(200)  # long enough to be asked again by mistake
    assert page.evaluate("done") is False
    wallet.answer = Answer.AGREE
    page.wait_for_function("done")
    assert [asked.feature for asked in wallet.asked] == ["standard:connect", "solana:signTransaction"]


def test_a_wallet_that_only_sends_brings_the_transaction_onto_the_chain(visit: Any, arena: LiveArena) -> None:
    person = arena.person(balance=SOL)
    rpc_url = person.call("GET", "/chain")["rpc_url"]
    wallet = StandInWallet(person.client.wallet, sends_only=True, rpc_url=rpc_url)
    page = visit(wallet)
    page.evaluate(CONNECT)
    receiver = Pubkey.new_unique()
    instruction = transfer(
        TransferParams(from_pubkey=person.client.wallet.pubkey(), to_pubkey=receiver, lamports=SOL // 2)
    )
    blockhash = Hash.from_string(person.chain("getLatestBlockhash")["value"]["blockhash"])
    message = Message.new_with_blockhash([instruction], person.client.wallet.pubkey(), blockhash)
    transaction = bytes(VersionedTransaction.populate(message, [Signature.default()]))
    page.evaluate(
        """async (transaction) => {
            await found[0].features["solana:signAndSendTransaction"].signAndSendTransaction(
                {account: found[0].accounts[0], transaction: toBytes(transaction), chain: "solana:localnet"});
        }""",
        in_text(transaction),
    )
    person.wait_for_lamports(str(receiver), SOL // 2)


def test_what_the_node_says_of_a_transaction_that_it_refuses_is_an_error_in_the_page(
    visit: Any, creator: Person
) -> None:
    wallet = StandInWallet(sends_only=True, rpc_url=creator.call("GET", "/chain")["rpc_url"])
    page = visit(wallet)
    page.evaluate(CONNECT)
    with pytest.raises(Error, match="Transaction simulation failed"):
        page.evaluate(
            """async (transaction) => {
                await found[0].features["solana:signAndSendTransaction"].signAndSendTransaction(
                    {account: found[0].accounts[0], transaction: toBytes(transaction), chain: "solana:localnet"});
            }""",
            in_text(unsigned(wallet.keys[0])),
        )


def test_the_arena_takes_what_a_wallet_says_when_it_signs_in(visit: Any, arena: LiveArena) -> None:
    wallet = StandInWallet(signs_in=True)
    page = visit(wallet)
    api = f"{arena.url}/api/v1"
    nonce = page.evaluate(ASK, [f"{api}/auth/nonce", None, {"address": wallet.address}])
    signed = page.evaluate(
        """async (input) => {
            const [{signature, signedMessage}] = await found[0].features["solana:signIn"].signIn(input);
            return {signature: toText(signature), message: new TextDecoder().decode(signedMessage)};
        }""",
        nonce["sign_in"],
    )
    assert signed["message"] == nonce["message"]
    session = page.evaluate(
        ASK, [f"{api}/auth/session", None, {"address": wallet.address, "nonce": nonce["nonce"], **signed}]
    )
    assert session["user"]["wallet"] == wallet.address


@pytest.mark.parametrize("adds_compute_budget", [False, True])
def test_a_message_that_a_wallet_pays_for_in_the_page_is_judged(
    visit: Any, arena: LiveArena, creator: Person, page_errors: PageErrors, adds_compute_budget: bool
) -> None:
    bot = creator.open_bot()
    player = arena.person(balance=SOL)
    wallet = StandInWallet(player.client.wallet, adds_compute_budget=adds_compute_budget)
    page = visit(wallet)
    page.evaluate(CONNECT)
    token = player.token
    session = page.evaluate(ASK, [f"{arena.url}/api/v1/chats/{bot['id']}", token, None])
    messages = f"{arena.url}/api/v1/chats/{session['id']}/messages"
    message = {"id": "018f4e3a-7b10-7c3e-9c41-2f6f0d3c5a11", "text": f"I say: {PHRASE}"}

    page_errors.allow(r"status of 402")  # the answer that has the price
    quote = page.evaluate(ASK, [messages, token, message])["quote"]
    paid = {**message, "payment": {"transaction": page.evaluate(SIGN, quote["transaction"])}}
    answer = page.evaluate(ASK, [messages, token, paid])
    assert answer["status"] in {"paying", "paid", "judged"}, answer
    assert player.until(bot["id"], type="reply", id=message["id"])["verdict"] == "solved"
