"""Merchants, locations, team members and customers as Square objects."""

from pos_pipeline.sandbox.shop.clock import DAY
from pos_pipeline.sandbox.shop.merchants import LocationSpec
from pos_pipeline.sandbox.shop.records import Cashier, Customer
from pos_pipeline.sandbox.square.names import Names
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.wire import Json, rfc3339, whole_seconds

_LANGUAGES = {"ES": "es-ES", "JP": "ja-JP"}
_FOUNDED_BEFORE = 600 * DAY
_ODD_MOMENT = 720_000


def render_customer(names: Names, merchant_key: str, customer: Customer) -> Json:
    """One customer. `updated_at` is cut to seconds and so may lie before `created_at`, as at Square."""
    rendered: Json = {
        "id": names.customer(merchant_key, customer.key),
        "created_at": rfc3339(customer.created_at + _ODD_MOMENT),
        "updated_at": whole_seconds(customer.changed_at),
        "given_name": customer.given_name,
        "family_name": customer.family_name,
    }
    if customer.email is not None:
        rendered["email_address"] = customer.email
    if customer.phone is not None:
        rendered["phone_number"] = customer.phone
    rendered["preferences"] = {"email_unsubscribed": False}
    rendered["creation_source"] = "DIRECTORY"
    rendered["version"] = 0
    return rendered


def render_team_member(context: Context, cashier: Cashier) -> Json:
    """One team member; those who left are INACTIVE."""
    since = rfc3339(cashier.since)
    return {
        "id": context.names.team_member(context.key, cashier.key),
        "is_owner": False,
        "status": "ACTIVE" if cashier.is_active else "INACTIVE",
        "given_name": cashier.given_name,
        "family_name": cashier.family_name,
        "created_at": since,
        "updated_at": since,
        "assigned_locations": {
            "assignment_type": "EXPLICIT_LOCATIONS",
            "location_ids": [context.location_ids[cashier.location_key]],
        },
    }


def render_location(context: Context, location: LocationSpec, *, is_active: bool) -> Json:
    """One location. It carries no change time, at Square neither."""
    spec = context.merchant.spec
    return {
        "id": context.location_ids[location.key],
        "name": location.name,
        "address": {"locality": location.city, "country": spec.country},
        "timezone": location.timezone,
        "capabilities": ["CREDIT_CARD_PROCESSING"],
        "status": "ACTIVE" if is_active else "INACTIVE",
        "created_at": rfc3339(context.merchant.opened_at - _FOUNDED_BEFORE),
        "merchant_id": context.merchant_id,
        "country": spec.country,
        "language_code": _LANGUAGES.get(spec.country, "en-US"),
        "currency": spec.currency,
        "business_name": spec.name,
        "type": "PHYSICAL",
        "mcc": "5462",
    }


def render_merchant(context: Context, main_location_id: str) -> Json:
    """The merchant itself."""
    spec = context.merchant.spec
    return {
        "id": context.merchant_id,
        "business_name": spec.name,
        "country": spec.country,
        "language_code": _LANGUAGES.get(spec.country, "en-US"),
        "currency": spec.currency,
        "status": "ACTIVE",
        "main_location_id": main_location_id,
        "created_at": rfc3339(context.merchant.opened_at - _FOUNDED_BEFORE),
    }
