"""Books whose marts are built once and copied for each test."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import Told

from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.transform import run_transform
from pos_pipeline.warehouse.database import Database


@pytest.fixture(scope="session")
def dbt_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose home keeps the parsed project for the whole session."""
    return Settings(pos_home=tmp_path_factory.mktemp("dbt"), database_url=None)


def _services(settings: Settings, url: str) -> Services:
    from pos_pipeline.accounts.vault import open_vault  # noqa: PLC0415 - makes a key in the settings' home

    return Services(settings, Database(url), load_providers(), open_vault(settings))


@pytest.fixture(scope="session")
def built(server: Any, template: str, dbt_settings: Settings) -> Iterator[str]:
    """Name of a database in which every model has been built from nothing."""
    name = server.create(template)
    services = _services(dbt_settings, server.url_of(name))
    run_transform(services).raise_for_failure()
    services.close()
    yield name
    server.drop(name)


@contextmanager
def _open_books(server: Any, built: str, settings: Settings) -> Iterator[Books]:
    name = server.create(built)
    services = _services(settings, server.url_of(name))
    yield Books(services)
    services.close()
    server.drop(name)


@pytest.fixture
def books(server: Any, built: str, dbt_settings: Settings) -> Iterator[Books]:
    """Books with empty marts."""
    with _open_books(server, built, dbt_settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_books(server: Any, built: str, dbt_settings: Settings) -> Iterator[Books]:
    """Books of a whole module: each test keeps to a shop of its own."""
    with _open_books(server, built, dbt_settings) as opened:
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
