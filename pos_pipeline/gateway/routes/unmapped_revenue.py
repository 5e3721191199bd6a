"""`/analytics/unmapped-revenue`: what was sold, day by day, that nobody has mapped to the catalog."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Reader
from pos_pipeline.gateway.marts import READY, Money, Quantity, Share, rows_of_marts
from pos_pipeline.gateway.paging import Cursor, Limit, Page, amount, page_of, position_of, text
from pos_pipeline.gateway.periods import Days

router = APIRouter(prefix="/analytics", tags=["analytics"], responses=PROBLEMS)

UNMAPPED = """
with sold as (
    select
        s.*,
        sum(s.net_amount) over (partition by s.business_date, s.pos_account_id, s.currency) as shop_revenue
    from marts.fct_daily_product_sales as s
    where
        s.business_date between %(first)s and %(last)s
        and s.pos_account_id is not null
        and (s.pos_account_id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
        and s.line_type not in ('adjustment', 'deferred')
)

select
    business_date,
    pos_account_id,
    pos_provider,
    product_key,
    pos_product_id,
    concat_ws(' · ', product_name, nullif(variation_name, product_name)) as pos_product_name,
    line_type,
    currency,
    sale_count,
    refund_count,
    quantity_sold,
    net_amount as unmapped_revenue,
    round(net_amount / nullif(shop_revenue, 0), 4) as revenue_share
from sold
where
    not exists (
        select from pos.product_mappings as m
        where
            m.tenant_id = sold.tenant_id
            and m.pos_account_id = sold.pos_account_id
            and m.pos_product_id = sold.pos_product_id
    )
    and (
        (-(business_date - date '2000-01-01'), currency, -net_amount, pos_account_id, product_key)
        > (
            -(%(business_date)s::date - date '2000-01-01'), %(currency)s, -%(unmapped_revenue)s::numeric,
            %(after_account_id)s, %(product_key)s
        )
        or %(business_date)s::date is null
    )
order by business_date desc, currency, net_amount desc, pos_account_id, product_key
limit %(limit)s
"""


class UnmappedSales(BaseModel):
    """A product without a mapping, on one business day of one shop, in one currency."""

    business_date: date
    pos_account_id: UUID
    pos_provider: str = Field(examples=["square"])
    product_key: str = Field(description="The POS's id of the product; kind and name for lines without one.")
    pos_product_id: str | None = Field(description="What to map; null for an amount without a product.")
    pos_product_name: str = Field(examples=["Croissant · Mantequilla"])
    line_type: str = Field(description="product or custom_amount", examples=["product"])
    currency: str = Field(examples=["EUR"])
    sale_count: int
    refund_count: int
    quantity_sold: Quantity
    unmapped_revenue: Money = Field(description="Sold less given back.")
    revenue_share: Share | None = Field(description="Part of all the shop sold that day in the currency; null of 0.")


class UnmappedSalesPage(Page[UnmappedSales]):
    """Part of them."""

    marts_ready: bool = Field(description=READY)


@router.get("/unmapped-revenue", summary="Revenue without a mapping")
def unmapped_revenue(
    caller: Reader,
    core: Core,
    days: Days,
    *,
    pos_account_id: Annotated[UUID | None, Query(description="Of this shop only.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> UnmappedSalesPage:
    """By day, newest first; of a day, each currency by itself, most money first. Mappings are read as they are now."""
    after = position_of(cursor, date.fromisoformat, text, amount, UUID, text, of="unmapped-revenue") or [None] * 5
    names = ("business_date", "currency", "unmapped_revenue", "after_account_id", "product_key")
    parameters = {
        **dict(zip(names, after, strict=True)),
        "first": days.first,
        "last": days.last,
        "pos_account_id": pos_account_id,
        "limit": limit + 1,
    }
    rows = rows_of_marts(core.database, caller.tenant_id, UNMAPPED, parameters)
    page = page_of(
        [UnmappedSales(**row) for row in rows or []],
        limit,
        lambda row: (row.business_date, row.currency, row.unmapped_revenue, row.pos_account_id, row.product_key),
        of="unmapped-revenue",
    )
    return UnmappedSalesPage(items=page.items, next_cursor=page.next_cursor, marts_ready=rows is not None)
