"""Which marts are exported, how their files are divided, and which columns leave the warehouse.

A view is not exported: what it says changes without a sale. Add a table by a line in `MARTS`; a column that says who
somebody is belongs into `PERSONAL_COLUMNS`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
from psycopg import sql

from pos_pipeline.errors import Misconfigured
from pos_pipeline.warehouse.database import Connection

PERSONAL_COLUMNS = frozenset(
    {
        "customer_id",
        "customer_name",
        "customer_email",
        "customer_phone",
        "cashier_id",
        "cashier_name",
        "card_last_four",
    }
)
"""Columns about people; only those named in `EXPORT_PERSONAL_DATA` are exported."""

_TYPES = {
    "uuid": pa.string(),
    "text": pa.string(),
    "jsonb": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "timestamp without time zone": pa.timestamp("us"),
}
_COLUMNS = """
select attname, format_type(atttypid, atttypmod)
from pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
order by attnum
"""


@dataclass(frozen=True)
class Mart:
    """One exported table of schema `marts`."""

    name: str
    by_month: bool = True
    """Divided by tenant and month of the business day; else by tenant alone."""
    is_part: bool = False
    """Parts of transactions (lines, tenders) have no index by day and are found through their transactions."""

    def rows(self, columns: Collection[str], tenant_id: str, month: str | None) -> sql.Composed:
        """Query for one file's rows; `month` is `YYYY-MM`, None for a mart that is not divided by it."""
        listed = sql.SQL(", ").join(sql.Identifier("m", column) for column in columns)
        query = sql.SQL("select {} from {} as m").format(listed, sql.Identifier("marts", self.name))
        days = "m"
        if self.is_part:
            days = "t"
            query += sql.SQL(
                " inner join marts.fct_transactions as t on m.tenant_id = t.tenant_id"
                " and m.pos_provider = t.pos_provider and m.transaction_group = t.transaction_group"
                " and m.transaction_id = t.id"
            )
        query += sql.SQL(" where {}.tenant_id = {}").format(sql.Identifier(days), sql.Literal(tenant_id))
        if month is not None:
            first = sql.Literal(f"{month}-01")
            query += sql.SQL(
                " and {day} >= {first}::date and {day} < ({first}::date + interval '1 month')::date order by {day}"
            ).format(day=sql.Identifier(days, "business_date"), first=first)
        return query


MARTS = (
    Mart("fct_transactions"),
    Mart("fct_transaction_items", is_part=True),
    Mart("fct_transaction_tenders", is_part=True),
    Mart("fct_daily_product_sales"),
    Mart("fct_daily_volumes"),
    Mart("fct_hourly_volumes"),
    Mart("dim_products", by_month=False),
    Mart("fct_product_prices", by_month=False),
)


def exported_columns(connection: Connection, mart: Mart, allowed: Collection[str]) -> dict[str, str]:
    """Columns of the mart's files in order, with their Postgres type; empty while the mart does not exist.

    Left out are the tenant, which the folder names, our own bookkeeping (`_batch_id`) and what is personal and not
    in `allowed`.
    """
    hidden = PERSONAL_COLUMNS.difference(allowed) | {"tenant_id"}
    return {
        name: kind
        for name, kind in connection.execute(_COLUMNS, (f"marts.{mart.name}",)).fetchall()
        if name not in hidden and not name.startswith("_")
    }


def require_known(allowed: Collection[str]) -> None:
    """Refuse an allow-list with a name that is no personal column: a typo would look like a promise kept.

    Raises:
        Misconfigured: names what is not known, and what is.
    """
    if unknown := sorted(set(allowed) - PERSONAL_COLUMNS):
        raise Misconfigured(
            f"EXPORT_PERSONAL_DATA: {', '.join(unknown)} is no personal column of a mart; "
            f"expected some of {', '.join(sorted(PERSONAL_COLUMNS))}."
        )


def arrow_type(column: str, kind: str) -> pa.DataType:
    """Arrow's type for a Postgres type such as `numeric(19,4)`; amounts stay decimals.

    Raises:
        Misconfigured: there is none that keeps every value as it is.
    """
    if found := _TYPES.get(kind):
        return found
    if number := re.fullmatch(r"numeric\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(number[1]), int(number[2]))
    raise Misconfigured(f"exports: column {column} has type {kind}; teach it to pos_pipeline/exports/marts.py.")
