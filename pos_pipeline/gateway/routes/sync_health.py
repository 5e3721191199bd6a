"""`/analytics/sync-health`: how each shop's syncs go, how fast they are, and whether its POS answers."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pos_pipeline.accounts.hooks import WEBHOOK_STATUS
from pos_pipeline.errors import Busy, Misconfigured, ProviderUnavailable, TokenUnreadable, WarehouseUnavailable
from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Reader
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.marts import READY, Share, rows_of_marts
from pos_pipeline.gateway.paging import Cursor, Limit, Page, page_of, position_of, text

router = APIRouter(prefix="/analytics", tags=["analytics"], responses=PROBLEMS)

UNREACHED = [ProviderUnavailable.code]
OUR_OWN = ["interrupted", WarehouseUnavailable.code, Busy.code, Misconfigured.code, TokenUnreadable.code]
"""Failures that say nothing about the POS, because they are ours."""

# The mart is asked for one page of shops: it counts a day of logs for every shop it is asked for.
HEALTH = f"""
with page as materialized (
    select a.id, a.location_name, c.webhook_message, {WEBHOOK_STATUS} as webhook_status
    from pos.accounts as a
    inner join pos.connections as c on a.connection_id = c.id
    where (a.location_name, a.id) > (%(location_name)s, %(id)s) or %(id)s::uuid is null
    order by a.location_name, a.id
    limit %(limit)s
)

select
    h.pos_account_id,
    h.pos_provider,
    h.location_id,
    h.location_name,
    h.status,
    h.sync_enabled,
    h.is_late,
    h.error_count,
    h.error_message,
    h.sync_count_24h,
    h.failed_sync_count_24h,
    h.success_rate_24h,
    h.transactions_processed_24h,
    h.transactions_failed_24h,
    h.seconds_since_success,
    h.last_sync_at,
    h.last_successful_sync_at,
    h.next_sync_at,
    h.last_error_at,
    page.webhook_status,
    page.webhook_message
from marts.fct_sync_health as h
inner join page on h.pos_account_id = page.id
where h.pos_account_id = any(array(select id from page))
order by page.location_name, page.id
"""
SPEED = """
select
    a.id,
    s.hours,
    l.finished,
    l.seconds,
    round(l.reached::numeric / nullif(l.telling, 0), 4) as availability
from unnest(%(accounts)s::uuid[]) as a (id)
cross join (values (24), (168)) as s (hours)
cross join lateral (
    select
        count(*) as finished,
        percentile_cont(array[0.5, 0.95, 0.99]) within group (order by sync_duration_seconds)
        filter (where kind = 'live') as seconds,
        count(*) filter (where error_type is null or error_type <> all(%(our_own)s)) as telling,
        count(*) filter (
            where error_type is null or (error_type <> all(%(our_own)s) and error_type <> all(%(unreached)s))
        ) as reached
    from pos.sync_logs
    where
        pos_account_id = a.id
        and sync_started_at > now() - make_interval(hours => s.hours)
        and status <> 'in_progress'
) as l
"""


class Span(BaseModel):
    """Syncs of one shop within a span of time."""

    finished: int = Field(0, description="Syncs that have ended, imports of the past included.", examples=[96])
    p50_seconds: float | None = Field(None, description="Half of the live syncs were this fast.", examples=[1.2])
    p95_seconds: float | None = Field(None, description="95 % of the live syncs were this fast.", examples=[3.9])
    p99_seconds: float | None = Field(None, description="99 % of the live syncs were this fast.", examples=[8.1])
    pos_availability: Share | None = Field(
        None,
        description="Share of syncs that the POS answered, of those that did not fail on our side; null without any.",
    )


class SyncHealth(BaseModel):
    """One shop's syncs."""

    pos_account_id: UUID
    pos_provider: str = Field(examples=["square"])
    location_id: str = Field(description="The POS's id of the shop.")
    location_name: str
    status: str = Field(description="active, disconnected or error", examples=["active"])
    sync_enabled: bool
    is_late: bool = Field(description="Enabled and active, but without a success for twice its frequency.")
    error_count: int = Field(description="Failures since the last success.")
    error_message: str | None = Field(description="What is wrong and what to do.")
    sync_count_24h: int = Field(description="Syncs begun within 24 hours.")
    failed_sync_count_24h: int
    success_rate_24h: Share | None = Field(description="Successful share of the finished ones; null without any.")
    transactions_processed_24h: int
    transactions_failed_24h: int = Field(description="Records set aside.")
    seconds_since_success: int | None
    last_sync_at: datetime | None
    last_successful_sync_at: datetime | None
    next_sync_at: datetime
    last_error_at: datetime | None
    webhook_status: str = Field(description="listening, silent or none, as accounts say it", examples=["listening"])
    webhook_message: str | None = Field(description="What is wrong with its webhooks, and what to do.")
    last_24_hours: Span = Span()
    last_7_days: Span = Span()


class SyncHealthPage(Page[SyncHealth]):
    """Part of the shops."""

    marts_ready: bool = Field(description=READY)


@router.get("/sync-health", summary="How syncs go")
def sync_health(caller: Reader, core: Core, *, limit: Limit = 50, cursor: Cursor = None) -> SyncHealthPage:
    """Every shop by name: its state, the speed of its syncs and whether its POS answers, over 24 hours and 7 days."""
    after = position_of(cursor, text, UUID, of="sync-health") or [None, None]
    parameters = {"location_name": after[0], "id": after[1], "limit": limit + 1}
    rows = rows_of_marts(core.database, caller.tenant_id, HEALTH, parameters)
    shops = [SyncHealth(**row) for row in rows or []]
    page = page_of(shops, limit, lambda shop: (shop.location_name, shop.pos_account_id), of="sync-health")
    wanted = {"accounts": [shop.pos_account_id for shop in page.items], "our_own": OUR_OWN, "unreached": UNREACHED}
    spans = {
        (row["id"], row["hours"]): _span(row["finished"], row["seconds"], row["availability"])
        for row in rows_of(core.database, caller.tenant_id, SPEED, wanted)
    }
    for shop in page.items:
        shop.last_24_hours = spans[shop.pos_account_id, 24]
        shop.last_7_days = spans[shop.pos_account_id, 168]
    return SyncHealthPage(items=page.items, next_cursor=page.next_cursor, marts_ready=rows is not None)


def _span(finished: int, seconds: list[float] | None, availability: Decimal | None) -> Span:
    p50, p95, p99 = (round(value, 3) for value in seconds) if seconds else (None, None, None)
    return Span(finished=finished, p50_seconds=p50, p95_seconds=p95, p99_seconds=p99, pos_availability=availability)
