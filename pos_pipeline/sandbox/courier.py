"""Signed webhook deliveries: at least once, in no order, retried on the provider's schedule.

    changes ──▶ queue by due time ──▶ POST ──2xx──▶ done
                    ▲                   │ else, as the provider's `Habits` say
                    └───────────────────┘

One thread keeps the schedule, a few send, so that a slow listener does not hold up the others.
"""

import heapq
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import NamedTuple

import httpx

from pos_pipeline.sandbox.cloud import CloudOptions
from pos_pipeline.sandbox.faults import FaultInjector

_SENDERS = 4
_DISORDER_MINUTES = 0.01


class Target(NamedTuple):
    """Where a delivery goes, and the key it is signed with."""

    url: str
    signature_key: str


class Delivery(NamedTuple):
    """One event on its way to one subscription. `attempt` counts from 0."""

    subscription_id: str
    body: bytes
    first_sent_at: str
    labels: Mapping[str, str] = {}
    """What the headers say about the event, for providers that say it there."""
    attempt: int = 0
    reason: str = ""


def is_delivered(result: int | str) -> bool:
    """Whether the listener's answer, or the reason there was none, means that it has the event."""
    return isinstance(result, int) and 200 <= result < 300  # noqa: PLR2004


class Habits(NamedTuple):
    """How a provider delivers."""

    headers: Callable[[Target, Delivery], dict[str, str]]
    """Headers of one attempt, signature and content type included."""
    retry_minutes: tuple[float, ...]
    """How long after each failed attempt the next one follows; after the last the event is given up."""
    timeout_seconds: float
    is_final: Callable[[int | str], bool] = is_delivered
    """Whether a result of `send` ends the attempts."""
    observe: Callable[[str, int | str], None] = lambda _, __: None
    """Told the subscription and the result of every attempt, from the threads that send."""


class Courier:
    """Delivers events in the background. `find` gives a subscription's target, None once it is gone."""

    def __init__(
        self,
        habits: Habits,
        options: CloudOptions,
        faults: FaultInjector,
        find: Callable[[str], Target | None],
        seed: int,
    ) -> None:
        self._habits = habits
        self._options = options
        self._faults = faults
        self._find = find
        self._rnd = Random(f"{seed}:webhooks")
        self._queue: list[tuple[float, int, Delivery]] = []
        self._serial = count()
        self._wake = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._senders: ThreadPoolExecutor | None = None
        self._client: httpx.Client | None = None

    def post(self, subscription_id: str, body: bytes, labels: Mapping[str, str] | None = None) -> None:
        """Queue an event; it may be dropped, doubled or delayed as options and faults say."""
        if self._rnd.random() < self._faults.switches.drop_webhooks:
            return
        minute = self._options.webhook_minute_seconds
        delivery = Delivery(subscription_id, body, datetime.now(UTC).isoformat(), labels or {})
        late = self._rnd.random() < self._options.webhook_disorder_share
        self._enqueue(delivery, minute * _DISORDER_MINUTES if late else 0.0)
        if self._rnd.random() < self._options.webhook_duplicate_share:
            self._enqueue(delivery, minute * 2 * _DISORDER_MINUTES)

    def send(self, target: Target, delivery: Delivery) -> int | str:
        """Send now; the listener's status, or the reason there was none."""
        headers = self._habits.headers(target, delivery)
        try:
            return self._open_client().post(target.url, content=delivery.body, headers=headers).status_code
        except httpx.TimeoutException:
            return "http_timeout"
        except httpx.HTTPError:
            return "other_error"

    def close(self) -> None:
        """Stop; what is still queued is lost, as in a crash."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        if self._senders is not None:
            self._senders.shutdown(wait=True, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _enqueue(self, delivery: Delivery, wait_seconds: float) -> None:
        with self._wake:
            if self._is_closed:
                return
            if self._thread is None:
                self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="webhook")
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
            heapq.heappush(self._queue, (time.monotonic() + wait_seconds, next(self._serial), delivery))
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._is_closed and (not self._queue or self._queue[0][0] > time.monotonic()):
                    self._wake.wait(self._queue[0][0] - time.monotonic() if self._queue else None)
                if self._is_closed:
                    return
                delivery = heapq.heappop(self._queue)[2]
            if self._senders is not None:
                self._senders.submit(self._attempt, delivery)

    def _attempt(self, delivery: Delivery) -> None:
        target = self._find(delivery.subscription_id)
        if target is None:
            return
        result = self.send(target, delivery)
        self._habits.observe(delivery.subscription_id, result)
        if self._habits.is_final(result) or delivery.attempt >= len(self._habits.retry_minutes):
            return
        wait = self._habits.retry_minutes[delivery.attempt] * self._options.webhook_minute_seconds
        reason = result if isinstance(result, str) else "http_error"
        self._enqueue(delivery._replace(attempt=delivery.attempt + 1, reason=reason), wait)

    def _open_client(self) -> httpx.Client:
        with self._wake:  # senders begin together, and each would make one
            if self._client is None:
                self._client = httpx.Client(timeout=self._habits.timeout_seconds, follow_redirects=False)
            return self._client
