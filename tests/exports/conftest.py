"""Books over copies of marts that were built once, whose files are this test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.books import Books, Shop

from pos_pipeline.exports import ask
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def database_url(server: Any, built: str) -> Iterator[str]:
    """URL of a fresh database with every mart, all of them empty."""
    name = server.create(built)
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def settings(dbt_settings: Settings, database_url: str, tmp_path: Path) -> Settings:
    """Settings over the session's parsed project and this test's folder."""
    return Settings(pos_home=dbt_settings.pos_home, database_url=database_url, pos_exports_dir=tmp_path / "exports")


@pytest.fixture
def books(services: Services) -> Books:
    """Books that can be exported."""
    return Books(services)


@pytest.fixture
def shop(books: Books) -> Shop:
    """A bakery in Madrid."""
    return books.open_shop()


@pytest.fixture
def asked(settings: Settings) -> Ask:
    """`asked(sql, tenant_id=None)`: all rows of an answer."""

    def rows(question: str, tenant_id: Any = None) -> list[tuple[Any, ...]]:
        with ask(settings.exports_dir, question, tenant_id) as answer:
            return list(answer.rows())

    return rows
