"""What a check's money is made of, and what its refunds take of it."""

from collections.abc import Callable
from decimal import Decimal

from fakes.books import Books, Row, Shop
from fakes.toast_objects import (
    DAY,
    charge,
    check,
    employee,
    order,
    payment,
    restaurant,
    seen,
    selection,
    simple,
    voided,
)

Open = Callable[[], Shop]

PARTS = ("subtotal", "tax_amount", "discount_amount", "service_charge_amount", "tip_amount", "total_amount")


def parts(row: Row) -> tuple[Decimal, ...]:
    """What a total is made of, and the total."""
    return tuple(row[name] for name in PARTS)


def lines(books: Books, shop: Shop) -> list[tuple[str, str, Decimal]]:
    """Name, type and total of every line of a shop."""
    return books.rows("marts.fct_transaction_items", shop, "product_name", "line_type", "line_total")


def sound(books: Books, shop: Shop) -> bool:
    """Whether lines and tenders make the totals."""
    found = {rule for (rule,) in books.rows("marts.fct_data_quality", shop, "rule")}
    return not found & {"lines_do_not_add_up", "tenders_do_not_add_up", "sale_without_payment", "object_not_counted"}


def test_discount_is_counted_once_by_its_allocation(shared_books: Books, open_restaurant: Open) -> None:
    """2.00 off the check, allocated 1.50 and 0.50 to selections; its own row, and a void one, are not read."""
    shop = open_restaurant()
    sold = [selection("S1", "4.50", discount="1.50"), selection("S2", "1.50", discount="0.50")]
    applied = [
        {"name": "Two off", "discountAmount": Decimal(2), "processingState": None},
        {"name": "Ten off", "discountAmount": Decimal(10), "processingState": "VOID"},
        {"name": "Nine off", "discountAmount": Decimal(9), "processingState": "PENDING_VOID"},
    ]
    shared_books.model(shop, order("O", check("C", sold, [payment("P", "6.00")], appliedDiscounts=applied)))

    sale = shared_books.one("marts.fct_transactions", shop)
    assert parts(sale) == (8, 0, 2, 0, 0, 6)


def test_tax_is_the_checks_and_what_no_line_has_is_an_adjustment(shared_books: Books, open_restaurant: Open) -> None:
    """Two lines with 0.075 tax each are 0.15 by check; 0.16 leaves a cent to no line."""
    shop = open_restaurant()
    sold = [selection("S1", "1.00", tax="0.075"), selection("S2", "1.00", tax="0.075")]
    given = {"taxAmount": Decimal("0.16"), "totalAmount": Decimal("2.16")}
    shared_books.model(shop, order("O", check("C", sold, [payment("P", "2.16")], **given)))

    assert parts(shared_books.one("marts.fct_transactions", shop)) == (2, Decimal("0.16"), 0, 0, 0, Decimal("2.16"))
    assert lines(shared_books, shop) == [
        ("Butter Croissant", "product", Decimal("1.075")),
        ("Butter Croissant", "product", Decimal("1.075")),
        ("Tax difference", "adjustment", Decimal("0.01")),
    ]


def test_tax_of_a_selection_may_be_in_its_applied_taxes_alone(shared_books: Books, open_restaurant: Open) -> None:
    """No `tax`, but two rates."""
    shop = open_restaurant()
    taxes = [{"taxAmount": Decimal("0.20")}, {"taxAmount": Decimal("0.05")}, None]
    sold = selection("S", "5.00", tax="0.25") | {"tax": None, "appliedTaxes": taxes}
    given = {"amount": 5, "taxAmount": Decimal("0.25"), "totalAmount": Decimal("5.25")}
    body = check("C", [], [payment("P", "5.25")]) | given | {"selections": [sold]}
    shared_books.model(shop, order("O", body))

    assert shared_books.one("marts.fct_transaction_items", shop)["tax_amount"] == Decimal("0.25")
    assert sound(shared_books, shop)


def test_service_charge_is_revenue_and_gratuity_is_tip(shared_books: Books, open_restaurant: Open) -> None:
    """10.00 sold, 1.00 for the terrace with 0.08 tax, 2.00 gratuity outside of the total, 0.50 tip."""
    shop = open_restaurant()
    extras = [charge("X", "1.00", tax="0.08"), charge("G", "2.00", gratuity=True)]
    body = check("C", [selection("S", "10.00", tax="0.80")], [payment("P", "13.88", tip="0.50")], charges=extras)
    shared_books.model(shop, order("O", body))

    sale = shared_books.one("marts.fct_transactions", shop)
    assert parts(sale) == (10, Decimal("0.88"), 0, 1, Decimal("2.5"), Decimal("14.38"))
    assert lines(shared_books, shop) == [
        ("Butter Croissant", "product", Decimal("10.8")),
        ("Service charge tax", "adjustment", Decimal("0.08")),
    ]
    assert sound(shared_books, shop)


