"""Pieces of a ticket as MenuItemSelections, modifiers nested, and the discounts on them."""

from decimal import Decimal
from typing import NamedTuple

from pos_pipeline.sandbox.shop.clock import SECOND, Instant
from pos_pipeline.sandbox.shop.records import Discount, Line, Modifier
from pos_pipeline.sandbox.toast.render.context import Context, item_name, without_tax
from pos_pipeline.sandbox.toast.render.pieces import Piece
from pos_pipeline.sandbox.toast.wire import Json, stamp

TYPED_AMOUNT = "Importe libre"
_WITHDRAWN_MINOR = 50
_NULL_GUID_EVERY = 11
_WITHDRAWN_EVERY = 47


class Ticket(NamedTuple):
    """What a selection needs to know about the order it is part of."""

    guid: str
    number: int
    opened_at: Instant
    voided_at: Instant | None


def render_selection(context: Context, ticket: Ticket, piece: Piece) -> Json:
    """One top-level selection. Its prices contain its modifiers and its share of the check's discount."""
    line, money = piece.line, context.money
    guid = context.names.guid("selection", f"{ticket.guid}:{piece.key}")
    rendered = _blank(guid, piece.quantity_milli) | _what(context, line)
    percent = line.tax_percent if line else 0
    changed_at = ticket.opened_at
    if piece.refund is not None:
        changed_at = piece.refund.at
        transaction = context.names.guid("refund", f"{context.key}:{piece.refund.key}")
        rendered["refundDetails"] = {
            "refundAmount": money(piece.refund.price_minor),
            "taxRefundAmount": money(piece.refund.tax_minor),
            "refundTransaction": {"guid": transaction, "entityType": "RefundTransaction"},
        }
    if ticket.voided_at is not None:
        changed_at = ticket.voided_at
        rendered |= voiding(context, ticket.voided_at, "voidReason")
    return rendered | {
        "receiptLinePrice": money(without_tax(line.unit_minor, percent) if line else piece.gross_minor),
        "preDiscountPrice": money(piece.gross_minor),
        "price": money(piece.price_minor),
        "tax": money(piece.tax_minor),
        "appliedTaxes": _taxes(context, ticket, guid, percent, piece.tax_minor),
        "appliedDiscounts": _discounts(context, ticket, piece),
        "modifiers": [
            _modifier(context, guid, modifier, piece.quantity_milli, line.tax_percent) for modifier in line.modifiers
        ]
        if line
        else [],
        "createdDate": stamp(ticket.opened_at),
        "modifiedDate": stamp(changed_at),
    }


def render_mistake(context: Context, ticket: Ticket, piece: Piece) -> Json:
    """A selection rung up by mistake and voided at once: it keeps its price but is in no total."""
    again = ticket._replace(voided_at=ticket.opened_at + 4 * SECOND)
    mistake = piece._replace(key=f"{piece.key}v", own_discount_minor=0, check_discount_minor=0, refund=None)
    return render_selection(context, again, mistake)


def voiding(context: Context, at: Instant, *reasons: str) -> Json:
    """What says of an order, a check or a selection that it is void."""
    reason = context.ref("void reason", "VoidReason", "mistake")
    return {
        "voided": True,
        "voidDate": stamp(at),
        "voidBusinessDate": context.business_date(at),
        **dict.fromkeys(reasons, reason),
    }


def check_discount(context: Context, ticket: Ticket, discount: Discount, amount_minor: int) -> Json:
    """A discount on the whole check. It is inside the selections' prices already."""
    return _applied(context, ticket, "check", discount, amount_minor)


def _blank(guid: str, quantity_milli: int) -> Json:
    return {
        "guid": guid,
        "entityType": "MenuItemSelection",
        "externalId": None,
        "item": None,
        "itemGroup": None,
        "optionGroup": None,
        "preModifier": None,
        "displayName": TYPED_AMOUNT,
        "quantity": Decimal(quantity_milli) / 1000,
        "seatNumber": -1,
        "unitOfMeasure": "NONE",
        "selectionType": "NONE",
        "salesCategory": None,
        "plu": None,
        "premodifierPlu": None,
        "taxInclusion": "NOT_INCLUDED",
        "deferred": False,
        "voided": False,
        "voidDate": None,
        "voidBusinessDate": None,
        "voidReason": None,
        "refundDetails": None,
        "fulfillmentStatus": "SENT",
        "fulfillment": None,
        "diningOption": None,
        "optionGroupPricingMode": None,
        "splitOrigin": None,
    }


