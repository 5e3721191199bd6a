"""`/mappings/history` and `/mappings/rejections`: what products were taken for, and what they are not."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from pos_pipeline.errors import NotFound
from pos_pipeline.gateway.context import PROBLEMS, Core, Text
from pos_pipeline.gateway.identity import Reader, Writer
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.marts import Share
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.paging import Cursor, Limit, Page, page_of, position_of
from pos_pipeline.gateway.routes.accounts import find_account
from pos_pipeline.gateway.routes.pos_products import describe

router = APIRouter(prefix="/mappings", tags=["mappings"], route_class=OnceRoute, responses=PROBLEMS)

EXAMPLE: JsonDict = {
    "pos_account_id": "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11",
    "pos_product_id": "W62UWFY35CWMYGVWK6TWJDNI",
    "bakery_product_id": "8d4f1c1e-2a53-4b7e-9f0a-6a2d6c0f7a10",
}
BY: JsonDict = {"rejected_by": "ana", "rejected_at": "2026-06-01T09:30:00Z"}
LARGEST_NUMBER = 2**63 - 1
HISTORY = """
select *
from pos.mapping_history
where
    (pos_account_id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
    and (pos_product_id = %(pos_product_id)s or %(pos_product_id)s::text is null)
    and (
        %(as_of)s::timestamptz is null
        or (valid_from <= %(as_of)s and (valid_to > %(as_of)s or valid_to is null))
    )
    and (id > %(after)s or %(after)s::bigint is null)
order by id
limit %(limit)s
"""
# A product that is linked to it stays linked until somebody unmaps it; then the rejection holds.
REJECT = """
with rejected as (
    insert into pos.mapping_rejections (tenant_id, pos_account_id, pos_product_id, bakery_product_id, rejected_by)
    select tenant_id, %(pos_account_id)s, %(pos_product_id)s, id, %(rejected_by)s
    from pos.catalog_products where id = %(bakery_product_id)s
    on conflict (tenant_id, pos_account_id, pos_product_id, bakery_product_id) do nothing
    returning pos_account_id, pos_product_id, bakery_product_id, rejected_by, rejected_at
),

forgotten as (
    delete from pos.mapping_suggestions
    where
        pos_account_id = %(pos_account_id)s and pos_product_id = %(pos_product_id)s
        and bakery_product_id = %(bakery_product_id)s
)

select * from rejected
union all
select pos_account_id, pos_product_id, bakery_product_id, rejected_by, rejected_at
from pos.mapping_rejections
where
    pos_account_id = %(pos_account_id)s and pos_product_id = %(pos_product_id)s
    and bakery_product_id = %(bakery_product_id)s
"""


def _number(value: str) -> int:
    """A row's number of a cursor; ValueError for what Postgres has no number for."""
    number = int(value)
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError("no row")
    return number


class PastMapping(BaseModel):
    """What a product of a POS was taken for, from when to when."""

    mapping_id: UUID
    pos_account_id: UUID
    pos_product_id: str = Field(examples=["W62UWFY35CWMYGVWK6TWJDNI"])
    pos_product_name: str = Field(examples=["Croissant · Mantequilla"])
    bakery_product_id: UUID
    bakery_product_name: str = Field(examples=["Croissant de mantequilla"])
    mapping_type: str = Field(description="manual, auto, sku or id", examples=["auto"])
    confidence_score: Share | None
    mapped_by: str
    reasons: list[str] = Field(examples=[["same meaning"]])
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null while it holds.")


class NewRejection(BaseModel):
    """A product of a POS, and what it is not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    pos_account_id: UUID
    pos_product_id: Text
    bakery_product_id: UUID


class Rejection(NewRejection):
    """What somebody has said a product is not."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE | BY]})

    rejected_by: str = Field(description="Subject of the token it was first rejected with.")
    rejected_at: datetime


@router.get("/history", summary="What products were mapped to")
def list_history(
    caller: Reader,
    core: Core,
    *,
    pos_account_id: Annotated[UUID | None, Query(description="Of this shop only.")] = None,
    pos_product_id: Annotated[Text | None, Query(description="Of this product of a POS only.")] = None,
    as_of: Annotated[AwareDatetime | None, Query(description="Only what held at this moment.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PastMapping]:
    """Every state a mapping has had, oldest first. With `as_of`, the mappings a report of that moment was made with."""
    after = position_of(cursor, _number, of="history") or [None]
    parameters = {
        "pos_account_id": pos_account_id,
        "pos_product_id": pos_product_id,
        "as_of": as_of,
        "after": after[0],
        "limit": limit + 1,
    }
    rows = rows_of(core.database, caller.tenant_id, HISTORY, parameters)
    page = page_of(rows, limit, lambda row: (row["id"],), of="history")
    return Page[PastMapping](items=[PastMapping(**row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/rejections", status_code=201, summary="Say what a product is not")
def reject(caller: Writer, core: Core, wanted: NewRejection) -> Rejection:
    """The pair is never linked or suggested again, unless a person maps it. Rejecting twice changes nothing."""
    account = find_account(core, caller, wanted.pos_account_id)
    describe(core, caller, account, wanted.pos_product_id)
    rows = rows_of(
        core.database,
        caller.tenant_id,
        REJECT,
        wanted.model_dump() | {"pos_account_id": account.id, "rejected_by": caller.subject},
    )
    if not rows:
        raise NotFound(f"catalog product: there is no {wanted.bakery_product_id}.")
    return Rejection(**rows[0])
