"""A ticket as an Order with its one Check.

    Sale ──▶ pieces ──▶ selections ─┐
         └─▶ tenders ──▶ payments ──┴─▶ check ──▶ order

`amount` is without tax, `totalAmount` with it, and neither knows of tips or of what came back later.
"""

from typing import NamedTuple

from pos_pipeline.sandbox.shop.aftermath import is_sold
from pos_pipeline.sandbox.shop.clock import SECOND, Instant
from pos_pipeline.sandbox.shop.ledger import sold_at
from pos_pipeline.sandbox.shop.records import CANCELED, COMPLETED, Customer, Sale
from pos_pipeline.sandbox.toast.closeout import business_moment, capture_at, is_voided
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.payments import Paid, render_payment, tenders_of, user_ref
from pos_pipeline.sandbox.toast.render.pieces import Piece, pieces_of
from pos_pipeline.sandbox.toast.render.returned import givebacks
from pos_pipeline.sandbox.toast.render.selections import (
    Ticket,
    check_discount,
    render_mistake,
    render_selection,
    voiding,
)
from pos_pipeline.sandbox.toast.wire import NEVER, Json, stamp

FULL_GUEST, WEBHOOK_GUEST, NO_GUEST = "full", "webhook", "none"
"""How much of a customer is shown: all, what webhooks leave in, nothing without the scope `guest.pi:read`."""
_MISTAKE_EVERY = 61
_NULL_DELETION_EVERY = 5
_SERVICES = ("desayuno", "comida", "merienda")


class View(NamedTuple):
    """A sale as the cloud knows it at some moment."""

    sale: Sale
    modified_at: Instant
    captured_at: Instant | None = None
    """None until the nightly batch."""
    handed_in: Sale | None = None
    """The later sale against which goods of this one came back."""


class Times(NamedTuple):
    """When what happened to the ticket; None where it did not."""

    created_at: Instant
    opened_at: Instant
    promised_at: Instant | None
    paid_at: Instant | None
    closed_at: Instant | None
    voided_at: Instant | None


def render_order(context: Context, view: View, guest: str = FULL_GUEST) -> Json:
    """The whole order as every endpoint answers it."""
    sale = view.sale
    times = times_of(context, view)
    guid = context.order_guid(sale)
    order = _frame(context, sale, guid, times, view.modified_at)
    if times.voided_at is not None:
        order |= voiding(context, times.voided_at)
    order["checks"] = [_check(context, view, guid, times, guest)]
    return order


def render_payments(context: Context, view: View) -> list[Json]:
    """The payments of a sale's check."""
    guid = context.order_guid(view.sale)
    voided_at = times_of(context, view).voided_at
    back = givebacks(view.sale, view.handed_in)
    paid = Paid(guid, check_guid(context, guid), view.captured_at, voided_at, back)
    return [render_payment(context, view.sale, paid, index, tender) for index, tender in tenders_of(view.sale)]


def render_moved(context: Context, sale: Sale) -> Json:
    """The order a check was moved away from: deleted, and never to be counted."""
    opened_at = opened_at_of(context, sale)
    times = Times(sale.arrived_at if sale.is_offline else opened_at, opened_at, None, None, None, None)
    guid = context.moved_guid(sale)
    deletion = {"deleted": True, "deletedDate": stamp(sale.arrived_at)}
    order = _frame(context, sale, guid, times, sale.arrived_at) | deletion
    goods = sum(piece.price_minor for piece in pieces_of(sale, ()))
    tax = sum(piece.tax_minor for piece in pieces_of(sale, ()))
    check = _check_frame(context, sale, guid, times, sale.arrived_at) | deletion
    order["checks"] = [
        check
        | {
            "appliedDiscounts": [],
            "appliedServiceCharges": [],
            "selections": [],
            "payments": [],
            "amount": context.money(goods),
            "taxAmount": context.money(tax),
            "totalAmount": context.money(goods + tax),
            "paymentStatus": "OPEN",
        }
    ]
    return order


def check_guid(context: Context, order_guid: str) -> str:
    """GUID of an order's check."""
    return context.names.guid("check", order_guid)


