"""A door to Square around which a test decides everything: answers, tokens, permits, waits."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from fakes.answers import Answers
from pos_pipeline.errors import Unauthorised
from pos_pipeline.http import HttpApi

CANARY = "EAAA-canary-token"
RENEWED = "EAAA-renewed-token"


@dataclass
class Purse:
    """Tokens: the canary first, then one renewed, then none."""

    renewed: int = 0
    renewals: int = 1

    def current(self) -> SecretStr:
        """What the door sends."""
        return SecretStr(RENEWED if self.renewed else CANARY)

    def renew(self, rejected: SecretStr) -> SecretStr:
        """Give the one renewed token."""
        if rejected.get_secret_value() == RENEWED:
            raise Unauthorised("square: nothing left to renew with")
        self.renewed += 1
        return SecretStr(RENEWED)


@dataclass
class Turnstile:
    """Permits without a limit; remembers who was to be blocked for how long."""

    acquired: int = 0
    blocks: list[float] = field(default_factory=list)

    def acquire(self, _path: str) -> None:
        """Let through."""
        self.acquired += 1

    def block(self, seconds: float) -> None:
        """Remember."""
        self.blocks.append(seconds)


@dataclass
class Door:
    """An HttpApi and what is around it; `waits` are the seconds it would have slept."""

    api: HttpApi
    pos: Answers
    purse: Purse
    turnstile: Turnstile
    waits: list[float]


OpenDoor = Callable[..., Door]
