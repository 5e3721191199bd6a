"""What the marts say was sold, written into them by hand: the figures of a test stand in the test."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pos_pipeline.warehouse.database import Database

LIST = """
insert into marts.dim_products (
    id, tenant_id, pos_provider, pos_product_id, product_name, variation_name, product_sku, category, is_deleted,
    _batch_id
)
select
    gen_random_uuid(), tenant_id, pos_provider, %(product)s, %(name)s, %(variation)s, %(sku)s, %(category)s, %(gone)s,
    1
from pos.connections where id = %(connection_id)s
returning 1
"""
SELL = """
insert into marts.fct_daily_product_sales (
    tenant_id, business_date, pos_provider, location_id, product_key, currency, pos_account_id, pos_product_id,
    product_name, line_type, sale_count, refund_count, quantity_sold, quantity_refunded, sales_amount, refund_amount,
    net_amount, tax_amount, discount_amount, _batch_id
)
select
    tenant_id, %(day)s, pos_provider, location_id, coalesce(%(product)s, %(line_type)s), %(currency)s, id,
    %(product)s, coalesce(%(product)s, 'Custom amount'), %(line_type)s, %(sales)s, 0, %(sales)s, 0, %(amount)s, 0,
    %(amount)s, 0, 0, 1
from pos.accounts where id = %(account_id)s
returning 1
"""
CLOSE = """
insert into marts.fct_daily_volumes (
    tenant_id, business_date, pos_provider, location_id, currency, pos_account_id, sale_count, refund_count, void_count,
    sales_amount, refund_amount, voided_amount, tax_amount, discount_amount, service_charge_amount, tip_amount,
    total_amount, unitemised_count, sale_without_payment_count, tender_mismatch_count, without_account_count, _batch_id
)
select
    tenant_id, %(day)s, pos_provider, location_id, %(currency)s, id, %(sales)s, %(refunds)s, %(voids)s,
    %(taken)s, %(given_back)s, 0, 0, 0, 0, 0, %(taken)s - %(given_back)s, 0, 0, 0, 0, 1
from pos.accounts where id = %(account_id)s
returning 1
"""


def list_product(
    database: Database,
    connection_id: UUID,
    product: str,
    sku: str | None = None,
    *,
    name: str | None = None,
    variation: str | None = None,
    category: str | None = None,
    gone: bool = False,
) -> None:
    """A product in a POS's catalog, as it is modelled."""
    parameters = {"connection_id": connection_id, "product": product, "sku": sku, "name": name or product}
    database.fetch(LIST, parameters | {"variation": variation, "category": category, "gone": gone})


def sell(
    database: Database,
    account_id: UUID,
    product: str | None,
    day: date,
    amount: str,
    *,
    sales: int = 1,
    currency: str = "EUR",
    line_type: str = "product",
) -> None:
    """A day's sales of a product at a shop."""
    parameters = {"account_id": account_id, "product": product, "day": day, "amount": Decimal(amount), "sales": sales}
    database.fetch(SELL, parameters | {"currency": currency, "line_type": line_type})


def close_day(
    database: Database,
    account_id: UUID,
    day: date,
    taken: str,
    *,
    given_back: str = "0",
    sales: int = 1,
    refunds: int = 0,
    voids: int = 0,
    currency: str = "EUR",
) -> None:
    """A day of a shop, summed up."""
    parameters = {"account_id": account_id, "day": day, "taken": Decimal(taken), "given_back": Decimal(given_back)}
    database.fetch(CLOSE, parameters | {"sales": sales, "refunds": refunds, "voids": voids, "currency": currency})
