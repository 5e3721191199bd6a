"""How assets are divided: by tenant, and history by month and tenant.

One set of tenants serves every provider. Its keys are slugs; the due sensor, the CLI and the start
of a history job register a tenant the first time they meet it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg

from pos_pipeline.orchestration.instance import TENANT_PARTITIONS
from pos_pipeline.provider import Window

FIRST_MONTH = "2015-01-01"

TENANTS = dg.DynamicPartitionsDefinition(name=TENANT_PARTITIONS)
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, timezone="UTC", end_offset=1)
HISTORY = dg.MultiPartitionsDefinition({"month": MONTHS, "tenant": TENANTS})


def window_of_month(month: str, now: datetime) -> Window | None:
    """UTC window of a month key (`2026-02-01`), ended at `now`; None when it has not begun."""
    start = datetime.strptime(month, "%Y-%m-%d").replace(tzinfo=UTC)
    following = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return Window(start, min(following, now)) if start < now else None


def windows_by_tenant(keys: Iterable[str], now: datetime) -> dict[str, list[Window]]:
    """The fewest windows that cover history keys (`2026-02-01|bakery`), by tenant, oldest first.

    Neighbouring months become one window, and nothing reaches past `now`.
    """
    found: dict[str, list[Window]] = {}
    for month, tenant in sorted(key.split("|") for key in keys):
        window = window_of_month(month, now)
        if window is None:
            continue
        windows = found.setdefault(tenant, [])
        if windows and windows[-1].end == window.start:
            windows[-1] = Window(windows[-1].start, window.end)
        else:
            windows.append(window)
    return found


def months_inside(window: Window, now: datetime) -> list[str]:
    """Keys of the months that `window` covers whole; for the month of `now`, up to its day."""
    keys = []
    year, month = window.start.year, window.start.month
    while (key_start := datetime(year, month, 1, tzinfo=UTC)) < window.end:
        key = f"{key_start:%Y-%m-%d}"
        whole = window_of_month(key, now.replace(hour=0, minute=0, second=0, microsecond=0))
        if whole and window.start <= whole.start and whole.end <= window.end:
            keys.append(key)
        year, month = year + month // 12, month % 12 + 1
    return keys
