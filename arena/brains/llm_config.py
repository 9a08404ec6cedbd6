"""How an LLM bot is configured, and the one tool by which it decides."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from arena.brains.text import Printable, Stripped

TOOL: Final = "award_pot"
"""What the model calls when the player has won."""

_CONFIG: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _without_slash(url: str) -> str:
    return url.rstrip("/")


class LlmPublic(BaseModel):
    """What everybody may know: all that the model is told, but for what the secret part adds.

    It fixes the request to the model as far as a request can be fixed. What the model makes of it nobody can prove.
    """

    model_config = _CONFIG

    format: Literal[1] = 1
    """Of the request: the wording around these texts and the tool's schema, in :mod:`arena.brains.llm_prompt`."""
    persona: Annotated[str, Stripped, Printable, Field(max_length=500)]
    objective: Annotated[str, Stripped, Printable, Field(max_length=500)]
    """What players are asked to achieve."""
    prompt: Annotated[str, Stripped, Printable, Field(max_length=8_000)]
    """How to behave."""
    win_when: Annotated[str, Stripped, Printable, Field(max_length=1_000)]
    """When the model is to call its tool, and the player has won."""
    model: Annotated[str, Stripped, Field(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$")]
    endpoint: Annotated[str, Field(max_length=200), AfterValidator(_without_slash)] | None = None
    """The base URL of an OpenAI-compatible API; None: the operator's."""
    window_turns: Annotated[int, Field(ge=0, le=50, strict=True)] = 20
    """How many of the player's latest turns the model is told, as far as they fit."""
    max_tokens: Annotated[int, Field(ge=16, le=2_000, strict=True)] = 400
    """Of one reply."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls that limit."""
    temperature_percent: Annotated[int, Field(ge=0, le=200, strict=True)] | None = None
    """Hundredths; None: the endpoint's default."""
    daily_tokens: Annotated[int, Field(ge=1_000, le=1_000_000_000, strict=True)] | None = None
    """What the bot may spend a day; None: what the arena allows it. At the operator's endpoint never more than that."""


class LlmSecret(BaseModel):
    """What the model is told and players are not. Revealed at the end."""

    model_config = _CONFIG

    knowledge: Annotated[
        str, StringConstraints(strip_whitespace=True), Printable, Field(max_length=4_000)
    ] = Field(default="", repr=False)


class LlmCredentials(BaseModel):
    """What the endpoint is paid with. Never shown, not committed to, may be replaced."""

    model_config = _CONFIG

    api_key: Annotated[str, Field(min_length=8, max_length=500, pattern=r"^[!-~]+$")] | None = Field(
        default=None, repr=False
    )
    """None with the operator's endpoint, which is paid with the operator's key."""