def test_gratuity_inside_the_total_is_not_counted_twice(shared_books: Books, open_restaurant: Open) -> None:
    """12.00 where amount and tax make 10.00: the 2.00 gratuity is in there."""
    shop = open_restaurant()
    body = check("C", [selection("S", "10.00")], [payment("P", "12.00")], charges=[charge("G", "2.00", gratuity=True)])
    shared_books.model(shop, order("O", body | {"totalAmount": Decimal(12)}))

    assert parts(shared_books.one("marts.fct_transactions", shop)) == (10, 0, 0, 0, 2, 12)
    assert sound(shared_books, shop)


def test_donation_is_not_revenue(shared_books: Books, open_restaurant: Open) -> None:
    """1.00 for a fundraising campaign passes through: not in the total, not in the tender."""
    shop = open_restaurant()
    given = charge("F", "1.00", name="Food bank", serviceChargeCategory="FUNDRAISING_CAMPAIGN")
    shared_books.model(shop, order("O", check("C", [selection("S", "5.00")], [payment("P", "6.00")], charges=[given])))

    sale = shared_books.one("marts.fct_transactions", shop)
    assert parts(sale) == (5, 0, 0, 0, 0, 5)
    assert shared_books.one("marts.fct_transaction_tenders", shop)["amount"] == 5
    assert lines(shared_books, shop) == [("Butter Croissant", "product", 5), ("Food bank", "deferred", 0)]


def test_gift_card_sold_is_not_revenue_and_tenders_still_make_the_total(
    shared_books: Books, open_restaurant: Open
) -> None:
    """5.00 and a card of 25.00, paid 20.00 and 10.00 with 1.00 tip: 6.00, of which 4.33 are the first payment's."""
    shop = open_restaurant()
    sold = [selection("S", "5.00"), selection("G", "25.00", name="Present", item=None, selectionType="TOAST_CARD_SELL")]
    paid = [payment("P1", "20.00", kind="CREDIT", tip="1.00"), payment("P2", "10.00")]
    shared_books.model(shop, order("O", check("C", sold, paid)))

    tenders = shared_books.rows("marts.fct_transaction_tenders", shop, "pos_tender_id", "amount")
    assert parts(shared_books.one("marts.fct_transactions", shop)) == (5, 0, 0, 0, 1, 6)
    assert tenders == [("P1", Decimal("4.33")), ("P2", Decimal("1.67"))]
    assert lines(shared_books, shop) == [("Butter Croissant", "product", 5), ("Present", "deferred", 0)]
    assert sound(shared_books, shop)


def test_every_kind_of_deferred_selection_is_told(shared_books: Books, open_restaurant: Open) -> None:
    """By its flag, by its type, or as a gift card without an item; none of them is unmapped revenue."""
    shop = open_restaurant()
    kinds: list[dict[str, object]] = [
        {"deferred": True},
        {"selectionType": "TOAST_CARD_RELOAD"},
        {"selectionType": "HOUSE_ACCOUNT_PAY_BALANCE"},
        {"name": "Gift Card", "item": None},
    ]
    told = [
        order(f"O{number}", check(f"C{number}", [selection("S", "9.00", **kind)], [payment(f"P{number}", "9.00")]))  # type: ignore[arg-type]
        for number, kind in enumerate(kinds)
    ]
    shared_books.model(shop, *told)

    assert {kind for _, kind, _ in lines(shared_books, shop)} == {"deferred"}
    assert {total for (total,) in shared_books.rows("marts.fct_transactions", shop, "total_amount")} == {0}
    assert shared_books.rows("marts.fct_unmapped_products", shop) == []


def test_gift_card_given_back_is_no_refund_of_revenue(shared_books: Books, open_restaurant: Open) -> None:
    """5.00 bread and 25.00 card, all given back: revenue falls by 5.00, with lines and without."""
    named, silent = open_restaurant(), open_restaurant()
    for shop, back in ((named, True), (silent, False)):
        sold = [
            selection("S", "5.00", back=("5.00", "0") if back else None),
            selection("G", "25.00", deferred=True, back=("25.00", "0") if back else None),
        ]
        shared_books.load(shop, order("O", check("C", sold, [payment("P", "30.00", back="30.00")])))
    shared_books.run()

    for shop in (named, silent):
        totals = shared_books.rows("marts.fct_transactions", shop, "pos_transaction_id", "total_amount")
        assert totals == [("C", 5), ("P:refund", -5)]
        assert sound(shared_books, shop)


