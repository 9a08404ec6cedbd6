"""How a command fails: one clear line for each thing that is wrong, and an exit code that is not 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, TypeVar

import click

from arena.settings import Settings, SettingsError, load_settings

ErrorT = TypeVar("ErrorT", bound=BaseException)


def fail(*lines: str, code: int = 1) -> NoReturn:
    """End the process."""
    for line in lines:
        click.echo(f"arena: {line}", err=True)
    raise SystemExit(code)


def leaves(group: BaseExceptionGroup[ErrorT]) -> Iterator[ErrorT]:
    """The errors in a group of groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


def settings_or_exit() -> Settings:
    """The settings; if they are wrong, the end, with exit code 2."""
    try:
        return load_settings()
    except SettingsError as error:
        fail(*error.problems, code=2)
