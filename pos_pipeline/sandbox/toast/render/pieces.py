"""A ticket's lines as amounts before tax: what one selection each is made of."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pos_pipeline.sandbox.shop.amounts import divide_half_even
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.ledger import discount_of
from pos_pipeline.sandbox.shop.records import BARE_PAYMENT, Line, ReturnedLine, Sale
from pos_pipeline.sandbox.toast.render.context import without_tax
from pos_pipeline.sandbox.toast.render.returned import Giveback

_WHOLE = 1000


class PieceRefund(NamedTuple):
    """What came back of a piece."""

    key: str
    at: Instant
    price_minor: int
    tax_minor: int


class Piece(NamedTuple):
    """One selection in minor units before tax. `price_minor` is after both discounts, modifiers included."""

    key: str
    line: Line | None
    quantity_milli: int
    price_minor: int
    tax_minor: int
    own_discount_minor: int
    check_discount_minor: int
    refund: PieceRefund | None = None

    @property
    def gross_minor(self) -> int:
        """The price before discounts."""
        return self.price_minor + self.own_discount_minor + self.check_discount_minor


def pieces_of(sale: Sale, back: Sequence[Giveback]) -> list[Piece]:
    """The selections of a sale; a payment taken without a ticket is one selection without a product."""
    if sale.kind == BARE_PAYMENT:
        return [Piece("1", None, _WHOLE, sale.goods_minor, 0, 0, 0)]
    came_back = {line.line_index: (giveback, line) for giveback in back for line in giveback.lines}
    return [
        piece
        for index, line in enumerate(sale.lines)
        for piece in _pieces(sale, f"{index + 1}", line, came_back.get(index))
    ]


def _pieces(sale: Sale, key: str, line: Line, came_back: tuple[Giveback, ReturnedLine] | None) -> Iterator[Piece]:
    discount = discount_of(sale, line, without_tax=True)
    own = min(discount, without_tax(line.own_discount_minor, line.tax_percent))
    whole = Piece(
        key, line, line.quantity_milli, line.total_minor - line.tax_minor, line.tax_minor, own, discount - own
    )
    if came_back is None:
        yield whole
        return
    giveback, returned = came_back
    price = returned.total_minor - returned.tax_minor
    refund = PieceRefund(giveback.key, giveback.at, price, returned.tax_minor)
    if returned.quantity_milli == line.quantity_milli or not discount:
        yield whole._replace(refund=refund)
        return
    # a discounted piece given back is split off, so that its share of the discount is its own
    off = discount_of(sale, returned, without_tax=True)
    own_off = min(off, divide_half_even(own * returned.quantity_milli, line.quantity_milli))
    yield whole._replace(
        quantity_milli=line.quantity_milli - returned.quantity_milli,
        price_minor=whole.price_minor - price,
        tax_minor=whole.tax_minor - returned.tax_minor,
        own_discount_minor=own - own_off,
        check_discount_minor=discount - own - (off - own_off),
    )
    yield Piece(f"{key}s", line, returned.quantity_milli, price, returned.tax_minor, own_off, off - own_off, refund)
