"""Rows by name, in one snapshot of the warehouse, and what it has of a provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

from psycopg import Cursor, sql
from psycopg.rows import dict_row

from pos_pipeline.errors import NotFound
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.migrate import raw_schema

Row = dict[str, Any]


class Snapshot:
    """The warehouse as it was at one moment; reads only."""

    def __init__(self, cursor: Cursor[Row]) -> None:
        self._cursor = cursor

    def rows(self, statement: LiteralString | sql.Composed, **parameters: Any) -> list[Row]:
        """Every row of a statement."""
        return self._cursor.execute(statement, parameters).fetchall()

    def has(self, relation: str) -> bool:
        """Whether there is such a table or view (`schema.name`)."""
        return bool(self.rows("select to_regclass(%(name)s) is not null as here", name=relation)[0]["here"])

    def providers(self) -> list[str]:
        """Every POS with a connection."""
        return [
            row["pos_provider"] for row in self.rows("select distinct pos_provider from pos.connections order by 1")
        ]

    def streams(self, provider: str) -> list[str]:
        """Raw tables of a POS."""
        found = self.rows(
            "select tablename from pg_tables where schemaname = %(schema)s order by 1", schema=raw_schema(provider)
        )
        # dlt keeps its own books beside them.
        return [row["tablename"] for row in found if not row["tablename"].startswith("_dlt")]


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """The warehouse as it is now.

    Raises:
        NotFound: there are no marts yet.
        WarehouseUnavailable: Postgres does not answer.
    """
    with database.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        view = Snapshot(cursor)
        if not view.has("marts.fct_transactions"):
            error = NotFound("explain: the warehouse has no marts yet.")
            error.action_required = "Sync a till, or make the marts now: pos-pipeline transform"
            raise error
        yield view


def model(provider: str, name: str) -> str:
    """Full name of a POS's intermediate model."""
    return f"intermediate.int_{provider}__{name}"


def relation(full_name: str) -> sql.Composable:
    """`schema.name` as an identifier."""
    return sql.Identifier(*full_name.split("."))