def test_nested_modifiers_are_listed_and_never_added(shared_books: Books, open_restaurant: Open) -> None:
    """A shot in the syrup in the coffee, and a voided lid: two modifiers, one line."""
    shop = open_restaurant()
    shot = {"displayName": "Shot", "quantity": 2, "price": Decimal("0.50"), "modifiers": None}
    syrup = {"displayName": "Syrup", "quantity": 1, "price": Decimal("0.75"), "modifiers": [shot]}
    lid = {"displayName": "Lid", "quantity": 1, "price": 1, "voided": True}
    shared_books.model(
        shop, order("O", check("C", [selection("S", "6.25", modifiers=[syrup, lid])], [payment("P", "6.25")]))
    )

    line = shared_books.one("marts.fct_transaction_items", shop)
    assert line["line_total"] == Decimal("6.25")
    assert line["modifiers"] == [
        {"name": "Syrup", "quantity": 1, "amount": 0.75},
        {"name": "Shot", "quantity": 2, "amount": 0.5},
    ]


def test_voided_selection_of_a_sold_check_is_no_line(shared_books: Books, open_restaurant: Open) -> None:
    """Taken off before paying: it keeps its price and counts for nothing."""
    shop = open_restaurant()
    sold = [selection("S1", "5.00"), selection("S2", "3.00", voided=True)]
    shared_books.model(shop, order("O", check("C", sold, [payment("P", "5.00")])))

    assert lines(shared_books, shop) == [("Butter Croissant", "product", 5)]
    assert shared_books.one("marts.fct_transactions", shop)["voided_amount"] == 0


def test_amounts_only_are_one_custom_line(shared_books: Books, open_restaurant: Open) -> None:
    """A check of 5.00 and 0.40 tax without a single selection."""
    shop = open_restaurant()
    given = {"amount": 5, "taxAmount": Decimal("0.40"), "totalAmount": Decimal("5.40")}
    shared_books.model(shop, order("O", check("C", [], [payment("P", "5.40")], **given)))

    line = shared_books.one("marts.fct_transaction_items", shop)
    assert (line["product_name"], line["line_type"]) == ("Custom amount", "custom_amount")
    assert (line["line_total"], line["tax_amount"]) == (Decimal("5.4"), Decimal("0.4"))
    assert shared_books.one("marts.fct_transactions", shop)["is_itemised"] is False


def test_double_precision_leaves_no_crumbs(shared_books: Books, open_restaurant: Open) -> None:
    """15.09 summed up in doubles may come as 15.089999999999998."""
    shop = open_restaurant()
    given = {"totalAmount": Decimal("15.089999999999998")}
    body = check("C", [selection("S", "14.10", tax="0.99")], [payment("P", "15.09")]) | given
    shared_books.model(shop, order("O", body))

    assert shared_books.one("marts.fct_transactions", shop)["total_amount"] == Decimal("15.09")
    assert sound(shared_books, shop)


def test_void_is_worth_its_payments_when_they_are_more(shared_books: Books, open_restaurant: Open) -> None:
    """Selections of 5.00 and 0.40 tax, but 7.00 were charged and voided."""
    shop = open_restaurant()
    told = voided("O", "5.00", tax="0.40", at=0, changed=30)
    told.payload["checks"][0]["payments"][0]["amount"] = Decimal("7.00")
    shared_books.model(shop, told)

    void = shared_books.one("marts.fct_transactions", shop)
    assert (void["voided_amount"], void["total_amount"]) == (7, 0)
    assert void["transaction_at"].isoformat() == "2026-03-14T12:30:00+00:00"


def test_void_counts_on_its_own_day(shared_books: Books, open_restaurant: Open) -> None:
    """Ordered on Saturday, voided on Sunday."""
    shop = open_restaurant()
    shared_books.model(shop, voided("O", "5.00", changed=DAY))

    assert str(shared_books.one("marts.fct_transactions", shop)["business_date"]) == "2026-03-15"


def test_business_day_is_as_given(shared_books: Books, open_restaurant: Open) -> None:
    """Toast says Friday of a sale on Saturday morning: Friday it is."""
    shop = open_restaurant()
    shared_books.model(shop, simple("O", "5.00", businessDate=20260313))

    assert str(shared_books.one("marts.fct_transactions", shop)["business_date"]) == "2026-03-13"


