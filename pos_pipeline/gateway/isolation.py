"""One tenant's rows, kept apart by the database and not by good intentions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from pos_pipeline.warehouse.database import Connection, Database


@contextmanager
def as_tenant(database: Database, tenant_id: UUID) -> Iterator[Connection]:
    """A transaction that sees and changes rows of this tenant only, as the role that owns nothing.

    Raises:
        WarehouseUnavailable: see `Database.transaction`.
    """
    with database.transaction() as transaction:
        transaction.execute(
            "select set_config('pos.tenant_id', %s, true), set_config('role', 'pos_app', true)", (str(tenant_id),)
        )
        yield transaction


def rows_of(database: Database, tenant_id: UUID, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
    """Rows of one statement as this tenant, by column name."""
    with as_tenant(database, tenant_id) as transaction, transaction.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, parameters).fetchall()
