"""Compares the marts with what a simulated cloud knows its shops sold, by shop and business day.

A real POS has no such page; what can be compared there is in `_reread`.
"""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from pos_pipeline.errors import InvalidRequest, ProviderUnavailable

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.services import Services

REACH_SECONDS = 30.0

SHOPS = """
select
    a.id,
    a.location_id,
    a.location_name,
    a.timezone,
    a.day_closes_at,
    coalesce(
        (select min(h.window_start) from etl.history_windows as h where h.connection_id = a.connection_id), c.live_since
    )
from pos.accounts as a
inner join pos.connections as c on a.connection_id = c.id
where a.connection_id = %s and a.sync_enabled
order by a.location_name, a.id
"""
MARTS = """
select location_id, business_date, currency, sale_count, refund_count, void_count, total_amount
from marts.fct_daily_volumes
where tenant_id = %s and pos_provider = %s and location_id = any(%s) and business_date between %s and %s
"""


@dataclass(frozen=True)
class Figures:
    """One shop's business day. `net` is the money kept: sales less refunds."""

    sales: int = 0
    refunds: int = 0
    voids: int = 0
    net: Decimal = Decimal(0)


@dataclass(frozen=True)
class DayLine:
    """One shop's business day on both sides."""

    tenant: str
    pos_provider: str
    account_id: UUID
    location_name: str
    business_date: date
    currency: str
    pos: Figures
    marts: Figures

    @property
    def difference(self) -> Decimal:
        """Marts less POS; 0 is right, and so are equal counts."""
        return self.marts.net - self.pos.net

    @property
    def agrees(self) -> bool:
        """Money and every count are equal."""
        return self.pos == self.marts


@dataclass(frozen=True)
class _Shop:
    account_id: UUID
    location_id: str
    name: str
    timezone: str
    day_closes_at: time
    read_since: datetime

    @property
    def first_whole_day(self) -> date:
        """The first business day that lies whole inside what was read."""
        local = self.read_since.astimezone(ZoneInfo(self.timezone))
        opened = datetime.combine(local.date(), self.day_closes_at, local.tzinfo)
        return local.date() if opened >= local else local.date() + timedelta(days=1)


def is_simulated(services: "Services", connection: "Connection") -> bool:
    """Whether this connection's POS is a simulated cloud; a real one is never reached without TLS."""
    return urlsplit(_base_url(services, connection)).scheme == "http"


def compare_days(
    services: "Services", connection: "Connection", first: date | None, last: date | None
) -> list[DayLine]:
    """Every shop and business day between `first` and `last`, both included, by shop and day.

    Without `first` a shop begins with its first day that was read whole; nothing before that is compared.

    Raises:
        ProviderUnavailable: the cloud does not tell its truth.
    """
    shops = {shop.location_id: shop for shop in (_Shop(*r) for r in services.database.fetch(SHOPS, (connection.id,)))}
    wanted = {
        location_id: (max(first or date.min, shop.first_whole_day), last or date.max)
        for location_id, shop in shops.items()
    }

    def is_wanted(location_id: str, day: date) -> bool:
        return location_id in wanted and wanted[location_id][0] <= day <= wanted[location_id][1]

    truth = {key: value for key, value in _truth(services, connection) if is_wanted(key[0], key[1])}
    bounds = (min((days[0] for days in wanted.values()), default=date.min), last or date.max)
    rows = services.database.fetch(MARTS, (connection.tenant_id, connection.provider, list(shops), *bounds))
    marts = {
        (location_id, day, currency): Figures(*figures)
        for location_id, day, currency, *figures in rows
        if is_wanted(location_id, day)
    }
    order = list(shops)
    return [
        DayLine(
            connection.tenant_slug,
            connection.provider,
            shops[location_id].account_id,
            shops[location_id].name,
            day,
            currency,
            truth.get((location_id, day, currency), Figures()),
            marts.get((location_id, day, currency), Figures()),
        )
        for location_id, day, currency in sorted(truth.keys() | marts.keys(), key=lambda k: (order.index(k[0]), *k[1:]))
    ]


def _truth(services: "Services", connection: "Connection") -> Iterator[tuple[tuple[str, date, str], Figures]]:
    for row in _ask_truth(_base_url(services, connection), connection):
        key = (row["location_id"], date.fromisoformat(row["business_date"]), row["currency"])
        yield key, Figures(row["sales_count"], row["refunds_count"], row["voids_count"], Decimal(row["net"]))


def _ask_truth(base_url: str, connection: "Connection") -> Sequence[dict[str, Any]]:
    import httpx

    parts = urlsplit(base_url)
    url = urlunsplit((parts.scheme, parts.netloc, "/_sandbox/truth", "", ""))
    try:
        asked = {"merchant_id": connection.merchant_id, "provider": connection.provider}
        answer = httpx.get(url, params=asked, timeout=REACH_SECONDS).raise_for_status()
        days: Sequence[dict[str, Any]] = answer.json()["days"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(
            f"reconcile: {url} does not tell what merchant {connection.merchant_id} sold ({type(error).__name__}). "
            "Start the simulated clouds: pos-pipeline sandbox"
        ) from None
    return days


def _base_url(services: "Services", connection: "Connection") -> str:
    from pos_pipeline.accounts.door import provider_named
    from pos_pipeline.settings import load_settings

    provider = provider_named(services, connection.provider)
    return provider.base_url(load_settings(provider.settings_type), connection.attributes)


def require_order(first: date | None, last: date | None) -> None:
    """Refuse days in the wrong order.

    Raises:
        InvalidRequest: `last` is before `first`.
    """
    if first and last and last < first:
        raise InvalidRequest(f"window: it ends ({last}) before it starts ({first}).")
