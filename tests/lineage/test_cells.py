"""From a row of a daily mart back to the transactions and loads it is made of."""

from datetime import date
from decimal import Decimal

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment, refund

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.lineage import explain_cell

DAY = date(2026, 9, 18)


def test_a_day_is_the_sum_of_its_transactions(books: Books, shop: Shop) -> None:
    """A sale and a refund make the day's total; both loads are told, each once."""
    first = books.load(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
    later = books.load(shop, refund("R", 200, payment_id="P", order_id="O"))
    books.run()

    cell = explain_cell(books.database, "fct_daily_volumes", shop.account_id, DAY)

    assert [row["total_amount"] for row in cell.rows] == [Decimal("3.0000")]
    assert sorted(row["amount"] for row in cell.transactions) == [Decimal("-2.0000"), Decimal("5.0000")]
    assert cell.adds_up
    assert {row["load_id"]: row["versions"] for row in cell.loads} == {first: 2, later: 1}


@pytest.mark.parametrize("product", ["BARRA", "Barra de pan"])
def test_a_product_of_a_day_has_its_lines_only(books: Books, shop: Shop, product: str) -> None:
    """By id or by name; other products of the same sale are left out of the sum."""
    books.model(shop, order("O", [line("a", 500), line("b", 100, product="OTRO", name="Otro")]), payment("P", "O", 600))

    cell = explain_cell(books.database, "fct_daily_product_sales", shop.account_id, DAY, product=product)

    assert [row["pos_product_id"] for row in cell.rows] == ["BARRA"]
    assert [row["amount"] for row in cell.transactions] == [Decimal("5.0000")]
    assert cell.adds_up


def test_a_figure_that_is_not_its_sum_is_seen(books: Books, shop: Shop) -> None:
    """An explanation that cannot fail would explain nothing."""
    books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
    with books.database.transaction() as connection:
        connection.execute("update marts.fct_daily_volumes set total_amount = total_amount + 0.01")

    assert not explain_cell(books.database, "fct_daily_volumes", shop.account_id, DAY).adds_up


def test_what_a_product_was_mapped_to_is_told(books: Books, shop: Shop) -> None:
    """Every state, also one that no longer holds: a report of then was made with it."""
    books.model(shop, order("O", [line("a", 500)]), payment("P", "O", 500))
    with books.database.transaction() as connection:
        connection.execute(
            "with c as (insert into pos.catalog_products (tenant_id, name) values (%(tenant)s, 'Barra') returning id)"
            " insert into pos.product_mappings (tenant_id, pos_account_id, pos_product_id, pos_product_name,"
            " bakery_product_id, bakery_product_name, mapping_type)"
            " select %(tenant)s, %(account)s, 'BARRA', 'Barra de pan', id, 'Barra', 'manual' from c",
            {"tenant": shop.tenant_id, "account": shop.account_id},
        )
        connection.execute("delete from pos.product_mappings")

    [mapping] = explain_cell(books.database, "fct_daily_product_sales", shop.account_id, DAY).mappings

    assert mapping["bakery_product_name"] == "Barra"
    assert mapping["valid_to"] is not None


def test_a_day_without_a_row_says_which_there_are(books: Books, shop: Shop) -> None:
    """A wrong date is told from a shop that was never read."""
    with pytest.raises(NotFound, match="has nothing for Calle Mayor") as never:
        explain_cell(books.database, "fct_daily_volumes", shop.account_id, DAY)
    books.model(shop, order("O", [line("a", 500)]))
    with pytest.raises(NotFound, match="2026-09-19") as closed:
        explain_cell(books.database, "fct_daily_volumes", shop.account_id, date(2026, 9, 19))

    assert "read it" in never.value.action_required
    assert "from 2026-09-18 to 2026-09-18" in closed.value.action_required


def test_volumes_have_no_products(books: Books, shop: Shop) -> None:
    """A product of a mart that knows none is a question for the other one."""
    with pytest.raises(InvalidRequest, match="fct_daily_product_sales"):
        explain_cell(books.database, "fct_daily_volumes", shop.account_id, DAY, product="BARRA")
