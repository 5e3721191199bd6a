"""What a customer takes: lines with quantities, modifiers and discounts."""

from collections.abc import Callable
from typing import NamedTuple

from pos_pipeline.sandbox.shop.amounts import apportion, divide_half_even, included_tax
from pos_pipeline.sandbox.shop.catalog import Menu, pick
from pos_pipeline.sandbox.shop.records import Discount, Line, Modifier, Product, Variation

Chance = Callable[[], float]
"""The next random number in [0, 1)."""

_LINE_COUNTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 7)
_QUANTITIES = (1,) * 32 + (2,) * 5 + (3, 4, 6)
_NOTES = ("para llevar", "poco hecho", "sin azúcar", "muy caliente")
_DISCOUNTED_LINES = 0.03
_DISCOUNTED_TICKETS = 0.04
_MODIFIED_LINES = 0.25
_NOTED_LINES = 0.03


class _Draft(NamedTuple):
    """A line before the ticket's own discount is known."""

    product: Product
    variation: Variation
    quantity_milli: int
    unit_minor: int
    gross_minor: int
    modifiers: tuple[Modifier, ...]
    discount: Discount | None
    discount_minor: int


def fill_basket(
    menu: Menu, discounts: tuple[Discount, ...], chance: Chance
) -> tuple[tuple[Line, ...], Discount | None]:
    """The lines of a ticket and the discount on the whole of it, if any. The total is positive."""
    drafts = [_draft(menu, discounts, chance) for _ in range(_LINE_COUNTS[int(chance() * len(_LINE_COUNTS))])]
    discount: Discount | None = None
    shares = [0] * len(drafts)
    if chance() < _DISCOUNTED_TICKETS:
        net = [draft.gross_minor - draft.discount_minor for draft in drafts]
        discount = discounts[int(chance() * len(discounts))]
        off = discount_amount(discount, sum(net))
        if 0 < off < sum(net):
            shares = apportion(off, net)
        else:
            discount = None
    return tuple(_line(draft, share, chance) for draft, share in zip(drafts, shares, strict=True)), discount


def typed_amount(chance: Chance) -> Line:
    """The one line of a ticket for which the cashier typed an amount; half of them are taxed."""
    amount = 100 + int(chance() * 380) * 5
    percent = 10 if chance() < 0.5 else 0  # noqa: PLR2004
    return Line(
        product=None,
        variation=None,
        quantity_milli=1000,
        unit_minor=amount,
        modifiers=(),
        gross_minor=amount,
        discount=None,
        own_discount_minor=0,
        order_discount_minor=0,
        tax_percent=percent,
        tax_minor=included_tax(amount, percent),
        total_minor=amount,
    )


def discount_amount(discount: Discount, gross_minor: int) -> int:
    """What a discount takes off an amount; it may be more than the amount."""
    if discount.percent is not None:
        return divide_half_even(gross_minor * discount.percent, 100)
    return discount.amount_minor or 0


def _draft(menu: Menu, discounts: tuple[Discount, ...], chance: Chance) -> _Draft:
    position = pick(menu.popularity, chance())
    product = menu.products[position]
    unit = menu.prices_minor[position]
    modifiers: tuple[Modifier, ...] = ()
    if product.by_weight:
        quantity = 150 + int(chance() * 270) * 5
        gross = divide_half_even(unit * quantity, 1000)
    else:
        pieces = _QUANTITIES[int(chance() * len(_QUANTITIES))]
        quantity, gross = pieces * 1000, unit * pieces
        if product.modifiers and chance() < _MODIFIED_LINES:
            modifiers = (product.modifiers[int(chance() * len(product.modifiers))],)
            gross += modifiers[0].price_minor * pieces
    discount: Discount | None = None
    off = 0
    if chance() < _DISCOUNTED_LINES:
        discount = discounts[int(chance() * len(discounts))]
        off = discount_amount(discount, gross)
        if not 0 < off < gross:
            discount, off = None, 0
    return _Draft(product, menu.variations[position], quantity, unit, gross, modifiers, discount, off)


def _line(draft: _Draft, share_minor: int, chance: Chance) -> Line:
    product, variation, quantity, unit, gross, modifiers, discount, off = draft
    total = gross - off - share_minor
    percent = product.tax_percent
    # by position: this is the innermost loop of a history
    return Line(
        product, variation, quantity, unit, modifiers, gross, discount, off, share_minor, percent,
        included_tax(total, percent), total,
        _NOTES[int(chance() * len(_NOTES))] if chance() < _NOTED_LINES else None,
    )  # fmt: skip