def opened_at_of(context: Context, sale: Sale) -> Instant:
    """When the ticket was opened; never on an earlier business day than the one it counts for."""
    moment = business_moment(sale)
    is_same = context.business_day(sale.opened_at) == context.business_day(moment)
    return sale.opened_at if is_same else moment


def times_of(context: Context, view: View) -> Times:
    """The order's times. A pickup is opened when it is promised, as scheduled orders are."""
    sale = view.sale
    opened_at = opened_at_of(context, sale)
    promised_at = sold_at(sale) if sale.is_pickup and is_sold(sale) else None
    if promised_at is not None:
        opened_at = promised_at
    paid_at = closed_at = voided_at = None
    if is_sold(sale):
        paid_at = max((t.at for _, t in tenders_of(sale) if t.state == COMPLETED), default=sale.paid_at)
        if capture_at(context.timezone, sale) is None:
            closed_at = max(paid_at, sale.closed_at or paid_at)
        else:
            closed_at = view.captured_at
    elif is_voided(sale):
        voided_at = closed_at = _voided_at(context, sale)
    created_at = sale.arrived_at if sale.is_offline else min(sale.opened_at, opened_at)
    return Times(created_at, opened_at, promised_at, paid_at, closed_at, voided_at)


def _voided_at(context: Context, sale: Sale) -> Instant:
    """When it was voided; never on another business day than the one the void counts on."""
    moment = business_moment(sale)
    canceled = [tender.settled_at for tender in sale.tenders if tender.state == CANCELED]
    at = sale.closed_at or max(canceled, default=moment)
    return at if context.business_day(at) == context.business_day(moment) else moment


def _frame(context: Context, sale: Sale, guid: str, times: Times, modified_at: Instant) -> Json:
    """Everything of an order but its checks, neither void nor deleted."""
    device = {"id": f"{sale.location_key}-{sale.device}"}
    return {
        "guid": guid,
        "entityType": "Order",
        "externalId": None,
        "displayNumber": _display_number(sale),
        "openedDate": stamp(times.opened_at),
        "createdDate": stamp(times.created_at),
        "modifiedDate": stamp(modified_at),
        "promisedDate": _maybe(times.promised_at),
        "estimatedFulfillmentDate": None,
        "requiredPrepTime": None,
        "paidDate": _maybe(times.paid_at),
        "closedDate": _maybe(times.closed_at),
        "deletedDate": None if sale.number % _NULL_DELETION_EVERY == 0 else NEVER,
        "deleted": False,
        "voided": False,
        "voidDate": None,
        "voidBusinessDate": None,
        "businessDate": context.business_date(times.opened_at),
        "duration": None if times.closed_at is None else max(0, times.closed_at - times.opened_at) // SECOND,
        "diningOption": context.ref("dining option", "DiningOption", _dining(sale)),
        "revenueCenter": context.ref("revenue center", "RevenueCenter", "terraza" if sale.service_minor else "barra"),
        "serviceArea": context.ref("service area", "ServiceArea", "terraza") if sale.service_minor else None,
        "restaurantService": context.ref(
            "restaurant service", "RestaurantService", _SERVICES[sale.number % len(_SERVICES)]
        ),
        "table": context.ref("table", "Table", str(1 + sale.number % 8)) if sale.service_minor else None,
        "server": None if sale.is_pickup else user_ref(context, sale.cashier),
        "source": "Online" if sale.is_pickup else "In Store",
        "numberOfGuests": 1,
        "approvalStatus": "APPROVED",
        "pricingFeatures": ["TAXESV2"],
        "createdDevice": device,
        "lastModifiedDevice": device,
        "createdInTestMode": False,
        "excessFood": False,
        "channelGuid": None,
        "curbsidePickupInfo": None,
        "deliveryInfo": None,
        "marketplaceFacilitatorTaxInfo": None,
        "appliedPackagingInfo": None,
    }


