"""How often and how long a request is tried again.

What may be retried is decided where the answer is judged (`caller`); here are only the waits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from pos_pipeline.errors import PipelineError, RateLimited
from pos_pipeline.http.clock import http_date

ResultT = TypeVar("ResultT")


class Refused(Exception):  # noqa: N818 - not a failure yet: the policy decides whether it becomes one
    """An attempt that may be repeated. Never leaves this package: `error` does."""

    def __init__(self, error: PipelineError, retry_after_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class RetryPolicy:
    """At most `attempts` tries within `total_seconds`, waits included.

    The wait before try n+1 is random between 0 and `first_wait_seconds` x 2^n, at most
    `longest_wait_seconds`; a Retry-After counts as the least wait. A Retry-After that does not
    fit into `total_seconds` ends the tries at once: the caller reschedules.
    """

    attempts: int = 6
    total_seconds: float = 120.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[], ResultT]) -> ResultT:
        """The first result of `attempt` that is not refused.

        Raises:
            PipelineError: what the last refusal stands for. A `RateLimited` says when to come back.
        """
        try:
            return Retrying(
                retry=retry_if_exception_type(Refused),
                stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total_seconds),
                wait=self._wait_seconds,
                sleep=self.sleep,
                reraise=True,
            )(attempt)
        except Refused as refused:
            error = refused.error
            if isinstance(error, RateLimited):
                error.retry_after_seconds = refused.retry_after_seconds
        raise error

    def _wait_seconds(self, state: RetryCallState) -> float:
        chosen = wait_random_exponential(self.first_wait_seconds, self.longest_wait_seconds)(state)
        refused = state.outcome.exception() if state.outcome else None
        asked = refused.retry_after_seconds if isinstance(refused, Refused) else None
        return max(chosen, asked or 0.0)


def retry_after_seconds(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds a Retry-After header asks for, whether it gives seconds or an HTTP date; None when it says nothing.

    Args:
        header: The header's value.
        now: The POS's own time where it is known, since an HTTP date is in the POS's clock.
    """
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    until = http_date(header)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds()) if until else None


def seconds_until(epoch_seconds: str | None, now: datetime) -> float | None:
    """Seconds from `now` to an instant given in epoch seconds, as rate headers do; None when it is not one."""
    try:
        return max(0.0, float(epoch_seconds or "") - now.timestamp())
    except ValueError:
        return None
