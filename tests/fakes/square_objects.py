"""Square objects with the fewest fields that mean something: orders, payments, refunds, catalog.

Amounts are minor units; `at` is minutes after OPENING. Every builder returns a `Told`: what Square
would send for one version of one object.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

OPENING = datetime(2026, 9, 18, 7, 0, tzinfo=UTC)
"""09:00 on the shop's clock in Madrid."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """One version of one object, as a stream of Square brings it."""

    stream: str
    payload: Json = field(hash=False)

    @property
    def id(self) -> str:
        """Square's id of the object."""
        return str(self.payload["id"])

    @property
    def location_id(self) -> str | None:
        """Shop of the object; the catalog has none."""
        return self.payload.get("location_id")

    @property
    def version_at(self) -> datetime:
        """When this version came to be."""
        return datetime.fromisoformat(self.payload["updated_at"])

    @property
    def version_no(self) -> int | None:
        """Its number, which payments and refunds lack."""
        return self.payload.get("version")


def clock(at: float) -> str:
    """`at` minutes after opening, as Square writes it."""
    return (OPENING + timedelta(minutes=at)).isoformat().replace("+00:00", "Z")


def money(amount: int, currency: str = "EUR") -> Json:
    """Square's Money."""
    return {"amount": amount, "currency": currency}


def line(
    uid: str,
    total: int,
    *,
    name: str | None = "Barra de pan",
    product: str | None = "BARRA",
    quantity: str = "1",
    price: int | None = None,
    tax: int = 0,
    discount: int = 0,
    **more: Any,
) -> Json:
    """A line sold or returned. `total` includes tax and is after discount."""
    named = {"name": name} if name else {}
    known = {"catalog_object_id": product} if product else {}
    return {
        "uid": uid,
        **named,
        **known,
        "quantity": quantity,
        "item_type": "ITEM" if product else "CUSTOM_AMOUNT",
        "base_price_money": money(total + discount if price is None else price),
        "total_tax_money": money(tax),
        "total_discount_money": money(discount),
        "total_money": money(total),
        **more,
    }


def order(
    order_id: str,
    lines: Sequence[Json] = (),
    *,
    at: float = 0,
    closed: float | None = None,
    changed: float | None = None,
    version: int | None = 1,
    state: str = "COMPLETED",
    tip: int = 0,
    service: int = 0,
    rounding: int = 0,
    extra_tax: int = 0,
    location: str = "CENTRO",
    currency: str = "EUR",
    due: int = 0,
    **more: Any,
) -> Told:
    """An order whose totals follow from its lines, tip, service charge and rounding."""
    total = sum(each["total_money"]["amount"] for each in lines) + tip + service + rounding + extra_tax
    payload: Json = {
        "id": order_id,
        "location_id": location,
        "state": state,
        "line_items": list(lines),
        "total_money": money(total, currency),
        "total_tax_money": money(sum(each["total_tax_money"]["amount"] for each in lines) + extra_tax, currency),
        "total_discount_money": money(sum(each["total_discount_money"]["amount"] for each in lines), currency),
        "total_tip_money": money(tip, currency),
        "total_service_charge_money": money(service, currency),
        "net_amount_due_money": money(due, currency),
        "created_at": clock(at),
        "updated_at": clock(at + 1 if changed is None else changed),
    }
    if state in {"COMPLETED", "CANCELED"}:
        payload["closed_at"] = clock(at + 0.5 if closed is None else closed)
    if rounding:
        payload["rounding_adjustment"] = {"uid": "round", "amount_money": money(rounding, currency)}
    if version is not None:
        payload["version"] = version
    return Told("orders", payload | more)


