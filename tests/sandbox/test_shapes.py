"""Whatever the cloud shows has only keys that Square's own SDK models."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pydantic
import pytest
from square.types.catalog_object import CatalogObject
from square.types.customer import Customer
from square.types.location import Location
from square.types.order import Order
from square.types.payment import Payment
from square.types.payment_refund import PaymentRefund
from square.types.team_member import TeamMember

from tests.sandbox import reading


def models(annotation: Any) -> list[type[pydantic.BaseModel]]:
    """The models an annotation allows."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def unknown_keys(value: Any, allowed: list[type[pydantic.BaseModel]], path: str) -> Iterator[str]:
    """Paths of keys that none of the allowed models has."""
    if isinstance(value, list):
        for part in value:
            yield from unknown_keys(part, allowed, path)
    elif isinstance(value, dict) and allowed:
        fields = {field.alias or name: field for model in allowed for name, field in model.model_fields.items()}
        fields |= {name: field for model in allowed for name, field in model.model_fields.items()}
        for key, part in value.items():
            if key not in fields:
                yield f"{path}.{key}"
            else:
                yield from unknown_keys(part, models(fields[key].annotation), f"{path}.{key}")


@pytest.mark.parametrize(
    ("method", "path", "key", "arguments", "model"),
    [
        ("GET", "/v2/locations", "locations", {}, Location),
        ("GET", "/v2/customers", "customers", {}, Customer),
        ("POST", "/v2/team-members/search", "team_members", {}, TeamMember),
        ("GET", "/v2/refunds", "refunds", {"begin_time": reading.PAST}, PaymentRefund),
        ("GET", "/v2/payments", "payments", {"begin_time": reading.PAST}, Payment),
        ("POST", "/v2/catalog/search", "objects", {"include_deleted_objects": True}, CatalogObject),
    ],
)
def test_lists_have_known_keys(
    *,
    http: httpx.Client,
    merchants: dict[str, dict[str, Any]],
    method: str,
    path: str,
    key: str,
    arguments: dict[str, Any],
    model: Any,
) -> None:
    """A key the SDK has never heard of would be our invention."""
    token = merchants["cafes"]["access_token"]
    rows = list(reading.pages(http, method, path, key, arguments=arguments, token=token))

    assert rows
    assert set(unknown_keys(rows, models(model), key)) == set()


def test_orders_have_known_keys(http: httpx.Client, merchants: dict[str, dict[str, Any]]) -> None:
    """Sales, voids, returns and exchanges of all merchants."""
    rows = [order for merchant in merchants.values() for order in reading.orders(http, merchant)]

    assert set(unknown_keys(rows, models(Order), "orders")) == set()


def test_the_walk_finds_an_invented_key() -> None:
    """The check itself can fail."""
    order = json.loads('{"id": "o", "line_items": [{"uid": "l", "price": 1}]}')

    assert set(unknown_keys(order, models(Order), "orders")) == {"orders.line_items.price"}
