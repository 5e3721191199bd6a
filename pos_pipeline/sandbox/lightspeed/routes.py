"""Every endpoint the cloud answers under a retailer's address, with the scopes it asks for."""

from typing import NamedTuple

from pos_pipeline.sandbox.lightspeed import hooks_api, lists, reference_api, sales_api
from pos_pipeline.sandbox.lightspeed.call import Handler


class Endpoint(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    scopes: tuple[str, ...]
    handler: Handler
    status: int = 200


def _reads(path: str, handler: Handler, *scopes: str) -> Endpoint:
    return Endpoint("GET", f"/api/2.0/{path}", scopes, handler)


ENDPOINTS = (
    _reads("sales", lists.list_sales, "sales:read"),
    _reads("sales/{sale_id}", sales_api.get_sale, "sales:read"),
    _reads("search", sales_api.search, "sales:read"),
    _reads("payments/{payment_id}", sales_api.get_payment, "payments:read"),
    _reads("products", reference_api.list_products, "products:read"),
    _reads("products/{product_id}", reference_api.get_product, "products:read"),
    _reads("product_types", reference_api.list_product_types, "products:read"),
    _reads("product_categories", reference_api.list_product_categories, "products:read"),
    _reads("brands", reference_api.list_brands, "products:read"),
    _reads("tags", reference_api.list_tags, "products:read"),
    _reads("inventory", reference_api.list_inventory, "inventory:read"),
    _reads("taxes", reference_api.list_taxes, "taxes:read"),
    _reads("outlet_taxes", reference_api.list_outlet_taxes, "taxes:read"),
    _reads("customers", reference_api.list_customers, "customers:read"),
    _reads("users", reference_api.list_users, "users:read"),
    _reads("outlets", reference_api.list_outlets, "outlets:read"),
    _reads("registers", reference_api.list_registers, "registers:read"),
    _reads("registers/{register_id}/payments_summary", reference_api.payments_summary, "registers:read"),
    _reads("payment_types", reference_api.list_payment_types, "payment_types:read"),
    _reads("retailer", reference_api.get_retailer, "retailer:read", "payment_types:read"),
    Endpoint("GET", "/api/webhooks", ("webhooks",), hooks_api.list_hooks),
    Endpoint("POST", "/api/webhooks", ("webhooks",), hooks_api.create_hook),
    Endpoint("PUT", "/api/webhooks/{hook_id}", ("webhooks",), hooks_api.change_hook),
    Endpoint("DELETE", "/api/webhooks/{hook_id}", ("webhooks",), hooks_api.delete_hook),
    Endpoint("GET", "/api/2026-07/webhooks", ("webhooks",), hooks_api.list_dated),
    Endpoint("POST", "/api/2026-07/webhooks", ("webhooks",), hooks_api.create_dated, 201),
    Endpoint("GET", "/api/2026-07/webhooks/{hook_id}", ("webhooks",), hooks_api.get_dated),
    Endpoint("PUT", "/api/2026-07/webhooks/{hook_id}", ("webhooks",), hooks_api.change_dated),
    Endpoint("DELETE", "/api/2026-07/webhooks/{hook_id}", ("webhooks",), hooks_api.delete_dated, 204),
)
