"""Rate limits as Toast keeps them: per client and restaurant, in fixed slices of the real clock."""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

GLOBAL, ENDPOINT = "GLOBAL", "ENDPOINT"


class Limit(NamedTuple):
    """So many requests in a slice of so many seconds."""

    scope: str
    name: str
    requests: int
    seconds: int


EVERYTHING = (Limit(GLOBAL, "second", 20, 1), Limit(GLOBAL, "quarter", 10_000, 900))
"""Toast's defaults per API are the same numbers, so that they are never reached first."""
ORDERS_BULK = Limit(ENDPOINT, "ordersBulk", 5, 1)
MENUS = Limit(ENDPOINT, "menus", 1, 1)


class Verdict(NamedTuple):
    """What the limits say of a request. `reset` is the end of the slice in seconds since 1970."""

    is_allowed: bool
    scope: str
    remaining: int
    reset: int
    wait_seconds: int

    def headers(self) -> dict[str, str]:
        """The limit closest to exhaustion, as every answer tells it."""
        told = {
            "x-toast-ratelimit-by": self.scope,
            "x-toast-ratelimit-remaining": str(self.remaining),
            "x-toast-ratelimit-reset": str(self.reset),
        }
        return told if self.is_allowed else told | {"retry-after": str(self.wait_seconds)}


class Limiter:
    """Counts requests. An exhausted global limit comes before an endpoint's own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, key: str, own: Limit | None = None) -> Verdict:
        """Count a request of `key`, unless a limit is exhausted. `own` is the endpoint's limit."""
        now = self._clock()
        limits = EVERYTHING if own is None else (*EVERYTHING, own)
        left = [(self._left(key, limit, now), limit) for limit in limits]
        exhausted = next((limit for remaining, limit in left if remaining <= 0), None)
        if exhausted is not None:
            reset = _end_of_slice(exhausted, now)
            return Verdict(False, exhausted.scope, 0, reset, max(1, math.ceil(reset - now)))  # noqa: FBT003
        for remaining, limit in left:
            used = limit.requests - remaining + 1
            self._used[key, limit.name] = (int(now // limit.seconds), used)
        remaining, closest = min(left, key=lambda pair: pair[0])
        return Verdict(True, closest.scope, remaining - 1, _end_of_slice(closest, now), 0)  # noqa: FBT003

    def _left(self, key: str, limit: Limit, now: float) -> int:
        piece, used = self._used.get((key, limit.name), (-1, 0))
        return limit.requests - used if piece == int(now // limit.seconds) else limit.requests


def _end_of_slice(limit: Limit, now: float) -> int:
    return (int(now // limit.seconds) + 1) * limit.seconds
