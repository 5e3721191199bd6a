"""Books over copies of marts that were built once."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.books import Books, Shop

from pos_pipeline.services import Services
from pos_pipeline.settings import Settings


@pytest.fixture
def database_url(server: Any, built: str) -> Iterator[str]:
    """URL of a fresh database with every mart, all of them empty."""
    name = server.create(built)
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def settings(dbt_settings: Settings, database_url: str) -> Settings:
    """Settings over the session's parsed project."""
    return Settings(pos_home=dbt_settings.pos_home, database_url=database_url)


@pytest.fixture
def books(services: Services) -> Books:
    """Books of one test."""
    return Books(services)


@pytest.fixture
def shop(books: Books) -> Shop:
    """A bakery in Madrid."""
    return books.open_shop()
