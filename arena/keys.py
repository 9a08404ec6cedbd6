"""The server's keys: from files that the settings name, or generated into the data directory.

Key files are Solana's: a JSON array of the 64 bytes of an Ed25519 keypair, as ``solana-keygen`` writes them.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.signer import Signer
from arena.secretbox import KEY_BYTES
from arena.settings import Settings, SettingsError, decode_key

_MAX_FILE_BYTES = 4096
_Numbers = TypeAdapter(
    Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=64, max_length=64)]
)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Who this server is. Only public halves are shown in its representation.

    ``quote`` co-signs creations and fees, ``payout`` signs settlements, refunds and closings. ``admin`` is
    there only when it was generated for development; in production the admin's key is not on this machine.
    """

    quote: Keypair = field(repr=False)
    payout: Keypair = field(repr=False)
    admin_pubkey: Pubkey
    platform_wallet: Pubkey
    admin_wallets: frozenset[str]
    jwt_secret: str = field(repr=False)
    secrets_key: bytes = field(repr=False)
    jwt_previous_secrets: tuple[str, ...] = field(default=(), repr=False)
    admin: Keypair | None = field(default=None, repr=False)
    quote_signer: Signer = field(init=False, repr=False, compare=False)
    payout_signer: Signer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quote_signer", Signer(self.quote))
        object.__setattr__(self, "payout_signer", Signer(self.payout))

    @property
    def quote_pubkey(self) -> Pubkey:
        return self.quote_signer.public

    @property
    def payout_pubkey(self) -> Pubkey:
        return self.payout_signer.public


def load_keys(settings: Settings) -> KeyRing:
    """The keys of these settings; what is not set is generated into ``<data dir>/keys``, once.

    Blocking file access: meant for the start of the process.

    Raises:
        SettingsError: a file is missing or no key file, or quote and payout keys are the same in production.
    """
    folder = settings.arena_data_dir / "keys"
    problems: list[str] = []

    def keypair(variable: str, configured: Path | None, name: str) -> Keypair | None:
        try:
            return read_keypair(configured) if configured else generated_keypair(folder / f"{name}.json")
        except (OSError, ValueError) as error:
            problems.append(f"{variable}: {_reason(error, configured or folder / f'{name}.json')}")
            return None

    def text(variable: str, name: str) -> str:
        try:
            return generated_text(folder / name)
        except (OSError, ValueError) as error:
            problems.append(f"{variable}: {_reason(error, folder / name)}")
            return ""

    quote = keypair("ARENA_QUOTE_KEY", settings.arena_quote_key, "quote")
    payout = keypair("ARENA_PAYOUT_KEY", settings.arena_payout_key, "payout")
    admin = None if settings.arena_admin_pubkey else keypair("ARENA_ADMIN_PUBKEY", None, "admin")
    platform = None if settings.arena_platform_wallet else keypair("ARENA_PLATFORM_WALLET", None, "platform")
    jwt_secret = (
        settings.jwt_secret.get_secret_value() if settings.jwt_secret else text("JWT_SECRET", "jwt_secret")
    )
    secrets_key = b""
    encoded = settings.arena_secrets_key.get_secret_value() if settings.arena_secrets_key else ""
    if encoded := encoded or text("ARENA_SECRETS_KEY", "secrets_key"):
        try:
            secrets_key = decode_key(encoded)
        except ValueError as error:
            problems.append(f"ARENA_SECRETS_KEY: {error}")

    if quote and payout and settings.is_production and quote.pubkey() == payout.pubkey():
        problems.append("ARENA_QUOTE_KEY and ARENA_PAYOUT_KEY: must be two keys in production")
    if problems or quote is None or payout is None:
        raise SettingsError(problems)

    admin_pubkey = admin.pubkey() if admin else Pubkey.from_string(settings.arena_admin_pubkey or "")
    return KeyRing(
        quote=quote,
        payout=payout,
        admin_pubkey=admin_pubkey,
        platform_wallet=(
            platform.pubkey() if platform else Pubkey.from_string(settings.arena_platform_wallet or "")
        ),
        # in development whoever holds the generated admin key operates the server
        admin_wallets=frozenset(settings.arena_admin_wallets or ([str(admin_pubkey)] if admin else [])),
        jwt_secret=jwt_secret,
        secrets_key=secrets_key,
        jwt_previous_secrets=tuple(secret.get_secret_value() for secret in settings.jwt_previous_secrets),
        admin=admin,
    )


def read_keypair(path: Path) -> Keypair:
    """A keypair from a file of Solana's.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no keypair. The message does not show the content.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_FILE_BYTES)
    try:
        return Keypair.from_bytes(bytes(_Numbers.validate_json(content)))
    except (ValueError, TypeError):
        raise ValueError("is not a key file (a JSON array of 64 numbers of a keypair)") from None


def generated_keypair(path: Path) -> Keypair:
    """The keypair in ``path``, made and written there first if there is none."""
    _create_once(path, json.dumps(list(bytes(Keypair()))))
    return read_keypair(path)


def generated_text(path: Path) -> str:
    """The secret in ``path``: 32 random bytes in hex, made and written there first if there is none."""
    _create_once(path, secrets.token_hex(KEY_BYTES))
    text = path.read_text("ascii").strip()
    if len(text) < 2 * KEY_BYTES:
        raise ValueError("holds no secret")
    return text


def _create_once(path: Path, content: str) -> None:
    """Write ``path`` for its owner alone, whole and durable, unless it is there; the first of a race wins."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp gives 0600; a link either creates the final name with all its content or fails
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        Path(temporary).unlink()


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    return f"{path} {error}"
