"""Toast objects with the fewest fields that mean something: orders with checks, payments, menus, people, places.

Amounts are decimals in major units, written as text; `at` is minutes after OPENING. Every builder of an object
returns a `Told`: what Toast would send for one version of it. Parts of an order are plain dictionaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

OPENING = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""08:00 on the clock in New York, on a Saturday."""
DAY = 24 * 60
PLACE = "b7c1f6de-2a8e-4c55-9d0f-6f0a1b2c3d4e"
NEVER = "1970-01-01T00:00:00.000+0000"

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """One version of one object, as a stream of Toast brings it."""

    stream: str
    payload: Json = field(hash=False)
    id: str
    version_at: datetime
    location_id: str = PLACE
    version_no: None = None


def instant(at: float) -> datetime:
    """`at` minutes after opening."""
    return OPENING + timedelta(minutes=at)


def clock(at: float) -> str:
    """The same as Toast writes it."""
    return instant(at).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def business_date(at: float) -> int:
    """Business day of `at` as Toast writes it; nothing here happens at night."""
    return int(instant(at).strftime("%Y%m%d"))


def link(kind: str, guid: str | None) -> Json | None:
    """Toast's reference to another object."""
    return {"guid": guid, "entityType": kind} if guid else None


def selection(
    guid: str,
    price: str,
    *,
    tax: str = "0",
    discount: str = "0",
    quantity: str = "1",
    name: str | None = "Butter Croissant",
    item: str | None = "CROISSANT",
    back: tuple[str, str] | None = None,
    transaction: str | None = "RT",
    **more: Any,
) -> Json:
    """A line of a check. `price` is after `discount`; `back` is what of price and tax was given back."""
    gross = Decimal(price) + Decimal(discount)
    given_back = back and {
        "refundAmount": Decimal(back[0]),
        "taxRefundAmount": Decimal(back[1]),
        "refundTransaction": link("RefundTransaction", transaction),
    }
    return {
        "guid": guid,
        "item": link("MenuItem", item),
        "displayName": name,
        "quantity": Decimal(quantity),
        "receiptLinePrice": gross / Decimal(quantity),
        "preDiscountPrice": gross,
        "price": Decimal(price),
        "tax": Decimal(tax),
        "deferred": False,
        "voided": False,
        "refundDetails": given_back,
        "modifiers": [],
        **more,
    }


def charge(guid: str, amount: str, *, tax: str = "0", gratuity: bool = False, **more: Any) -> Json:
    """A service charge on a check."""
    return {
        "guid": guid,
        "name": "Terrace",
        "chargeAmount": Decimal(amount),
        "gratuity": gratuity,
        "appliedTaxes": [{"guid": None, "taxAmount": Decimal(tax)}] if Decimal(tax) else [],
        **more,
    }


def payment(
    guid: str,
    amount: str,
    *,
    tip: str = "0",
    at: float = 0,
    kind: str = "CASH",
    status: str | None = "CAPTURED",
    back: str | None = None,
    tip_back: str = "0",
    back_at: float = DAY,
    transaction: str | None = "RT",
    voided_at: float | None = None,
    server: str | None = None,
    **more: Any,
) -> Json:
    """A payment inside a check; `back` is what of its amount was given back, `tip_back` of its tip."""
    refund = {
        "refundAmount": Decimal(back or "0"),
        "tipRefundAmount": Decimal(tip_back),
        "refundDate": clock(back_at),
        "refundBusinessDate": business_date(back_at),
        "refundTransaction": link("RefundTransaction", transaction),
    }
    void = voided_at is not None and {"voidDate": clock(voided_at), "voidBusinessDate": business_date(voided_at)}
    return {
        "guid": guid,
        "type": kind,
        "amount": Decimal(amount),
        "tipAmount": Decimal(tip),
        "paidDate": clock(at),
        "paymentStatus": "VOIDED" if void else status,
        "refund": refund if back is not None else None,
        "voidInfo": void or None,
        "server": link("RestaurantUser", server),
        **more,
    }


