"""One rate for all processes that use one credential: a token bucket in `pos.rate_budgets`.

A process leases several tokens with one UPDATE and spends them without asking again; what it does not
spend within a second is forgotten, which costs at most that second's refill. A 429 that any process
meets stops them all. History reads only from the upper half of the bucket, so live syncs go first.
"""

import math
import time
from collections.abc import Callable, Sequence
from threading import Lock

import structlog

from pos_pipeline.errors import RateLimited
from pos_pipeline.provider import Budget
from pos_pipeline.warehouse.database import Database

LEASE_SECONDS = 1.0
MOST_LEASED = 20
LONGEST_WAIT_SECONDS = 300.0

# `clock_timestamp()` is the server's, so processes on several machines agree. Losing a lease in a crash of
# the server is harmless: the commit need not wait for the disk.
LEASE = """
with bucket as (
    select
        key,
        at,
        least(%(capacity)s, tokens + greatest(0, extract(epoch from at - refilled_at)) * %(per_second)s) as level,
        greatest(0, coalesce(extract(epoch from blocked_until - at), 0)) as blocked_seconds
    from pos.rate_budgets, lateral (select clock_timestamp() as at) as clock
    where key = %(key)s
    for no key update of rate_budgets
),

lease as (
    select
        *,
        case
            when blocked_seconds > 0 then 0
            else greatest(0, least(%(wanted)s, floor(level - %(reserve)s)))
        end as granted
    from bucket
)

update pos.rate_budgets as b
set tokens = l.level - l.granted, refilled_at = greatest(b.refilled_at, l.at)
from lease as l
where b.key = l.key
returning
    l.granted::integer,
    case
        when l.blocked_seconds > 0 then l.blocked_seconds
        else (%(reserve)s + 1 - l.level) / %(per_second)s
    end::double precision,
    set_config('synchronous_commit', 'off', true)
"""
OPEN = """
insert into pos.rate_budgets (key, tokens, refilled_at) values (%(key)s, %(capacity)s, clock_timestamp())
on conflict (key) do nothing
returning key
"""
BLOCK = """
update pos.rate_budgets
set
    blocked_until = greatest(blocked_until, clock_timestamp() + make_interval(secs => %(seconds)s)),
    refusals = refusals + 1
where key = %(key)s
returning key
"""

log = structlog.get_logger(__name__)


class SharedBudget:
    """Permits of one credential.

    Args:
        database: Where the bucket is.
        key: Provider and connection; what shares it shares the rate.
        budget: Size and refill of the bucket.
        background: Whether this caller yields to others (history).
        sleep: Instead of `time.sleep`.
    """

    def __init__(
        self,
        database: Database,
        key: str,
        budget: Budget,
        *,
        background: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._sleep = sleep
        self._key = key
        self._parameters = {
            "key": key,
            "capacity": float(budget.capacity),
            "per_second": budget.per_second,
            "reserve": budget.capacity / 2 if background else 0.0,
            "wanted": max(1, min(MOST_LEASED, math.floor(budget.per_second * LEASE_SECONDS / 5))),
        }
        self._lock = Lock()
        self._left = 0
        self._expires = 0.0

    def acquire(self) -> None:
        """Return when one request may be made.

        Raises:
            RateLimited: the POS has asked for, or other callers use, more time than is worth waiting.
            WarehouseUnavailable: the bucket cannot be reached.
        """
        waited = 0.0
        while (wait := self._take()) > 0:
            if waited + wait > LONGEST_WAIT_SECONDS:
                raise RateLimited(f"{self._key}: no request may be made for another {wait:.0f} s.", wait)
            self._sleep(wait)
            waited += wait

    def block(self, seconds: float) -> None:
        """Stop everybody with this key for `seconds`, and count that; leases elsewhere end within a second."""
        with self._lock:
            self._left = 0
        log.info("the POS asked to slow down", key=self._key, seconds=round(seconds, 1))
        self._database.fetch_at_once(BLOCK, {"key": self._key, "seconds": seconds})

    def _take(self) -> float:
        """Take one token: 0 when there was one, else seconds until it is worth asking again."""
        with self._lock:
            if not self._left or time.monotonic() > self._expires:
                granted, wait = self._lease()
                if not granted:
                    return max(wait, 0.001)
                self._left, self._expires = granted, time.monotonic() + LEASE_SECONDS
            self._left -= 1
            return 0.0

    def _lease(self) -> tuple[int, float]:
        # Each by itself: a process that is stopped in the middle of a lease must not hold up all the others.
        rows = self._database.fetch_at_once(LEASE, self._parameters)
        if not rows:
            self._database.fetch_at_once(OPEN, self._parameters)
            rows = self._database.fetch_at_once(LEASE, self._parameters)
        granted, wait, _ = rows[0] if rows else (0, 0.0, None)
        return granted, wait


class Budgets:
    """Everything that limits one connection: a request waits for each budget its path falls under.

    Args:
        database: Where the buckets are.
        key: Provider and connection.
        budgets: The first one is for every path, and the one that a 429 closes.
        background: Whether this caller yields to others (history).
    """

    def __init__(self, database: Database, key: str, budgets: Sequence[Budget], *, background: bool = False) -> None:
        self._budgets = [
            (
                budget.path_prefix,
                SharedBudget(database, f"{key}{budget.path_prefix}", budget, background=background),
            )
            for budget in budgets
        ]

    def acquire(self, path: str) -> None:
        """Return when one request to this path may be made; raises as `SharedBudget.acquire`."""
        for prefix, budget in reversed(self._budgets):
            if path.startswith(prefix):
                budget.acquire()

    def block(self, seconds: float) -> None:
        """Stop everybody with this connection for `seconds`."""
        self._budgets[0][1].block(seconds)


class Unlimited:
    """No budget: for the few requests of linking, which happen before there is a connection."""

    def acquire(self, path: str) -> None:
        """Go on at once."""

    def block(self, seconds: float) -> None:
        """Nobody else is to be told."""
