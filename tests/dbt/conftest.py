"""Books over copies of marts that were built once."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import Told
from rig.databases import Shelf

from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database


@contextmanager
def _open_books(server: Any, databases: Shelf, settings: Settings) -> Iterator[Books]:
    name = databases.take()
    services = Services(settings, Database(server.url_of(name)), load_providers(), open_vault(settings))
    yield Books(services)
    services.close()
    databases.give_back(name)


@pytest.fixture
def books(server: Any, built_databases: Shelf, dbt_settings: Settings) -> Iterator[Books]:
    """Books with empty marts."""
    with _open_books(server, built_databases, dbt_settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_books(server: Any, built_databases: Shelf, dbt_settings: Settings) -> Iterator[Books]:
    """Books of a whole module: each test keeps to a shop of its own."""
    with _open_books(server, built_databases, dbt_settings) as opened:
        yield opened


@pytest.fixture
def shop(books: Books) -> Shop:
    """A bakery in Madrid."""
    return books.open_shop()


@pytest.fixture(scope="session")
def example() -> Callable[[str, str], Told]:
    """`example(stream, name)`: the object in `examples/<name>.json`, from one morning in Madrid."""
    folder = Path(__file__).parent / "examples"
    return lambda stream, name: Told(stream, json.loads((folder / f"{name}.json").read_text()))
