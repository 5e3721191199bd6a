"""Books over copies of marts that were built once, with a broker."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.books import Books, Shop
from rig.databases import Shelf

from pos_pipeline.services import Services
from pos_pipeline.settings import Settings


@pytest.fixture
def database_url(server: Any, built_databases: Shelf) -> Iterator[str]:
    """URL of a fresh database with every mart, all of them empty."""
    name = built_databases.take()
    yield server.url_of(name)
    built_databases.give_back(name)


@pytest.fixture
def settings(dbt_settings: Settings, database_url: str) -> Settings:
    """Settings over the session's parsed project."""
    return Settings(pos_home=dbt_settings.pos_home, database_url=database_url)


@pytest.fixture
def books(broker: Services) -> Books:
    """Books whose services have a broker."""
    return Books(broker)


@pytest.fixture
def shop(books: Books) -> Shop:
    """A bakery in Madrid."""
    return books.open_shop()
