"""Every endpoint of the API, with the scope it asks for and its own rate limit."""

from typing import NamedTuple

from pos_pipeline.sandbox.toast import config_api, orders_api, partners_api, places_api
from pos_pipeline.sandbox.toast.call import Handler
from pos_pipeline.sandbox.toast.limits import MENUS, ORDERS_BULK, Limit
from pos_pipeline.sandbox.toast.render.config import RESOURCES


class Endpoint(NamedTuple):
    """One GET. Without a scope it is the partner's, and for no restaurant."""

    path: str
    scope: str | None
    handler: Handler
    limit: Limit | None = None


ENDPOINTS = (
    Endpoint("/orders/v2/ordersBulk", "orders:read", orders_api.orders_bulk, ORDERS_BULK),
    Endpoint("/orders/v2/orders/{guid}", "orders:read", orders_api.get_order),
    Endpoint("/orders/v2/payments", "orders:read", orders_api.list_payments),
    Endpoint("/orders/v2/payments/{guid}", "orders:read", orders_api.get_payment),
    Endpoint("/menus/v2/metadata", "menus:read", places_api.menus_metadata),
    Endpoint("/menus/v2/menus", "menus:read", places_api.get_menus, MENUS),
    Endpoint("/restaurants/v1/restaurants/{guid}", "restaurants:read", places_api.get_restaurant),
    Endpoint("/restaurants/v1/groups/{guid}/restaurants", "restaurants:read", places_api.group_restaurants),
    Endpoint("/labor/v1/employees", "labor.employees:read", places_api.list_employees),
    Endpoint("/partners/v1/restaurants", None, partners_api.list_restaurants),
    Endpoint("/partners/v1/connectedRestaurants", None, partners_api.connected_restaurants),
    *(Endpoint(f"/config/v2/{name}", "config:read", config_api.list_of(name)) for name in RESOURCES),
    *(Endpoint(f"/config/v2/{name}/{{guid}}", "config:read", config_api.one_of(name)) for name in RESOURCES),
)
