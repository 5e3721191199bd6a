"""From a transaction back to what the POS sent."""

from uuid import uuid4

import pytest
from fakes import lightspeed_objects as lightspeed
from fakes import toast_objects as toast
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment, refund

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.lineage import explain_transaction


def test_back_from_a_sale_to_every_version_and_load(books: Books, shop: Shop) -> None:
    """The order in two versions and its payment, each with the load that brought it and the batch that made it."""
    first = books.load(shop, order("O", [line("a", 500)]))
    later = books.load(shop, order("O", [line("a", 700)], changed=9, version=2), payment("P", "O", 700))
    books.load(shop, order("OTHER", [line("a", 100)]))
    books.run()
    [fact] = books.rows("marts.fct_transactions where transaction_group = 'O'")

    found = explain_transaction(books.database, str(fact["id"]))

    assert (found.transaction_group, [str(row["total_amount"]) for row in found.transactions]) == ("O", ["7.0000"])
    assert [(row["raw_table"], row["object_id"], row["version_no"], row["load_id"]) for row in found.versions] == [
        ("raw_square.payments", "P", None, later),
        ("raw_square.orders", "O", 1, first),
        ("raw_square.orders", "O", 2, later),
    ]
    assert [(row["load_id"], row["versions"], row["batch_status"]) for row in found.loads] == [
        (first, 1, "done"),
        (later, 2, "done"),
    ]
    assert found.verdict == f"In the marts, as batch {fact['_batch_id']} made it."


@pytest.mark.parametrize("wanted", ["O", "P", "R"])
def test_any_id_of_the_pos_will_do(books: Books, shop: Shop, wanted: str) -> None:
    """An order is found by itself, by its payment and by its refund."""
    books.model(
        shop, order("O", [line("a", 500)]), payment("P", "O", 500), refund("R", 200, payment_id="P", order_id="O")
    )

    found = explain_transaction(books.database, wanted)

    assert found.transaction_group == "O"
    assert {row["stream"] for row in found.versions} == {"orders", "payments", "refunds"}


def test_toast_and_lightspeed_have_their_own_objects(books: Books) -> None:
    """A check leads to its order, a sale to itself."""
    restaurant = books.open_shop(toast.PLACE, pos_provider="toast", timezone="America/New_York")
    retailer = books.open_shop("CENTRO", pos_provider="lightspeed")
    books.load(restaurant, toast.restaurant(), toast.simple("ORDER", "5.00"))
    books.load(retailer, *lightspeed.retailer_objects(), lightspeed.sale("SALE", [lightspeed.line("a", "5.00")]))
    books.run()
    for shop, stream, group in ((restaurant, "orders", "ORDER"), (retailer, "sales", "SALE")):
        [fact] = books.rows("marts.fct_transactions", shop)
        found = explain_transaction(books.database, fact["pos_transaction_id"])
        assert (found.transaction_group, [row["stream"] for row in found.versions]) == (group, [stream])


def test_the_sync_the_run_and_the_webhook_are_named(books: Books, shop: Shop) -> None:
    """An event that names the object comes first; one of another day is not near."""
    load_id = books.load(shop, order("O", [line("a", 500)]))
    with books.database.transaction() as connection:
        connection.execute("update etl.loads set run_id = 'run-7'")
        connection.execute(
            "insert into pos.sync_logs (tenant_id, pos_account_id, sync_started_at, status, load_id, run_id)"
            " values (%s, %s, now(), 'success', %s, 'run-7')",
            (shop.tenant_id, shop.account_id, load_id),
        )
        for event, data, received in (
            ("names", '{"object_id": "O"}', "2026-09-18T07:01Z"),
            ("near", "{}", "2026-09-18T07:02Z"),
            ("far", "{}", "2026-09-17T07:00Z"),
        ):
            connection.execute(
                "insert into pos.webhooks (tenant_id, connection_id, pos_provider, webhook_event_id, event_type,"
                " event_data, received_at) values (%s, %s, 'square', %s, 'order.updated', %s, %s)",
                (shop.tenant_id, shop.connection_id, event, data, received),
            )
        connection.execute("update etl.loads set committed_at = '2026-09-18T08:00Z'")
    books.run()

    found = explain_transaction(books.database, "O")

    assert [row["run_id"] for row in found.loads] == ["run-7"]
    assert [(row["run_id"], row["location_name"]) for row in found.syncs] == [("run-7", "Calle Mayor")]
    assert [(row["webhook_event_id"], row["names_it"]) for row in found.webhooks] == [("names", True), ("near", False)]


