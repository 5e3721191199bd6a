"""Restaurants at Toast."""

from collections.abc import Callable

import pytest
from fakes.books import Books, Shop
from fakes.toast_objects import PLACE, restaurant

Open = Callable[[], Shop]


@pytest.fixture(scope="module")
def open_restaurant(shared_books: Books) -> Open:
    """`open_restaurant()`: a new tenant's restaurant in New York, described but without any order."""

    def opened() -> Shop:
        shop = shared_books.open_shop(PLACE, pos_provider="toast", timezone="America/New_York", day_closes_at="04:00")
        shared_books.load(shop, restaurant())
        return shop

    return opened
