"""How Toast spares a receiver that keeps failing: a minute's pause, and after many pauses silence.

What happens in the meantime is lost. A receiver that fell silent is heard of again once support
restarts it, which here is subscribing it again.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from pos_pipeline.sandbox.courier import is_delivered

FAILURES, FAILURE_MINUTES = 50, 5
PAUSE_MINUTES = 1
PAUSES, PAUSES_MINUTES = 9, 10
_FOREVER = float("inf")


class Backoff:
    """What is known of each receiver. Safe for threads; a minute lasts `minute_seconds`."""

    def __init__(self, minute_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._minute = minute_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = defaultdict(list)
        self._pauses: dict[str, list[float]] = defaultdict(list)
        self._quiet_until: dict[str, float] = {}

    def note(self, receiver_id: str, result: int | str) -> None:
        """Take in how an attempt went."""
        if is_delivered(result):
            return
        with self._lock:
            now = self._clock()
            failures = self._recent(self._failures, receiver_id, FAILURE_MINUTES)
            if len(failures) < FAILURES or self._quiet_until.get(receiver_id, 0) > now:
                return
            failures.clear()
            pauses = self._recent(self._pauses, receiver_id, PAUSES_MINUTES)
            is_hopeless = len(pauses) >= PAUSES
            self._quiet_until[receiver_id] = _FOREVER if is_hopeless else now + PAUSE_MINUTES * self._minute

    def is_quiet(self, receiver_id: str) -> bool:
        """Whether nothing is sent to the receiver now."""
        with self._lock:
            return self._quiet_until.get(receiver_id, 0) > self._clock()

    def restart(self, receiver_id: str) -> None:
        """Forget how the receiver did."""
        with self._lock:
            for known in (self._failures, self._pauses, self._quiet_until):
                known.pop(receiver_id, None)

    def _recent(self, times: dict[str, list[float]], receiver_id: str, minutes: float) -> list[float]:
        """Note one now; the result is those of the last so many minutes."""
        now = self._clock()
        times[receiver_id] = [at for at in times[receiver_id] if at > now - minutes * self._minute] + [now]
        return times[receiver_id]
