"""What a product of a POS is called: by its catalog, else by what was sold."""

from dataclasses import dataclass

from pos_pipeline.errors import NotFound
from pos_pipeline.gateway.identity import Identity
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.marts import rows_of_marts
from pos_pipeline.gateway.routes.accounts import Account
from pos_pipeline.services import Services

KNOWN = """
select pos_product_id
from pos.known_products
where connection_id = %(connection_id)s and pos_product_id = %(pos_product_id)s
"""
CATALOGUED = """
select concat_ws(' · ', product_name, nullif(variation_name, product_name)) as name, product_sku as sku, category
from marts.dim_products
where pos_provider = %(pos_provider)s and pos_product_id = %(pos_product_id)s
"""
SOLD = """
select concat_ws(' · ', product_name, nullif(variation_name, product_name)) as name, null as sku, null as category
from marts.fct_daily_product_sales
where pos_account_id = %(pos_account_id)s and pos_product_id = %(pos_product_id)s
order by business_date desc
limit 1
"""


@dataclass(frozen=True)
class PosProduct:
    """Words for a product; None where nobody has said them yet."""

    name: str | None = None
    sku: str | None = None
    category: str | None = None


def describe(core: Services, caller: Identity, account: Account, pos_product_id: str) -> PosProduct:
    """A product of the POS behind an account. A shop may have sold what the POS's catalog no longer lists.

    Raises:
        NotFound: the account's POS has never shown such a product.
    """
    parameters = {
        "connection_id": account.connection_id,
        "pos_account_id": account.id,
        "pos_provider": account.pos_provider,
        "pos_product_id": pos_product_id,
    }
    is_known = bool(rows_of(core.database, caller.tenant_id, KNOWN, parameters))
    catalogued = rows_of_marts(core.database, caller.tenant_id, CATALOGUED, parameters) if is_known else None
    words = catalogued or rows_of_marts(core.database, caller.tenant_id, SOLD, parameters)
    if words:
        return PosProduct(**words[0])
    if is_known:
        return PosProduct()
    raise NotFound(f"POS product: {account.location_name} has neither listed nor sold such a product.")
