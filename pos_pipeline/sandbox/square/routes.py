"""Every endpoint the cloud answers, with the scope it asks for."""

from typing import NamedTuple

from pos_pipeline.sandbox.square import catalog_api, orders_api, people_api, sales_api, subscriptions_api
from pos_pipeline.sandbox.square.call import Handler

PERSONAL = "personal"
"""In place of a scope: only a personal access token will do."""


class Endpoint(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    scope: str
    handler: Handler


ENDPOINTS = (
    Endpoint("GET", "/v2/payments", "PAYMENTS_READ", sales_api.list_payments),
    Endpoint("GET", "/v2/payments/{payment_id}", "PAYMENTS_READ", sales_api.get_payment),
    Endpoint("GET", "/v2/refunds", "PAYMENTS_READ", sales_api.list_refunds),
    Endpoint("GET", "/v2/refunds/{refund_id}", "PAYMENTS_READ", sales_api.get_refund),
    Endpoint("POST", "/v2/orders/search", "ORDERS_READ", orders_api.search_orders),
    Endpoint("POST", "/v2/orders/batch-retrieve", "ORDERS_READ", orders_api.batch_retrieve),
    Endpoint("GET", "/v2/orders/{order_id}", "ORDERS_READ", orders_api.retrieve_order),
    Endpoint("GET", "/v2/catalog/list", "ITEMS_READ", catalog_api.list_catalog),
    Endpoint("POST", "/v2/catalog/search", "ITEMS_READ", catalog_api.search_catalog),
    Endpoint("POST", "/v2/catalog/batch-retrieve", "ITEMS_READ", catalog_api.batch_retrieve),
    Endpoint("GET", "/v2/catalog/object/{object_id}", "ITEMS_READ", catalog_api.retrieve_object),
    Endpoint("GET", "/v2/catalog/info", "ITEMS_READ", catalog_api.info),
    Endpoint("GET", "/v2/locations", "MERCHANT_PROFILE_READ", people_api.list_locations),
    Endpoint("GET", "/v2/locations/{location_id}", "MERCHANT_PROFILE_READ", people_api.get_location),
    Endpoint("GET", "/v2/merchants", "MERCHANT_PROFILE_READ", people_api.list_merchants),
    Endpoint("GET", "/v2/merchants/{merchant_id}", "MERCHANT_PROFILE_READ", people_api.get_merchant),
    Endpoint("GET", "/v2/customers", "CUSTOMERS_READ", people_api.list_customers),
    Endpoint("POST", "/v2/customers/search", "CUSTOMERS_READ", people_api.search_customers),
    Endpoint("POST", "/v2/customers/bulk-retrieve", "CUSTOMERS_READ", people_api.bulk_retrieve_customers),
    Endpoint("POST", "/v2/team-members/search", "EMPLOYEES_READ", people_api.search_team_members),
    Endpoint("GET", "/v2/webhooks/event-types", PERSONAL, subscriptions_api.event_types),
    Endpoint("GET", "/v2/webhooks/subscriptions", PERSONAL, subscriptions_api.list_subscriptions),
    Endpoint("POST", "/v2/webhooks/subscriptions", PERSONAL, subscriptions_api.create_subscription),
    Endpoint("GET", "/v2/webhooks/subscriptions/{subscription_id}", PERSONAL, subscriptions_api.get_subscription),
    Endpoint("PUT", "/v2/webhooks/subscriptions/{subscription_id}", PERSONAL, subscriptions_api.update_subscription),
    Endpoint("DELETE", "/v2/webhooks/subscriptions/{subscription_id}", PERSONAL, subscriptions_api.delete_subscription),
    Endpoint(
        "POST",
        "/v2/webhooks/subscriptions/{subscription_id}/signature-key",
        PERSONAL,
        subscriptions_api.renew_signature_key,
    ),
    Endpoint(
        "POST", "/v2/webhooks/subscriptions/{subscription_id}/test", PERSONAL, subscriptions_api.test_subscription
    ),
)
