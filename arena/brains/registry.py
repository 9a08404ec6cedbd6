"""The kinds of brains there are: checking their configuration, making them, and what of it may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from arena.brains import passphrase
from arena.brains.base import Brain
from arena.brains.passphrase import PassphraseBrain, PassphrasePublic, PassphraseSecret
from arena.problems import Problem

KINDS: Final = (passphrase.KIND,)

ModelT = TypeVar("ModelT", bound=BaseModel)


class InvalidBrain(Problem):
    """A configuration that no brain can be made of; ``extra["errors"]`` says where and why, not what."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        found = [{"field": field, "message": message} for field, message in errors]
        detail = "; ".join(f"{error['field']}: {error['message']}" for error in found)
        super().__init__("brain_invalid", "The bot's puzzle is not valid", 422, detail, {"errors": found})


@dataclass(frozen=True, slots=True)
class BrainConfig:
    """A validated configuration, complete with defaults, as it is stored and committed to."""

    kind: str
    public: dict[str, object]
    secret: dict[str, object]

    def __repr__(self) -> str:
        return f"BrainConfig(kind={self.kind!r}, public={self.public!r}, secret=…)"


def validate(kind: str, public: Mapping[str, object], secret: Mapping[str, object]) -> BrainConfig:
    """The configuration in its stored form.

    Raises:
        InvalidBrain: the kind is unknown, a field is wrong, or a public part gives the secret away.
    """
    match kind:
        case passphrase.KIND:
            seen, errors = _parse(PassphrasePublic, "public", public)
            hidden, more = _parse(PassphraseSecret, "secret", secret)
            errors += more
            if seen is not None and hidden is not None:
                errors += [
                    (f"public.{field}", message) for field, message in passphrase.betrayals(seen, hidden)
                ]
            if errors or seen is None or hidden is None:
                raise InvalidBrain(errors)
            return BrainConfig(kind, seen.model_dump(mode="json"), hidden.model_dump(mode="json"))
        case _:
            raise InvalidBrain([("kind", f"must be one of {', '.join(KINDS)}")])


def make_brain(kind: str, public: Mapping[str, object], secret: Mapping[str, object]) -> Brain:
    """The brain of a stored configuration.

    Raises:
        InvalidBrain: as :func:`validate`, but what was accepted when the bot was made is not judged anew.
    """
    match kind:
        case passphrase.KIND:
            seen, errors = _parse(PassphrasePublic, "public", public)
            hidden, more = _parse(PassphraseSecret, "secret", secret)
            if seen is None or hidden is None:
                raise InvalidBrain(errors + more)
            return PassphraseBrain(seen, hidden)
        case _:
            raise InvalidBrain([("kind", f"must be one of {', '.join(KINDS)}")])


def public_view(
    kind: str, public: Mapping[str, object], message_count: int, *, ended: bool = False
) -> dict[str, object]:
    """What of a stored public configuration may be shown now: hints only once they are unlocked.

    After ``message_count`` messages; all of it when the bot has ``ended``, so that the commitment can be
    checked.
    """
    if ended or kind != passphrase.KIND:
        return dict(public)
    config = PassphrasePublic.model_validate(public)
    shown = passphrase.unlocked(config.hints, message_count)
    return config.model_copy(update={"hints": shown}).model_dump(mode="json") | {
        "hints_locked": len(config.hints) - len(shown)
    }


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
