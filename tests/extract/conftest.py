"""The corner till, merchants linked to it, and what of their rows exists."""

from collections.abc import Callable

import pytest
from fakes.corner_shops import corner, link
from fakes.corner_till import CornerTill

from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

__all__ = ["corner", "link"]


@pytest.fixture
def till() -> CornerTill:
    """A till without sales."""
    return CornerTill()


@pytest.fixture
def visible(corner: Services) -> Callable[[str], list[str]]:
    """Ids of the raw rows of a stream that the ledger vouches for, one per stored copy."""

    def ids(stream: str = "sales") -> list[str]:
        return visible_ids(corner.database, stream)

    return ids


def visible_ids(database: Database, stream: str) -> list[str]:
    """Ids of the rows of `raw_corner.<stream>` whose load is in the ledger, sorted."""
    rows = database.fetch(
        f"select r.id from raw_corner.{stream} as r"
        " inner join etl.loads as l on l.pos_provider = 'corner' and l.load_id = r._dlt_load_id order by 1"
    )
    return [row[0] for row in rows]
