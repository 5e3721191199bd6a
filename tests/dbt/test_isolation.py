"""What a tenant's request may read of the models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from fakes.books import Books
from fakes.square_objects import Told

from pos_pipeline.warehouse.database import Connection


@pytest.fixture(scope="module")
def two_bakeries(shared_books: Books, example: Callable[[str, str], Told]) -> Books:
    """Two tenants with the same sale."""
    for location in ("LMADCENTRO001", "LMADCENTRO002"):
        shop = shared_books.open_shop(location)
        shared_books.model(shop, example("orders", "order_card"), example("payments", "payment_card"))
    return shared_books


@contextmanager
def reading_as(books: Books, tenant_id: UUID) -> Iterator[Connection]:
    """A transaction of the gateway's for a tenant."""
    with books.database.transaction() as transaction:
        transaction.execute(
            "select set_config('pos.tenant_id', %s, true), set_config('role', 'pos_app', true)", (str(tenant_id),)
        )
        yield transaction


def test_marts_are_kept_apart(two_bakeries: Books) -> None:
    """Every mart shows the named tenant's rows, all of them, and nobody else's; views included."""
    database = two_bakeries.database
    query = "select table_name::text from information_schema.tables where table_schema = 'marts' order by 1"
    marts = [name for (name,) in database.fetch(query)]
    assert len(marts) >= 12

    shown = 0
    for mart in marts:
        counts = dict(database.fetch(f"select tenant_id, count(*) from marts.{mart} group by 1"))
        for tenant_id, count in {**counts, uuid4(): 0}.items():
            with reading_as(two_bakeries, tenant_id) as transaction:
                rows = transaction.execute(f"select tenant_id from marts.{mart}").fetchall()
            assert [row[0] for row in rows] == [tenant_id] * count, mart
        shown += len(counts) >= 2
    assert shown >= 8


@pytest.mark.parametrize(
    "relation", ["intermediate.int_square__orders", "raw_square.orders", "staging.stg_square__orders"]
)
def test_what_lies_below_the_marts_is_out_of_reach(two_bakeries: Books, relation: str) -> None:
    """Raw rows and what is made of them are the core's."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), reading_as(two_bakeries, uuid4()) as transaction:
        transaction.execute(f"select count(*) from {relation}")
