"""`/mappings/unmapped` and `/mappings/auto-map`: what is left to map, and what needs nobody to think."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pos_pipeline.catalog.mapping import apply_matches
from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Reader, Writer
from pos_pipeline.gateway.isolation import as_tenant
from pos_pipeline.gateway.marts import Money, Quantity, Share, rows_of_marts
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
    last_sold_on,
    coalesce(
        (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'bakery_product_id', s.bakery_product_id,
                        'bakery_product_name', c.name,
                        'probability', s.probability,
                        'reasons', s.reasons
                    )
                    order by s.rank
                )
            from pos.mapping_suggestions as s
            inner join pos.catalog_products as c on s.bakery_product_id = c.id and c.is_active
            where s.pos_account_id = unmapped.pos_account_id and s.pos_product_id = unmapped.pos_product_id
        ),
        '[]'
    ) as suggestions
from marts.fct_unmapped_products as unmapped
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
AccountFilter = Annotated[UUID | None, Query(description="Of this shop only.")]


class SuggestedProduct(BaseModel):
    """A catalog product it may be."""

    bakery_product_id: UUID
    bakery_product_name: str = Field(examples=["Croissant de mantequilla"])
    probability: Share = Field(description="That it is this one, calibrated, 0 to 1.")
    reasons: list[str] = Field(description="What speaks for and against it.", examples=[["only the POS says 'grande'"]])


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
    suggestions: list[SuggestedProduct] = Field(description="Nearest first, as the last mapping has found them.")


class AutoMapped(BaseModel):
    """What mapping by itself has brought. Products are counted once per shop."""

    total_unmapped: int = Field(description="Products without a mapping before.", examples=[50])
    mapped: int = Field(description="Of these, mapped by this request.", examples=[42])
    high_confidence: int = Field(
        description="Of these, by id, SKU or bar code, or by name with a confidence of 0.95 or more.", examples=[42]
    )
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
    after = position_of(cursor, text, amount, UUID, text, of="unmapped") or [None] * 4
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
    return page_of(
        rows,
        limit,
        lambda row: (row.currency, row.unmapped_revenue, row.pos_account_id, row.product_key),
        of="unmapped",
    )


@router.post("/auto-map", summary="Map what needs no thought")
def auto_map(caller: Writer, core: Core, *, pos_account_id: AccountFilter = None) -> AutoMapped:
    """Map by the POS's id, then SKU or bar code, then name. What is mapped stays; rejected pairs stay apart.

    Names are linked only where nothing is left to ask; for the rest, `/mappings/unmapped` has suggestions.
    """
    if not core.settings.auto_mapping_enabled:
        raise Refusal(409, "auto_mapping_off", "Mapping by itself is switched off here (AUTO_MAPPING_ENABLED).")
    if pos_account_id is not None:
        find_account(core, caller, pos_account_id)
    with as_tenant(core.database, caller.tenant_id) as transaction:
        result = apply_matches(
            transaction,
            caller.tenant_id,
            threshold=core.settings.auto_mapping_confidence_threshold,
            mapped_by=caller.subject,
            pos_account_id=pos_account_id,
        )
    return AutoMapped(
        total_unmapped=result.total_unmapped,
        mapped=result.mapped,
        high_confidence=result.high_confidence,
        remaining=result.remaining,
    )
