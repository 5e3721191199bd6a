"""Signed webhook deliveries: at least once, in no order, retried on Square's schedule.

    changes ──▶ queue by due time ──▶ POST, 10 s ──2xx──▶ done
                    ▲                       │ else, 11 times: 1, 2, 4 … minutes
                    └───────────────────────┘

One thread keeps the schedule, a few send, so that a slow listener does not hold up the others.
"""

import base64
import hashlib
import heapq
import hmac
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import NamedTuple

import httpx

from pos_pipeline.sandbox.cloud import CloudOptions
from pos_pipeline.sandbox.faults import FaultInjector

RETRY_MINUTES = (1, 2, 4, 8, 16, 32, 60, 120, 240, 480, 480)
TIMEOUT_SECONDS = 10.0
_SENDERS = 4
_DISORDER_MINUTES = 0.01
SIGNATURE_HEADER = "x-square-hmacsha256-signature"


class Target(NamedTuple):
    """Where a delivery goes, and the key it is signed with."""

    url: str
    signature_key: str


class Delivery(NamedTuple):
    """One event on its way to one subscription."""

    subscription_id: str
    body: bytes
    first_sent_at: str
    attempt: int = 0
    reason: str = ""


def sign(signature_key: str, notification_url: str, body: bytes) -> str:
    """Square's signature: HMAC-SHA256 over the subscribed URL and the raw body, base64."""
    mac = hmac.new(signature_key.encode(), notification_url.encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


class Courier:
    """Delivers events in the background. `find` gives a subscription's target, None once it is gone."""

    def __init__(
        self, options: CloudOptions, faults: FaultInjector, find: Callable[[str], Target | None], seed: int
    ) -> None:
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

    def post(self, subscription_id: str, body: bytes) -> None:
        """Queue an event; it may be dropped, doubled or delayed as options and faults say."""
        if self._rnd.random() < self._faults.switches.drop_webhooks:
            return
        minute = self._options.webhook_minute_seconds
        delivery = Delivery(subscription_id, body, datetime.now(UTC).isoformat())
        late = self._rnd.random() < self._options.webhook_disorder_share
        self._enqueue(delivery, minute * _DISORDER_MINUTES if late else 0.0)
        if self._rnd.random() < self._options.webhook_duplicate_share:
            self._enqueue(delivery, minute * 2 * _DISORDER_MINUTES)

    def send(self, target: Target, delivery: Delivery) -> int | str:
        """Send now; the listener's status, or the reason there was none."""
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: sign(target.signature_key, target.url, delivery.body),
            "square-environment": "Sandbox",
            "square-initial-delivery-timestamp": delivery.first_sent_at,
        }
        if delivery.attempt:
            headers |= {"square-retry-number": str(delivery.attempt), "square-retry-reason": delivery.reason}
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
        is_delivered = isinstance(result, int) and 200 <= result < 300  # noqa: PLR2004
        if is_delivered or delivery.attempt >= len(RETRY_MINUTES):
            return
        wait = RETRY_MINUTES[delivery.attempt] * self._options.webhook_minute_seconds
        reason = result if isinstance(result, str) else "http_error"
        self._enqueue(delivery._replace(attempt=delivery.attempt + 1, reason=reason), wait)

    def _open_client(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        return self._client
