"""Objects of odd shapes stop nobody, and what is in no fact is said."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fakes.books import Books, Shop
from fakes.toast_objects import Told, charge, check, menus, order, payment, restaurant, seen, selection, simple

from pos_pipeline.transform import run_tests

Open = Callable[[], Shop]
Json = dict[str, Any]

HUGE = 10**30
BREAD = selection("S", "5.00", tax="0.40", discount="1.00", back=("5.00", "0.40"))
CASH = payment("P", "5.40", back="5.40")

ODD_ORDERS: list[Json] = [
    {"checks": None},
    {"checks": {"not": "a list"}},
    {"checks": [None, 7, "check", []]},
    {"businessDate": "someday"},
    {"businessDate": 20260231},
    {"businessDate": None},
    {"createdDate": "yesterday", "openedDate": 5, "paidDate": [], "deletedDate": "2026-02-31T10:00:00.000+0000"},
    {"server": "Rosalind"},
    {"server": None, "approvalStatus": {}, "voided": "true", "deleted": 0},
]
ODD_CHECKS: list[Json] = [
    {"guid": None},
    {"guid": ""},
    {"totalAmount": "many"},
    {"totalAmount": None},
    {"totalAmount": HUGE},
    {"totalAmount": Decimal("-5.40")},
    {"taxAmount": [], "amount": {}},
    {"paymentStatus": "SETTLED"},
    {"paymentStatus": None},
    {"selections": None, "payments": None, "appliedServiceCharges": None},
    {"selections": "none", "payments": 5, "appliedServiceCharges": {}},
    {"selections": [None, 5, "x", []], "payments": [None, 5, "x", []], "appliedServiceCharges": [None, 5, "x", []]},
    {"customer": "Mina", "openedBy": [], "displayNumber": {}},
    {"paidDate": "1970-01-01T00:00:00.000+0000", "closedDate": "never"},
]
ODD_SELECTIONS: list[Json] = [
    {"price": None, "preDiscountPrice": None, "receiptLinePrice": None},
    {"price": "much", "tax": "some", "quantity": "a few"},
    {"price": HUGE, "preDiscountPrice": Decimal("0.0001"), "quantity": HUGE},
    {"price": Decimal("0.0001"), "preDiscountPrice": 999_999_999_999},
    {"price": Decimal(-5), "quantity": -1},
    {"quantity": 0},
    {"item": "CROISSANT", "displayName": None, "modifiers": {"a": 1}},
    {"item": [], "modifiers": [None, 5, {"displayName": 7, "price": "x", "modifiers": [[], "y"]}]},
    {"refundDetails": "all"},
    {"refundDetails": {"refundAmount": 999_999_999_999, "taxRefundAmount": None, "refundTransaction": 5}},
    {"appliedTaxes": {"no": "list"}, "tax": None},
    {"deferred": "yes", "voided": None, "selectionType": 5},
]
ODD_PAYMENTS: list[Json] = [
    {"guid": None},
    {"amount": None, "tipAmount": "x"},
    {"amount": Decimal("-0.01"), "tipAmount": HUGE},
    {"amount": 0, "tipAmount": 0},
    {"refund": []},
    {"refund": {"refundAmount": 999_999_999_999, "refundDate": 5, "refundBusinessDate": "x"}},
    {"refund": {"refundAmount": Decimal(-3), "tipRefundAmount": 4}},
    {"voidInfo": "yes", "type": 7, "cardType": {}, "cardEntryMode": []},
    {"paymentStatus": {}, "last4Digits": 4242, "server": "x", "paidDate": {}},
]


def odd_orders() -> Iterator[Told]:
    """Orders that are odd somewhere, each in one way."""
    extras = [charge("X", "1.00"), charge("G", "1.00", gratuity=True)]
    body = check("C", [BREAD], [CASH], charges=extras)
    yield from (order("O", body, **odd) for odd in ODD_ORDERS)
    yield from (order("O", body | odd) for odd in ODD_CHECKS)
    yield from (order("O", body | {"selections": [BREAD, BREAD | odd]}) for odd in ODD_SELECTIONS)
    yield from (order("O", body | {"payments": [CASH, CASH | {"guid": "P2"} | odd]}) for odd in ODD_PAYMENTS)
    yield order("O", body, body)
    yield order("O", body | {"payments": [CASH, CASH]}, body | {"guid": "C2"})
    yield order("O", body | {"appliedServiceCharges": [extras[0] | {"chargeAmount": "x", "appliedTaxes": 5}]})


def findings(books: Books, shop: Shop) -> dict[str, tuple[int, str]]:
    """Count and sentence of every rule that has something to say about a shop."""
    rows = books.rows("marts.fct_data_quality", shop, "rule", "affected_count", "message")
    return {rule: (affected, message) for rule, affected, message in rows}


def test_orders_of_odd_shapes_stop_nobody(shared_books: Books, open_restaurant: Open) -> None:
    """What Toast does not document: the run succeeds and another sale of the same shop counts."""
    told = list(odd_orders())
    shops = [open_restaurant() for _ in told]
    for shop, each in zip(shops, told, strict=True):
        shared_books.load(shop, each, simple("GOOD", "7.00"))
    shared_books.run()

    for shop in shops:
        assert (Decimal(7), "GOODC") in shared_books.rows(
            "marts.fct_transactions", shop, "total_amount", "pos_transaction_id"
        )


@pytest.mark.parametrize("again", [False, True])
def test_other_objects_of_odd_shapes_stop_nobody(shared_books: Books, open_restaurant: Open, again: bool) -> None:
    """Payments, menus, people and places that say nothing, on their own and once more after the sales."""
    shop = open_restaurant()
    blank = [
        seen("O", {"guid": "P", "refund": 5, "voidInfo": "x"}),
        replace(seen("O", {"guid": "P2"}), payload={"orderGuid": None}),
        replace(menus(), payload={"menus": {"menuGroups": [5, {"menuItems": [5, {"guid": None}, {"guid": "I"}]}]}}),
        replace(menus(changed=5), payload={"menus": None}),
        *(Told(stream, {}, "X", restaurant().version_at) for stream in ("employees", "configuration")),
        Told("restaurants", {"general": []}, "ELSEWHERE", restaurant().version_at, "ELSEWHERE"),
    ]
    shared_books.model(shop, *blank, simple("GOOD", "7.00"))
    if again:
        shared_books.model(shop, *blank)

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == 7


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (order("O", checks=None), "order"),
        (order("O", check("", [BREAD], [CASH])), "check"),
        (order("O", check("C", [BREAD], [CASH], status="SETTLED")), "check"),
        (order("O", check("C", [BREAD], [CASH]) | {"totalAmount": None}), "check"),
        (seen("NEVER", CASH), "payment"),
    ],
)
def test_what_cannot_be_read_is_in_no_fact_and_said(
    shared_books: Books, open_restaurant: Open, odd: Told, kind: str
) -> None:
    """The sentence says what it is."""
    shop = open_restaurant()
    shared_books.model(shop, odd)

    affected, message = findings(shared_books, shop)["object_not_counted"]
    assert shared_books.rows("marts.fct_transactions", shop) == []
    assert (affected, f"({kind})" in message) == (1, True)


def test_unknown_currency_is_left_out_and_said(shared_books: Books, open_restaurant: Open) -> None:
    """A restaurant in XTS: its orders are in no fact; corrected, they are."""
    shop = open_restaurant()
    shared_books.model(shop, restaurant(currency="XTS", changed=1), simple("O", "5.00"))
    said = findings(shared_books, shop)
    before = shared_books.rows("marts.fct_transactions", shop)
    shared_books.model(shop, restaurant(currency="EUR", changed=2))

    assert before == []
    assert said["unknown_currency"][0] == 1
    assert "XTS" in said["unknown_currency"][1]
    assert shared_books.one("marts.fct_transactions", shop)["currency"] == "EUR"
    assert "unknown_currency" not in findings(shared_books, shop)


def test_orders_do_not_wait_for_their_restaurant(shared_books: Books) -> None:
    """Orders name no currency: until their restaurant is read it is that of the linked account."""
    shop = shared_books.open_shop("R", pos_provider="toast")
    shared_books.model(shop, replace(simple("O", "5.00"), location_id="R"))
    before = shared_books.one("marts.fct_transactions", shop)["currency"]
    shared_books.model(shop, restaurant(guid="R"))

    assert (before, shared_books.one("marts.fct_transactions", shop)["currency"]) == ("EUR", "USD")


def test_data_tests_pass_on_good_books(shared_books: Books, open_restaurant: Open) -> None:
    """Sales, refunds, gift cards and gratuities keep every claim of the marts."""
    books = shared_books
    shop = open_restaurant()
    gift = selection("G", "25.00", deferred=True)
    extras = [charge("X", "1.00", tax="0.08"), charge("T", "2.00", gratuity=True)]
    books.model(shop, order("O", check("C", [BREAD, gift], [payment("P", "33.48", back="5.40")], charges=extras)))
    failed = {
        outcome.name
        for outcome in run_tests(books.services)
        if not outcome.passed and outcome.name.startswith(("parts_", "unique_", "values_", "belongs_"))
    }

    assert failed == set()
    assert not findings(books, shop).keys() & {"lines_do_not_add_up", "tenders_do_not_add_up"}
