"""Lightspeed (X-Series, API 2.0) objects with the fewest fields that mean something: sales and what they name.

Amounts are major units written as text, such as "1.27273", and become JSON numbers; `at` is minutes after
OPENING. Every builder returns a `Told`: what Lightspeed would send for one version of one object.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

OPENING = datetime(2026, 9, 18, 7, 0, tzinfo=UTC)
"""09:00 on the shop's clock in Madrid."""
FIRST_VERSION = 41_230_000_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """One version of one object, as a stream of Lightspeed brings it."""

    stream: str
    payload: Json = field(hash=False)

    @property
    def id(self) -> str:
        """Lightspeed's id of the object."""
        return str(self.payload["id"])

    @property
    def location_id(self) -> str | None:
        """Outlet of a sale; everything else is the retailer's."""
        return self.payload.get("outlet_id")

    @property
    def version_at(self) -> datetime:
        """When this version came to be."""
        return datetime.fromisoformat(self.payload["updated_at"])

    @property
    def version_no(self) -> int | None:
        """Its number in the retailer's one sequence."""
        return self.payload.get("version")


def clock(at: float) -> str:
    """`at` minutes after opening, as Lightspeed writes it."""
    return (OPENING + timedelta(minutes=at)).isoformat()


def stamps(changed: float, version: int | None = None) -> Json:
    """What every version carries; it is numbered by its time unless it says otherwise."""
    number = int(changed * 1000) if version is None else version
    return {"updated_at": clock(changed), "version": FIRST_VERSION + number}


def line(
    uid: str,
    price: str,
    *,
    quantity: str = "1",
    tax: str = "0",
    discount: str = "0",
    product: str | None = "BARRA",
    **more: Any,
) -> Json:
    """A line whose unit costs `price` and `tax` after `discount`; a negative quantity came back."""
    units = Decimal(quantity)
    named = {"product_id": product} if product else {}
    amounts: Json = {}
    for name, unit in (("price", Decimal(price)), ("tax", Decimal(tax)), ("discount", Decimal(discount))):
        amounts |= {name: unit, f"unit_{name}": unit, f"{name}_total": unit * units, f"total_{name}": unit * units}
    # As at Lightspeed, the line that stands for a discount is below zero and no return.
    amounts["is_return"] = units < 0 and product != "DISCOUNT"
    return {"id": uid, **named, "quantity": units, **amounts, "status": "CONFIRMED", **more}


def paid(kind: str, amount: str, *, at: float = 0, **more: Any) -> Json:
    """A payment of type CASH, CARD or another one that `retailer_objects` or a test knows."""
    return {
        "id": f"{kind}:{amount}:{at}",
        "retailer_payment_type_id": kind,
        "name": kind.title(),
        "amount": Decimal(amount),
        "payment_date": clock(at),
        "external_attributes": [],
        **more,
    }


def adjusted(kind: str, value: str, *, member: str = "adjustment_type", tax: str = "0") -> Json:
    """An adjustment, whose kind goes by either of two names."""
    components = [{"rate_id": "RATE", "total_tax": Decimal(tax)}] if tax != "0" else []
    return {member: kind, "name": kind.title(), "value": Decimal(value), "tax_components": components}


def sale(
    sale_id: str,
    lines: Sequence[Json] = (),
    payments: Iterable[Json] | None = None,
    *,
    at: float = 0,
    changed: float | None = None,
    version: int | None = None,
    status: str = "CLOSED",
    adjustments: Sequence[Json] = (),
    outlet: str = "CENTRO",
    **more: Any,
) -> Told:
    """A sale whose header follows from its lines and adjustments; paid in cash unless `payments` says otherwise."""
    net = _rounded(sum(each["price_total"] for each in lines) + sum(each["value"] for each in adjustments))
    component_tax = sum(part["total_tax"] for each in adjustments for part in each["tax_components"])
    tax = _rounded(sum(each["tax_total"] for each in lines) + component_tax)
    payload: Json = {
        "id": sale_id,
        "outlet_id": outlet,
        "register_id": "REGISTER",
        "user_id": "USER",
        "customer_id": "WALKIN",
        "invoice_number": f"I-{sale_id}",
        "status": status,
        "total_price": net,
        "total_tax": tax,
        "created_at": clock(at),
        "sale_date": clock(at),
        "line_items": list(lines),
        "payments": [paid("CASH", str(net + tax), at=at)] if payments is None else list(payments),
        "adjustments": list(adjustments),
        **stamps(at + 1 if changed is None else changed, version),
    }
    return Told("sales", payload | more)


def retailer(*, changed: float = -60, currency: str = "EUR", **more: Any) -> Told:
    """The merchant, whose version is text."""
    payload: Json = {
        "id": "RETAILER",
        "currency": {"code": currency},
        "discount_product_id": "DISCOUNT",
        "tax_exclusive": False,
        "updated_at": clock(changed),
    }
    return Told("retailer", payload | more)


def product(product_id: str, name: str, *, changed: float = -60, version: int | None = None, **more: Any) -> Told:
    """A product at 1.10 with tax, 1.00 without."""
    payload: Json = {
        "id": product_id,
        "name": name,
        "sku": f"SKU-{product_id}",
        "price_including_tax": Decimal("1.10"),
        "price_excluding_tax": Decimal("1.00"),
        "type": {},
        "brand": {},
        **stamps(changed, version),
    }
    return Told("products", payload | more)


def category(category_id: str, *path: str, changed: float = -60) -> Told:
    """A product category below others; it has no version."""
    payload = {"id": category_id, "name": path[-1], "category_path": [{"name": name} for name in path]}
    return Told("product_categories", payload | {"updated_at": clock(changed)})


def payment_type(type_id: str, name: str, number: int | None = None, *, changed: float = -60) -> Told:
    """A way to pay, as the merchant named it."""
    numbered = {} if number is None else {"type_id": str(number)}
    return Told("payment_types", {"id": type_id, "name": name, **numbered, **stamps(changed)})


def customer(customer_id: str, name: str, *, changed: float = -60, code: str = "C-1") -> Told:
    """A customer with a first name; the code WALKIN is everybody the shop does not know."""
    payload = {"id": customer_id, "customer_code": code, "first_name": name, "last_name": ""}
    return Told("customers", payload | stamps(changed))


def user(user_id: str, name: str, *, changed: float = -60) -> Told:
    """A cashier."""
    return Told("users", {"id": user_id, "username": name.lower(), "display_name": name, **stamps(changed)})


def register(register_id: str, name: str, *, changed: float = -60) -> Told:
    """A till."""
    return Told("registers", {"id": register_id, "name": name, "outlet_id": "CENTRO", **stamps(changed)})


def outlet(outlet_id: str = "CENTRO", *, changed: float = -60, **more: Any) -> Told:
    """A shop in Madrid."""
    payload = {"id": outlet_id, "name": "Calle Mayor", "time_zone": "Europe/Madrid", "currency": "EUR"}
    return Told("outlets", payload | stamps(changed) | more)


def retailer_objects() -> list[Told]:
    """A bakery before its first sale: what sales name by id."""
    return [
        retailer(),
        outlet(),
        register("REGISTER", "Caja 1"),
        user("USER", "Lucía"),
        customer("WALKIN", "", code="WALKIN"),
        payment_type("CASH", "Efectivo", 1),
        payment_type("CARD", "Tarjeta", 5),
        product("BARRA", "Barra de pan"),
        product("DISCOUNT", "Discount"),
    ]


def _rounded(amount: Decimal | int) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