def check(
    guid: str,
    selections: Sequence[Json] = (),
    payments: Sequence[Json] = (),
    *,
    charges: Sequence[Json] = (),
    status: str = "CLOSED",
    at: float = 0,
    **more: Any,
) -> Json:
    """A check whose totals follow from its selections and service charges; gratuity is outside of them."""
    living = [each for each in selections if not each["voided"]]
    net = sum((each["price"] for each in living), Decimal(0)) + sum(
        (each["chargeAmount"] for each in charges if not each["gratuity"]), Decimal(0)
    )
    tax = sum((each["tax"] for each in living), Decimal(0)) + sum(
        (applied["taxAmount"] for each in charges for applied in each["appliedTaxes"]), Decimal(0)
    )
    return {
        "guid": guid,
        "displayNumber": "41",
        "openedDate": clock(at),
        "createdDate": clock(at),
        "paidDate": clock(at) if payments else None,
        "deletedDate": NEVER,
        "deleted": False,
        "voided": False,
        "voidDate": None,
        "paymentStatus": status,
        "amount": net,
        "taxAmount": tax,
        "totalAmount": net + tax,
        "selections": list(selections),
        "appliedServiceCharges": list(charges),
        "payments": list(payments),
        **more,
    }


def order(guid: str, *checks: Json, at: float = 0, changed: float | None = None, **more: Any) -> Told:
    """An order of these checks."""
    payload: Json = {
        "guid": guid,
        "businessDate": business_date(at),
        "openedDate": clock(at),
        "createdDate": clock(at),
        "deletedDate": NEVER,
        "deleted": False,
        "voided": False,
        "approvalStatus": "APPROVED",
        "createdInTestMode": False,
        "excessFood": False,
        "modifiedDate": clock(at + 1 if changed is None else changed),
        "checks": list(checks),
        **more,
    }
    return Told("orders", payload, guid, instant(at + 1 if changed is None else changed))


def simple(guid: str, price: str, *, tax: str = "0", at: float = 0, kind: str = "CASH", **more: Any) -> Told:
    """An order `guid` with one check `<guid>C`, one selection `<guid>S` and one payment `<guid>P`."""
    total = str(Decimal(price) + Decimal(tax))
    paid = payment(f"{guid}P", total, at=at, kind=kind)
    return order(guid, check(f"{guid}C", [selection(f"{guid}S", price, tax=tax)], [paid], at=at), at=at, **more)


def voided(guid: str, price: str, *, tax: str = "0", at: float = 0, changed: float | None = None) -> Told:
    """The order of `simple` voided: totals 0, selections with their price, the payment voided."""
    moment = at + 5 if changed is None else changed
    mark = {"voided": True, "voidDate": clock(moment), "voidBusinessDate": business_date(moment)}
    total = str(Decimal(price) + Decimal(tax))
    line = selection(f"{guid}S", price, tax=tax, voided=True)
    paid = payment(f"{guid}P", total, at=at, voided_at=moment)
    return order(guid, check(f"{guid}C", [line], [paid], at=at, status="VOIDED", **mark), at=at, changed=moment, **mark)


def seen(order_guid: str, body: Json, *, changed: float = DAY) -> Told:
    """A payment as it is found by itself, by the business date of its refund or void."""
    return Told("payments", {**body, "orderGuid": order_guid}, body["guid"], instant(changed))


def restaurant(
    *, currency: str | None = "USD", timezone: str = "America/New_York", changed: float = 0, guid: str = PLACE
) -> Told:
    """The restaurant, whose currency is that of its orders."""
    general = {"name": "Larkspur Bakery Cafe", "timeZone": timezone, "closeoutHour": 4, "currencyCode": currency}
    return Told("restaurants", {"guid": guid, "general": general}, guid, instant(changed), guid)


def employee(guid: str, first: str, last: str, *, chosen: str | None = None, changed: float = 0) -> Told:
    """Somebody who takes payments."""
    payload = {"guid": guid, "firstName": first, "chosenName": chosen, "lastName": last}
    return Told("employees", payload, guid, instant(changed))


def sales_category(guid: str, name: str, *, changed: float = 0) -> Told:
    """A category in the configuration."""
    return Told("configuration", {"guid": guid, "entityType": "SalesCategory", "name": name}, guid, instant(changed))


def menu_item(guid: str, price: str | None, *, name: str = "Butter Croissant", sku: str = "", **more: Any) -> Json:
    """An item of a menu group."""
    return {
        "guid": guid,
        "multiLocationId": f"ML-{guid}",
        "name": name,
        "sku": sku,
        "price": None if price is None else Decimal(price),
        "salesCategory": None,
        **more,
    }


def menu_group(name: str, *items: Json, groups: Sequence[Json] = ()) -> Json:
    """A group of a menu, which may hold groups."""
    return {"name": name, "guid": f"G-{name}", "menuItems": list(items), "menuGroups": list(groups)}


def menus(*groups: Json, changed: float = 0, guid: str = PLACE) -> Told:
    """The whole published menu of a restaurant."""
    payload = {"restaurantGuid": guid, "lastUpdated": clock(changed), "menus": [{"name": "All", "menuGroups": groups}]}
    return Told("menus", payload, guid, instant(changed), guid)
