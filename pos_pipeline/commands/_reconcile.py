"""Compares the warehouse with the POS: money by shop and business day, or objects one by one.

A simulated cloud knows the truth in money and is asked for it. A real POS has no such page: there the
window is read again through its API, and every object it shows must be in committed raw rows in that
version or a later one. What dbt makes of complete rows is held by dbt's own tests.
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
    from pos_pipeline.provider import Record, Stream, Window
    from pos_pipeline.services import Services

REACH_SECONDS = 30.0
CHUNK = 5_000

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
class StreamLine:
    """One stream of one connection: what the POS shows again, and what of it the warehouse lacks."""

    tenant: str
    pos_provider: str
    connection_id: UUID
    stream: str
    window: str
    objects: int
    missing: int
    """Not in committed rows, or only in an older version."""
    examples: tuple[str, ...]
    """Ids of some that are missing."""

    @property
    def agrees(self) -> bool:
        """Nothing is missing."""
        return self.missing == 0


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


def compare_objects(services: "Services", connection: "Connection", window: "Window") -> Iterator[StreamLine]:
    """Re-reads `window` (UTC, by change time) and looks for what the warehouse lacks, stream by stream.

    What changed after the stream's last reading is not expected yet and is left out.

    Raises:
        Unauthorised, MissingScope, RateLimited, ProviderUnavailable: the POS does not let us read.
    """
    from pos_pipeline.accounts.door import open_api
    from pos_pipeline.extract.plan import split
    from pos_pipeline.provider import Reading, Window

    provider = services.providers[connection.provider]
    read_at: dict[str, datetime] = dict(
        services.database.fetch("select stream, read_at from etl.watermarks where connection_id = %s", (connection.id,))
    )
    with open_api(services, connection, background=True) as api:
        for stream in provider.streams:
            if stream.reading is not Reading.WINDOWED or stream.name not in read_at:
                continue
            end = min(window.end, read_at[stream.name])
            if end <= window.start:
                continue
            seen = (
                record
                for part in split(Window(window.start, end), provider.max_window)
                for page in provider.read(api, connection.source, stream.name, window=part)
                for record in page.records
            )
            yield _compare_stream(services, connection, stream, Window(window.start, end), seen)


def _compare_stream(
    services: "Services", connection: "Connection", stream: "Stream", window: "Window", seen: "Iterator[Record]"
) -> StreamLine:
    objects = missing = 0
    examples: list[str] = []
    chunk: dict[str, datetime] = {}

    def settle() -> None:
        nonlocal missing
        absent = _absent(services, connection, stream, chunk)
        missing += len(absent)
        examples.extend(absent[: 5 - len(examples)])
        chunk.clear()

    for record in seen:
        objects += record.id not in chunk
        chunk[record.id] = max(record.version_at, chunk.get(record.id, record.version_at))
        if len(chunk) >= CHUNK:
            settle()
    settle()
    return StreamLine(
        connection.tenant_slug,
        connection.provider,
        connection.id,
        stream.name,
        str(window),
        objects,
        missing,
        tuple(examples),
    )


def _absent(
    services: "Services", connection: "Connection", stream: "Stream", versions: dict[str, datetime]
) -> list[str]:
    """Ids whose version, or a later one, is not in committed rows."""
    from pos_pipeline.warehouse.migrate import raw_schema

    if not versions:
        return []
    rows = services.database.fetch(
        f"""
        with expected as (select * from unnest(%(ids)s::text[], %(versions)s::timestamptz[]) as e (id, version_at)),
        stored as (
            select r.id, max(r.version_at) as version_at
            from {raw_schema(connection.provider)}.{stream.name} as r
            inner join etl.loads as l on l.pos_provider = %(provider)s and l.load_id = r._dlt_load_id
            where r.connection_id = %(connection_id)s and r.version_at >= %(oldest)s
            group by r.id
        )
        select e.id from expected as e
        left join stored as s on e.id = s.id
        where s.version_at is null or s.version_at < e.version_at
        order by e.id
        """,
        {
            "ids": list(versions),
            "versions": list(versions.values()),
            "provider": connection.provider,
            "connection_id": connection.id,
            "oldest": min(versions.values()),
        },
    )
    return [object_id for (object_id,) in rows]


def _truth(services: "Services", connection: "Connection") -> Iterator[tuple[tuple[str, date, str], Figures]]:
    for row in _ask_truth(_base_url(services, connection), connection.merchant_id):
        key = (row["location_id"], date.fromisoformat(row["business_date"]), row["currency"])
        yield key, Figures(row["sales_count"], row["refunds_count"], row["voids_count"], Decimal(row["net"]))


def _ask_truth(base_url: str, merchant_id: str) -> Sequence[dict[str, Any]]:
    import httpx

    parts = urlsplit(base_url)
    url = urlunsplit((parts.scheme, parts.netloc, "/_sandbox/truth", "", ""))
    try:
        answer = httpx.get(url, params={"merchant_id": merchant_id}, timeout=REACH_SECONDS).raise_for_status()
        days: Sequence[dict[str, Any]] = answer.json()["days"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(
            f"reconcile: {url} does not tell what merchant {merchant_id} sold ({type(error).__name__}). "
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
