import json
import re
from pathlib import Path

import pytest
from solders.keypair import Keypair

from arena.settings import Settings, SettingsError, decode_key, load_settings

ADDRESS = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK"
SECRET = "f3b1c9a07d5e48268b0f6a1e2d3c4b5a"
EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine reaches these tests, and no file .env."""
    for name in [*Settings.model_fields, "arena_crash_at"]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that production accepts."""
    for name in ("quote", "payout"):
        (tmp_path / f"{name}.json").write_text(json.dumps(list(bytes(Keypair()))))
    variables = {
        "ENV": "production",
        "JWT_SECRET": SECRET,
        "SOLANA_RPC_URL": "https://rpc.example",
        "DATABASE_URL": "postgresql://arena:pw@db/arena",
        "ARENA_QUOTE_KEY": "quote.json",
        "ARENA_PAYOUT_KEY": "payout.json",
        "ARENA_ADMIN_PUBKEY": ADDRESS,
        "ARENA_PLATFORM_WALLET": ADDRESS,
        "ARENA_SECRETS_KEY": "00" * 32,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.problems


def test_without_any_setting_it_is_a_development_server_with_everything_embedded() -> None:
    settings = load_settings()
    assert settings.env == "development"
    assert settings.has_embedded_database
    assert settings.has_local_chain
    assert (settings.arena_host, settings.arena_port) == ("127.0.0.1", 8080)
    assert settings.arena_data_dir == Path(".arena")
    assert settings.solana_commitment == "confirmed"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.allowed_origins == {"http://127.0.0.1:8080"}
    assert settings.ws_url is None


def test_the_environment_wins_over_the_file_and_an_override_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("ARENA_PORT=1111\nARENA_HOST=0.0.0.0\nARENA_SLOT_MS=100\n")
    monkeypatch.setenv("ARENA_PORT", "2222")
    monkeypatch.setenv("ARENA_SLOT_MS", "200")
    settings = load_settings(arena_slot_ms=300, arena_host=None)
    assert (settings.arena_port, settings.arena_host, settings.arena_slot_ms) == (2222, "0.0.0.0", 300)
    assert settings.public_url == "http://127.0.0.1:2222"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("ARENA_PORT", "")
    assert load_settings().database_url is None


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_ADMIN_WALLETS", f"{ADDRESS}, {ADDRESS},")
    monkeypatch.setenv("ARENA_ALLOWED_ORIGINS", "https://a.example,http://b.example:81")
    settings = load_settings()
    assert settings.arena_admin_wallets == (ADDRESS, ADDRESS)
    assert settings.allowed_origins >= {"https://a.example", "http://b.example:81"}


@pytest.mark.parametrize(
    ("rpc", "ws"),
    [
        ("http://127.0.0.1:8899", "ws://127.0.0.1:8900"),
        ("https://api.devnet.solana.com", "wss://api.devnet.solana.com"),
        ("https://rpc.example/v2/key?x=1", "wss://rpc.example/v2/key?x=1"),
        ("http://[::1]:8899/", "ws://[::1]:8900/"),
    ],
)
def test_the_websocket_endpoint_follows_from_the_rpc_endpoint(
    monkeypatch: pytest.MonkeyPatch, rpc: str, ws: str
) -> None:
    monkeypatch.setenv("SOLANA_RPC_URL", rpc)
    assert load_settings().ws_url == ws
    monkeypatch.setenv("SOLANA_WS_URL", "wss://other.example")
    assert load_settings().ws_url == "wss://other.example"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("ARENA_PORT", "99999", "ARENA_PORT: must be less than or equal to 65535, not '99999'"),
        ("ARENA_PORT", "eighty", "ARENA_PORT: must be a valid integer"),
        ("ENV", "staging", "ENV: must be 'development' or 'production', not 'staging'"),
        ("SOLANA_COMMITMENT", "processed", "SOLANA_COMMITMENT: must be 'confirmed' or 'finalized'"),
        ("ARENA_SLOT_MS", "0", "ARENA_SLOT_MS: must be greater than or equal to 10"),
        ("ARENA_ADMIN_WALLETS", "nonsense", "ARENA_ADMIN_WALLETS: 'nonsense' is not a Solana address"),
        ("SOLANA_PROGRAM_ID", "0OIl", "SOLANA_PROGRAM_ID: '0OIl' is not a Solana address"),
        ("ARENA_ALLOWED_ORIGINS", "a.example/", "ARENA_ALLOWED_ORIGINS: 'a.example/' is not an origin"),
        ("SOLANA_WS_URL", "wss://a.example", "SOLANA_WS_URL: needs SOLANA_RPC_URL too"),
        (
            "ARENA_ACCESS_LIFETIME",
            "60",
            "ARENA_SESSION_LIFETIME: must be at most 5000 times ARENA_ACCESS_LIFETIME",
        ),
        ("ARENA_POT_BPS", "9500", "ARENA_POT_BPS and ARENA_CREATOR_BPS: must not exceed 10000"),
        ("ARENA_QUOTE_LIFETIME", "1", "ARENA_QUOTE_LIFETIME: must be greater than or equal to 5"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(line)
    assert "\n" not in problem


def test_several_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_PORT", "x")
    monkeypatch.setenv("ENV", "x")
    assert [line.partition(":")[0] for line in problems()] == ["ENV", "ARENA_PORT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@db/x"),
        ("DATABASE_URL", "postgresql://user:hunter2@db:port/x"),
        ("SOLANA_RPC_URL", "rpc.example?key=hunter2"),
        ("ARENA_SECRETS_KEY", "hunter2"),
        ("JWT_PREVIOUS_SECRETS", ",".join(["hunter2"] * 9)),
    ],
)
def test_a_message_never_shows_what_may_be_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: must be")
    assert "hunter2" not in problem


