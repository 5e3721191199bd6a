"""`/mappings`: which product of the tenant's catalog a product of a POS is. Read when asked: an edit shows at once."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from pos_pipeline.errors import NotFound
from pos_pipeline.gateway.context import PROBLEMS, Core, Text
from pos_pipeline.gateway.etag import IfMatch, etag_of, require_match
from pos_pipeline.gateway.identity import Identity, Reader, Writer
from pos_pipeline.gateway.isolation import as_tenant, rows_of
from pos_pipeline.gateway.marts import Share
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.paging import Cursor, Limit, Page, page_of, position_of
from pos_pipeline.gateway.problems import Problem, Refusal
from pos_pipeline.gateway.routes.accounts import find_account
from pos_pipeline.gateway.routes.pos_products import describe
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection

router = APIRouter(prefix="/mappings", tags=["mappings"], route_class=OnceRoute, responses=PROBLEMS)

CHANGED_MEANWHILE: dict[int | str, dict[str, Any]] = {
    412: {"model": Problem, "description": "`If-Match` names another version than there is."}
}
COLUMNS = """
id,
pos_account_id,
pos_product_id,
pos_product_name,
pos_product_sku,
pos_category,
bakery_product_id,
bakery_product_name,
mapping_type,
confidence_score,
mapped_by,
reasons,
created_at,
updated_at
"""
LIST = f"""
select {COLUMNS}
from pos.product_mappings
where
    (pos_account_id = %(pos_account_id)s or %(pos_account_id)s::uuid is null)
    and (mapping_type = %(mapping_type)s or %(mapping_type)s::text is null)
    and (pos_product_id = %(pos_product_id)s or %(pos_product_id)s::text is null)
    and (bakery_product_id = %(bakery_product_id)s or %(bakery_product_id)s::uuid is null)
    and ((created_at, id) > (%(created_at)s, %(id)s) or %(id)s::uuid is null)
order by created_at, id
limit %(limit)s
"""
CREATE = f"""
insert into pos.product_mappings (
    tenant_id, pos_account_id, pos_product_id, pos_product_name, pos_product_sku, pos_category, bakery_product_id,
    bakery_product_name, mapping_type, confidence_score, mapped_by
) values (
    pos.tenant(), %(pos_account_id)s, %(pos_product_id)s, %(name)s, %(sku)s, %(category)s, %(bakery_product_id)s,
    %(bakery_product_name)s, 'manual', 1, %(mapped_by)s
)
on conflict (tenant_id, pos_account_id, pos_product_id) do nothing
returning {COLUMNS}
"""
# What a person has taken apart, no run puts together again; what a person puts together is no longer apart.
REJECT = """
insert into pos.mapping_rejections (tenant_id, pos_account_id, pos_product_id, bakery_product_id, rejected_by)
select tenant_id, pos_account_id, pos_product_id, bakery_product_id, %(mapped_by)s
from pos.product_mappings
where id = %(id)s and bakery_product_id is distinct from %(bakery_product_id)s
on conflict do nothing
"""
ACCEPT = """
delete from pos.mapping_rejections as r
using pos.product_mappings as m
where
    m.id = %(id)s and r.pos_account_id = m.pos_account_id and r.pos_product_id = m.pos_product_id
    and r.bakery_product_id = m.bakery_product_id
"""
SETTLE = """
delete from pos.mapping_suggestions as s
using pos.product_mappings as m
where m.id = %(id)s and s.pos_account_id = m.pos_account_id and s.pos_product_id = m.pos_product_id
"""
THERE = "select id from pos.product_mappings where pos_account_id = %s and pos_product_id = %s"
# The clock's time and not the transaction's: each change has to be another version.
CHANGE = f"""
update pos.product_mappings
set
    bakery_product_id = %(bakery_product_id)s,
    bakery_product_name = %(bakery_product_name)s,
    mapping_type = 'manual',
    confidence_score = 1,
    mapped_by = %(mapped_by)s,
    reasons = default,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
