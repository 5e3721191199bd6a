"""How what happens at a till looks as sales."""

from datetime import timedelta

from pos_pipeline.sandbox import Sandbox
from pos_pipeline.sandbox.shop.records import DRAWER
from tests.sandbox.lightspeed.reading import Object, gross, moment, open_retailer, paid


def test_a_paid_sale_is_paid_in_full(sales: list[Object]) -> None:
    """Payments come to the gross, returns and exchanges too; on account nothing is paid; a void keeps its payment."""
    on_account = [sale for sale in sales if sale["status"] == "ONACCOUNT"]
    settled = [sale for sale in sales if sale["state"] == "closed" or sale["status"].startswith("AWAITING")]
    void = [sale for sale in sales if sale["status"] == "VOIDED"]

    assert {paid(sale) - gross(sale) for sale in settled} == {0}
    assert on_account
    assert {tuple(sale["payments"]) for sale in on_account} == {()}
    assert {bool(sale["payments"]) for sale in void} == {True, False}


def test_cash_change_is_a_payment_of_its_own_on_some(sales: list[Object]) -> None:
    """What was given and what went back; on the others only what stayed."""
    cash = [[p["amount"] for p in sale["payments"]] for sale in sales if sale["state"] == "closed" and gross(sale) > 0]
    with_change = [amounts for amounts in cash if min(amounts, default=0) < 0 < max(amounts)]

    assert with_change
    assert len(with_change) < len(cash) / 5


def test_discounts_lower_prices_or_are_a_product(sales: list[Object], discount_product_id: str) -> None:
    """Both ways occur; the product's line is negative and never counts as a return."""
    as_product = [line for sale in sales for line in sale["line_items"] if line["product_id"] == discount_product_id]
    on_lines = [line for sale in sales for line in sale["line_items"] if line["discount"]]

    assert as_product
    assert on_lines
    for line in as_product:
        assert (line["quantity"], line["is_return"]) == (-1, False)
        assert line["price"] > 0 > line["price_total"]
        assert line["tax_total"] <= 0


def test_tips_and_service_are_adjustments(sales: list[Object]) -> None:
    """Inside the price, outside the tax; the type has either of two names."""
    found = [adjustment for sale in sales for adjustment in sale["adjustments"]]
    kinds = {adjustment.get("type") or adjustment["adjustment_type"] for adjustment in found}

    assert kinds == {"TIP", "SURCHARGE"}
    assert {"type" in adjustment for adjustment in found} == {True, False}
    assert any(adjustment["value"] < 0 for adjustment in found)


def test_a_return_points_at_its_sale(sales: list[Object], discount_product_id: str) -> None:
    """Its own id and number, negative quantities and payments, positive units and tax components."""
    by_id = {sale["id"]: sale for sale in sales}
    returns = [sale for sale in sales if sale.get("return_for")]

    assert {sale["status"] for sale in returns} >= {"CLOSED"}
    for sale in returns:
        original = by_id[sale["return_for"]]
        assert moment(original["sale_date"]) < moment(sale["sale_date"])
        assert moment(original["updated_at"]) >= moment(sale["sale_date"])
        assert original["invoice_number"] != sale["invoice_number"]
        for line in sale["line_items"]:
            assert line["is_return"]
            assert line["product_id"] != discount_product_id
            assert line["quantity"] < 0 < line["price"]
            assert all(part["total_tax"] >= 0 for part in line["tax_components"])
        assert all(payment["amount"] < 0 for payment in sale["payments"])


def test_an_exchange_is_one_sale(sales: list[Object], discount_product_id: str) -> None:
    """Goods in both directions, nothing but the difference is paid, and no sale of its own for that."""
    exchanges = [
        sale
        for sale in sales
        if {line["is_return"] for line in sale["line_items"]} == {True, False}
        and all(line["product_id"] != discount_product_id for line in sale["line_items"])
    ]

    assert exchanges
    assert {sale["status"] for sale in exchanges} == {"CLOSED"}
    assert all(not sale.get("return_for") for sale in exchanges)
    assert {paid(sale) - gross(sale) for sale in exchanges} == {0}
    assert any(paid(sale) < 0 for sale in exchanges)


def test_an_offline_sale_arrives_late(sales: list[Object]) -> None:
    """Hours after it was sold, by which time others have been read."""
    late = [sale for sale in sales if moment(sale["created_at"]) - moment(sale["sale_date"]) > timedelta(hours=1)]

    assert late
    assert all(sale["state"] == "closed" or sale["status"] == "ONACCOUNT" for sale in late)


def test_weights_are_decimals_and_amounts_generic(month: Sandbox, sales: list[Object]) -> None:
    """Kilos have a fraction; a typed amount is a piece of a product that says nothing."""
    with open_retailer(month, "cafes") as retailer:
        [generic] = retailer.read("products", sku="importe-libre")["data"]
    lines = [line for sale in sales for line in sale["line_items"]]

    assert any(line["quantity"] % 1 for line in lines)
    assert {abs(line["quantity"]) for line in lines if line["product_id"] == generic["id"]} == {1}


def test_the_drawer_is_nothing(month: Sandbox, sales: list[Object]) -> None:
    """Opening it without a sale leaves no trace."""
    rung = month.world.merchants["cafes"].sales
    drawers = sum(sale.kind == DRAWER for sale in rung)
    refunds = sum(refund.exchange_number is None for sale in rung for refund in sale.refunds)

    assert drawers
    assert len(sales) == len(rung) - drawers + refunds
