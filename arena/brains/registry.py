"""The kinds of brains there are: checking their configuration, making them, and what of it may be shown.

Kinds are found through entry points of the group ``arena.brains``, ours like those of others. One that cannot be
used is said in the log and is unknown; the others are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from arena.brains.base import Brain
from arena.brains.kind import BrainKind
from arena.brains.means import Endpoints, Means
from arena.problems import Problem

GROUP: Final = "arena.brains"
DISTRIBUTION: Final = "sarpoy-arena"
"""Ours. Nobody else's kind can take the place of one of these."""

AnyKind = BrainKind[Any, Any, Any]
ModelT = TypeVar("ModelT", bound=BaseModel)

log = structlog.get_logger(__name__)


class InvalidBrain(Problem):
    """A configuration that no brain can be made of; ``extra["errors"]`` says where and why, not what."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        found = [{"field": field, "message": message} for field, message in errors]
        detail = "; ".join(f"{error['field']}: {error['message']}" for error in found)
        super().__init__("brain_invalid", "The bot's puzzle is not valid", 422, detail, {"errors": found})


@dataclass(frozen=True, slots=True)
class BrainConfig:
    """A validated configuration, complete with defaults, as it is stored; public and secret are committed to."""

    kind: str
    public: dict[str, object]
    secret: dict[str, object] = field(repr=False)
    credentials: dict[str, object] = field(default_factory=dict, repr=False)


@cache
def kinds() -> Mapping[str, AnyKind]:
    """All kinds by their names. The first call imports them."""
    return load_kinds(entry_points(group=GROUP))


def load_kinds(found: Iterable[EntryPoint]) -> dict[str, AnyKind]:
    """The kinds of these entry points, without those that cannot be used."""
    loaded: dict[str, AnyKind] = {}
    for entry in sorted(
        found, key=lambda entry: (_distribution(entry) != DISTRIBUTION, _distribution(entry))
    ):
        if entry.name in loaded:
            log.error(
                "brain_kind_ignored", kind=entry.name, of=_distribution(entry), reason="there is one already"
            )
            continue
        try:
            loaded[entry.name] = _load(entry)
        except Exception:
            log.exception("brain_kind_unusable", kind=entry.name, of=_distribution(entry))
    return loaded


def validate(
    kind: str,
    public: Mapping[str, object],
    secret: Mapping[str, object],
    credentials: Mapping[str, object] | None = None,
    endpoints: Endpoints | None = None,
) -> BrainConfig:
    """The configuration in its stored form.

    Raises:
        InvalidBrain: the kind is unknown, a field is wrong, or the kind objects, such as to a secret given away.
    """
    known = _known(kind)
    seen, hidden, keys = _parse_all(known, public, secret, credentials or {})
    if errors := list(known.objections(seen, hidden, keys, endpoints or Endpoints())):
        raise InvalidBrain(errors)
    return BrainConfig(kind, _dump(seen), _dump(hidden), _dump(keys))


def make_brain(
    kind: str,
    public: Mapping[str, object],
    secret: Mapping[str, object],
    credentials: Mapping[str, object] | None = None,
    means: Means | None = None,
) -> Brain:
    """The brain of a stored configuration.

    Raises:
        InvalidBrain: as :func:`validate`, but what was accepted when the bot was made is not judged anew.
    """
    known = _known(kind)
    return known.make(*_parse_all(known, public, secret, credentials or {}), means or Means())


def public_view(
    kind: str, public: Mapping[str, object], message_count: int, *, ended: bool = False
) -> dict[str, object]:
    """What of a stored public configuration may be shown now: hints, say, only once they are unlocked.

    After ``message_count`` messages; all of it when the bot has ``ended``, so that the commitment can be checked. Of a
    kind that is not there any more nothing is shown before.
    """
    if ended:
        return dict(public)
    known = kinds().get(kind)
    return {} if known is None else known.view(known.public.model_validate(public), message_count)


def history_turns(kind: str) -> int:
    """How many of a player's latest turns brains of a kind are given; none if there is no such kind."""
    known = kinds().get(kind)
    return 0 if known is None else known.history_turns


def confirms(kind: str, secret: Mapping[str, object], text: str) -> tuple[str, bool] | None:
    """What a message that wins has to be like, and whether this one is; None: only the brain could tell."""
    known = kinds().get(kind)
    if known is None:
        return None
    try:
        return known.confirms(known.secret.model_validate(secret), text)
    except ValidationError:
        return "the secret is one that the kind takes", False


def _known(kind: str) -> AnyKind:
    try:
        return kinds()[kind]
    except KeyError:
        raise InvalidBrain([("kind", f"must be one of {', '.join(sorted(kinds()))}")]) from None


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else ""


def _load(entry: EntryPoint) -> AnyKind:
    kind = entry.load()
    if not (isinstance(kind, type) and issubclass(kind, BrainKind)):
        raise TypeError(f"{entry.value} is no class that extends BrainKind")
    made = kind()
    if made.name != entry.name:
        raise ValueError(f"{entry.value} is called {made.name!r}, its entry point {entry.name!r}")
    for part in ("public", "secret", "credentials"):
        model = getattr(made, part, None)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise TypeError(f"{entry.value}.{part} is no pydantic model")
    return made


def _dump(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json")


def _parse_all(
    kind: AnyKind,
    public: Mapping[str, object],
    secret: Mapping[str, object],
    credentials: Mapping[str, object],
) -> tuple[BaseModel, BaseModel, BaseModel]:
    seen, errors = _parse(kind.public, "public", public)
    hidden, more = _parse(kind.secret, "secret", secret)
    keys, most = _parse(kind.credentials, "credentials", credentials)
    if seen is None or hidden is None or keys is None:
        raise InvalidBrain(errors + more + most)
    return seen, hidden, keys


def _parse(
    model: type[ModelT], part: str, values: Mapping[str, object]
) -> tuple[ModelT | None, list[tuple[str, str]]]:
    try:
        return model.model_validate(dict(values)), []
    except ValidationError as error:
        return None, [
            (".".join([part, *map(str, problem["loc"])]), problem["msg"].removeprefix("Value error, "))
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
