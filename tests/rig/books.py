"""The marts held against the shop's own ledger: every shop, every business day, to the cent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pos_pipeline.warehouse.database import Database


class Day(NamedTuple):
    """One shop's business day; amounts in the shop's currency, taxes and the like net of refunds."""

    sales: int
    refunds: int
    voids: int
    gross: Decimal
    refunded: Decimal
    net: Decimal
    tax: Decimal
    tip: Decimal
    discount: Decimal
    service: Decimal


Ledger = Mapping[tuple[str, str], Day]
"""By location id and ISO date."""

DAYS = """
select
    location_id,
    business_date::text,
    sale_count,
    refund_count,
    void_count,
    sales_amount,
    refund_amount,
    total_amount,
    tax_amount,
    tip_amount,
    discount_amount,
    service_charge_amount
from marts.fct_daily_volumes
where tenant_id = coalesce(%s, tenant_id) and sale_count + refund_count + void_count > 0
"""

FAULTS = {
    "days that are not the sum of their transactions": """
        select * from (
            select tenant_id, location_id, business_date, sum(total_amount) as total, count(*) as n
            from marts.fct_transactions group by tenant_id, location_id, business_date
        ) as t
        full join (
            select tenant_id, location_id, business_date, total_amount as total,
                sale_count + refund_count + void_count as n
            from marts.fct_daily_volumes
        ) as d using (tenant_id, location_id, business_date)
        where (t.total, t.n) is distinct from (d.total, d.n)
    """,
    "transactions whose parts are not their total": """
        select pos_transaction_id from marts.fct_transactions
        where subtotal + tax_amount - discount_amount + service_charge_amount + tip_amount <> total_amount
    """,
    "transactions whose lines are not their total": """
        select t.pos_transaction_id, t.total_amount, sum(i.line_total) from marts.fct_transactions as t
        left join marts.fct_transaction_items as i on i.tenant_id = t.tenant_id and i.transaction_id = t.id
        where t.transaction_type <> 'void'
        group by t.tenant_id, t.id, t.pos_transaction_id, t.total_amount, t.tip_amount, t.service_charge_amount
        having coalesce(sum(i.line_total), 0) + t.tip_amount + t.service_charge_amount <> t.total_amount
    """,
    "sales whose tenders are not their total": """
        select g.transaction_group, g.total, sum(p.amount) from (
            select tenant_id, transaction_group, sum(total_amount) as total from marts.fct_transactions
            where transaction_type <> 'void' group by tenant_id, transaction_group
        ) as g
        left join marts.fct_transaction_tenders as p using (tenant_id, transaction_group)
        group by g.tenant_id, g.transaction_group, g.total
        having coalesce(sum(p.amount), 0) <> g.total
    """,
    "lines and tenders of transactions that are not there": """
        select c.transaction_id from (
            select tenant_id, transaction_id from marts.fct_transaction_items
            union
            select tenant_id, transaction_id from marts.fct_transaction_tenders
        ) as c
        left join marts.fct_transactions as t on t.tenant_id = c.tenant_id and t.id = c.transaction_id
        where t.id is null
    """,
    "transactions that appear twice": """
        select tenant_id, pos_provider, pos_transaction_id from marts.fct_transactions
        group by tenant_id, pos_provider, pos_transaction_id having count(*) > 1
    """,
}


def marts_of(database: Database, tenant_id: Any = None) -> Ledger:
    """What the marts say, of one tenant or of all."""
    return {(location, day): Day(*figures) for location, day, *figures in database.fetch(DAYS, (tenant_id,))}


def differences(truth: Ledger, marts: Ledger) -> list[str]:
    """Days on which the two disagree, in words; empty when every figure is the same."""
    days = sorted({*truth, *marts}, key=lambda key: (key[1], key[0]))
    return [
        f"{key}: truth {truth.get(key)}, marts {marts.get(key)}" for key in days if truth.get(key) != marts.get(key)
    ]


def faults(database: Database) -> list[str]:
    """What is wrong within the marts themselves."""
    return [f"{what}: {rows[:3]}" for what, query in FAULTS.items() if (rows := database.fetch(query))]


def assert_reconciled(database: Database, truth: Ledger, tenant_id: Any = None) -> None:
    """Every shop and day equals the truth, and the marts agree with themselves.

    Raises:
        AssertionError: names the first days and rows at fault.
    """
    assert truth
    found = [*differences(truth, marts_of(database, tenant_id))[:5], *faults(database)]
    assert not found, "\n".join(found)
