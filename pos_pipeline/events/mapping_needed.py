"""`pos.mapping_needed`: a shop sells what nobody has mapped, told when it is new and not at every sync.

    etl.touched_days since the last look ──▶ shops with something untold ──▶ their unmapped products ──▶ outbox

New is a product with revenue that was not told, or was mapped since and is no longer; and that the money without
a mapping has grown to `TOLD_AGAIN_AT` times what was told. The first is looked for in the days a batch has
touched; only a shop that has it, or was not looked at for `LOOKED_AT_EVERY`, is summed up over its whole history.
Runs after mapping, so that what a run could map itself is not told.
"""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import structlog

from pos_pipeline.events.outbox import enqueue
from pos_pipeline.events.schema import MappingNeeded, UnmappedProduct, UnmappedRevenue
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection

TOLD_AGAIN_AT = 2
"""A shop's unmapped revenue is told again when it is this many times what was told, without a new product."""
LOOKED_AT_EVERY = timedelta(days=1)
"""How often a shop without new products is looked at for that."""
SAMPLE_PRODUCTS = 5

ALERT_LOCK = 7_301_005
MARK = "mapping_alerts"

log = structlog.get_logger(__name__)

_HAS_MARTS = "select to_regclass('marts.fct_unmapped_products') is not null"
# Only what whole batches have left, as `deliveries` does.
_MARKS = """
select
    coalesce((select batch_id from etl.model_progress where model = %s), 0),
    coalesce((select max(batch_id) from etl.batches), 0)
where not exists (select from etl.batches where status <> 'done')
"""
_REMEMBER = """
insert into etl.model_progress as d (model, batch_id) values (%s, %s)
on conflict (model) do update set batch_id = greatest(d.batch_id, excluded.batch_id), updated_at = clock_timestamp()
returning d.batch_id
"""
_FORGET_MAPPED = """
delete from pos.mapping_alert_products as p
using pos.product_mappings as m
where p.tenant_id = m.tenant_id and p.pos_account_id = m.pos_account_id and p.pos_product_id = m.pos_product_id
    and p.tenant_id in (
        select d.tenant_id from etl.touched_days as d where d.batch_id > %(seen)s and d.batch_id <= %(batch)s
    )
"""
_SHOPS: LiteralString = """
select distinct a.tenant_id, a.id, a.currency
from etl.touched_days as d
inner join marts.fct_daily_product_sales as s
    on d.tenant_id = s.tenant_id and d.business_date = s.business_date
inner join pos.accounts as a on s.tenant_id = a.tenant_id and s.pos_account_id = a.id
left join pos.mapping_alerts as t on a.id = t.pos_account_id
where
    d.batch_id > %(seen)s and d.batch_id <= %(batch)s
    and a.status <> 'disconnected'
    and s.net_amount > 0 and s.pos_product_id is not null and s.line_type not in ('adjustment', 'deferred')
    and not exists (
        select from pos.product_mappings as m
        where m.tenant_id = a.tenant_id and m.pos_account_id = a.id and m.pos_product_id = s.pos_product_id
    )
    and (
        t.looked_at < clock_timestamp() - %(every)s
        or not exists (
            select from pos.mapping_alert_products as p
            where p.pos_account_id = a.id and p.pos_product_id = s.pos_product_id
        )
    )
"""
_UNMAPPED = """
select
    u.pos_product_id,
    concat_ws(' · ', u.product_name, nullif(u.variation_name, u.product_name)),
    u.transaction_count,
    u.currency,
    u.unmapped_revenue,
    p.pos_product_id is null as is_new
from marts.fct_unmapped_products as u
left join pos.mapping_alert_products as p
    on u.pos_account_id = p.pos_account_id and u.pos_product_id = p.pos_product_id
where u.tenant_id = %(tenant_id)s and u.pos_account_id = %(account_id)s and u.pos_product_id is not null
    and u.unmapped_revenue > 0
order by is_new desc, u.unmapped_revenue desc, u.pos_product_id
"""
_TOLD_BEFORE = "select unmapped_revenue from pos.mapping_alerts where pos_account_id = %(account_id)s"
_LOOKED_AT = "update pos.mapping_alerts set looked_at = clock_timestamp() where pos_account_id = %(account_id)s"
_KEEP_PRODUCTS = """
insert into pos.mapping_alert_products (pos_account_id, pos_product_id, tenant_id)
select %(account_id)s, product, %(tenant_id)s from unnest(%(products)s::text[]) as product
on conflict do nothing
"""
_KEEP = """
insert into pos.mapping_alerts (pos_account_id, tenant_id, event_id, unmapped_products, unmapped_revenue)
values (%(account_id)s, %(tenant_id)s, %(event_id)s, %(count)s, %(revenue)s)
on conflict (pos_account_id) do update
set
    event_id = excluded.event_id, unmapped_products = excluded.unmapped_products,
    unmapped_revenue = excluded.unmapped_revenue, told_at = excluded.told_at, looked_at = excluded.looked_at
"""


