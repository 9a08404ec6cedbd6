"""Bots as files: TOML, with amounts in SOL or lamports and times from now, read into what the API takes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from arena.brains import Endpoints, InvalidBrain, validate
from arena.economy import FeeSchedule, parse_sol
from arena.game.drafts import DraftBot

MAX_BYTES: Final = 256 * 1024
AMOUNTS: Final = ("fee_base", "fee_cap", "initial_pot")
_SPAN: Final = re.compile(r"(\d{1,6}) (second|minute|hour|day|week)s?")


class BotFileWrong(Exception):
    """A file that no bot can be made of; the lines say where and why."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.lines = [f"{path}: {line}" for line in lines]
        super().__init__("; ".join(self.lines))


@dataclass(frozen=True, slots=True)
class BotFile:
    """A checked file. ``body`` is that of ``POST /bots``, but for ``closes_at``, which is ``life`` from the opening."""

    path: Path
    name: str
    body: dict[str, Any]
    life: timedelta
    fees: FeeSchedule
    initial_pot: int

    def request(self, now: datetime | None = None) -> dict[str, Any]:
        """The body of the request that drafts it now."""
        closes_at = (now or datetime.now(UTC)) + self.life
        return {**self.body, "closes_at": closes_at.replace(microsecond=0).isoformat()}


def read(path: Path, endpoints: Endpoints) -> BotFile:
    """Read and check a file: its form, its terms, and its puzzle.

    Args:
        endpoints: the language models that the arena has.

    Raises:
        BotFileWrong: it cannot be read, or something in it is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BotFileWrong(path, [f"more than {MAX_BYTES // 1024} KiB"])
        values = tomllib.loads(content.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BotFileWrong(path, [str(error)]) from error
    return _checked(path, values, endpoints)


def _checked(path: Path, values: dict[str, Any], endpoints: Endpoints) -> BotFile:
    wrong: list[str] = []
    for name in AMOUNTS:
        if isinstance(values.get(name), str):
            try:
                values[name] = parse_sol(values[name])
            except ValueError as error:
                wrong.append(f"{name}: {error}")
    life = timedelta()
    for name in ("closes_after", "idle_after"):
        try:
            span = _span(values.get(name, "0 seconds"))
        except ValueError as error:
            wrong.append(f"{name}: {error}")
            continue
        if name == "closes_after":
            values.pop(name, None)
            life = span
        else:
            values[name] = int(span.total_seconds())
    if not life and not wrong:
        wrong.append('closes_after: is missing: when the bot ends, such as "7 days"')
    if wrong:
        raise BotFileWrong(path, wrong)
    try:
        spec = DraftBot.model_validate({**values, "closes_at": datetime.now(UTC) + life})
        validate(spec.kind, spec.public, spec.secret, spec.credentials, endpoints)
        fees = FeeSchedule(
            spec.fee_base, spec.fee_growth_bps, spec.fee_base if spec.fee_cap is None else spec.fee_cap
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise BotFileWrong(
            path, [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found]
        ) from None
    except InvalidBrain as error:
        items: Any = error.extra["errors"]
        raise BotFileWrong(path, [f"{item['field']}: {item['message']}" for item in items]) from None
    except ValueError as error:
        raise BotFileWrong(path, [str(error)]) from None
    return BotFile(path, spec.name, values, life, fees, spec.initial_pot)


def _span(value: object) -> timedelta:
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a time is written "7 days", in seconds, minutes, hours, days or weeks')
    return timedelta(**{f"{found[2]}s": int(found[1])})
