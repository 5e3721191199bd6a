"""What can be made to go wrong, by switch. The same switches, seed and request order give the same faults."""

from random import Random
from typing import NamedTuple

import msgspec

HTML_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>upstream connect error</h1></body></html>"
"""What a proxy in front of a cloud answers."""


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The switches. Shares are between 0 and 1 and concern API requests, not OAuth."""

    rate_limit: float = 0.0
    """Share answered 429."""
    server_error: float = 0.0
    """Share answered 500, 502, 503 or 504."""
    html: float = 0.0
    """Share answered with a proxy's HTML page, by turns as 200 and as 502."""
    malformed: float = 0.0
    """Share whose JSON breaks off in the middle."""
    latency_ms: int = 0
    """Added to every answer."""
    retry_after_seconds: int | None = None
    """Sent with 429 as Retry-After; None sends what the provider documents, which at Square is nothing."""
    expire_tokens_after_requests: int | None = None
    """An access token got by OAuth expires after so many requests; personal ones never do."""
    expire_cursors: bool | int = False
    """True: all cursors handed out so far die now. n: the same once, after n more requests with a cursor."""
    drop_webhooks: float = 0.0
    """Share of webhook deliveries that never leave."""
    limit_logins: bool = False
    """Toast: more than two logins within an hour from one address are answered 429."""
    propagating_requests: int = 0
    """Toast: a newly connected restaurant answers 403 to so many requests, though it is listed already."""
    mutate_during_scan: int = 0
    """Toast: so many times, asking for a further page of orders modifies one of the page before it."""
    silent_refunds: bool = False
    """Toast: a refund does not move its order's modifiedDate; only the payments by refundBusinessDate tell of it."""
    lose_refresh_answers: int = 0
    """Lightspeed: so many of the next refreshes are done and their answers lost (504)."""
    search_lag_seconds: float = 0.0
    """Lightspeed: how long a change stays unknown to the search index, in the world's time."""
    seed: int = 0


class Fault(NamedTuple):
    """One decision: the status to answer instead of the truth, and whether as HTML; or the truth cut short."""

    status: int = 200
    is_html: bool = False
    is_cut: bool = False


class FaultInjector:
    """The switches in force and the position in their sequence."""

    def __init__(self) -> None:
        self.switches = Faults()
        self._decided = 0
        self._cursors_left: int | None = None
        self._mutations_left = 0
        self._answers_to_lose = 0

    def set(self, switches: Faults) -> None:
        """Put new switches in force; what they do not mention is off."""
        self.switches = switches
        self._decided = 0
        after = switches.expire_cursors
        self._cursors_left = None if isinstance(after, bool) else after
        self._mutations_left = switches.mutate_during_scan
        self._answers_to_lose = switches.lose_refresh_answers

    def decide(self) -> Fault | None:
        """What happens to the next request; None lets it through."""
        switches = self.switches
        self._decided += 1
        rnd = Random(switches.seed * 1_000_003 + self._decided)
        draw = rnd.random()
        for share, fault in (
            (switches.rate_limit, Fault(429)),
            (switches.server_error, Fault(rnd.choice((500, 502, 503, 504)))),
            (switches.html, Fault(rnd.choice((200, 502)), is_html=True)),
            (switches.malformed, Fault(is_cut=True)),
        ):
            if draw < share:
                return fault
            draw -= share
        return None

    def cursor_used(self) -> bool:
        """Count a request with a cursor; True when this is the one at which all cursors die."""
        if self._cursors_left is None:
            return False
        self._cursors_left -= 1
        if self._cursors_left >= 0:
            return False
        self._cursors_left = None
        return True

    def take_mutation(self) -> bool:
        """Whether a row of an earlier page is to be modified before the next page is read."""
        if self._mutations_left <= 0:
            return False
        self._mutations_left -= 1
        return True

    def loses_answer(self) -> bool:
        """Count a refresh of tokens; True when its answer never arrives."""
        if self._answers_to_lose <= 0:
            return False
        self._answers_to_lose -= 1
        return True
