"""What can be made to go wrong, by switch. The same switches, seed and request order give the same faults."""

from random import Random
from typing import NamedTuple

import msgspec


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
    """Sent with 429 as Retry-After; None sends none, as Square documents none."""
    expire_tokens_after_requests: int | None = None
    """An access token got by OAuth expires after so many requests; personal ones never do."""
    expire_cursors: bool | int = False
    """True: all cursors handed out so far die now. n: the same once, after n more requests with a cursor."""
    drop_webhooks: float = 0.0
    """Share of webhook deliveries that never leave."""
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

    def set(self, switches: Faults) -> None:
        """Put new switches in force; what they do not mention is off."""
        self.switches = switches
        self._decided = 0
        after = switches.expire_cursors
        self._cursors_left = None if isinstance(after, bool) else after

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
