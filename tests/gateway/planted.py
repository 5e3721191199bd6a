"""Tenants with a row in every table a tenant may have rows in, every word of them marked."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql
from psycopg.types.json import Jsonb

from pos_pipeline.accounts.consent import issue_state
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Connection, Database
from tests.gateway.shops import add_to_catalog, know_product
from tests.gateway.sold import close_day, list_product, sell

UUID_TEXT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
MONDAY = date(2026, 6, 1)
MOMENT = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORDS = {
    "connections": ("error_type", "error_message"),
    "accounts": ("webhook_id", "webhook_url", "error_message"),
    "sync_requests": ("error_message",),
    "sync_logs": ("error_type", "error_message", "load_id", "run_id"),
    "webhooks": ("error_message", "run_id"),
    "catalog_products": ("category", "unit"),
    "outbox": ("load_id", "last_error"),
}
TABLES = """
select c.oid::regclass::text as place
from pg_catalog.pg_class as c
inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid
where a.attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace::regnamespace::text in ('pos', 'etl', 'marts')
order by 1
"""
OPEN_TABLES = f"select place from ({TABLES}) as t where has_any_column_privilege('pos_app', place, 'select')"
COLUMNS = """
select attname::text, atttypid::regtype::text
from pg_catalog.pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
"""
CONNECT = """
insert into pos.connections (tenant_id, pos_provider, merchant_id, access_token, attributes)
values (%s, 'square', %s, %s, %s)
returning id
"""
OPEN_SHOP = """
insert into pos.accounts
    (tenant_id, connection_id, pos_provider, account_name, location_id, location_name, timezone, currency)
values (%s, %s, 'square', %s, %s, %s, 'Europe/Madrid', 'EUR')
returning id
"""
ASK = """
insert into pos.sync_requests (tenant_id, connection_id, kind, reason, window_start, window_end)
values (%(tenant)s, %(connection)s, 'live', 'manual', null, null),
    (%(tenant)s, %(connection)s, 'window', 'backfill', '2026-01-01Z', '2026-02-01Z')
"""
LOG = """
insert into pos.sync_logs (tenant_id, pos_account_id, sync_started_at, status)
select %s, %s, now() - make_interval(mins => n), 'failed' from generate_series(1, 2) as n
"""
DELIVER = """
insert into pos.webhooks (tenant_id, connection_id, pos_provider, webhook_event_id, event_type, event_data)
values (%s, %s, 'square', %s, 'payment.created', %s)
"""
MAP = """
insert into pos.product_mappings (
    tenant_id, pos_account_id, pos_product_id, pos_product_name, bakery_product_id, bakery_product_name, mapping_type,
    mapped_by
) values (%s, %s, %s, %s, %s, %s, 'manual', %s)
returning id
"""
LEAVE_TO_PEOPLE = """
with suggested as (
    insert into pos.mapping_suggestions (
        tenant_id, pos_account_id, pos_product_id, bakery_product_id, rank, probability, reasons
    ) values (%(tenant)s, %(shop)s, %(product)s, %(catalog)s, 1, 0.5, array[%(word)s])
),

refused as (
    insert into pos.mapping_rejections (tenant_id, pos_account_id, pos_product_id, bakery_product_id, rejected_by)
    values (%(tenant)s, %(shop)s, %(product)s, %(catalog)s, %(word)s)
)

