"""A row of a daily mart: the transactions it is the sum of, and the loads that brought them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.lineage.origins import loads_of, objects_of, versions_of
from pos_pipeline.lineage.reading import Row, Snapshot, snapshot
from pos_pipeline.warehouse.database import Database

VOLUMES, PRODUCT_SALES = "fct_daily_volumes", "fct_daily_product_sales"
CELLS = (VOLUMES, PRODUCT_SALES)
"""Marts whose rows can be explained."""

_SHOP = """
select t.slug as tenant, a.tenant_id, a.pos_provider, a.location_id, a.location_name
from pos.accounts as a
inner join pos.tenants as t on a.tenant_id = t.id
where a.id = %(account_id)s
"""
_OF_SHOP: LiteralString = (
    "tenant_id = %(tenant_id)s and pos_provider = %(provider)s and location_id = %(location_id)s"
    " and business_date = %(day)s"
)
_VOLUMES: LiteralString = f"select * from marts.fct_daily_volumes where {_OF_SHOP} order by currency"
_PRODUCT_SALES: LiteralString = f"""
select * from marts.fct_daily_product_sales
where {_OF_SHOP} and (%(product)s in (pos_product_id, product_key, product_name) or %(product)s::text is null)
order by currency, product_name, product_key
"""
_TRANSACTIONS: LiteralString = f"""
select id, pos_transaction_id, transaction_group, transaction_type, transaction_at, currency, total_amount as amount
from marts.fct_transactions
where {_OF_SHOP}
order by transaction_at, pos_transaction_id
"""
_LINES: LiteralString = f"""
select
    transaction_id as id, pos_transaction_id, transaction_group, transaction_type, transaction_at, currency,
    sum(quantity) as quantity, sum(line_total) as amount
from marts.fct_transaction_items
where
    {_OF_SHOP}
    and coalesce(pos_product_id, line_type || ':' || product_name) = any(%(product_keys)s)
group by transaction_id, pos_transaction_id, transaction_group, transaction_type, transaction_at, currency
order by transaction_at, pos_transaction_id
"""
_MAPPINGS = """
select
    h.pos_product_id, h.bakery_product_id, h.bakery_product_name, h.mapping_type, h.confidence_score, h.mapped_by,
    h.reasons, h.valid_from, h.valid_to
from pos.mapping_history as h
where
    h.tenant_id = %(tenant_id)s and h.pos_account_id = %(account_id)s and h.pos_product_id = any(%(pos_product_ids)s)
order by h.pos_product_id, h.valid_from
"""
_SPAN = """
select min(business_date) as first, max(business_date) as last
from marts.fct_daily_volumes
where tenant_id = %(tenant_id)s and pos_provider = %(provider)s and location_id = %(location_id)s
"""


@dataclass(frozen=True)
class CellLineage:
    """Rows of a mart for one shop and day, one per currency (and product), and what they are sums of."""

    tenant: str
    pos_provider: str
    location_name: str
    business_date: date
    mart: str
    rows: list[Row]
    adds_up: bool
    """Whether the transactions make the rows' money, currency by currency."""
    transactions: list[Row]
    """What each transaction adds: its `amount`."""
    loads: list[Row]
    """What brought them, with the number of versions each load has of them."""
    mappings: list[Row]
    """Every state the products' mappings have had; of `fct_daily_product_sales` only."""


def explain_cell(
    database: Database, mart: str, account_id: UUID, day: date, *, product: str | None = None
) -> CellLineage:
    """What a shop's business day in `mart` is made of.

    Args:
        database: The warehouse.
        mart: One of `CELLS`.
        account_id: The shop.
        day: Its business day.
        product: The POS's id, key or name of a product, for `fct_daily_product_sales`; all if None.

    Raises:
        NotFound: the mart has no such row, or there are no marts yet.
        InvalidRequest: the mart has no rows by product, or is none of `CELLS`.
        WarehouseUnavailable: Postgres does not answer.
    """
    if mart not in CELLS:
        raise InvalidRequest(f"explain: {mart!r} is no daily mart; give one of {', '.join(CELLS)}.")
    if product is not None and mart != PRODUCT_SALES:
        raise InvalidRequest(f"explain: {mart} has no products; ask {PRODUCT_SALES} for {product!r}.")
    with snapshot(database) as view:
        shops = view.rows(_SHOP, account_id=account_id)
        if not shops:
            raise NotFound(f"explain: there is no account {account_id}; `pos-pipeline accounts list` shows them.")
        shop = shops[0]
        where = {
            "tenant_id": shop["tenant_id"],
            "provider": shop["pos_provider"],
            "location_id": shop["location_id"],
            "day": day,
        }
        if mart == VOLUMES:
            rows = view.rows(_VOLUMES, **where)
            transactions, money, products = view.rows(_TRANSACTIONS, **where), "total_amount", []
        else:
            rows = view.rows(_PRODUCT_SALES, **where, product=product)
            keys = sorted({row["product_key"] for row in rows})
            transactions, money = view.rows(_LINES, **where, product_keys=keys), "net_amount"
            products = sorted({row["pos_product_id"] for row in rows if row["pos_product_id"]})
        if not rows:
            raise _missing(view, shop["location_name"], mart, product, where)
        groups = sorted({row["transaction_group"] for row in transactions})
        objects = objects_of(view, shop["pos_provider"], shop["tenant_id"], groups)
        versions = versions_of(view, shop["pos_provider"], shop["tenant_id"], objects)
        return CellLineage(
            tenant=shop["tenant"],
            pos_provider=shop["pos_provider"],
            location_name=shop["location_name"],
            business_date=day,
            mart=mart,
            rows=rows,
            adds_up=_sums(rows, money) == _sums(transactions, "amount"),
            transactions=transactions,
            loads=loads_of(view, shop["pos_provider"], versions),
            mappings=view.rows(_MAPPINGS, tenant_id=shop["tenant_id"], account_id=account_id, pos_product_ids=products),
        )


def _sums(rows: list[Row], column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row[column]
    return sums


def _missing(view: Snapshot, shop: str, mart: str, product: str | None, where: Row) -> NotFound:
    of_product = f" of {product!r}" if product else ""
    error = NotFound(f"explain: {mart} has nothing{of_product} for {shop} on {where['day']}.")
    [span] = view.rows(_SPAN, **where)
    if span["first"] is None:
        error.action_required = "Nothing of this shop is in the marts yet; read it: pos-pipeline sync, or backfill."
    else:
        error.action_required = f"Its days go from {span['first']} to {span['last']}; a day without sales has no row."
    return error
