"""When a check, its payments and their refunds become a sale, a refund, a void, or nothing."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from fakes.books import Books, Row, Shop
from fakes.toast_objects import charge, check, order, payment, selection, simple, voided

BREAD = selection("S", "5.00")
CASH = payment("P", "5.00")
NOTHING: list[tuple[str, Decimal | int, str]] = []


def paid_by(**how: str | None) -> list[object]:
    """A check of 5.00 paid in one way."""
    return [order("O", check("C", [BREAD], [payment("P", "5.00", **how)]))]  # type: ignore[arg-type]


CASES = {
    "a closed check is a sale": ([simple("O", "5.00")], [("sale", 5, "cash")]),
    "a paid check whose tip may still be adjusted is a sale": (
        [order("O", check("C", [BREAD], [CASH], status="PAID"))],
        [("sale", 5, "cash")],
    ),
    "an open check is nothing yet": ([order("O", check("C", [BREAD], status="OPEN"))], NOTHING),
    "an open check is nothing yet though something was paid": (
        [order("O", check("C", [BREAD], [payment("P", "2.00")], status="OPEN"))],
        NOTHING,
    ),
    "an empty check is nothing": ([order("O", check("C"))], NOTHING),
    "a check whose selections were all voided is nothing": (
        [order("O", check("C", [selection("S", "5.00", voided=True)]))],
        NOTHING,
    ),
    "a check that was given away is a sale of nothing": (
        [order("O", check("C", [selection("S", "0", discount="5.00")]))],
        [("sale", 0, "other")],
    ),
    "a deleted order is nothing": ([simple("O", "5.00", deleted=True)], NOTHING),
    "a deleted check is nothing": ([order("O", check("C", [BREAD], [CASH], deleted=True))], NOTHING),
    "excess food is nothing": ([simple("O", "5.00", excessFood=True)], NOTHING),
    "a test is nothing": ([simple("O", "5.00", createdInTestMode=True)], NOTHING),
    "an order for later is nothing yet": ([simple("O", "5.00", approvalStatus="FUTURE")], NOTHING),
    "an order that needs approval is nothing yet": ([simple("O", "5.00", approvalStatus="NEEDS_APPROVAL")], NOTHING),
    "an order that was refused is nothing": ([simple("O", "5.00", approvalStatus="NOT_APPROVED")], NOTHING),
    "an order without approval is like an approved one": (
        [simple("O", "5.00", approvalStatus=None)],
        [("sale", 5, "cash")],
    ),
    "a voided order is a void": ([voided("O", "5.00")], [("void", 0, "cash")]),
    "a voided check is a void beside the sale of another": (
        [
            order(
                "O",
                check("C1", [BREAD], [CASH]),
                check("C2", [selection("S2", "3.00", voided=True)], status="VOIDED", voided=True),
            )
        ],
        [("sale", 5, "cash"), ("void", 0, "other")],
    ),
    "a voided order that was deleted is nothing": ([simple("O", "5.00", voided=True, deleted=True)], NOTHING),
    "a voided test is nothing": ([simple("O", "5.00", voided=True, createdInTestMode=True)], NOTHING),
    "every check is a transaction": (
        [
            order(
                "O",
                check("C1", [BREAD], [CASH]),
                check("C2", [selection("S2", "3.00")], [payment("P2", "3.00", kind="CREDIT")]),
            )
        ],
        [("sale", 3, "card"), ("sale", 5, "cash")],
    ),
    "two payments of a check are one sale": (
        [order("O", check("C", [BREAD], [payment("P1", "2.00", kind="CREDIT", tip="0.50"), payment("P2", "3.00")]))],
        [("sale", Decimal("5.5"), "split")],
    ),
    "a declined card does not count": (
        [order("O", check("C", [BREAD], [payment("P1", "5.00", kind="CREDIT", tip="1.00", status="DENIED"), CASH]))],
        [("sale", 5, "cash")],
    ),
    "a voided payment does not count beside another": (
        [order("O", check("C", [BREAD], [payment("P1", "5.00", kind="CREDIT", tip="1.00", voided_at=2), CASH]))],
        [("sale", 5, "cash")],
    ),
    "a payment of unknown status is money": (paid_by(status="SETTLED_TWICE"), [("sale", 5, "cash")]),
    "a payment of no status is money": (paid_by(status=None), [("sale", 5, "cash")]),
    "a refund of nothing is nothing": (
        [order("O", check("C", [BREAD], [payment("P", "5.00", back="0")]))],
        [("sale", 5, "cash")],
    ),
    "a refund beside a sale": (
        [order("O", check("C", [BREAD], [payment("P", "5.00", back="5.00")]))],
        [("refund", -5, "cash"), ("sale", 5, "cash")],
    ),
    "a refund of the tip alone": (
        [order("O", check("C", [BREAD], [payment("P", "5.00", tip="1.00", back="0", tip_back="1.00")]))],
        [("refund", -1, "cash"), ("sale", 6, "cash")],
    ),
    "money given back for a check that is not sold is nothing": (
        [order("O", check("C", [BREAD], [payment("P", "5.00", back="5.00")], status="OPEN"))],
        NOTHING,
    ),
    "a gift card sold is a sale of nothing": (
        [order("O", check("C", [selection("S", "25.00", name="Gift Card", item=None)], [payment("P", "25.00")]))],
        [("sale", 0, "cash")],
    ),
    "a card put in is card": (paid_by(kind="CREDIT", cardEntryMode="EMV_CHIP_SIGN"), [("sale", 5, "card")]),
    "a card held up is contactless": (
        paid_by(kind="CREDIT", cardEntryMode="CONTACTLESS"),
        [("sale", 5, "contactless")],
    ),
    "a phone at the web shop is mobile": (
        paid_by(kind="CREDIT", cardEntryMode="APPLE_PAY_CNP"),
        [("sale", 5, "mobile")],
    ),
    "another phone is mobile": (paid_by(kind="CREDIT", cardEntryMode="GOOGLE_PAY_CNP"), [("sale", 5, "mobile")]),
    "an entry mode Toast has not invented yet is card": (
        paid_by(kind="CREDIT", cardEntryMode="TELEPATHY"),
        [("sale", 5, "card")],
    ),
    "a gift card is gift_card": (paid_by(kind="GIFTCARD"), [("sale", 5, "gift_card")]),
    "Toast's stored value is gift_card": (paid_by(kind="TOAST_SV"), [("sale", 5, "gift_card")]),
    "a house account is on_account": (paid_by(kind="HOUSE_ACCOUNT"), [("sale", 5, "on_account")]),
    "a delivery service is other": (paid_by(kind="OTHER"), [("sale", 5, "other")]),
    "a way of paying Toast has not invented yet is other": (paid_by(kind="SHELLS"), [("sale", 5, "other")]),
    "a service charge alone is a sale": (
        [order("O", check("C", [], [payment("P", "2.00")], charges=[charge("X", "2.00")]))],
        [("sale", 2, "cash")],
    ),
}


@pytest.fixture(scope="module")
def kept(shared_books: Books, open_restaurant: Callable[[], Shop]) -> dict[str, list[Row]]:
    """(type, total, payment method) of every transaction the books keep of a case, each in a shop of its own."""
    shops = {claim: open_restaurant() for claim in CASES}
    for claim, (told, _) in CASES.items():
        shared_books.load(shops[claim], *told)
    shared_books.run()
    columns = ("transaction_type", "total_amount", "payment_method")
    return {claim: shared_books.rows("marts.fct_transactions", shop, *columns) for claim, shop in shops.items()}


@pytest.mark.parametrize("claim", CASES)
def test_what_counts(kept: dict[str, list[Row]], claim: str) -> None:
    """What an order comes to once everything has arrived."""
    assert kept[claim] == CASES[claim][1]
