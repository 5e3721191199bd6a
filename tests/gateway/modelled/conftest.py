"""A gateway over marts that dbt has made; tests put what was sold into them by hand."""

from collections.abc import Iterator
from typing import Any

import pytest
from rig.databases import Shelf


@pytest.fixture
def database_url(server: Any, built_databases: Shelf) -> Iterator[str]:
    """URL of a fresh database with every mart, all of them empty."""
    name = built_databases.take()
    yield server.url_of(name)
    built_databases.give_back(name)