where id = %(id)s
returning {COLUMNS}
"""
EXAMPLE: JsonDict = {
    "pos_account_id": "0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11",
    "pos_product_id": "W62UWFY35CWMYGVWK6TWJDNI",
    "bakery_product_id": "8d4f1c1e-2a53-4b7e-9f0a-6a2d6c0f7a10",
}

MappingId = Annotated[UUID, Path(description="The mapping's id.", examples=["5f1d0c5e-6a58-4b0c-8a57-1f0f2f9d3c21"])]
MappingType = Literal["manual", "auto", "sku", "id"]


class Mapping(BaseModel):
    """One product of a POS, at one shop, and the catalog product it is."""

    id: UUID
    pos_account_id: UUID
    pos_product_id: str = Field(description="The POS's id of the product.", examples=["W62UWFY35CWMYGVWK6TWJDNI"])
    pos_product_name: str = Field(examples=["Croissant · Mantequilla"])
    pos_product_sku: str | None = Field(examples=["CR-01"])
    pos_category: str | None = Field(examples=["Bollería"])
    bakery_product_id: UUID = Field(description="The product in the tenant's catalog.")
    bakery_product_name: str = Field(examples=["Croissant de mantequilla"])
    mapping_type: MappingType = Field(description="Who found it: a person, or the POS's id, the SKU or the name.")
    confidence_score: Share | None = Field(description="0 to 1; 1 when a person said so.")
    mapped_by: str = Field(description="Subject of the token it was made or last changed with; `system` after a sync.")
    reasons: list[str] = Field(description="Why it was made without a person.", examples=[["same SKU CR-01"]])
    created_at: datetime
    updated_at: datetime


class NewMapping(BaseModel):
    """A product of a POS and what it is. What the POS's catalog says of it is added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    pos_account_id: UUID
    pos_product_id: Text
    bakery_product_id: UUID
    pos_product_name: Text | None = Field(None, description="Counts only where the POS's catalog has no name yet.")


class MappingChange(BaseModel):
    """Another catalog product; the mapping is a person's from then on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"bakery_product_id": EXAMPLE["bakery_product_id"]}]}
    )

    bakery_product_id: UUID


@router.get("", summary="List mappings")
def list_mappings(
    caller: Reader,
    core: Core,
    *,
    pos_account_id: Annotated[UUID | None, Query(description="Of this shop only.")] = None,
    mapping_type: Annotated[MappingType | None, Query(description="Found this way only.")] = None,
    pos_product_id: Annotated[Text | None, Query(description="Of this product of a POS only.")] = None,
    bakery_product_id: Annotated[UUID | None, Query(description="To this catalog product only.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Mapping]:
    """The tenant's mappings, oldest first."""
    after = position_of(cursor, datetime.fromisoformat, UUID, of="mappings") or [None, None]
    parameters = {
        "pos_account_id": pos_account_id,
        "mapping_type": mapping_type,
        "pos_product_id": pos_product_id,
        "bakery_product_id": bakery_product_id,
        "created_at": after[0],
        "id": after[1],
        "limit": limit + 1,
    }
    rows = [Mapping(**row) for row in rows_of(core.database, caller.tenant_id, LIST, parameters)]
    return page_of(rows, limit, lambda row: (row.created_at.isoformat(), row.id), of="mappings")


@router.post("", status_code=201, summary="Map a product")
def create_mapping(caller: Writer, core: Core, wanted: NewMapping, response: Response) -> Mapping:
    """Say which catalog product a product of a POS is. One that is mapped already is a 409: change it with PUT."""
    account = find_account(core, caller, wanted.pos_account_id)
    product = describe(core, caller, account, wanted.pos_product_id)
    parameters = {
        **wanted.model_dump(),
        "name": product.name or wanted.pos_product_name or wanted.pos_product_id,
        "sku": product.sku,
        "category": product.category,
        "bakery_product_name": _catalog_name(core, caller, wanted.bakery_product_id),
        "mapped_by": caller.subject,
    }
    with as_tenant(core.database, caller.tenant_id) as transaction, transaction.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(CREATE, parameters).fetchall()
        if rows:
            _settle(transaction, rows[0]["id"])
    if not rows:
        raise _mapped_already(core, caller, wanted)
    mapping = _shown(rows[0], response)
    response.headers["Location"] = f"/api/v1/pos/mappings/{mapping.id}"
    return mapping


