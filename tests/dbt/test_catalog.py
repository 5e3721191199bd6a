"""Products, prices and mappings beside the sales."""

from decimal import Decimal
from uuid import uuid4

from fakes.books import Books, Shop
from fakes.square_objects import category, clock, item, line, order, payment

BREAD = order("O", [line("a", 130, product="BARRA", name="Barra")])


def map_product(books: Books, shop: Shop, pos_product_id: str) -> str:
    """Link a POS product to a new catalog product; returns the latter's id."""
    product_id = str(uuid4())
    with books.database.transaction() as connection:
        connection.execute(
            "insert into pos.catalog_products (id, tenant_id, name) values (%s, %s, 'Pan')",
            (product_id, shop.tenant_id),
        )
        connection.execute(
            "insert into pos.product_mappings (tenant_id, pos_account_id, pos_product_id, pos_product_name,"
            " bakery_product_id, bakery_product_name, mapping_type) values (%s, %s, %s, 'Barra', %s, 'Pan', 'manual')",
            (shop.tenant_id, shop.account_id, pos_product_id, product_id),
        )
    return product_id


def test_product_takes_name_category_and_sku_from_its_item(shared_books: Books) -> None:
    """A variation is what is sold; item and category name it."""
    shop = shared_books.open_shop()
    shared_books.model(shop, item("I", [("BARRA", 120)], name="Barra de pan", category="C"), category("C", "Panes"))

    product = shared_books.one("marts.dim_products", shop)
    assert (product["pos_product_id"], product["product_name"], product["category"]) == (
        "BARRA",
        "Barra de pan",
        "Panes",
    )
    assert (product["product_sku"], product["unit_price"], product["is_deleted"]) == (
        "SKU-BARRA",
        Decimal("1.2"),
        False,
    )


def test_renamed_category_reaches_its_products(shared_books: Books) -> None:
    """Only the category came; the product says the new name."""
    shop = shared_books.open_shop()
    shared_books.model(shop, item("I", [("BARRA", 120)], category="C"), category("C", "Panes"))
    shared_books.model(shop, category("C", "Panadería", changed=9))

    assert shared_books.one("marts.dim_products", shop)["category"] == "Panadería"


def test_deleted_product_keeps_its_name(shared_books: Books) -> None:
    """Square deletes by an object without data, here even before the last version that had any arrived."""
    shop = shared_books.open_shop()
    shared_books.model(shop, item("I", [], changed=9, deleted=True))
    shared_books.model(shop, item("I", [("BARRA", 120)], name="Barra de pan"))

    product = shared_books.one("marts.dim_products", shop)
    assert (product["product_name"], product["is_deleted"]) == ("Barra de pan", True)


def test_variation_taken_off_its_item_is_deleted(shared_books: Books) -> None:
    """The item's latest version no longer lists it."""
    shop = shared_books.open_shop()
    shared_books.model(shop, item("I", [("BARRA", 120), ("MEDIA", 70)]), item("I", [("BARRA", 120)], changed=9))

    deleted = dict(shared_books.rows("marts.dim_products", shop, "pos_product_id", "is_deleted"))
    assert deleted == {"BARRA": False, "MEDIA": True}


def test_prices_have_periods_and_shops_may_differ(shared_books: Books) -> None:
    """Versions that change no price begin no period; an own price of a shop ends and the common one holds again."""
    shop = shared_books.open_shop()
    shared_books.model(
        shop,
        item("I", [("BARRA", 100)], changed=0),
        item("I", [("BARRA", 100)], changed=1, name="Barra"),
        item("I", [("BARRA", 120)], changed=2, overrides=[("CENTRO", 130)]),
        item("I", [("BARRA", 120)], changed=3),
    )

    columns = ("location_id", "unit_price", "valid_from", "valid_to")
    periods = [
        (place, price, since.isoformat()[11:16], until and until.isoformat()[11:16])
        for place, price, since, until in shared_books.rows("marts.fct_product_prices", shop, *columns)
    ]
    assert sorted(periods, key=lambda period: (period[0], period[2])) == [
        ("", Decimal(1), "07:00", "07:02"),
        ("", Decimal("1.2"), "07:02", None),
        ("CENTRO", Decimal(1), "07:00", "07:02"),
        ("CENTRO", Decimal("1.3"), "07:02", "07:03"),
        ("CENTRO", Decimal("1.2"), "07:03", None),
    ]
    assert clock(2).startswith("2026-09-18T07:02")


def test_mapping_shows_at_once(shared_books: Books) -> None:
    """Mapped after the sale was modelled: the item is mapped and off the unmapped list without any run."""
    shop = shared_books.open_shop()
    shared_books.model(shop, BREAD, payment("P", "O", 130), item("I", [("BARRA", 130)], name="Barra de pan"))
    unmapped = shared_books.one("marts.fct_unmapped_products", shop)
    product_id = map_product(shared_books, shop, "BARRA")

    sold = shared_books.one("marts.pos_transaction_items", shop)
    assert (unmapped["product_name"], unmapped["unmapped_revenue"]) == ("Barra de pan", Decimal("1.3"))
    assert (str(sold["mapped_product_id"]), sold["is_mapped"], sold["product_sku"]) == (product_id, True, "SKU-BARRA")
    assert shared_books.rows("marts.fct_unmapped_products", shop) == []


def test_product_the_catalog_does_not_list_is_kept(shared_books: Books) -> None:
    """Its line has a name, no SKU, and is counted as unmapped."""
    shop = shared_books.open_shop()
    shared_books.model(shop, BREAD, payment("P", "O", 130))

    sold = shared_books.one("marts.pos_transaction_items", shop)
    assert (sold["product_name"], sold["product_sku"], sold["is_mapped"]) == ("Barra", None, False)
    assert shared_books.one("marts.fct_unmapped_products", shop)["transaction_count"] == 1