def test_refund_takes_tax_discount_and_part_of_a_line(shared_books: Books, open_restaurant: Open) -> None:
    """Half of 8.00 (10.00 less 2.00) with half of 0.64 tax: 4.32, one of two units and 1.00 of the discount."""
    shop = open_restaurant()
    sold = selection("S", "8.00", tax="0.64", discount="2.00", quantity="2", back=("4.00", "0.32"))
    shared_books.model(shop, order("O", check("C", [sold], [payment("P", "8.64", back="4.32")])))

    refund = next(
        row for row in shared_books.rows("marts.fct_transactions", shop) if row["transaction_type"] == "refund"
    )
    line = next(row for row in shared_books.rows("marts.fct_transaction_items", shop) if row["quantity"] < 0)
    assert parts(refund) == (-5, Decimal("-0.32"), -1, 0, 0, Decimal("-4.32"))
    assert (line["quantity"], line["unit_price"], line["discount_amount"]) == (-1, 5, -1)
    assert (line["line_total"], line["tax_amount"]) == (Decimal("-4.32"), Decimal("-0.32"))
    assert sound(shared_books, shop)


def test_refund_takes_service_charge_gratuity_and_tip(shared_books: Books, open_restaurant: Open) -> None:
    """Everything of 10.00, 1.00 terrace with 0.08 tax, 2.00 gratuity, 0.50 tip comes back."""
    shop = open_restaurant()
    details = {"refundTransaction": {"guid": "RT"}}
    extras = [
        charge(
            "X", "1.00", tax="0.08", refundDetails=details | {"refundAmount": 1, "taxRefundAmount": Decimal("0.08")}
        ),
        charge("G", "2.00", gratuity=True, refundDetails=details | {"refundAmount": 2, "taxRefundAmount": 0}),
    ]
    sold = selection("S", "10.00", tax="0.80", back=("10.00", "0.80"))
    paid = payment("P", "13.88", tip="0.50", back="13.88", tip_back="0.50")
    shared_books.model(shop, order("O", check("C", [sold], [paid], charges=extras)))

    days = shared_books.rows(
        "marts.fct_daily_volumes", shop, "business_date", "total_amount", "tax_amount", "tip_amount"
    )
    assert [tuple(figures) for _, *figures in days] == [
        (Decimal("14.38"), Decimal("0.88"), Decimal("2.5")),
        (Decimal("-14.38"), Decimal("-0.88"), Decimal("-2.5")),
    ]
    assert sound(shared_books, shop)


def test_refunds_of_a_split_tender_share_their_lines(shared_books: Books, open_restaurant: Open) -> None:
    """14.00 and 1.34 tax back as 10.00 and 5.34 by one refund transaction: nothing is counted twice."""
    shop = open_restaurant()
    sold = [
        selection("A", "7.00", tax="0.70", quantity="7", back=("7.00", "0.70")),
        selection("B", "7.00", tax="0.64", back=("7.00", "0.64")),
    ]
    paid = [payment("P1", "10.00", kind="CREDIT", back="10.00"), payment("P2", "5.34", back="5.34")]
    shared_books.model(shop, order("O", check("C", sold, paid)))

    refunds = {
        row["pos_transaction_id"]: (row["total_amount"], row["tax_amount"])
        for row in shared_books.rows("marts.fct_transactions", shop)
        if row["transaction_type"] == "refund"
    }
    items = [
        row for row in shared_books.rows("marts.fct_transaction_items", shop) if row["transaction_type"] == "refund"
    ]
    assert refunds == {"P1:refund": (-10, Decimal("-0.87")), "P2:refund": (Decimal("-5.34"), Decimal("-0.47"))}
    assert sum(row["line_total"] for row in items) == Decimal("-15.34")
    assert sum(row["tax_amount"] for row in items) == Decimal("-1.34")
    assert sum(row["quantity"] for row in items if row["pos_line_id"] == "A") == -7
    assert sound(shared_books, shop)