def _what(context: Context, line: Line | None) -> Json:
    """The item sold, or that there is none."""
    if line is None or line.product is None or line.variation is None:
        return {"selectionType": "OPEN_ITEM"}
    product = line.product
    return {
        "item": context.item_ref(line.variation),
        "itemGroup": context.ref("menu group", "MenuGroup", product.category),
        "displayName": item_name(product, line.variation),
        "salesCategory": context.ref("sales category", "SalesCategory", product.category),
        "plu": line.variation.sku or "",
        "unitOfMeasure": "KG" if product.by_weight else "NONE",
    }


def _modifier(context: Context, parent: str, modifier: Modifier, quantity_milli: int, percent: int) -> Json:
    """A choice on a selection. Its price is inside its parent's, so adding it again would count it twice."""
    money = context.money
    guid = context.names.guid("selection", f"{parent}:{modifier.key}")
    unit = without_tax(modifier.price_minor, percent)
    extended = without_tax(modifier.price_minor * quantity_milli // 1000, percent)
    group = next(name for name, choices in context.merchant.catalog.modifier_groups.items() if modifier in choices)
    reference = context.ref("modifier", "MenuItem", modifier.key)
    return _blank(guid, quantity_milli) | {
        "item": reference | {"multiLocationId": context.multi_location_id(modifier.key)},
        "optionGroup": context.ref("option group", "MenuOptionGroup", group),
        "displayName": modifier.name,
        "optionGroupPricingMode": "ADJUSTS_PRICE",
        "receiptLinePrice": money(unit),
        "preDiscountPrice": money(extended),
        "price": money(extended),
        "tax": money(0),
        "appliedTaxes": [],
        "appliedDiscounts": [],
        "modifiers": [],
    }


def _taxes(context: Context, ticket: Ticket, selection: str, percent: int, tax_minor: int) -> list[Json]:
    if not percent:
        return []
    is_nameless = ticket.number % _NULL_GUID_EVERY == 0
    return [
        {
            "guid": None if is_nameless else context.names.guid("applied tax", selection),
            "entityType": "AppliedTaxRate",
            "taxRate": context.ref("tax rate", "TaxRate", str(percent)),
            "name": f"IVA {percent}%",
            "displayName": f"IVA {percent}%",
            "rate": Decimal(percent).scaleb(-2),
            "taxAmount": context.money(tax_minor),
            "type": "PERCENT",
            "facilitatorCollectAndRemitTax": False,
            "jurisdiction": None,
            "jurisdictionType": None,
        }
    ]


def _discounts(context: Context, ticket: Ticket, piece: Piece) -> list[Json]:
    rows = []
    if piece.line is not None and piece.line.discount is not None and piece.own_discount_minor:
        rows.append(_applied(context, ticket, piece.key, piece.line.discount, piece.own_discount_minor))
    if piece.key == "1" and ticket.number % _WITHDRAWN_EVERY == 0:
        withdrawn = _applied(context, ticket, "withdrawn", context.merchant.catalog.discounts[0], _WITHDRAWN_MINOR)
        rows.append(withdrawn | {"processingState": "VOID"})
    return rows


def _applied(context: Context, ticket: Ticket, key: str, discount: Discount, amount_minor: int) -> Json:
    amount = context.money(amount_minor)
    return {
        "guid": context.names.guid("applied discount", f"{ticket.guid}:{key}"),
        "entityType": "AppliedCustomDiscount",
        "externalId": None,
        "name": discount.name,
        "discountAmount": amount,
        "nonTaxDiscountAmount": amount,
        "discount": context.ref("discount", "Discount", discount.key),
        "triggers": [],
        "approver": None,
        "processingState": None,
        "appliedDiscountReason": None,
        "loyaltyDetails": None,
        "comboItems": [],
        "appliedPromoCode": None,
        "discountType": "FIXED" if discount.percent is None else "PERCENT",
        "discountPercent": None if discount.percent is None else Decimal(discount.percent),
    }