def tell_of_unmapped(services: Services) -> int:
    """Put an event into the outbox for each shop with new unmapped revenue; how many.

    Does nothing while a transform is under way, or with ALERT_ON_UNMAPPED_PRODUCTS off; nothing is lost by either. A
    shop that fails is logged, holds up neither the others nor their events, and is tried again by the next run.

    Raises:
        WarehouseUnavailable: the warehouse does not answer; what was told until then stays told.
    """
    if not services.settings.alert_on_unmapped_products or not services.database.fetch(_HAS_MARTS)[0][0]:
        return 0
    with services.database.transaction() as transaction:
        marks = transaction.execute(_MARKS, (MARK,)).fetchone()
        if marks is None or marks[0] >= marks[1]:
            return 0
        since = {"seen": marks[0], "batch": marks[1], "every": LOOKED_AT_EVERY}
        transaction.execute(_FORGET_MAPPED, since)
        shops: list[Any] = transaction.execute(_SHOPS, since).fetchall()
    told = failed = 0
    for shop in shops:
        try:
            with services.database.transaction() as transaction:
                transaction.execute("select pg_advisory_xact_lock(%s)", (ALERT_LOCK,))
                told += _tell(transaction, *shop)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            # Of the error only the kind: its text may hold a row.
            log.error("unmapped products not told", pos_account_id=str(shop[1]), reason=type(error).__name__)  # noqa: TRY400
            failed += 1
    if not failed:
        services.database.fetch(_REMEMBER, (MARK, marks[1]))
    return told


def _tell(transaction: Connection, tenant_id: UUID, account_id: UUID, currency: str) -> bool:
    """Tell of one shop if there is something new; whether there was."""
    shop = {"tenant_id": tenant_id, "account_id": account_id}
    rows: list[Any] = transaction.execute(_UNMAPPED, shop).fetchall()
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    names: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for product, name, count, code, amount, _ in rows:
        revenue[code] += amount
        names.setdefault(product, name)
        counts[product] += count
    before = transaction.execute(_TOLD_BEFORE, shop).fetchone()
    has_grown = before is not None and revenue[currency] >= TOLD_AGAIN_AT * before[0] > 0
    if not has_grown and not any(is_new for *_, is_new in rows):
        transaction.execute(_LOOKED_AT, shop)
        return False
    event = MappingNeeded(
        tenant_id=tenant_id,
        pos_account_id=account_id,
        unmapped_products_count=len(names),
        unmapped_revenue_euros=_cents(revenue.get("EUR", Decimal(0))),
        unmapped_revenue=[
            UnmappedRevenue(currency=code, amount=_cents(amount)) for code, amount in sorted(revenue.items()) if amount
        ],
        sample_unmapped_products=[
            UnmappedProduct(pos_product_name=name, transaction_count=counts[product])
            for product, name in list(names.items())[:SAMPLE_PRODUCTS]
        ],
    )
    kept = {"event_id": enqueue(transaction, event), "count": len(names), "revenue": revenue[currency]}
    transaction.execute(_KEEP_PRODUCTS, shop | {"products": list(names)})
    transaction.execute(_KEEP, shop | kept)
    return True


def _cents(amount: Decimal) -> Decimal:
    """Two decimals, more only where a currency has them."""
    return amount.quantize(Decimal("0.01")) if amount == round(amount, 2) else amount
