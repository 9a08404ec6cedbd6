"""Settings: environment variables, and a file ``.env`` for those that the environment does not set.

Without any, the arena runs for development on this machine: an embedded database, a local chain, generated
keys. ``ENV=production`` refuses whatever is only good for that.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from solders.pubkey import Pubkey

from arena.crashpoints import VARIABLE as CRASH_VARIABLE
from arena.rates import Rate

_LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- the other way round
MIN_SECRET_LENGTH: Final = 32
MAX_PREVIOUS_SECRETS: Final = 8
MAX_REFRESHES: Final = 5_000
"""How often a session may have to be refreshed; half of what it can be."""
_SECRETS: Final = (
    "jwt_secret",
    "jwt_previous_secrets",
    "arena_secrets_key",
    "arena_metrics_token",
    "arena_llm_api_key",
)
_WEAK_SECRETS: Final = ("changeme", "change-me", "change_me", "secret", "default", "password", "example")


class SettingsError(Exception):
    """The settings are wrong; ``problems`` has one clear line each, and no secret."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


Addresses = Annotated[tuple[str, ...], NoDecode]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode]


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_rate)]


class Settings(BaseSettings):
    """All settings. A field is the variable of the same name in upper case. Times are in seconds."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Literal["development", "production"] = "development"

    database_url: Annotated[str | None, Field(repr=False)] = None
    """Postgres 15 or newer; none: an embedded one in the data directory."""
    redis_url: Annotated[str | None, Field(repr=False)] = None
    """For several nodes; none: this process alone."""

    solana_rpc_url: Annotated[str | None, Field(repr=False)] = None
    """None: a local chain is started as a child process."""
    solana_ws_url: Annotated[str | None, Field(repr=False)] = None
    """None: derived from the RPC URL, see :meth:`ws_url_of`."""
    solana_program_id: str | None = None
    """None: the id that the program is built for."""
    solana_commitment: Literal["confirmed", "finalized"] = "confirmed"
    """At which verdicts are given. Money moves out only at finalized, always."""

    jwt_secret: SecretStr | None = None
    """Signs tokens."""
    jwt_previous_secrets: Annotated[
        tuple[SecretStr, ...], NoDecode, Field(max_length=MAX_PREVIOUS_SECRETS)
    ] = ()
    """Tokens that these signed still count."""

    arena_host: str = "127.0.0.1"
    arena_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    arena_public_url: str | None = None
    """Where users reach this server; its host is the domain of the sign-in text. None: host and port."""
    arena_allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Further origins whose pages may use the API and the websockets; ``*`` for any, not in production."""
    arena_trusted_proxies: Networks = ()
    """Networks of our own proxies: of these, the header below is believed."""
    arena_proxy_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    """In which the proxies say whom they speak for; they have to add to it or to replace it."""
    arena_proxy_protocol: bool = False
    """The proxies begin each connection with a PROXY header, version 1 or 2, that says whom it is for."""
    arena_tls_certificate: Path | None = None
    """PEM, with the whole chain. None: no TLS here, a proxy has it."""
    arena_tls_key: Path | None = None
    """PEM, without a password."""
    arena_hsts: Annotated[int, Field(ge=0, le=63_072_000)] = 0
    """For how long browsers shall insist on TLS; 0: nothing is said of it. Only behind a proxy that has it."""
    arena_rate_limits: bool = True
    """False: none of those below counts, for measurements."""
    arena_rate_requests_address: RateSetting = Rate(3000, 60)
    """HTTP requests and openings of websockets from one address: at once, and in so many seconds."""
    arena_rate_requests_wallet: RateSetting = Rate(1200, 60)
    arena_rate_nonces_address: RateSetting = Rate(300, 60)
    arena_rate_nonces_wallet: RateSetting = Rate(30, 60)
    """For one wallet from one address, since anybody may ask for any wallet's."""
    arena_rate_frames_session: RateSetting = Rate(600, 30)
    """Frames of the clients of one session."""
    arena_rate_messages_address: RateSetting = Rate(3000, 60)
    """Of these, those that ask for a quote or pay."""
    arena_rate_messages_wallet: RateSetting = Rate(600, 60)
    arena_connections_per_address: Annotated[int, Field(ge=0, le=100_000)] = 500
    """Open websockets; 0: no limit."""
    arena_data_dir: Path = Path(".arena")
    arena_log_level: Literal["debug", "info", "warning", "error"] = "info"
    arena_access_log: bool = False
    arena_log_format: Literal["console", "json"] = "console"

    arena_quote_key: Path | None = None
    arena_payout_key: Path | None = None
    arena_admin_pubkey: str | None = None
    arena_platform_wallet: str | None = None
    arena_admin_wallets: Addresses = ()
    arena_secrets_key: SecretStr | None = None
    """32 bytes, base64 or hex."""

    arena_slot_ms: Annotated[int, Field(ge=10, le=60_000)] = 400
    """Length of a slot of the local chain, milliseconds."""
    arena_rpc_port: Annotated[int, Field(ge=0, le=65534)] = 0
    """Port of the local chain started by this server, its websockets at the next; 0: any free one."""
    arena_chain_faults: bool = False
    """For tests: the local chain started by this server can be made to fork and to answer badly."""

    arena_quote_lifetime: Annotated[int, Field(ge=5, le=90)] = 60
    """How long a quote can be paid. A blockhash lives 150 slots, about 60 to 90 seconds."""
    arena_nonce_lifetime: Annotated[int, Field(ge=10, le=3600)] = 300
    """How long a sign-in text can be signed."""
    arena_access_lifetime: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    """How long an access token is valid."""
    arena_session_lifetime: Annotated[int, Field(ge=60, le=90 * 86_400)] = 7 * 86_400
    """How long the tokens of one signature can be refreshed."""
    arena_operator_session_lifetime: Annotated[int, Field(ge=60, le=90 * 86_400)] = 43_200
    """The same for the wallets of operators."""
    arena_chain_interval: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Between two looks at the chain, for what the subscription did not bring and for our own transactions."""
    arena_chain_sends: Annotated[float, Field(gt=0, le=100_000)] = 100.0
    """Transactions a second that are sent to the node, repeated ones included; more wait."""
    arena_shutdown_grace: Annotated[float, Field(ge=0, le=600)] = 10.0
    arena_verdict_timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    """The deadline of a brain; a message without a verdict by then is refunded."""
    arena_message_max_length: Annotated[int, Field(ge=1, le=10_000)] = 2_000
    """Characters of a player's message."""
    arena_idle_after: Annotated[float, Field(gt=0)] = 300.0
    """An actor that had nothing to do for so long is put to sleep."""
    arena_stuck_after: Annotated[float, Field(gt=0)] = 30.0
    """An actor that is at one message for so long is stuck: it is logged and counted."""
    arena_metrics_token: SecretStr | None = None
    """What Prometheus sends as its bearer token; None: only operators' tokens are let in to the metrics."""
    arena_settlement_interval: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Between two looks at the chain while money of an ended bot is moving."""
    arena_priority_fee: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """What our own transactions offer for each compute unit, in millionths of a lamport; each asks for 60,000 units."""
    arena_ping_after: Annotated[float, Field(gt=0, le=3600)] = 20.0
    """A client that has not said anything on its websocket for so long is asked whether it is there."""
    arena_ping_timeout: Annotated[float, Field(gt=0, le=3600)] = 40.0
    """If it does not answer for so long, the websocket is closed."""
    arena_database_connections: Annotated[int, Field(ge=2, le=100)] = 8

    arena_llm_base_url: Annotated[str | None, Field(repr=False)] = None
    """An OpenAI-compatible API that LLM bots may use at the operator's expense; none: they need their own."""
    arena_llm_api_key: SecretStr | None = None
    """What it is paid with; none: it wants none."""
    arena_llm_models: Annotated[tuple[str, ...], NoDecode] = ()
    """What bots may use there; the demo bot uses the first."""
    arena_llm_allowed_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Base URLs (https) that creators may use with keys of their own; nothing else is ever connected to."""
    arena_llm_daily_tokens: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 2_000_000
    """What all bots together may spend at the operator's endpoint on a day of UTC."""
    arena_llm_daily_tokens_per_bot: Annotated[int, Field(ge=0, le=1_000_000_000)] = 200_000
    """What one bot may, unless its creator pays and says otherwise."""

    arena_pot_bps: Annotated[int, Field(ge=0, le=10_000)] = 8_000
    """Share of a fee that grows the pot, for new bots; basis points."""
    arena_creator_bps: Annotated[int, Field(ge=0, le=10_000)] = 1_000
    """The creator's share; the rest is the platform's."""

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def has_embedded_database(self) -> bool:
        return self.database_url is None

    @property
    def has_local_chain(self) -> bool:
        return self.solana_rpc_url is None

    @property
    def public_url(self) -> str:
        """Where users reach this server, without a slash at the end."""
        if self.arena_public_url is not None:
            return self.arena_public_url.rstrip("/")
        host = _LOOPBACK_OF.get(self.arena_host, self.arena_host)
        scheme = "http" if self.arena_tls_certificate is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.arena_port}"

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Origins of browsers that are let in: our own and the configured ones."""
        url = urlsplit(self.public_url)
        return frozenset({f"{url.scheme}://{url.netloc}", *self.arena_allowed_origins})

    @property
    def ws_url(self) -> str | None:
        """The chain's websocket endpoint; ``None`` with the local chain, which says it itself."""
        if self.solana_ws_url is not None or self.solana_rpc_url is None:
            return self.solana_ws_url
        return self.ws_url_of(self.solana_rpc_url)

    @staticmethod
    def ws_url_of(rpc_url: str) -> str:
        """The websocket endpoint of an RPC endpoint by Solana's convention: the next port, if it has one."""
        url = urlsplit(rpc_url)
        scheme = "wss" if url.scheme == "https" else "ws"
        if url.port is None:
            return urlunsplit(url._replace(scheme=scheme))
        host = url.netloc.rpartition(":")[0]
        return urlunsplit(url._replace(scheme=scheme, netloc=f"{host}:{url.port + 1}"))

    @field_validator(
        "arena_admin_wallets",
        "arena_allowed_origins",
        "arena_llm_models",
        "arena_llm_allowed_urls",
        "arena_trusted_proxies",
        "jwt_previous_secrets",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("solana_program_id", "arena_admin_pubkey", "arena_platform_wallet")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        return value if value is None else _address(value)

    @field_validator("arena_admin_wallets")
    @classmethod
    def _check_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(item) for item in value)

    @field_validator("arena_allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            url = urlsplit(origin)
            if origin != "*" and (
                url.scheme not in {"http", "https"} or origin != f"{url.scheme}://{url.netloc}"
            ):
                raise _wrong(f"{origin!r} is not an origin such as https://arena.example")
        return value

    @field_validator("arena_llm_allowed_urls")
    @classmethod
    def _check_allowed_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for allowed in value:
            url = urlsplit(allowed)
            if not _is_url(allowed, ("https",)) or "@" in url.netloc or url.query or url.fragment:
                raise _wrong("must be URLs such as https://api.model.example/v1, with commas between them")
        return tuple(allowed.rstrip("/") for allowed in value)

    @field_validator(
        "database_url",
        "redis_url",
        "solana_rpc_url",
        "solana_ws_url",
        "arena_public_url",
        "arena_llm_base_url",
    )
    @classmethod
    def _check_url(cls, value: str | None, info: Any) -> str | None:
        if value is not None and not _is_url(value, schemes := _URLS[info.field_name]):
            raise _wrong(
                f"must be a URL that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            )
        return value

    @field_validator("arena_secrets_key")
    @classmethod
    def _check_secrets_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_key(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.arena_pot_bps + self.arena_creator_bps > 10_000:
            raise _wrong("ARENA_POT_BPS and ARENA_CREATOR_BPS: must not exceed 10000 together")
        if self.arena_session_lifetime > MAX_REFRESHES * self.arena_access_lifetime:
            raise _wrong(
                f"ARENA_SESSION_LIFETIME: must be at most {MAX_REFRESHES} times ARENA_ACCESS_LIFETIME"
            )
        if self.solana_ws_url is not None and self.solana_rpc_url is None:
            raise _wrong("SOLANA_WS_URL: needs SOLANA_RPC_URL too")
        if (self.arena_tls_certificate is None) != (self.arena_tls_key is None):
            raise _wrong("ARENA_TLS_CERTIFICATE and ARENA_TLS_KEY: one needs the other")
        if self.arena_proxy_protocol and not self.arena_trusted_proxies:
            raise _wrong("ARENA_PROXY_PROTOCOL: needs ARENA_TRUSTED_PROXIES too")
        if self.arena_llm_base_url is not None and not self.arena_llm_models:
            raise _wrong("ARENA_LLM_BASE_URL: needs ARENA_LLM_MODELS too")
        return self

    def production_problems(self) -> list[str]:
        """What stands against ``ENV=production``, one line each."""
        problems = []
        if self.jwt_secret is None:
            problems.append("JWT_SECRET: is needed in production")
        elif _is_weak(self.jwt_secret.get_secret_value()):
            problems.append(f"JWT_SECRET: must be random and have at least {MIN_SECRET_LENGTH} characters")
        if any(_is_weak(secret.get_secret_value()) for secret in self.jwt_previous_secrets):
            problems.append(
                f"JWT_PREVIOUS_SECRETS: each must be random and have at least {MIN_SECRET_LENGTH} characters"
            )
        if self.arena_metrics_token is not None and _is_weak(self.arena_metrics_token.get_secret_value()):
            problems.append(
                f"ARENA_METRICS_TOKEN: must be random and have at least {MIN_SECRET_LENGTH} characters"
            )
        if self.solana_rpc_url is None:
            problems.append("SOLANA_RPC_URL: is needed in production, the local chain is for development")
        if "*" in self.arena_allowed_origins:
            problems.append("ARENA_ALLOWED_ORIGINS: must not be * in production")
        problems += [
            f"{name.upper()}: is needed in production"
            for name in (
                "arena_quote_key",
                "arena_payout_key",
                "arena_admin_pubkey",
                "arena_platform_wallet",
                "arena_secrets_key",
            )
            if getattr(self, name) is None
        ]
        if (
            self.arena_quote_key is not None
            and self.arena_payout_key is not None
            and self.arena_quote_key.resolve() == self.arena_payout_key.resolve()
        ):
            problems.append("ARENA_QUOTE_KEY and ARENA_PAYOUT_KEY: must be two keys in production")
        if os.environ.get(CRASH_VARIABLE):
            problems.append(f"{CRASH_VARIABLE}: must not be set in production")
        return problems


# Their values are never shown: they may hold a password or an API key.
_URLS: Final = {
    "database_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss"),
    "solana_rpc_url": ("http", "https"),
    "solana_ws_url": ("ws", "wss"),
    "arena_public_url": ("http", "https"),
    "arena_llm_base_url": ("http", "https"),
}


def load_settings(env_file: Path | str | None = ".env", **overrides: object) -> Settings:
    """The settings from overrides (by field name), the environment, and ``env_file``, in this order.

    An override of ``None`` is none, so that options of a command line can be passed on as they are.

    Raises:
        SettingsError: with one line for each thing that is wrong.
    """
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    given |= {"_env_file": env_file, "_env_file_encoding": "utf-8"}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError([_line(problem) for problem in error.errors()]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{env_file}: cannot be read: {error}"]) from None
    problems = _unknown(env_file)
    if settings.is_production:
        problems += settings.production_problems()
    if problems:
        raise SettingsError(problems)
    return settings


def decode_key(text: str) -> bytes:
    """32 bytes from base64 or hex. Raises a validation error that does not show the text."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(_to_standard(text), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise _wrong("must be 32 bytes in base64 or hex")
    return key


def _address(text: str) -> str:
    try:
        return str(Pubkey.from_string(text))
    except ValueError:
        raise _wrong(f"{text!r} is not a Solana address") from None


def _is_weak(secret: str) -> bool:
    return (
        len(secret) < MIN_SECRET_LENGTH
        or len(set(secret)) < 8
        or any(secret.lower().startswith(weak) for weak in _WEAK_SECRETS)
    )


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{message}", {"message": message})


def _to_standard(text: str) -> str:
    """Base64 in its URL-safe alphabet to the standard one."""
    return text.replace("-", "+").replace("_", "/")


def _is_url(value: str, schemes: Sequence[str]) -> bool:
    try:
        url = urlsplit(value)
        _ = url.port  # raises when it is no number
    except ValueError:
        return False
    # a URL of Postgres may name a socket's folder in its query and no host
    return url.scheme in schemes and (bool(url.netloc) or "postgresql" in schemes)


def _line(error: ErrorDetails) -> str:
    if error["type"] == "setting":
        return f"{str(error['loc'][0]).upper()}: {error['msg']}" if error["loc"] else error["msg"]
    name = str(error["loc"][0])
    message = error["msg"].removeprefix("Input should be ")
    shown = "" if name in _URLS or name in _SECRETS else f", not {error['input']!r}"
    return f"{name.upper()}: must be {message}{shown}"


def _unknown(env_file: Path | str | None) -> list[str]:
    """Names in the file that look like ours and are not: a typing mistake would otherwise go unnoticed.

    Not in the environment, where other programs of ours may have variables of their own.
    """
    if env_file is None or not Path(env_file).is_file():
        return []
    known = {name.upper() for name in Settings.model_fields} | {CRASH_VARIABLE}
    names = [
        line.removeprefix("export ").partition("=")[0].strip()
        for line in Path(env_file).read_text("utf-8").splitlines()
        if "=" in line and not line.lstrip().startswith("#")
    ]
    return [
        f"{name}: no such setting (in {env_file})"
        for name in names
        if name.startswith("ARENA_") and name not in known
    ]
