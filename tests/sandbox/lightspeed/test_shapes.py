"""Sales, lines and payments have the documented members, and what they point at exists."""

from decimal import Decimal

from pos_pipeline.sandbox import Sandbox
from tests.sandbox.lightspeed.reading import Object, open_retailer

SALE = {
    "id", "outlet_id", "register_id", "user_id", "customer_id", "invoice_number", "invoice_sequence",
    "receipt_number", "receipt_sequence", "source", "status", "state", "attributes", "note", "short_code",
    "total_price", "total_tax", "total_loyalty", "created_at", "updated_at", "sale_date", "line_items",
    "payments", "adjustments", "taxes", "version",
}  # fmt: skip
NULLS = {"source_id", "return_for", "deleted_at"}
LINE = {
    "id", "product_id", "tax_id", "quantity", "price", "unit_price", "price_total", "total_price", "discount",
    "unit_discount", "discount_total", "total_discount", "tax", "unit_tax", "tax_total", "total_tax", "cost",
    "unit_cost", "cost_total", "total_cost", "loyalty_value", "unit_loyalty_value", "total_loyalty_value",
    "price_set", "sequence", "status", "is_return", "tax_components", "promotions",
}  # fmt: skip
PAYMENT = {
    "id", "register_id", "outlet_id", "retailer_payment_type_id", "payment_type_id", "name", "amount",
    "payment_date", "external_attributes",
}  # fmt: skip


def test_sales_have_the_documented_members(sales: list[Object]) -> None:
    """Null members are mostly left out; every name of a line's amounts says the same."""
    for sale in sales:
        assert sale.keys() - NULLS == SALE
        for line in sale["line_items"]:
            assert line.keys() - {"note"} == LINE
            for name in ("price", "discount", "tax", "cost"):
                assert (line[name], line[f"{name}_total"]) == (line[f"unit_{name}"], line[f"total_{name}"])
        assert all(payment.keys() == PAYMENT for payment in sale["payments"])
    spelt = [sale.keys() & NULLS for sale in sales]
    assert NULLS in spelt
    assert set() in spelt


def test_lines_are_exact_to_five_decimals(sales: list[Object]) -> None:
    """A total is its unit times the quantity; half a unit of the fifth decimal per piece is all that is lost."""
    digit = Decimal("0.00001")
    for sale in sales:
        for line in sale["line_items"]:
            for name in ("price", "discount", "tax"):
                total = (Decimal(line[name]) * line["quantity"]).quantize(digit)
                assert abs(line[f"{name}_total"] - total) <= digit
        rounded = {Decimal(sale[name]).quantize(Decimal("0.01")) - sale[name] for name in ("total_price", "total_tax")}
        assert rounded == {0}
        assert sum(tax["amount"] for tax in sale["taxes"]) == sale["total_tax"]


def test_everything_pointed_at_exists(month: Sandbox, sales: list[Object]) -> None:
    """Products, people, places, taxes and payment types, deleted ones included."""
    with open_retailer(month, "cafes") as retailer:
        known = {
            name: {row["id"] for row in retailer.all(name, page_size=1000, deleted="true")}
            for name in ("products", "customers", "users", "outlets", "registers", "taxes", "payment_types")
        }
        rates = {rate["id"] for tax in retailer.all("taxes") for rate in tax["rates"]}
    for sale in sales:
        assert sale["outlet_id"] in known["outlets"]
        assert sale["register_id"] in known["registers"]
        assert sale["user_id"] in known["users"]
        assert sale["customer_id"] in known["customers"]
        assert {line["product_id"] for line in sale["line_items"]} <= known["products"]
        assert {line["tax_id"] for line in sale["line_items"]} <= known["taxes"]
        assert {payment["retailer_payment_type_id"] for payment in sale["payments"]} <= known["payment_types"]
        assert {part["rate_id"] for line in sale["line_items"] for part in line["tax_components"]} <= rates
        assert {tax["id"] for tax in sale["taxes"]} <= rates


def test_one_sale_and_one_payment_are_those_of_the_list(month: Sandbox, sales: list[Object]) -> None:
    """By their ids the same objects; unknown ones are not found."""
    wanted = next(sale for sale in sales if sale["payments"] and sale["payments"][0]["external_attributes"])
    payment = wanted["payments"][0]
    with open_retailer(month, "cafes") as retailer:
        assert retailer.read(f"sales/{wanted['id']}")["data"] == wanted
        assert retailer.read(f"payments/{payment['id']}")["data"] == payment
        missing = [retailer.get(path).status_code for path in ("sales/none", "payments/none", "products/none")]

    assert missing == [404] * 3