def _check_frame(context: Context, sale: Sale, order_guid: str, times: Times, modified_at: Instant) -> Json:
    device = {"id": f"{sale.location_key}-{sale.device}"}
    return {
        "guid": check_guid(context, order_guid),
        "entityType": "Check",
        "externalId": None,
        "displayNumber": _display_number(sale),
        "tabName": None,
        "openedDate": stamp(times.opened_at),
        "createdDate": stamp(times.created_at),
        "paidDate": _maybe(times.paid_at),
        "closedDate": _maybe(times.closed_at),
        "modifiedDate": stamp(modified_at),
        "deletedDate": NEVER,
        "deleted": False,
        "voided": False,
        "voidDate": None,
        "voidBusinessDate": None,
        "openedBy": user_ref(context, sale.cashier),
        "taxExempt": False,
        "appliedLoyaltyInfo": None,
        "duration": None,
        "createdDevice": device,
        "lastModifiedDevice": device,
    }


def _check(context: Context, view: View, order_guid: str, times: Times, guest: str) -> Json:
    sale, money = view.sale, context.money
    back = givebacks(sale, view.handed_in)
    pieces = pieces_of(sale, back)
    ticket = Ticket(order_guid, sale.number, times.opened_at, times.voided_at)
    selections = [render_selection(context, ticket, piece) for piece in pieces]
    if pieces and times.voided_at is None and sale.number % _MISTAKE_EVERY == 0:
        selections.append(render_mistake(context, ticket, pieces[0]))
    check = _check_frame(context, sale, order_guid, times, view.modified_at)
    if guest != NO_GUEST:
        check["customer"] = _customer(context, sale.customer, guest)
    goods, tax = sum(piece.price_minor for piece in pieces) + sale.service_minor, sum(p.tax_minor for p in pieces)
    if times.voided_at is not None:
        check |= voiding(context, times.voided_at)
        goods = tax = 0
    return check | {
        "appliedDiscounts": _check_discounts(context, sale, ticket, pieces),
        "appliedServiceCharges": [_service_charge(context, order_guid, sale.service_minor)]
        if sale.service_minor
        else [],
        "selections": selections,
        "payments": render_payments(context, view),
        "amount": money(goods),
        "taxAmount": money(tax),
        "totalAmount": money(goods + tax),
        "paymentStatus": _payment_status(sale, times),
    }


def _payment_status(sale: Sale, times: Times) -> str:
    if times.voided_at is not None:
        return "VOIDED"
    if not is_sold(sale):
        return "OPEN"
    return "PAID" if times.closed_at is None else "CLOSED"


def _check_discounts(context: Context, sale: Sale, ticket: Ticket, pieces: list[Piece]) -> list[Json]:
    amount = sum(piece.check_discount_minor for piece in pieces)
    return [check_discount(context, ticket, sale.discount, amount)] if sale.discount is not None and amount else []


def _service_charge(context: Context, order_guid: str, amount_minor: int) -> Json:
    """The terrace supplement: not a gratuity, not taxed, part of the check's amount."""
    return {
        "guid": context.names.guid("applied service charge", order_guid),
        "entityType": "AppliedServiceCharge",
        "externalId": None,
        "serviceCharge": context.ref("service charge", "ServiceCharge", "terraza"),
        "name": "Suplemento de terraza",
        "chargeAmount": context.money(amount_minor),
        "chargeType": "PERCENT",
        "delivery": False,
        "takeout": False,
        "dineIn": True,
        "gratuity": False,
        "taxable": False,
        "appliedTaxes": [],
        "serviceChargeCalculation": "POST_DISCOUNT",
        "serviceChargeCategory": "SERVICE_CHARGE",
        "refundDetails": None,
        "paymentGuid": None,
    }


def _customer(context: Context, customer: Customer | None, guest: str) -> Json | None:
    if customer is None:
        return None
    known: Json = {
        "guid": context.names.known("customer", f"{context.key}:{customer.key}"),
        "entityType": "Customer",
        "email": customer.email,
    }
    if guest == WEBHOOK_GUEST:
        return known
    phone = customer.phone
    return known | {
        "firstName": customer.given_name,
        "lastName": customer.family_name,
        "phone": None if phone is None else phone.removeprefix("+34"),
        "phoneCountryCode": None if phone is None else "34",
    }


def _dining(sale: Sale) -> str:
    if sale.is_pickup:
        return "recoger"
    return "local" if sale.service_minor or sale.number % 3 else "llevar"


def _display_number(sale: Sale) -> str:
    """The number on the ticket, which starts again every day and repeats."""
    return str(sale.number % 1000)


def _maybe(at: Instant | None) -> str | None:
    return None if at is None else stamp(at)
