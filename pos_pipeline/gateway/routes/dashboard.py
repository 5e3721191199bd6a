"""`/analytics/dashboard`: a tenant's shops at a glance. Amounts of two currencies are never added."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Reader
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.marts import READY, Money, Share, rows_of_marts
from pos_pipeline.gateway.periods import Days, business_day

router = APIRouter(prefix="/analytics", tags=["analytics"], responses=PROBLEMS)

MOST_SHOPS = 100
SHOPS = """
select
    id as pos_account_id,
    pos_provider,
    account_name,
    location_name,
    status,
    sync_enabled,
    error_message,
    error_count,
    last_error_at,
    last_sync_at,
    last_successful_sync_at,
    timezone,
    day_closes_at
from pos.accounts
order by (status = 'error') desc, error_count desc, last_successful_sync_at nulls first, location_name, id
"""
SUMS = """
    sum(sale_count)::bigint as sale_count,
    sum(refund_count)::bigint as refund_count,
    sum(void_count)::bigint as void_count,
    sum(total_amount) as revenue,
    sum(refund_amount) as refund_amount
"""
# Each shop's own business day is its today.
RECENT = f"""
with shops as (
    select * from unnest(%(accounts)s::uuid[], %(todays)s::date[]) as s (pos_account_id, today)
)

select spans.days, v.currency, {SUMS}
from marts.fct_daily_volumes as v
left join shops on v.pos_account_id = shops.pos_account_id
cross join (values (1), (7), (30)) as spans (days)
where
    v.business_date > %(today)s::date - 32
    and v.business_date > coalesce(shops.today, %(today)s::date) - spans.days
    and v.business_date <= coalesce(shops.today, %(today)s::date)
group by spans.days, v.currency
order by v.currency
"""
DAILY = f"""
select business_date, currency, {SUMS}
from marts.fct_daily_volumes
where business_date between %(first)s and %(last)s
group by business_date, currency
order by business_date, currency
"""
UNMAPPED = """
select
    s.currency,
    sum(s.net_amount) as sold_amount,
    coalesce(sum(s.net_amount) filter (where m.id is null), 0) as unmapped_amount,
    round(
        coalesce(sum(s.net_amount) filter (where m.id is null), 0) / nullif(sum(s.net_amount), 0), 4
    ) as unmapped_share,
    count(distinct (s.pos_account_id, s.product_key)) filter (where m.id is null) as unmapped_products
from marts.fct_daily_product_sales as s
left join pos.product_mappings as m
    on s.tenant_id = m.tenant_id and s.pos_account_id = m.pos_account_id and s.pos_product_id = m.pos_product_id
where
    s.business_date between %(first)s and %(last)s
    and s.pos_account_id is not null
    and s.line_type not in ('adjustment', 'deferred')
group by s.currency
order by s.currency
"""


class Sums(BaseModel):
    """Transactions and what they brought, in one currency."""

    transaction_count: int = Field(0, description="Sales, refunds and voids.", examples=[412])
    sale_count: int = Field(0, examples=[401])
    refund_count: int = Field(0, examples=[7])
    void_count: int = Field(0, examples=[4])
    revenue: Money = Field(Decimal(0), description="Money the shops kept: sales less refunds, with tax and tips.")
    refund_amount: Money = Field(Decimal(0), description="Money given back, positive; the revenue is without it.")


class Recent(BaseModel):
    """One currency, up to today. Today is each shop's own business day."""

    currency: str = Field(examples=["EUR"])
    today: Sums
    last_7_days: Sums
    last_30_days: Sums


class Day(Sums):
    """One business day in one currency; a day without transactions is not there."""

    business_date: date
    currency: str = Field(examples=["EUR"])


class Unmapped(BaseModel):
    """How much of what was sold, in one currency, nobody has mapped to the catalog."""

    currency: str = Field(examples=["EUR"])
    sold_amount: Money
    unmapped_amount: Money
    unmapped_share: Share | None = Field(description="Unmapped part of the sold amount; null when that is 0.")
    unmapped_products: int = Field(description="Counted once per shop.", examples=[8])


class Shop(BaseModel):
    """When a shop was last synced, and what is wrong with it."""

    pos_account_id: UUID
    pos_provider: str = Field(examples=["square"])
    account_name: str = Field(examples=["Panadería Ejemplo · Centro"])
    location_name: str
    status: str = Field(description="active, disconnected or error", examples=["active"])
    sync_enabled: bool
    last_sync_at: datetime | None
    last_successful_sync_at: datetime | None
    error_count: int = Field(description="Failures since the last success.")
    error_message: str | None = Field(description="What is wrong and what to do.")
    last_error_at: datetime | None


class Dashboard(BaseModel):
    """A tenant at a glance."""

    at: datetime
    marts_ready: bool = Field(description=READY)
    accounts: dict[str, int] = Field(description="Shops by status.", examples=[{"active": 3, "error": 1}])
    open_errors: int = Field(description="Shops whose last sync failed, or that wait for a person.")
    shops: list[Shop] = Field(
        description=f"Those in trouble first, then the longest without a success; at most {MOST_SHOPS}."
        " All of them: `/analytics/sync-health`."
    )
    recent: list[Recent] = Field(description="One entry per currency.")
    first_day: date = Field(description="First business day of `daily` and `unmapped`.")
    last_day: date = Field(description="Last one.")
    daily: list[Day] = Field(description="For a chart: by business day and currency.")
    unmapped: list[Unmapped] = Field(description="One entry per currency.")


@router.get("/dashboard", summary="A tenant at a glance")
def dashboard(caller: Reader, core: Core, days: Days) -> Dashboard:
    """Shops, syncs and errors; transactions and revenue of today, 7 and 30 days; days for a chart; what is unmapped."""
    now = datetime.now(UTC)
    shops = rows_of(core.database, caller.tenant_id, SHOPS)
    parameters = {
        "accounts": [shop["pos_account_id"] for shop in shops],
        "todays": [business_day(now, shop["timezone"], shop["day_closes_at"]) for shop in shops],
        "today": now.date(),
        "first": days.first,
        "last": days.last,
    }
    recent, daily, unmapped = (
        rows_of_marts(core.database, caller.tenant_id, query, parameters) for query in (RECENT, DAILY, UNMAPPED)
    )
    statuses = [shop["status"] for shop in shops]
    return Dashboard(
        at=now,
        marts_ready=recent is not None and daily is not None and unmapped is not None,
        accounts={status: statuses.count(status) for status in ("active", "disconnected", "error")},
        open_errors=sum(shop["status"] == "error" or shop["error_count"] > 0 for shop in shops),
        shops=[Shop(**shop) for shop in shops[:MOST_SHOPS]],
        recent=_recent(recent or []),
        first_day=days.first,
        last_day=days.last,
        daily=[Day(**row, transaction_count=_count(row)) for row in daily or []],
        unmapped=[Unmapped(**row) for row in unmapped or []],
    )


def _recent(rows: list[dict[str, Any]]) -> list[Recent]:
    found = {(row["currency"], row["days"]): Sums(**row, transaction_count=_count(row)) for row in rows}
    currencies = dict.fromkeys(row["currency"] for row in rows)
    spans = {"today": 1, "last_7_days": 7, "last_30_days": 30}
    return [
        Recent(currency=currency, **{name: found.get((currency, days), Sums()) for name, days in spans.items()})
        for currency in currencies
    ]


def _count(row: dict[str, Any]) -> int:
    return int(row["sale_count"] + row["refund_count"] + row["void_count"])
