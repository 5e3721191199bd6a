"""One merchant's objects as Square keeps them, projected from the shop's sales and kept in time order."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from pos_pipeline.sandbox.bodies import BodyBudget
from pos_pipeline.sandbox.shop.clock import MILLISECOND
from pos_pipeline.sandbox.shop.records import BARE_PAYMENT, PLANNED, Sale
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.render.orders import created_at as order_created_at
from pos_pipeline.sandbox.square.render.orders import render_order
from pos_pipeline.sandbox.square.render.payments import created_at as payment_created_at
from pos_pipeline.sandbox.square.render.payments import render_payment, render_refund
from pos_pipeline.sandbox.square.render.returns import render_return_order
from pos_pipeline.sandbox.square.shelf import Item, Shelf

_encode = msgspec.json.Encoder().encode


class Change(NamedTuple):
    """One object that is new or newer than before."""

    kind: str
    item: Item
    is_new: bool


class Book:
    """Orders, payments and refunds of one merchant."""

    def __init__(self, context: Context, budget: BodyBudget) -> None:
        self.context = context
        self.merchant = context.merchant
        self.orders = Shelf(self._order_body, budget)
        self.payments = Shelf(self._payment_body, budget)
        self.refunds = Shelf(self._refund_body, budget)
        self.shelves = {"order": self.orders, "payment": self.payments, "refund": self.refunds}
        for sale in self.merchant.sales:
            for kind, item in self._items(sale):
                self.shelves[kind].put(item)

    @property
    def main_location_id(self) -> str:
        """The location ListPayments reads when none is named."""
        return next(iter(self.context.location_ids.values()))

    def absorb(self, sale: Sale) -> list[Change]:
        """Take over the sale as it is now; the result is what changed, the ticket first."""
        changes = []
        for kind, item in self._items(sale):
            old = self.shelves[kind].get(item.id)
            if old is None or old.updated != item.updated:
                self.shelves[kind].put(item)
                changes.append(Change(kind, item, old is None))
        return changes

    def _items(self, sale: Sale) -> Iterator[tuple[str, Item]]:
        context = self.context
        location_id = context.location_ids[sale.location_key]
        if sale.kind != BARE_PAYMENT:
            yield (
                "order",
                Item(
                    context.order_id(sale), location_id, order_created_at(sale), sale.changed_at, sale.closed_at, sale
                ),
            )
        for index, tender in enumerate(sale.tenders):
            if tender.state != PLANNED:
                created = payment_created_at(sale, tender)
                yield (
                    "payment",
                    Item(context.payment_id(sale, index), location_id, created, tender.changed_at, None, sale, index),
                )
        for index, refund in enumerate(sale.refunds):
            identifier = context.refund_id(sale, refund)
            yield "refund", Item(identifier, location_id, refund.at, refund.changed_at, None, sale, index)
            if refund.exchange_number is None:
                identifier = context.refund_order_id(refund)
                created, closed = refund.at - 170 * MILLISECOND, refund.at + 260 * MILLISECOND
                yield "order", Item(identifier, location_id, created, refund.changed_at, closed, sale, index)

    def _order_body(self, item: Item) -> bytes:
        if item.part is None:
            return _encode(render_order(self.context, item.sale))
        return _encode(render_return_order(self.context, item.sale, item.sale.refunds[item.part or 0]))

    def _payment_body(self, item: Item) -> bytes:
        return _encode(render_payment(self.context, item.sale, item.part or 0))

    def _refund_body(self, item: Item) -> bytes:
        return _encode(render_refund(self.context, item.sale, item.sale.refunds[item.part or 0]))