def test_each_refund_transaction_has_its_own_lines(shared_books: Books, open_restaurant: Open) -> None:
    """The card got A back, the cash B."""
    shop = open_restaurant()
    sold = [
        selection("A", "7.00", name="A", back=("7.00", "0"), transaction="RT1"),
        selection("B", "3.00", name="B", back=("3.00", "0"), transaction="RT2"),
    ]
    paid = [
        payment("P1", "7.00", kind="CREDIT", back="7.00", transaction="RT1"),
        payment("P2", "3.00", back="3.00", transaction="RT2"),
    ]
    shared_books.model(shop, order("O", check("C", sold, paid)))

    items = shared_books.rows("marts.fct_transaction_items", shop, "pos_transaction_id", "product_name", "line_total")
    assert [item for item in items if item[0] != "C"] == [("P1:refund", "A", -7), ("P2:refund", "B", -3)]


def test_refund_that_grew_keeps_the_lines_of_both_transactions(shared_books: Books, open_restaurant: Open) -> None:
    """A payment names its last refund transaction only; the lines of the first are still its own."""
    shop = open_restaurant()
    sold = [
        selection("A", "7.00", name="A", back=("7.00", "0"), transaction="RT1"),
        selection("B", "3.00", name="B", back=("3.00", "0"), transaction="RT2"),
    ]
    shared_books.model(shop, order("O", check("C", sold, [payment("P", "10.00", back="10.00", transaction="RT2")])))

    items = shared_books.rows("marts.fct_transaction_items", shop, "pos_transaction_id", "product_name", "line_total")
    assert [item for item in items if item[0] != "C"] == [("P:refund", "A", -7), ("P:refund", "B", -3)]


def test_refund_without_lines_is_one_custom_line(shared_books: Books, open_restaurant: Open) -> None:
    """Nobody says what came back: 4.00 without a tax of its own."""
    shop = open_restaurant()
    shared_books.model(
        shop, order("O", check("C", [selection("S", "5.00", tax="0.40")], [payment("P", "5.40", back="4")]))
    )

    items = shared_books.rows("marts.fct_transaction_items", shop, "pos_transaction_id", "product_name", "line_total")
    assert items == [("C", "Butter Croissant", Decimal("5.4")), ("P:refund", "Custom amount", -4)]


def test_all_the_money_given_back_gives_back_all_lines(shared_books: Books, open_restaurant: Open) -> None:
    """Both payments in full, nobody says what for: the check's tax, discount and lines come back, once."""
    shop = open_restaurant()
    sold = [
        selection("A", "7.00", tax="0.70", discount="1.00", name="A", item="A"),
        selection("B", "3.00", tax="0.30", name="B", item="B"),
    ]
    paid = [
        payment("P1", "6.00", kind="CREDIT", back="6.00", transaction="RT1"),
        payment("P2", "6.08", back="6.08", transaction="RT2"),
    ]
    body = check("C", sold, paid, charges=[charge("X", "1.00", tax="0.08")])
    shared_books.model(shop, order("O", body))

    columns = ("subtotal", "tax_amount", "discount_amount", "service_charge_amount", "total_amount")
    rows = shared_books.rows("marts.fct_transactions", shop, "transaction_type", *columns)
    sums = [sum(figures) for figures in zip(*(row[1:] for row in rows if row[0] == "refund"), strict=True)]
    items = shared_books.rows("marts.fct_daily_product_sales", shop, "product_name", "net_amount", "quantity_refunded")
    assert sums == [-11, Decimal("-1.08"), -1, -1, Decimal("-12.08")]
    assert sum(net for _, net, _ in items) == 0
    assert {name: back for name, _, back in items if name in "AB" and back} == {"A": 1, "B": 1}
    assert sound(shared_books, shop)


def test_payment_seen_by_itself_brings_its_refund(shared_books: Books, open_restaurant: Open) -> None:
    """The order does not show the refund, whichever of the two came first."""
    first, last = open_restaurant(), open_restaurant()
    refunded = seen("O", payment("OP", "5.00", back="2.00"))
    for shop, told in ((first, (refunded, simple("O", "5.00"))), (last, (simple("O", "5.00"), refunded))):
        for each in told:
            shared_books.model(shop, each)

    for shop in (first, last):
        rows = shared_books.rows("marts.fct_transactions", shop, "pos_transaction_id", "total_amount")
        assert rows == [("OC", 5), ("OP:refund", -2)]


def test_payment_whose_order_has_not_come_waits(shared_books: Books, open_restaurant: Open) -> None:
    """It is in no fact, and said; with the order it counts at once."""
    shop = open_restaurant()
    shared_books.model(shop, seen("O", payment("OP", "5.00", back="5.00")))
    before = shared_books.rows("marts.fct_transactions", shop)
    said = shared_books.rows("marts.fct_data_quality", shop, "rule", "affected_count")
    shared_books.model(shop, simple("O", "5.00"))

    assert (before, said) == ([], [("object_not_counted", 1)])
    assert len(shared_books.rows("marts.fct_transactions", shop)) == 2
    assert sound(shared_books, shop)


