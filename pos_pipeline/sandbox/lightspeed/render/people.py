"""Customers and users."""

from collections.abc import Iterator

from pos_pipeline.sandbox.lightspeed.render.context import Context
from pos_pipeline.sandbox.lightspeed.render.rows import Entry
from pos_pipeline.sandbox.lightspeed.wire import Json, stamp
from pos_pipeline.sandbox.shop.clock import DAY, Instant
from pos_pipeline.sandbox.shop.people import DAYS_BETWEEN_CUSTOMERS
from pos_pipeline.sandbox.shop.records import Cashier, Customer

WALKIN = "WALKIN"


def customers(context: Context, now: Instant) -> Iterator[Entry]:
    """The walk-in that anonymous sales point to, and everybody the shop knows."""
    walkin = _customer(context, context.walkin_id, WALKIN, context.founded_at)
    yield _entry(context, walkin | {"first_name": "", "last_name": ""}, context.founded_at, 0)
    people = context.merchant.people
    first = people.customer_count(context.merchant.opened_at)
    for position in range(people.customer_count(now)):
        customer = people.customer(position)
        met_at = context.merchant.opened_at + (position - first + 1) * DAYS_BETWEEN_CUSTOMERS * DAY
        # the version is of the moment the customer is on record; the shop has known them a little longer
        changed_at = customer.created_at if position < first else met_at
        yield _entry(context, known_customer(context, customer), changed_at, position + 1)


def known_customer(context: Context, customer: Customer) -> Json:
    """A known customer without version and change time."""
    body = _customer(
        context, context.customer_id(customer), f"{customer.given_name}-{customer.key}", customer.created_at
    )
    body |= {
        "first_name": customer.given_name,
        "last_name": customer.family_name,
        "name": f"{customer.given_name} {customer.family_name}",
    }
    if customer.email is not None:
        body["email"] = customer.email
    if customer.phone is not None:
        body["phone"] = customer.phone
    return body


def users(context: Context) -> Iterator[Entry]:
    """The owner and everybody behind the counters; those who left are not enabled any more."""
    spec = context.merchant.spec
    yield _user(context, context.owner_id, "owner", spec.owner or spec.name, context.founded_at, 0)
    cashiers = [cashier for several in context.merchant.people.cashiers.values() for cashier in several]
    for place, cashier in enumerate(cashiers, start=1):
        yield _cashier(context, cashier, place)


def _customer(context: Context, identifier: str, code: str, created_at: Instant) -> Json:
    return {
        "id": identifier,
        "customer_code": code,
        "customer_group_id": context.id("customer_group", "all"),
        "enable_loyalty": False,
        "do_not_email": False,
        "balance": 0,
        "loyalty_balance": 0,
        "year_to_date": 0,
        "on_account_limit": None,
        "created_at": stamp(created_at),
        "deleted_at": None,
    }


def _cashier(context: Context, cashier: Cashier, place: int) -> Entry:
    entry = _user(
        context,
        context.user_id(cashier),
        cashier.key.replace(":", "-"),
        f"{cashier.given_name} {cashier.family_name}",
        cashier.since,
        place,
    )
    outlet_id = context.outlet_ids[cashier.location_key]
    entry.body["account_type"] = "cashier"
    entry.body["enabled"] = cashier.is_active
    entry.body["restricted_outlet_id"] = outlet_id
    entry.body["restricted_outlet_ids"] = [outlet_id]
    return entry


def _user(  # noqa: PLR0917 - id, login and name of a person, when and in which place
    context: Context, identifier: str, username: str, display_name: str, since: Instant, place: int
) -> Entry:
    body: Json = {
        "id": identifier,
        "username": username,
        "display_name": display_name,
        "email": f"{username}@{context.prefix}.example",
        "account_type": "admin",
        "enabled": True,
        "restricted_outlet_id": None,
        "restricted_outlet_ids": [],
        "is_primary_user": identifier == context.owner_id,
        "created_at": stamp(since),
        "deleted_at": None,
    }
    return _entry(context, body, since, place)


def _entry(context: Context, body: Json, changed_at: Instant, place: int) -> Entry:
    version = context.versions.at(changed_at, place)
    return Entry(version, body | {"updated_at": stamp(changed_at), "version": version})