def test_lines_say_what_they_are_mapped_to(books: Books, shop: Shop) -> None:
    """A line that nobody has mapped says so by silence."""
    books.model(shop, order("O", [line("a", 500), line("b", 100, product="OTRO", name="Otro")]), payment("P", "O", 600))
    with books.database.transaction() as connection:
        connection.execute(
            "with c as (insert into pos.catalog_products (tenant_id, name) values (%(tenant)s, 'Barra') returning id)"
            " insert into pos.product_mappings (tenant_id, pos_account_id, pos_product_id, pos_product_name,"
            " bakery_product_id, bakery_product_name, mapping_type)"
            " select %(tenant)s, %(account)s, 'BARRA', 'Barra de pan', id, 'Barra', 'manual' from c",
            {"tenant": shop.tenant_id, "account": shop.account_id},
        )

    items = explain_transaction(books.database, "O").items

    assert [(row["pos_product_id"], row["bakery_product_name"], row["mapping_type"]) for row in items] == [
        ("BARRA", "Barra", "manual"),
        ("OTRO", None, None),
    ]


def test_payloads_come_without_people(books: Books, shop: Shop) -> None:
    """Only when asked for, and what the buyer wrote is not in them."""
    books.model(shop, payment("P", None, 500, buyer_email_address="ada@example.com"))

    [silent] = explain_transaction(books.database, "P").versions
    [told] = explain_transaction(books.database, "P", payload=True).versions

    assert "payload" not in silent
    assert told["payload"]["total_money"] == {"amount": 500, "currency": "EUR"}
    assert told["payload"]["buyer_email_address"] == "***"


def test_what_is_in_no_fact_says_why(books: Books, shop: Shop) -> None:
    """An open order, an unknown currency, a load that waits, and one that never counted."""
    books.model(shop, order("OPEN", [line("a", 500)], state="OPEN"), order("ODD", currency="XQQ", extra_tax=5))
    books.load(shop, order("WAITS", [line("a", 500)]))
    books.load(shop, order("GIVEN-UP", [line("a", 500)]), in_ledger=False)

    verdicts = {
        name: explain_transaction(books.database, name).verdict for name in ("OPEN", "ODD", "WAITS", "GIVEN-UP")
    }

    assert "is no transaction (yet)" in verdicts["OPEN"]
    assert "currency XQQ is unknown" in verdicts["ODD"]
    assert "waits to be modelled" in verdicts["WAITS"]
    assert "given up before it counted" in verdicts["GIVEN-UP"]


def test_a_later_version_that_waits_is_mentioned(books: Books, shop: Shop) -> None:
    """The figure is right for what is modelled, and will change."""
    books.model(shop, order("O", [line("a", 500)]))
    books.load(shop, order("O", [line("a", 700)], changed=9, version=2))

    assert explain_transaction(books.database, "O").verdict.endswith("A later version waits to be modelled.")


def test_an_unknown_id_is_told_apart_from_one_in_quarantine(books: Books, shop: Shop) -> None:
    """Nothing is guessed; what could not be loaded leads to the quarantine."""
    with books.database.transaction() as connection:
        connection.execute(
            "insert into pos.quarantine (tenant_id, connection_id, pos_provider, stream, object_id, reason, payload,"
            " payload_digest) values (%s, %s, 'square', 'orders', 'BROKEN', 'no id', '', '')",
            (shop.tenant_id, shop.connection_id),
        )

    with pytest.raises(NotFound, match="no transaction, and nothing read") as unknown:
        explain_transaction(books.database, str(uuid4()))
    with pytest.raises(NotFound, match="is in quarantine: no id") as kept:
        explain_transaction(books.database, "BROKEN")

    assert "reconcile" in unknown.value.action_required
    assert "quarantine show" in kept.value.action_required


def test_the_same_id_at_two_tenants_needs_a_name(books: Books, shop: Shop) -> None:
    """Two tenants may link one till; nobody is shown the other's by chance."""
    other = books.open_shop()
    for each in (shop, other):
        books.load(each, order("O", [line("a", 500)]))
    books.run()

    with pytest.raises(InvalidRequest, match="--tenant"):
        explain_transaction(books.database, "O")
    assert explain_transaction(books.database, "O", tenant_id=other.tenant_id).tenant == f"t-{other.tenant_id}"
