import json
import stat
import threading
from pathlib import Path

import pytest
from solders.keypair import Keypair

from arena.keys import generated_keypair, load_keys, read_keypair
from arena.settings import Settings, SettingsError

ADDRESS = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def key_file(path: Path) -> Keypair:
    key = Keypair()
    path.write_text(json.dumps(list(bytes(key))))
    return key


def test_in_development_keys_are_generated_once() -> None:
    first, second = load_keys(Settings()), load_keys(Settings())
    assert first == second
    assert len({first.quote_pubkey, first.payout_pubkey, first.admin_pubkey, first.platform_wallet}) == 4
    assert first.admin is not None
    assert first.admin.pubkey() == first.admin_pubkey
    assert first.admin_wallets == {str(first.admin_pubkey)}
    assert len(first.secrets_key) == 32
    assert len(first.jwt_secret) >= 32


def test_generated_files_are_for_their_owner_alone_and_in_solanas_format() -> None:
    ring = load_keys(Settings())
    folder = Path(".arena/keys")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {
        "quote.json",
        "payout.json",
        "admin.json",
        "platform.json",
        "jwt_secret",
        "secrets_key",
    }
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    numbers = json.loads((folder / "quote.json").read_text())
    assert len(numbers) == 64
    assert Keypair.from_bytes(bytes(numbers)) == ring.quote


def test_a_key_ring_does_not_show_its_secrets() -> None:
    ring = load_keys(Settings())
    shown = repr(ring)
    assert ring.jwt_secret not in shown
    assert str(ring.quote) not in shown
    assert repr(ring.secrets_key) not in shown


def test_configured_keys_are_used_and_none_are_generated_for_them(tmp_path: Path) -> None:
    quote, payout = key_file(tmp_path / "q.json"), key_file(tmp_path / "p.json")
    ring = load_keys(
        Settings(
            arena_quote_key=tmp_path / "q.json",
            arena_payout_key=tmp_path / "p.json",
            arena_admin_pubkey=ADDRESS,
            arena_platform_wallet=ADDRESS,
            arena_admin_wallets=(ADDRESS,),
            arena_secrets_key="ab" * 32,
            jwt_secret="configured",
        )
    )
    assert (ring.quote, ring.payout, ring.admin) == (quote, payout, None)
    assert str(ring.admin_pubkey) == str(ring.platform_wallet) == ADDRESS
    assert ring.admin_wallets == {ADDRESS}
    assert ring.secrets_key == b"\xab" * 32
    assert ring.jwt_secret == "configured"
    assert not Path(".arena").exists()


def test_a_configured_admin_without_admin_wallets_lets_nobody_in() -> None:
    assert load_keys(Settings(arena_admin_pubkey=ADDRESS)).admin_wallets == frozenset()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "not json",
        json.dumps([1] * 63),
        json.dumps([0] * 64),
        json.dumps([256] * 64),
        json.dumps([1.5] * 64),
        json.dumps(["a"] * 64),
        json.dumps([1] * 5000),
    ],
)
def test_a_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "q.json").write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_keys(Settings(arena_quote_key=tmp_path / "q.json"))
    (line,) = caught.value.problems
    assert line == (
        f"ARENA_QUOTE_KEY: {tmp_path}/q.json is not a key file (a JSON array of 64 numbers of a keypair)"
    )


def test_halves_of_two_keypairs_are_no_keypair(tmp_path: Path) -> None:
    mixed = bytes(Keypair())[:32] + bytes(Keypair())[32:]
    (tmp_path / "q.json").write_text(json.dumps(list(mixed)))
    with pytest.raises(ValueError, match="not a key file"):
        read_keypair(tmp_path / "q.json")


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_keys(Settings(arena_quote_key=tmp_path / "q.json", arena_payout_key=tmp_path / "p.json"))
    assert caught.value.problems == (
        f"ARENA_QUOTE_KEY: {tmp_path}/q.json: No such file or directory",
        f"ARENA_PAYOUT_KEY: {tmp_path}/p.json: No such file or directory",
    )


def test_production_refuses_one_key_in_two_files(tmp_path: Path) -> None:
    key_file(tmp_path / "q.json")
    (tmp_path / "p.json").write_bytes((tmp_path / "q.json").read_bytes())
    files = {"arena_quote_key": tmp_path / "q.json", "arena_payout_key": tmp_path / "p.json"}
    with pytest.raises(SettingsError, match="two keys"):
        load_keys(Settings(env="production", **files))
    assert load_keys(Settings(**files))


def test_racing_starters_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "quote.json"
    found: list[Keypair] = []
    starters = [threading.Thread(target=lambda: found.append(generated_keypair(path))) for _ in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(found) == 8
    assert all(key == found[0] for key in found)
    assert [entry.name for entry in path.parent.iterdir()] == ["quote.json"]