def test_larger_refund_wins(shared_books: Books, open_restaurant: Open) -> None:
    """3.00 in the order, 5.00 in an older copy of the payment; then 8.00 in a later order."""
    shop = open_restaurant()
    small, great = (payment("P", "9.00", back=back, back_at=DAY) for back in ("3.00", "8.00"))
    shared_books.model(
        shop,
        seen("O", payment("P", "9.00", back="5.00"), changed=5),
        order("O", check("C", [selection("S", "9.00")], [small]), changed=DAY),
    )
    before = [total for (total,) in shared_books.rows("marts.fct_transactions", shop, "total_amount")]
    shared_books.model(shop, order("O", check("C", [selection("S", "9.00")], [great]), changed=2 * DAY))
    after = [total for (total,) in shared_books.rows("marts.fct_transactions", shop, "total_amount")]

    assert (sorted(before), sorted(after)) == ([-5, 9], [-8, 9])


def test_payments_seen_voided_make_their_check_a_void(shared_books: Books, open_restaurant: Open) -> None:
    """The order still says CLOSED; with its only payment voided on Sunday it is a void of Sunday."""
    shop = open_restaurant()
    shared_books.model(shop, simple("O", "5.00"), seen("O", payment("OP", "5.00", voided_at=DAY)))

    void = shared_books.one("marts.fct_transactions", shop)
    assert (void["transaction_type"], void["voided_amount"], str(void["business_date"])) == ("void", 5, "2026-03-15")


def test_check_that_moved_is_counted_where_it_went(shared_books: Books, open_restaurant: Open) -> None:
    """Its old order is known as it was before, then as deleted; the other arrives in between. Once, always."""
    shop = open_restaurant()
    body = check("C", [selection("S", "5.00")], [payment("P", "5.00", tip="1.00")])
    shared_books.model(shop, order("OLD", body, changed=1))
    shared_books.model(shop, order("NEW", body, changed=5))
    moved = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(shop, order("OLD", body | {"deleted": True}, changed=6, deleted=True))
    kept = shared_books.one("marts.fct_transactions", shop)
    shared_books.model(shop, order("NEW", check("C2", [selection("S", "1.00")], [payment("P2", "1.00")]), changed=9))
    gone = shared_books.one("marts.fct_transactions", shop)

    assert (moved["transaction_group"], moved["total_amount"]) == ("NEW", 6)
    assert kept["transaction_group"] == "NEW"
    assert (gone["pos_transaction_id"], gone["total_amount"]) == ("C2", 1)
    assert shared_books.one("marts.fct_transaction_tenders", shop)["pos_tender_id"] == "P2"


def test_cashier_is_who_took_the_payment(shared_books: Books, open_restaurant: Open) -> None:
    """Else who opened the check, else who served the order; a later name is taken over."""
    shop = open_restaurant()
    people = [employee(guid, guid.title(), "Park") for guid in ("taker", "opener", "server")]
    bread = [selection("S", "1.00")]
    shared_books.model(
        shop,
        *people,
        order(
            "O1",
            check("C1", bread, [payment("P1", "1.00", server="taker")], openedBy={"guid": "opener"}),
            check("C2", bread, [payment("P2", "1.00")], openedBy={"guid": "opener"}),
            check("C3", bread, [payment("P3", "1.00")]),
            server={"guid": "server"},
        ),
        order("O2", check("C4", bread, [payment("P4", "1.00")])),
    )
    shared_books.model(shop, employee("taker", "Tilda", "Park", chosen="Til", changed=9))

    names = dict(shared_books.rows("marts.fct_transactions", shop, "pos_transaction_id", "cashier_name"))
    assert names == {"C1": "Til Park", "C2": "Opener Park", "C3": "Server Park", "C4": None}


def test_currency_is_the_restaurants_whenever_it_comes(shared_books: Books, open_restaurant: Open) -> None:
    """Corrected from dollars to yen, every sale of the place is made again."""
    shop = open_restaurant()
    shared_books.model(shop, simple("O", "500"))
    shared_books.model(shop, restaurant(currency="JPY", timezone="Asia/Tokyo", changed=9))

    assert shared_books.one("marts.fct_transactions", shop)["currency"] == "JPY"
    assert shared_books.one("marts.fct_daily_volumes", shop)["currency"] == "JPY"
