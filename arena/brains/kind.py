"""What a kind of brain is: how a bot's configuration is checked, what of it is shown, and how a brain is made of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from arena.brains.base import Brain
from arena.brains.means import Endpoints, Means

PublicT = TypeVar("PublicT", bound=BaseModel)
SecretT = TypeVar("SecretT", bound=BaseModel)
CredentialsT = TypeVar("CredentialsT", bound=BaseModel)


class NoCredentials(BaseModel):
    """Of a kind that needs none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BrainKind(ABC, Generic[PublicT, SecretT, CredentialsT]):
    """One kind of brain. Named as an entry point of the group ``arena.brains``, made once, without arguments.

    The three models say what a bot of this kind is configured with. They have to refuse what they do not know, must
    not show what they were given when they do (``hide_input_in_errors``), and dump to JSON without floats: public and
    secret part are what the bot commits to. Credentials are not committed to, are never revealed, and may be replaced.
    """

    name: ClassVar[str]
    public: type[PublicT]
    secret: type[SecretT]
    credentials: type[CredentialsT]
    history_turns: int = 50
    """How many of the player's latest turns a brain is given."""

    def objections(
        self,
        public: PublicT,
        secret: SecretT,
        credentials: CredentialsT,
        endpoints: Endpoints,
    ) -> Iterable[tuple[str, str]]:
        """What is wrong beyond single fields, as pairs of a field (``public.persona``) and a message.

        Asked when a bot is drafted and when its credentials change, not when it starts. Messages are shown to the
        creator and must hold no secret.
        """
        return ()

    def view(self, public: PublicT, message_count: int) -> dict[str, object]:
        """What of the public part may be shown now, while the bot is live."""
        return public.model_dump(mode="json")

    def confirms(self, secret: SecretT, text: str) -> tuple[str, bool] | None:
        """For audits: what a winning message has to be like, and whether this one is. None: nobody can tell."""
        return None

    @abstractmethod
    def make(self, public: PublicT, secret: SecretT, credentials: CredentialsT, means: Means) -> Brain:
        """The brain of one bot."""
