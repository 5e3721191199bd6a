"""Fixed windows of requests on the real clock, and what the headers say about them."""

import math
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import NamedTuple


class Allowance(NamedTuple):
    """What is left of a window after a request. `resets_at` is in seconds since 1970."""

    limit: int
    remaining: int
    resets_at: float

    @property
    def is_spent(self) -> bool:
        """Whether this request was one too many."""
        return self.remaining < 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers every answer carries; a refusal says the end of the window as an HTTP date."""
        headers = {"x-ratelimit-limit": str(self.limit), "x-ratelimit-remaining": str(max(0, self.remaining))}
        return headers | ({"retry-after": http_date(self.resets_at)} if self.is_spent else {})


class Limiter:
    """Requests counted by caller in windows of `window_seconds`."""

    def __init__(self, window_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._window_seconds = window_seconds
        self._clock = clock
        self._window = -1
        self._counts: dict[str, int] = {}

    def take(self, caller: str, limit: int) -> Allowance:
        """Count one request; refused ones count too."""
        window = int(self._clock() // self._window_seconds)
        if window != self._window:
            self._window, self._counts = window, {}
        self._counts[caller] = self._counts.get(caller, 0) + 1
        return Allowance(limit, limit - self._counts[caller], (window + 1) * self._window_seconds)


def http_date(moment: float) -> str:
    """A moment (seconds since 1970) in RFC 1123's words, rounded up to the second."""
    return formatdate(math.ceil(moment), usegmt=True)
