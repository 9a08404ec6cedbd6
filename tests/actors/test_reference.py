"""The public reference is made from docstrings, so everything public has one."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass

import pytest

import actors


def public_members() -> Iterator[tuple[str, object]]:
    """Every public class and function of the package, and what the classes define themselves."""
    for name in actors.__all__:
        value = getattr(actors, name)
        if not inspect.isclass(value) and not inspect.isroutine(value):
            continue
        yield name, value
        if inspect.isclass(value) and not issubclass(value, enum.Enum):
            for attribute, member in vars(value).items():
                if not attribute.startswith("_") and (
                    inspect.isroutine(member) or isinstance(member, property)
                ):
                    yield f"{name}.{attribute}", member


@pytest.mark.parametrize(("name", "member"), list(public_members()))
def test_everything_public_says_what_it_is(name: str, member: object) -> None:
    text = inspect.getdoc(member) or ""
    assert len(text.split()) >= 3, f"{name} has no docstring"
    assert not (is_dataclass(member) and text.startswith(f"{name}(")), (
        f"{name} has only a generated docstring"
    )