@router.get("/{mapping_id}", summary="Show a mapping")
def show_mapping(caller: Reader, core: Core, mapping_id: MappingId, response: Response) -> Mapping:
    """One mapping, with its version as `ETag`."""
    rows = rows_of(
        core.database, caller.tenant_id, f"select {COLUMNS} from pos.product_mappings where id = %s", [mapping_id]
    )
    if not rows:
        raise _no_mapping(mapping_id)
    return _shown(rows[0], response)


@router.put("/{mapping_id}", summary="Map to another product", responses=CHANGED_MEANWHILE)
def change_mapping(
    caller: Writer,
    core: Core,
    mapping_id: MappingId,
    change: MappingChange,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> Mapping:
    """Map the POS's product to another catalog product. The mapping becomes a person's, whoever found it before."""
    parameters = {
        "id": mapping_id,
        "bakery_product_id": change.bakery_product_id,
        "bakery_product_name": _catalog_name(core, caller, change.bakery_product_id),
        "mapped_by": caller.subject,
    }
    with as_tenant(core.database, caller.tenant_id) as transaction:
        _lock(transaction, mapping_id, if_match)
        with transaction.cursor(row_factory=dict_row) as cursor:
            transaction.execute(REJECT, parameters)
            [row] = cursor.execute(CHANGE, parameters).fetchall()
            _settle(transaction, mapping_id)
    return _shown(row, response)


@router.delete("/{mapping_id}", status_code=204, summary="Unmap a product", responses=CHANGED_MEANWHILE)
def delete_mapping(caller: Writer, core: Core, mapping_id: MappingId, if_match: IfMatch = None) -> None:
    """Say that the product is not this one; its sales count as unmapped again, and no run maps it so again."""
    with as_tenant(core.database, caller.tenant_id) as transaction:
        _lock(transaction, mapping_id, if_match)
        parameters = {"id": mapping_id, "bakery_product_id": None, "mapped_by": caller.subject}
        transaction.execute(REJECT, parameters)
        transaction.execute("delete from pos.product_mappings where id = %s", (mapping_id,))


def _settle(transaction: Connection, mapping_id: UUID) -> None:
    """A person has decided: the pair is not rejected any more, and there is nothing left to suggest."""
    for statement in (ACCEPT, SETTLE):
        transaction.execute(statement, {"id": mapping_id})


def _lock(transaction: Connection, mapping_id: UUID, if_match: str | None) -> None:
    """Hold the mapping, as the caller has seen it.

    Raises:
        NotFound: there is none.
        Refusal: 412, it has changed since.
    """
    row = transaction.execute(
        "select id, updated_at from pos.product_mappings where id = %s for update", (mapping_id,)
    ).fetchone()
    if row is None:
        raise _no_mapping(mapping_id)
    require_match(if_match, etag_of(*row))


def _catalog_name(core: Services, caller: Identity, product_id: UUID) -> str:
    """Name of a product of the tenant's catalog.

    Raises:
        NotFound: it has no such product.
    """
    query = "select name from pos.catalog_products where id = %s"
    rows = rows_of(core.database, caller.tenant_id, query, (product_id,))
    if not rows:
        raise NotFound(f"catalog product: there is no {product_id}.")
    return str(rows[0]["name"])


def _shown(row: dict[str, Any], response: Response) -> Mapping:
    mapping = Mapping(**row)
    response.headers["ETag"] = etag_of(mapping.id, mapping.updated_at)
    return mapping


def _mapped_already(core: Services, caller: Identity, wanted: NewMapping) -> Refusal:
    rows = rows_of(core.database, caller.tenant_id, THERE, (wanted.pos_account_id, wanted.pos_product_id))
    place = f"/api/v1/pos/mappings/{rows[0]['id']}" if rows else None
    return Refusal(
        409,
        "mapped_already",
        f"This product is mapped already; change that with PUT {place or 'on its mapping'}.",
        {"Location": place} if place else None,
    )


def _no_mapping(mapping_id: UUID) -> NotFound:
    return NotFound(f"mapping: there is no {mapping_id}.")
