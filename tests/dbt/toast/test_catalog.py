"""Products and prices from the menus of a restaurant."""

from collections.abc import Callable
from decimal import Decimal

from fakes.books import Books, Shop
from fakes.toast_objects import menu_group, menu_item, menus, restaurant, sales_category

Open = Callable[[], Shop]


def test_item_in_several_groups_is_one_product(shared_books: Books, open_restaurant: Open) -> None:
    """As the first group has it, however deep; without a SKU or with the blank one it has none."""
    shop = open_restaurant()
    inner = menu_group("Small", menu_item("TART", "3.00", name="Tart", sku="T-1"), menu_item("BUN", "9.00"))
    shared_books.model(shop, menus(menu_group("Pastry", menu_item("BUN", "4.50"), groups=[inner]), menu_group("Empty")))

    products = {
        row["pos_product_id"]: (row["product_name"], row["unit_price"], row["product_sku"], row["category"])
        for row in shared_books.rows("marts.dim_products", shop)
    }
    assert products == {
        "BUN": ("Butter Croissant", Decimal("4.5"), None, "Pastry"),
        "TART": ("Tart", 3, "T-1", "Small"),
    }
    assert shared_books.rows("intermediate.int_toast__products", shop, "pos_item_group_id") == [
        ("ML-BUN",),
        ("ML-TART",),
    ]


def test_missing_name_and_price_are_kept_as_what_they_are(shared_books: Books, open_restaurant: Open) -> None:
    """Toast's placeholder gives way to the kitchen's name where there is one; a price may be asked at the till."""
    shop = open_restaurant()
    shared_books.model(
        shop,
        menus(
            menu_group(
                "All",
                menu_item("A", None, name="Missing name", kitchenName="Ham roll"),
                menu_item("B", None, name="Missing name"),
            )
        ),
    )

    found = shared_books.rows("marts.dim_products", shop, "product_name", "unit_price", "currency")
    assert found == [("Ham roll", None, "USD"), ("Missing name", None, "USD")]


def test_category_is_the_sales_category_even_when_it_was_archived(shared_books: Books, open_restaurant: Open) -> None:
    """Named by the menu, else by the configuration once read, else by the group."""
    shop = open_restaurant()
    shared_books.model(
        shop,
        sales_category("OLD", "Baked"),
        menus(
            menu_group(
                "Group",
                menu_item("A", "1", salesCategory={"guid": "FOOD", "name": "Food"}),
                menu_item("B", "1", salesCategory={"guid": "OLD", "name": None}),
                menu_item("C", "1"),
            )
        ),
    )
    before = dict(shared_books.rows("marts.dim_products", shop, "pos_product_id", "category"))
    shared_books.model(shop, sales_category("OLD", "Bakery", changed=5))

    assert before == {"A": "Food", "B": "Baked", "C": "Group"}
    assert dict(shared_books.rows("marts.dim_products", shop, "pos_product_id", "category"))["B"] == "Bakery"


def test_item_the_newest_menu_lacks_is_deleted_and_keeps_its_name(shared_books: Books, open_restaurant: Open) -> None:
    """In whatever order the menus came; when it is back, it is back."""
    shop = open_restaurant()
    shared_books.model(shop, menus(menu_group("All", menu_item("BUN", "4")), changed=5))
    shared_books.model(
        shop, menus(menu_group("All", menu_item("BUN", "3"), menu_item("TART", "3", name="Tart")), changed=1)
    )
    gone = shared_books.rows("marts.dim_products", shop, "product_name", "unit_price", "is_deleted")
    shared_books.model(shop, menus(menu_group("All", menu_item("TART", "3", name="Tart")), changed=9))
    back = shared_books.rows("marts.dim_products", shop, "product_name", "unit_price", "is_deleted")

    assert gone == [("Butter Croissant", 4, False), ("Tart", 3, True)]
    assert back == [("Butter Croissant", 4, True), ("Tart", 3, False)]


def test_prices_have_periods(shared_books: Books, open_restaurant: Open) -> None:
    """A menu that left the price as it was begins none."""
    shop = open_restaurant()
    shared_books.model(
        shop,
        *(
            menus(menu_group("All", menu_item("BUN", price)), changed=at)
            for at, price in enumerate(["4", "4", "4.5", None])
        ),
    )

    columns = ("valid_from", "unit_price", "valid_to", "location_id")
    periods = shared_books.rows("marts.fct_product_prices", shop, *columns)
    assert [(since.minute, price, until and until.minute) for since, price, until, _ in periods] == [
        (0, 4, 2),
        (2, Decimal("4.5"), 3),
        (3, None, None),
    ]
    assert {place for *_, place in periods} == {shop.location_id}


def test_restaurant_is_described(shared_books: Books, open_restaurant: Open) -> None:
    """Name, zone and currency come from `general`; an archived one is not active."""
    shop = open_restaurant()
    told = restaurant(changed=3)
    told.payload["general"] |= {"locationName": "Main Street", "archived": True}
    shared_books.model(shop, told)

    place = shared_books.one("intermediate.int_toast__locations", shop)
    assert (place["location_name"], place["timezone"]) == ("Main Street", "America/New_York")
    assert (place["currency"], place["is_active"]) == ("USD", False)
