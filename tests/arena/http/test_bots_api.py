"""Bots over HTTP."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from arena.chain.client import ChainUnavailable
from arena.game.messages import CloseUnplayed, OpenBot
from arena.ids import new_id
from arena.problems import Problem
from arena.store import transactions
from arena.store.bots import BotStatus
from arena.store.transactions import NewTransaction
from persistence import Write
from tests.fixtures.bot_account import encode
from tests.fixtures.front import Front

BOTS = "/api/v1/bots"


def draft(**changes: object) -> dict[str, object]:
    return {
        "name": "The Gatekeeper",
        "kind": "passphrase",
        "public": {"persona": "A gatekeeper"},
        "secret": {"phrase": "open sesame"},
        "fee_base": 1_000_000,
        "fee_growth_bps": 500,
        "fee_cap": 5_000_000,
        "initial_pot": 20_000_000,
        "closes_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    } | changes


async def test_no_bots(front: Front) -> None:
    response = await front.http.get(BOTS)
    assert response.status_code == 200
    assert response.json() == {"bots": [], "next_cursor": None}


async def test_bots_are_listed_page_by_page_the_newest_first(front: Front) -> None:
    ids = [str(await front.bot()) for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while True:
        params = {"limit": "2"} | ({} if cursor is None else {"cursor": cursor})
        page = (await front.http.get(BOTS, params=params)).json()
        seen += [bot["id"] for bot in page["bots"]]
        pages += 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert pages == 3


async def test_a_full_last_page_has_no_cursor(front: Front) -> None:
    for _ in range(2):
        await front.bot()
    assert (await front.http.get(BOTS, params={"limit": "2"})).json()["next_cursor"] is None


async def test_bots_can_be_picked_by_status(front: Front) -> None:
    live, halted = await front.bot(), await front.bot(BotStatus.HALTED)
    await front.bot(BotStatus.DRAFT)
    await front.bot(BotStatus.OPENING)

    async def ids(**params: str) -> set[str]:
        return {bot["id"] for bot in (await front.http.get(BOTS, params=params)).json()["bots"]}

    assert await ids() == {str(live), str(halted)}
    assert await ids(status="open") == {str(live)}
    assert await ids(status="halted") == {str(halted)}
    assert await ids(status="draft") == set()  # nobody sees the drafts of others


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"sort": "x"},
        {"creator": "x"},
        {"kind": "\x00"},
        {"q": ""},
        {"status": "lost"},
        {"other": "1"},
    ],
)
async def test_a_wrong_query_is_refused(front: Front, params: dict[str, str]) -> None:
    response = await front.http.get(BOTS, params=params)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert response.json()["errors"][0]["field"] == f"query.{next(iter(params))}"


async def test_a_parameter_given_twice_is_refused(front: Front) -> None:
    assert (await front.http.get(f"{BOTS}?limit=1&limit=2")).status_code == 422


async def test_one_bot_with_its_terms_and_price(front: Front) -> None:
    bot_id = await front.bot()
    bot = (await front.http.get(f"{BOTS}/{bot_id}")).json()
    assert bot["id"] == str(bot_id)
    assert (bot["status"], bot["pot"], bot["message_count"]) == ("open", 50_000_000, 2)
    assert bot["next_price"] == 1_210_000  # ten per cent dearer, twice
    assert bot["objective_hash"] == bytes(range(32)).hex()
    assert bot["public"]["hints"] == []  # the hint unlocks after five messages
    assert bot["public"]["hints_locked"] == 1


async def test_nothing_secret_is_shown(front: Front) -> None:
    response = await front.http.get(f"{BOTS}/{await front.bot()}")
    assert not {"secret", "salt", "credentials"} & set(response.json())
    assert "cave" not in response.text


async def test_a_draft_is_for_its_creator_alone(front: Front) -> None:
    creator, other = await front.player(), await front.player()
    url = f"{BOTS}/{await front.bot(BotStatus.DRAFT, creator)}"
    assert (await front.http.get(url, headers=creator.headers)).status_code == 200
    for headers in ({}, other.headers):
        response = await front.http.get(url, headers=headers)
        assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


async def test_a_creator_hears_why_an_opening_came_to_nothing(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.DRAFT, creator)
    url = f"{BOTS}/{bot_id}"

    async def told() -> dict[str, str] | None:
        return (await front.http.get(url, headers=creator.headers)).json()["opening_error"]  # type: ignore[no-any-return]

    first, second = (str(Signature.new_unique()) for _ in range(2))

    async def attempt(signature: str, *ends: Write) -> None:
        sent = NewTransaction(
            signature=signature,
            kind="create",
            bot_id=bot_id,
            payer=str(creator.wallet.pubkey()),
            amount=1,
            raw=b"raw",
            last_valid_block_height=1,
        )
        await front.commit(transactions.send(sent))
        await front.commit(*ends)

    assert await told() is None
    await attempt(first, transactions.failed(first, slot=7, error="InsufficientFundsForFee"))
    assert await told() == {
        "code": "funds_insufficient",
        "detail": "The wallet holds less than this costs. Add funds to the wallet, then start again. "
        "The chain says: InsufficientFundsForFee.",
    }
    await attempt(second, transactions.expired(second))
    found = await told()
    assert found is not None
    assert found["code"] == "transaction_expired"


async def test_an_unknown_bot(front: Front) -> None:
    response = await front.http.get(f"{BOTS}/{new_id()}")
    assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")


# -- drafting


async def test_a_draft_comes_with_the_transaction_that_opens_it(front: Front) -> None:
    creator = await front.player()
    response = await front.http.post(BOTS, json=draft(), headers=creator.headers)
    assert response.status_code == 201
    answer = response.json()
    bot = answer["bot"]
    assert response.headers["Location"] == f"{BOTS}/{bot['id']}"
    assert (bot["status"], bot["creator"], bot["demo"]) == ("draft", str(creator.wallet.pubkey()), False)
    transaction = VersionedTransaction.from_bytes(base64.b64decode(answer["transaction"]))
    assert transaction.message.account_keys[0] == creator.wallet.pubkey()
    assert Pubkey.from_string(bot["address"]) in transaction.message.account_keys
    assert "sesame" not in response.text
    assert (await front.http.get(response.headers["Location"], headers=creator.headers)).json() == bot


async def test_drafting_takes_a_token(front: Front) -> None:
    response = await front.http.post(BOTS, json=draft())
    assert (response.status_code, response.json()["code"]) == (401, "token_missing")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ""}, "validation_failed"),
        ({"fee_base": "1"}, "validation_failed"),
        ({"fee_base": 1}, "bot_invalid"),
        ({"initial_pot": 1}, "bot_invalid"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, "bot_invalid"),
        ({"kind": "oracle"}, "brain_invalid"),
        ({"secret": {}}, "brain_invalid"),
        ({"public": {"persona": "Says open sesame"}}, "brain_invalid"),
    ],
)
async def test_a_bot_that_cannot_be(front: Front, changes: dict[str, object], code: str) -> None:
    creator = await front.player()
    response = await front.http.post(BOTS, json=draft(**changes), headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert "sesame" not in response.text


async def test_without_the_chain_no_draft_is_made(front: Front) -> None:
    front.rpc.down = True
    creator = await front.player()
    response = await front.http.post(BOTS, json=draft(), headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (503, "chain_unavailable")
    assert await front.database.fetch_value("select count(*) from bots") == 0


async def test_a_drafts_transaction_can_be_had_anew(front: Front) -> None:
    creator = await front.player()
    drafted = (await front.http.post(BOTS, json=draft(), headers=creator.headers)).json()
    url = f"{BOTS}/{drafted['bot']['id']}/transaction"
    response = await front.http.post(url, headers=creator.headers)
    assert response.status_code == 200
    assert response.json()["bot"] == drafted["bot"]
    stranger = await front.player()
    assert (await front.http.post(url, headers=stranger.headers)).status_code == 404


async def test_the_transaction_of_an_open_bot_cannot(front: Front) -> None:
    creator = await front.player()
    url = f"{BOTS}/{await front.bot(creator=creator)}/transaction"
    assert (await front.http.post(url, headers=creator.headers)).status_code == 404


# -- opening


async def test_the_signed_transaction_goes_to_the_bot(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.DRAFT, creator)
    asked: list[tuple[UUID, OpenBot]] = []

    async def opened(bot: UUID, message: OpenBot) -> str:
        asked.append((bot, message))
        return "the signature"

    front.game.open = opened
    body = {"transaction": base64.b64encode(b"signed").decode()}
    response = await front.http.post(f"{BOTS}/{bot_id}/open", json=body, headers=creator.headers)
    assert (response.status_code, response.json()) == (202, {"signature": "the signature"})
    assert asked == [(bot_id, OpenBot(str(creator.wallet.pubkey()), b"signed"))]


async def test_only_the_creator_opens(front: Front) -> None:
    bot_id = await front.bot(BotStatus.DRAFT)
    body = {"transaction": base64.b64encode(b"signed").decode()}
    stranger = await front.player()
    response = await front.http.post(f"{BOTS}/{bot_id}/open", json=body, headers=stranger.headers)
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem("amount_mismatch", "The signed transaction is refused", 422), 422, "amount_mismatch"),
        (ChainUnavailable("gone"), 503, "chain_unavailable"),
        (ValueError("a fault"), 503, "actor_unavailable"),
    ],
)
async def test_what_the_bot_answers_is_told(front: Front, error: Exception, status: int, code: str) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.DRAFT, creator)

    async def opened(bot: UUID, message: OpenBot) -> str:
        raise error

    front.game.open = opened
    body = {"transaction": base64.b64encode(b"signed").decode()}
    response = await front.http.post(f"{BOTS}/{bot_id}/open", json=body, headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("transaction", ["", "no base64", base64.b64encode(bytes(1233)).decode(), None])
async def test_what_is_no_transaction_is_refused(front: Front, transaction: str | None) -> None:
    creator = await front.player()
    url = f"{BOTS}/{await front.bot(BotStatus.DRAFT, creator)}/open"
    response = await front.http.post(url, json={"transaction": transaction}, headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "field", ["fee_base", "fee_growth_bps", "fee_cap", "initial_pot", "idle_after", "idle_min_messages"]
)
async def test_numbers_at_the_edges_of_integers_are_refused_before_they_reach_anything(
    front: Front, field: str
) -> None:
    creator = await front.player()
    for number in (-1, 2**53, 2**63, 2**64 - 1, 2**64, 10**400):
        response = await front.http.post(BOTS, json=draft(**{field: number}), headers=creator.headers)
        assert response.status_code == 422, number
        assert field in response.text


# -- closing before its time


async def test_a_creator_gets_the_transaction_that_closes_his_bot_and_sends_it_signed(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(creator=creator)
    platform = Keypair().pubkey()
    account = encode(platform=bytes(platform))
    front.rpc.methods["getMultipleAccounts"] = lambda _: {
        "context": {"slot": 10},
        "value": [
            {
                "lamports": 1,
                "owner": str(front.services.program_id),
                "data": [base64.b64encode(account).decode(), "base64"],
                "executable": False,
                "rentEpoch": 0,
                "space": len(account),
            }
        ],
    }
    response = await front.http.post(f"{BOTS}/{bot_id}/closing", headers=creator.headers)
    assert response.status_code == 200, response.text
    message = VersionedTransaction.from_bytes(base64.b64decode(response.json()["transaction"])).message
    signers = message.account_keys[: message.header.num_required_signatures]
    assert signers == [creator.wallet.pubkey(), front.services.keys.payout_pubkey]
    assert platform in message.account_keys, "the platform that the bot was opened with"
    asked: list[tuple[UUID, object]] = []

    async def closed(bot: UUID, message: object) -> str:
        asked.append((bot, message))
        return "the signature"

    front.game.open = closed
    body = {"transaction": base64.b64encode(b"signed").decode()}
    response = await front.http.post(f"{BOTS}/{bot_id}/close", json=body, headers=creator.headers)
    assert (response.status_code, response.json()) == (202, {"signature": "the signature"})
    assert asked == [(bot_id, CloseUnplayed(str(creator.wallet.pubkey()), b"signed"))]


async def test_a_bot_that_is_over_has_no_closing_any_more(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(BotStatus.SOLVED, creator)
    response = await front.http.post(f"{BOTS}/{bot_id}/closing", headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (409, "bot_not_live")


@pytest.mark.parametrize("path", ["closing", "close"])
async def test_nobody_else_closes_and_a_draft_cannot_be_closed(front: Front, path: str) -> None:
    body = {"transaction": base64.b64encode(b"signed").decode()}
    creator, stranger = await front.player(), await front.player()
    live, drafted = await front.bot(creator=creator), await front.bot(BotStatus.DRAFT, creator)
    for bot_id, player in ((live, stranger), (drafted, creator), (uuid4(), creator)):
        response = await front.http.post(f"{BOTS}/{bot_id}/{path}", json=body, headers=player.headers)
        assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")
    assert (await front.http.post(f"{BOTS}/{live}/{path}", json=body)).status_code == 401
