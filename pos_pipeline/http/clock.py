"""How far this machine's clock is from the POS's, read from the `Date` of its answers.

A sync asks for changes up to "now": with a wrong clock it would ask for the future, or miss the
last minutes. The skew is therefore measured and said, once.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import structlog

TOLERATED_SECONDS = 300.0

log = structlog.get_logger(__name__)


def http_date(text: str) -> datetime | None:
    """The instant an HTTP date names, UTC; None when it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


class ClockWatch:
    """Skew against one POS."""

    def __init__(self, provider: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._provider = provider
        self._now = now
        self._last_date = ""
        self._warned = False
        self.skew_seconds: float | None = None
        """Their clock minus ours, to about a second; None before the first answer that has a `Date`."""

    @property
    def their_now(self) -> datetime:
        """The POS's present time as far as it is known, UTC."""
        return http_date(self._last_date) or self._now()

    def see(self, date: str | None) -> None:
        """Take note of an answer's `Date` header."""
        if not date or date == self._last_date:
            return
        self._last_date = date
        theirs = http_date(date)
        if theirs is None:
            return
        self.skew_seconds = (theirs - self._now()).total_seconds()
        if abs(self.skew_seconds) > TOLERATED_SECONDS and not self._warned:
            self._warned = True
            log.warning(
                "this machine's clock and the POS's differ; set the time, or syncs miss the latest sales",
                provider=self._provider,
                skew_seconds=round(self.skew_seconds),
            )
