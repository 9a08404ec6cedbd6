"""The file of a player's wallet, and what is kept beside it."""

from pathlib import Path

import pytest
from solders.keypair import Keypair

from arena.cli.playing.pending import MOST, Pending, PendingPayments
from arena.cli.playing.wallet_file import WalletFileWrong, default_path, load_wallet


def payment(number: int, bot: str = "b") -> Pending:
    return Pending(f"m{number}", bot, "text", 10, "AAAA")


def test_a_wallet_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "wallet.json"
    first, made = load_wallet(path)
    again, made_again = load_wallet(path)
    assert (made, made_again) == (True, False)
    assert first == again
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_wallet_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "wallet.json"
    path.write_text(str(list(bytes(Keypair()))))
    path.chmod(mode)
    with pytest.raises(WalletFileWrong, match="chmod 600"):
        load_wallet(path)


def test_what_is_no_key_file_is_said_without_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "wallet.json"
    path.write_text("[1, 2, 3, 77777]")
    path.chmod(0o600)
    with pytest.raises(WalletFileWrong, match="is no key file") as raised:
        load_wallet(path)
    assert "77777" not in str(raised.value)


def test_the_usual_place_is_that_of_the_users_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "arena" / "wallet.json"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".config" / "arena" / "wallet.json"


def test_payments_are_there_for_the_next_process_until_they_are_settled(tmp_path: Path) -> None:
    path = tmp_path / "wallet.json"
    pending = PendingPayments(path)
    pending.remember(payment(1))
    pending.remember(payment(2, bot="other"))
    pending.remember(payment(1))
    assert PendingPayments(path).at("b") == [payment(1)]
    PendingPayments(path).settle("m1")
    assert PendingPayments(path).at("b") == []
    assert PendingPayments(path).at("other") == [payment(2, bot="other")]
    assert (tmp_path / "wallet.json.pending").stat().st_mode & 0o777 == 0o600


def test_the_oldest_payments_are_forgotten_when_there_are_too_many(tmp_path: Path) -> None:
    pending = PendingPayments(tmp_path / "wallet.json")
    for number in range(MOST + 2):
        pending.remember(payment(number))
    assert [kept.id for kept in pending.at("b")] == [f"m{number}" for number in range(2, MOST + 2)]


def test_a_file_of_payments_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    kept = tmp_path / "wallet.json.pending"
    kept.write_text("{")
    with pytest.raises(ValueError, match=r"look at it, then remove it"):
        PendingPayments(tmp_path / "wallet.json")
    assert kept.read_text() == "{"
