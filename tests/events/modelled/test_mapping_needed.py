"""Who is told that products wait for a mapping, and how often."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment, refund, returns

from pos_pipeline.events.mapping_needed import tell_of_unmapped
from tests.gateway import sold

Json = dict[str, Any]

DAY = date(2026, 9, 18)


def sell(books: Books, shop: Shop, amount: str, product: str | None = "BARRA", currency: str = "EUR") -> None:
    """A sale of one product in the marts, each on a day of its own, as one batch leaves it."""
    [(number,)] = books.database.fetch("insert into etl.batches (status) values ('done') returning batch_id")
    day = DAY + timedelta(days=number)
    sold.sell(books.database, shop.account_id, product, day, amount, currency=currency)
    books.database.fetch(
        "insert into etl.touched_days (tenant_id, business_date, batch_id) values (%s, %s, %s) returning 1",
        (shop.tenant_id, day, number),
    )


def map_product(books: Books, shop: Shop, product: str) -> None:
    """A person says what a product is."""
    with books.database.transaction() as connection:
        connection.execute(
            "with c as (insert into pos.catalog_products (tenant_id, name) values (%(tenant)s, %(product)s)"
            " returning id) insert into pos.product_mappings (tenant_id, pos_account_id, pos_product_id,"
            " pos_product_name, bakery_product_id, bakery_product_name, mapping_type)"
            " select %(tenant)s, %(account)s, %(product)s, 'x', id, 'x', 'manual' from c",
            {"tenant": shop.tenant_id, "account": shop.account_id, "product": product},
        )


def told(books: Books) -> list[Json]:
    """Every such event, oldest first."""
    rows = books.database.fetch(
        "select payload from pos.outbox where routing_key = 'pos.mapping_needed' order by sequence"
    )
    return [payload for (payload,) in rows]


def test_a_new_product_is_told_once(books: Books, shop: Shop) -> None:
    """The contract's fields; the same products at the next sync are no news."""
    sell(books, shop, "5.00")
    first = tell_of_unmapped(books.services)
    sell(books, shop, "1.00")
    second = tell_of_unmapped(books.services)

    [event] = told(books)
    assert (first, second) == (1, 0)
    assert event | {"event_id": "", "timestamp": ""} == {
        "event_id": "",
        "schema_version": 1,
        "event_type": "pos_mapping_needed",
        "tenant_id": str(shop.tenant_id),
        "pos_account_id": str(shop.account_id),
        "unmapped_products_count": 1,
        "unmapped_revenue_euros": "5.00",
        "unmapped_revenue": [{"currency": "EUR", "amount": "5.00"}],
        "sample_unmapped_products": [{"pos_product_name": "BARRA", "transaction_count": 1}],
        "timestamp": "",
    }


def test_another_product_is_news(books: Books, shop: Shop) -> None:
    """The figures are of all that is unmapped; the sample begins with what is new."""
    for product, amount in (("BARRA", "5.00"), ("OTRO", "1.00")):
        sell(books, shop, amount, product)
        tell_of_unmapped(books.services)

    event = told(books)[-1]
    assert (event["unmapped_products_count"], event["unmapped_revenue_euros"]) == (2, "6.00")
    assert [each["pos_product_name"] for each in event["sample_unmapped_products"]] == ["OTRO", "BARRA"]


def test_what_is_mapped_before_is_not_told(books: Books, shop: Shop) -> None:
    """A run that could map everything itself has nothing to ask of people."""
    map_product(books, shop, "BARRA")
    sell(books, shop, "5.00")

    assert tell_of_unmapped(books.services) == 0


def test_a_mapping_that_is_taken_away_is_news_with_the_next_sale(books: Books, shop: Shop) -> None:
    """What was told once and mapped since is told again."""
    sell(books, shop, "5.00")
    tell_of_unmapped(books.services)
    map_product(books, shop, "BARRA")
    sell(books, shop, "1.00")
    tell_of_unmapped(books.services)
    books.database.fetch("delete from pos.product_mappings returning 1")
    sell(books, shop, "1.00")

    assert tell_of_unmapped(books.services) == 1
    assert [event["unmapped_revenue_euros"] for event in told(books)] == ["5.00", "7.00"]