insert into pos.mapping_runs (tenant_id, batch_id, total_unmapped, mapped) values (%(tenant)s, 1, 6, 0)
"""
SET_ASIDE = """
insert into pos.quarantine (tenant_id, connection_id, pos_provider, stream, reason, payload, payload_digest)
values (%s, %s, 'square', 'orders', %s, %s, %s)
"""
TELL_SALES = """
insert into pos.sales_deliveries (tenant_id, transaction_id, business_date, event_id, sales_record_id, sync_error)
values (%s, gen_random_uuid(), '2026-06-01', gen_random_uuid(), gen_random_uuid(), %s)
"""
SAY = "insert into pos.outbox (tenant_id, routing_key, payload) values (%s, 'pos.error', %s)"
CLAIM_KEY = """
insert into pos.idempotency_keys (tenant_id, key, request_digest) values (%s, %s, %s)
"""


@dataclass(frozen=True)
class Planted:
    """A tenant and its things, by the names under which routes ask for such things."""

    tenant: Tenant
    word: str
    """In every text of its rows."""
    things: dict[str, str]


def plant(database: Database, tenant: Tenant, word: str) -> Planted:
    """Give the tenant two of everything that is listed in pages, and one of everything else."""
    shops, mappings = [], []
    with database.transaction() as transaction:
        connection_id = _id(
            transaction,
            CONNECT,
            (tenant.id, f"{word}-merchant", f"{word}-token".encode(), Jsonb({"note": word})),
        )
        for number in (1, 2):
            words = (f"{word} {number}", f"{word}-L{number}", f"{word} {number}")
            shops.append(_id(transaction, OPEN_SHOP, (tenant.id, connection_id, *words)))
            transaction.execute(LOG, (tenant.id, shops[-1]))
        transaction.execute(ASK, {"tenant": tenant.id, "connection": connection_id})
        transaction.execute(DELIVER, (tenant.id, connection_id, f"{word}-event", Jsonb({"id": word})))
        transaction.execute(SET_ASIDE, (tenant.id, connection_id, word, word.encode(), word.encode()))
        transaction.execute(TELL_SALES, (tenant.id, word))
        transaction.execute(SAY, (tenant.id, Jsonb({"message": word})))
        transaction.execute(CLAIM_KEY, (tenant.id, f"{word}-key", word.encode()))
    catalog = [add_to_catalog(database, tenant, f"{word} {number}", f"{word}-S{number}") for number in (1, 2)]
    for number in (1, 2, 3):
        know_product(database, connection_id, f"{word}-P{number}")
        list_product(database, connection_id, f"{word}-P{number}", f"{word}-sku{number}", category=word)
        for shop in shops:
            sell(database, shop, f"{word}-P{number}", MONDAY, f"{number}.00")
    close_day(database, shops[0], MONDAY, "6.00")
    with database.transaction() as transaction:
        for product in ("P1", "P2"):
            words = (f"{word}-{product}", word)
            mappings.append(_id(transaction, MAP, (tenant.id, shops[0], *words, catalog[0], word, word)))
        transaction.execute(
            LEAVE_TO_PEOPLE,
            {"tenant": tenant.id, "shop": shops[0], "product": f"{word}-P2", "catalog": catalog[1], "word": word},
        )
        for table, columns in WORDS.items():
            said = ", ".join(f"{column} = %(word)s" for column in columns)
            transaction.execute(
                f"update pos.{table} set {said} where tenant_id = %(id)s", {"word": word, "id": tenant.id}
            )
        _fill_marts(transaction, tenant, word)
    things = {
        "account_id": shops[0],
        "pos_account_id": shops[0],
        "mapping_id": mappings[0],
        "pos_product_id": f"{word}-P3",
        "bakery_product_id": catalog[1],
        "code": issue_state(database, tenant.id, "toast", "https://pos.example/back", as_code=True),
        "idempotency-key": f"{word}-key",
    }
    return Planted(tenant, word, {name: str(thing) for name, thing in things.items()})


def tables(database: Database, query: str = TABLES) -> Iterator[str]:
    """Tables with a tenant in each row."""
    yield from (place for (place,) in database.fetch(query))


def open_tables_without(database: Database, tenant: Tenant) -> list[str]:
    """Tables that routes can read and in which the tenant has no row: the planting is not complete."""
    count = "select count(*) from {} where tenant_id = %s"
    return [
        place for place in tables(database, OPEN_TABLES) if database.fetch(count.format(place), (tenant.id,)) == [(0,)]
    ]


def rows_of_tenant(database: Database, tenant: Tenant) -> dict[str, list[str]]:
    """All its rows as text, by table."""
    found = {
        place: [
            row
            for (row,) in database.fetch(
                f"select t::text from {place} as t where tenant_id = %s order by 1", (tenant.id,)
            )
        ]
        for place in tables(database)
    }
    return found | {
        "pos.tenants": [str(row) for row in database.fetch("select * from pos.tenants where id = %s", (tenant.id,))]
    }


def marks_of(database: Database, planted: Planted) -> set[str]:
    """What gives the tenant away: its word, its code, and every id in its rows."""
    ids = {
        mark
        for rows in rows_of_tenant(database, planted.tenant).values()
        for row in rows
        for mark in UUID_TEXT.findall(row)
    }
    return ids | {str(planted.tenant.id), planted.word, planted.things["code"]}


def _fill_marts(transaction: Connection, tenant: Tenant, word: str) -> None:
    """A row in each mart that has none of the tenant's yet, whatever its columns are."""
    values: dict[str, Callable[[], Any]] = {
        "uuid": uuid4,
        "text": lambda: word,
        "boolean": lambda: False,
        "date": lambda: MONDAY,
        "jsonb": lambda: json.dumps({"note": word}),
        "timestamp with time zone": lambda: MOMENT,
        "timestamp without time zone": lambda: MOMENT.replace(tzinfo=None),
    }
    for (place,) in transaction.execute(f"select place from ({TABLES}) as t where place like 'marts.%%'").fetchall():
        if transaction.execute(f"select from {place} where tenant_id = %s limit 1", (tenant.id,)).fetchone():
            continue
        columns = transaction.execute(COLUMNS, (place,)).fetchall()
        row = {name: tenant.id if name == "tenant_id" else values.get(kind, lambda: 1)() for name, kind in columns}
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(*place.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        transaction.execute(statement, list(row.values()))


def _id(transaction: Connection, statement: str, parameters: Any) -> UUID:
    [(row_id,)] = transaction.execute(statement, parameters).fetchall()
    return UUID(str(row_id))
