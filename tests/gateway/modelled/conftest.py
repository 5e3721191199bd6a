"""A gateway over marts that dbt has made; tests put what was sold into them by hand."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def database_url(server: Any, built: str) -> Iterator[str]:
    """URL of a fresh database with every mart, all of them empty."""
    name = server.create(built)
    yield server.url_of(name)
    server.drop(name)