@pytest.mark.parametrize(("amount", "hours", "news"), [("5.00", 25, 1), ("4.99", 25, 0), ("5.00", 23, 0)])
def test_doubled_revenue_is_told_again_once_a_day(books: Books, shop: Shop, amount: str, hours: int, news: int) -> None:
    """Growth alone is looked at once a day, and told when there is twice as much."""
    sell(books, shop, "5.00")
    tell_of_unmapped(books.services)
    books.database.fetch(
        "update pos.mapping_alerts set looked_at = looked_at - make_interval(hours => %s) returning 1", (hours,)
    )
    sell(books, shop, amount)

    assert tell_of_unmapped(books.services) == news


def test_money_given_back_is_no_revenue(books: Books, shop: Shop) -> None:
    """Of what dbt makes: a product that was sold and given back waits for nobody, the one beside it does."""
    lines = [line("a", 500, name="Barra"), line("b", 300, product="OTRO", name="Otro")]
    back = order("R", at=5, **returns([line("r", 500, name="Barra")], source="O"))
    books.model(shop, order("O", lines), payment("P", "O", 800), back, refund("RF", 500, payment_id="P", order_id="R"))
    tell_of_unmapped(books.services)

    [event] = told(books)
    assert event["sample_unmapped_products"] == [{"pos_product_name": "Otro", "transaction_count": 1}]


def test_other_currencies_are_not_converted(books: Books, shop: Shop) -> None:
    """What was sold in dollars is no euros."""
    sell(books, shop, "5.00", currency="USD")
    tell_of_unmapped(books.services)

    [event] = told(books)
    assert event["unmapped_revenue_euros"] == "0.00"
    assert event["unmapped_revenue"] == [{"currency": "USD", "amount": "5.00"}]


def test_lines_without_a_product_cannot_be_mapped(books: Books, shop: Shop) -> None:
    """A custom amount asks nothing of anybody."""
    sell(books, shop, "5.00", None)

    assert tell_of_unmapped(books.services) == 0


def test_every_shop_for_itself(books: Books, shop: Shop) -> None:
    """Two tenants with the same products are told each of its own."""
    other = books.open_shop(f"L{uuid4().hex[:4]}")
    for each in (shop, other):
        sell(books, each, "5.00")

    assert tell_of_unmapped(books.services) == 2
    assert {event["tenant_id"] for event in told(books)} == {str(shop.tenant_id), str(other.tenant_id)}


def test_a_shop_that_fails_holds_up_no_other(books: Books, shop: Shop) -> None:
    """It is told by the next run, and nobody is told twice."""
    other = books.open_shop("OTHER")
    for each in (shop, other):
        sell(books, each, "5.00")
    with books.database.transaction() as connection:
        connection.execute(
            f"alter table pos.mapping_alerts add constraint broken check (pos_account_id <> '{shop.account_id}')"
        )
    first = tell_of_unmapped(books.services)
    with books.database.transaction() as connection:
        connection.execute("alter table pos.mapping_alerts drop constraint broken")

    assert (first, tell_of_unmapped(books.services)) == (1, 1)
    assert [event["tenant_id"] for event in told(books)] == [str(other.tenant_id), str(shop.tenant_id)]


def test_nothing_is_told_while_models_are_half_made(books: Books, shop: Shop) -> None:
    """A failed batch has changed some marts and not others; the next good one tells."""
    sell(books, shop, "5.00")
    books.database.fetch("update etl.batches set status = 'failed' returning 1")
    half = tell_of_unmapped(books.services)
    books.database.fetch("update etl.batches set status = 'done' returning 1")

    assert (half, tell_of_unmapped(books.services)) == (0, 1)


def test_the_setting_silences_and_loses_nothing(books: Books, shop: Shop) -> None:
    """What was sold in the meantime is told when it is switched on."""
    quiet = books.services.settings.model_copy(update={"alert_on_unmapped_products": False})
    sell(books, shop, "5.00")

    assert tell_of_unmapped(replace(books.services, settings=quiet)) == 0
    assert tell_of_unmapped(books.services) == 1