def returns(lines: Sequence[Json], *, source: str | None = None, tip: int = 0) -> Json:
    """The parts of an order that say what came back; merge them into `order(...)`."""
    total = sum(each["total_money"]["amount"] for each in lines) + tip
    amounts = {
        "total_money": money(total),
        "tax_money": money(sum(each["total_tax_money"]["amount"] for each in lines)),
        "discount_money": money(sum(each["total_discount_money"]["amount"] for each in lines)),
        "tip_money": money(tip),
        "service_charge_money": money(0),
    }
    origin = {"source_order_id": source} if source else {}
    return {"returns": [{"uid": "ret", **origin, "return_line_items": list(lines)}], "return_amounts": amounts}


def payment(
    payment_id: str,
    order_id: str | None,
    amount: int,
    *,
    tip: int = 0,
    at: float = 0,
    changed: float | None = None,
    status: str = "COMPLETED",
    kind: str = "CASH",
    location: str = "CENTRO",
    currency: str = "EUR",
    **more: Any,
) -> Told:
    """A payment of `amount` plus `tip`."""
    payload: Json = {
        "id": payment_id,
        "status": status,
        "source_type": kind,
        "location_id": location,
        "amount_money": money(amount, currency),
        "total_money": money(amount + tip, currency),
        "created_at": clock(at),
        "updated_at": clock(at + 1 if changed is None else changed),
    }
    if order_id:
        payload["order_id"] = order_id
    if tip:
        payload["tip_money"] = money(tip, currency)
    return Told("payments", payload | more)


def refund(
    refund_id: str,
    amount: int,
    *,
    payment_id: str | None = None,
    order_id: str | None = None,
    at: float = 0,
    changed: float | None = None,
    status: str = "COMPLETED",
    location: str = "CENTRO",
    **more: Any,
) -> Told:
    """A PaymentRefund; `order_id` is the return order."""
    links = {"payment_id": payment_id, "order_id": order_id}
    payload: Json = {
        "id": refund_id,
        "status": status,
        "location_id": location,
        "amount_money": money(amount),
        "created_at": clock(at),
        "updated_at": clock(at + 1 if changed is None else changed),
        **{name: value for name, value in links.items() if value},
    }
    return Told("refunds", payload | more)


def item(
    item_id: str,
    variations: Sequence[tuple[str, int | None]],
    *,
    name: str = "Barra de pan",
    category: str | None = None,
    changed: float = 0,
    deleted: bool = False,
    overrides: Sequence[tuple[str, int]] = (),
) -> Told:
    """A catalog item with `(variation id, price)` each; a deleted one says nothing but that."""
    stamps: Json = {"updated_at": clock(changed), "version": 1_000 + int(changed)}
    payload: Json = {"type": "ITEM", "id": item_id, "is_deleted": deleted, **stamps}
    if not deleted:
        own_prices = [{"location_id": place, "price_money": money(price)} for place, price in overrides]
        payload["item_data"] = {
            "name": name,
            **({"reporting_category": {"id": category}} if category else {}),
            "variations": [
                {
                    "type": "ITEM_VARIATION",
                    "id": variation_id,
                    **stamps,
                    "item_variation_data": {
                        "item_id": item_id,
                        "name": "Normal",
                        "sku": f"SKU-{variation_id}",
                        "location_overrides": own_prices,
                        **({"price_money": money(price)} if price is not None else {}),
                    },
                }
                for variation_id, price in variations
            ],
        }
    return Told("catalog", payload)


def category(category_id: str, name: str, *, changed: float = 0) -> Told:
    """A catalog category."""
    payload = {"type": "CATEGORY", "id": category_id, "updated_at": clock(changed), "category_data": {"name": name}}
    return Told("catalog", payload)


def customer(customer_id: str, name: str, *, changed: float = 0) -> Told:
    """A customer with a given name."""
    return Told("customers", {"id": customer_id, "given_name": name, "updated_at": clock(changed)})


def cashier(member_id: str, name: str, *, changed: float = 0) -> Told:
    """A team member with a given name."""
    return Told("team_members", {"id": member_id, "given_name": name, "updated_at": clock(changed)})
