"""`/mappings/unmapped` and `/mappings/auto-map`: what is left to map, and what needs nobody to think."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Reader, Writer
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.marts import Money, Quantity, rows_of_marts
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.paging import Cursor, Limit, Page, amount, page_of, position_of, text
from pos_pipeline.gateway.problems import Refusal
from pos_pipeline.gateway.routes.accounts import find_account

router = APIRouter(prefix="/mappings", tags=["mappings"], route_class=OnceRoute, responses=PROBLEMS)

# Amounts of two currencies are not compared: each currency has its own list, one after the other.
UNMAPPED = """
select
    pos_account_id,
    pos_provider,
    product_key,
    pos_product_id,
    concat_ws(' · ', product_name, nullif(variation_name, product_name)) as pos_product_name,
    product_sku as pos_product_sku,
    category as pos_category,
    line_type,
    currency,
    unmapped_revenue,
    quantity_sold,
    transaction_count,
    first_sold_on,
    last_sold_on
from marts.fct_unmapped_products
where
    (pos_account_id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
    and (currency = %(wanted_currency)s or %(wanted_currency)s::text is null)
    and (
        (currency, -unmapped_revenue, pos_account_id, product_key)
        > (%(currency)s, -%(unmapped_revenue)s::numeric, %(after_account_id)s, %(product_key)s)
        or %(currency)s::text is null
    )
order by currency, unmapped_revenue desc, pos_account_id, product_key
limit %(limit)s
"""
OPEN_PRODUCTS = """
select a.tenant_id, a.id as pos_account_id, a.connection_id, a.pos_provider, k.pos_product_id
from pos.accounts as a
inner join pos.known_products as k on a.connection_id = k.connection_id
where
    (a.id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
    and not exists (
        select from pos.product_mappings as m
        where m.pos_account_id = a.id and m.pos_product_id = k.pos_product_id
    )
"""
# A SKU that two living products of one POS share says nothing about either.
MAP_BY_SKU = f"""
with unmapped as materialized (
    {OPEN_PRODUCTS}
),

listed as (
    select k.connection_id, p.*
    from pos.known_products as k
    inner join pos.connections as c on k.connection_id = c.id
    inner join marts.dim_products as p
        on
            c.tenant_id = p.tenant_id
            and c.pos_provider = p.pos_provider
            and k.pos_product_id = p.pos_product_id
    where p.product_sku <> '' and not p.is_deleted
),

meant as (
    select *, count(*) over (partition by connection_id, product_sku) as bearers from listed
),

mapped as (
    insert into pos.product_mappings (
        tenant_id, pos_account_id, pos_product_id, pos_product_name, pos_product_sku, pos_category, bakery_product_id,
        bakery_product_name, mapping_type, confidence_score, mapped_by
    )
    select
        u.tenant_id, u.pos_account_id, u.pos_product_id,
        concat_ws(' · ', m.product_name, nullif(m.variation_name, m.product_name)),
        m.product_sku, m.category, c.id, c.name, 'sku', 1, %(mapped_by)s
    from unmapped as u
    inner join meant as m
        on u.connection_id = m.connection_id and u.pos_product_id = m.pos_product_id and m.bearers = 1
    inner join pos.catalog_products as c
        on u.tenant_id = c.tenant_id and m.product_sku = c.sku and c.is_active
    on conflict (tenant_id, pos_account_id, pos_product_id) do nothing
    returning id
)

select (select count(*) from unmapped) as total_unmapped, (select count(*) from mapped) as mapped
"""
COUNT = f"select count(*) as total_unmapped, 0 as mapped from ({OPEN_PRODUCTS}) as unmapped"

AccountFilter = Annotated[UUID | None, Query(description="Of this shop only.")]


class UnmappedProduct(BaseModel):
    """A product that was sold at a shop and that nobody has mapped."""

    pos_account_id: UUID
    pos_provider: str = Field(examples=["square"])
    product_key: str = Field(description="The POS's id of the product; kind and name for lines without one.")
    pos_product_id: str | None = Field(description="What to map; null for an amount without a product.")
    pos_product_name: str = Field(examples=["Croissant · Mantequilla"])
    pos_product_sku: str | None = Field(examples=["CR-01"])
    pos_category: str | None = Field(examples=["Bollería"])
    line_type: str = Field(description="product or custom_amount", examples=["product"])
    currency: str = Field(examples=["EUR"])
    unmapped_revenue: Money = Field(description="Money at stake, refunds taken off.")
    quantity_sold: Quantity
    transaction_count: int = Field(description="Sales with the product.")
    first_sold_on: date
    last_sold_on: date


class AutoMapped(BaseModel):
    """What mapping by itself has brought. Products are counted once per shop."""

    total_unmapped: int = Field(description="Products without a mapping before.", examples=[50])
    mapped: int = Field(description="Of these, mapped by this request.", examples=[42])
    high_confidence: int = Field(description="Of these, beyond doubt: the SKU is the same.", examples=[42])
    remaining: int = Field(description="Left to people.", examples=[8])


@router.get("/unmapped", summary="What is left to map")
def list_unmapped(
    caller: Reader,
    core: Core,
    *,
    pos_account_id: AccountFilter = None,
    currency: Annotated[str | None, Query(description="In this currency only.", pattern="^[A-Z]{3}$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[UnmappedProduct]:
    """Products sold and not mapped, most money first, each currency by itself. Empty before the first sales are in."""
    after = position_of(cursor, text, amount, UUID, text) or [None] * 4
    parameters = {
        "pos_account_id": pos_account_id,
        "wanted_currency": currency,
        "currency": after[0],
        "unmapped_revenue": after[1],
        "after_account_id": after[2],
        "product_key": after[3],
        "limit": limit + 1,
    }
    rows = [
        UnmappedProduct(**row) for row in rows_of_marts(core.database, caller.tenant_id, UNMAPPED, parameters) or []
    ]
    return page_of(rows, limit, lambda row: (row.currency, row.unmapped_revenue, row.pos_account_id, row.product_key))


@router.post("/auto-map", summary="Map what needs no thought")
def auto_map(caller: Writer, core: Core, *, pos_account_id: AccountFilter = None) -> AutoMapped:
    """Map every product whose SKU is that of exactly one active catalog product. What is mapped stays as it is."""
    if not core.settings.auto_mapping_enabled:
        raise Refusal(409, "auto_mapping_off", "Mapping by itself is switched off here (AUTO_MAPPING_ENABLED).")
    if pos_account_id is not None:
        find_account(core, caller, pos_account_id)
    parameters = {"pos_account_id": pos_account_id, "mapped_by": caller.subject}
    rows = rows_of_marts(core.database, caller.tenant_id, MAP_BY_SKU, parameters)
    [row] = rows if rows is not None else rows_of(core.database, caller.tenant_id, COUNT, parameters)
    total, mapped = row["total_unmapped"], row["mapped"]
    return AutoMapped(total_unmapped=total, mapped=mapped, high_confidence=mapped, remaining=total - mapped)