def test_settings_do_not_show_secrets(production: pytest.MonkeyPatch) -> None:
    production.setenv("JWT_PREVIOUS_SECRETS", f"{SECRET[::-1]},{SECRET[::-1]}")
    production.setenv("DATABASE_URL", "postgresql://arena:hunter2@db/arena")
    shown = repr(load_settings())
    assert "hunter2" not in shown
    assert SECRET not in shown
    assert SECRET[::-1] not in shown


def test_a_typing_mistake_in_the_file_is_noticed() -> None:
    Path(".env").write_text("# ARENA_OLD=1\nARENA_PROT=8081\nOTHER=1\n")
    assert problems() == ("ARENA_PROT: no such setting (in .env)",)


def test_production_starts_with_real_settings(production: pytest.MonkeyPatch) -> None:
    assert load_settings().is_production


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("JWT_SECRET", "", "JWT_SECRET: is needed"),
        ("JWT_SECRET", "short", "JWT_SECRET: must be random"),
        ("JWT_SECRET", "change-me-change-me-change-me-change-me", "JWT_SECRET: must be random"),
        ("JWT_SECRET", "a" * 64, "JWT_SECRET: must be random"),
        ("JWT_PREVIOUS_SECRETS", f"{SECRET},short", "JWT_PREVIOUS_SECRETS: each must be random"),
        ("SOLANA_RPC_URL", "", "SOLANA_RPC_URL: is needed"),
        ("ARENA_ALLOWED_ORIGINS", "https://a.example,*", "ARENA_ALLOWED_ORIGINS: must not be *"),
        ("ARENA_QUOTE_KEY", "", "ARENA_QUOTE_KEY: is needed"),
        ("ARENA_PAYOUT_KEY", "", "ARENA_PAYOUT_KEY: is needed"),
        ("ARENA_ADMIN_PUBKEY", "", "ARENA_ADMIN_PUBKEY: is needed"),
        ("ARENA_PLATFORM_WALLET", "", "ARENA_PLATFORM_WALLET: is needed"),
        ("ARENA_SECRETS_KEY", "", "ARENA_SECRETS_KEY: is needed"),
        ("ARENA_PAYOUT_KEY", "./quote.json", "ARENA_QUOTE_KEY and ARENA_PAYOUT_KEY: must be two keys"),
        ("ARENA_CRASH_AT", "somewhere", "ARENA_CRASH_AT: must not be set"),
    ],
)
def test_production_refuses_what_is_for_development(
    production: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    production.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(line)


def test_any_origin_is_fine_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_ALLOWED_ORIGINS", "*")
    assert "*" in load_settings().allowed_origins


def test_a_key_is_read_from_hex_and_both_alphabets_of_base64() -> None:
    assert decode_key("ff" * 32) == b"\xff" * 32
    assert decode_key("/" * 42 + "8=") == b"\xff" * 32
    assert decode_key("_" * 42 + "8=") == b"\xff" * 32


def test_a_language_model_is_set_up_with_what_bots_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_LLM_BASE_URL", "http://127.0.0.1:11434/v1")
    assert problems() == ("ARENA_LLM_BASE_URL: needs ARENA_LLM_MODELS too",)
    monkeypatch.setenv("ARENA_LLM_MODELS", "small-1, large-1")
    monkeypatch.setenv("ARENA_LLM_API_KEY", "sk-operators-key")
    monkeypatch.setenv("ARENA_LLM_ALLOWED_URLS", "https://a.example/v1/,https://b.example:8443")
    settings = load_settings()
    assert settings.arena_llm_models == ("small-1", "large-1")
    assert settings.arena_llm_allowed_urls == ("https://a.example/v1", "https://b.example:8443")
    assert "sk-operators-key" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    ["http://a.example/v1", "a.example", "https://", "https://user:pw@a.example", "https://a.example/?x=1"],
)
def test_creators_may_only_be_allowed_whole_urls_with_https(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ARENA_LLM_ALLOWED_URLS", f"https://fine.example,{url}")
    (problem,) = problems()
    assert problem.startswith("ARENA_LLM_ALLOWED_URLS: must be URLs such as")


def test_the_example_documents_every_setting_with_its_default() -> None:
    text = EXAMPLE.read_text("utf-8")
    documented = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert documented.keys() == {name.upper() for name in Settings.model_fields}
    assert load_settings(EXAMPLE) == load_settings(None)
