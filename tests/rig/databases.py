"""Databases that are handed out again, because copying a template costs more than most tests.

    take ──▶ a test ──▶ give back ──▶ is its schema as it was, and nobody connected? ──▶ rows put back ──▶ shelf
                                                            └─ no ─▶ dropped

Put back means what the template holds: its rows, and its sequences where they stood. A change of the schema shows
in the transaction numbers of the catalog's rows, which a copy shares with its template.
"""

import time
from typing import Any

import psycopg
from psycopg import sql

PATIENCE_SECONDS = 0.5
"""Closed connections take a moment to be gone."""

CATALOG = (
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_proc",
    "pg_policy",
    "pg_trigger",
    "pg_constraint",
    "pg_namespace",
)
SCHEMA = " union all ".join(f"select count(*), max(xmin::text::bigint) from {name}" for name in CATALOG)
TABLES = """
select nspname, relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema') order by 1, 2
"""
SEQUENCES = "select schemaname, sequencename, last_value, start_value from pg_sequences order by 1, 2"
OTHERS = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


class Shelf:
    """Copies of one template."""

    def __init__(self, server: Any, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[str] = []
        with psycopg.connect(server.url_of(template), autocommit=True) as connection:
            self._schema = connection.execute(SCHEMA).fetchall()
            self._sequences = connection.execute(SEQUENCES).fetchall()
            self._tables = [sql.Identifier(*name) for name in connection.execute(TABLES).fetchall()]
            self._filled = self._filled_tables(connection)
            self._rows = {number: self._copy(connection, number) for number in self._filled}

    def take(self) -> str:
        """Name of a database that equals the template."""
        return self._free.pop() if self._free else self._server.create(self._template)

    def give_back(self, name: str) -> None:
        """Keep it for the next test if it can be made as it was, else drop it."""
        try:
            with psycopg.connect(self._server.url_of(name), autocommit=True) as connection:
                is_clean = self._clean(connection)
        except psycopg.Error:
            is_clean = False
        if is_clean:
            self._free.append(name)
        else:
            self._server.drop(name)

    def close(self) -> None:
        """Drop what is left."""
        while self._free:
            self._server.drop(self._free.pop())

    def _clean(self, connection: psycopg.Connection) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while connection.execute(OTHERS).fetchall() != [(0,)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        if connection.execute(SCHEMA).fetchall() != self._schema:
            return False
        connection.execute("set session_replication_role = replica")  # no triggers, no foreign keys
        for number in {*self._filled_tables(connection), *self._filled}:
            kept = self._rows.get(number)
            if kept is not None and self._copy(connection, number) == kept:
                continue
            connection.execute(sql.SQL("delete from {}").format(self._tables[number]))
            if kept:
                with connection.cursor().copy(sql.SQL("copy {} from stdin").format(self._tables[number])) as copy:
                    copy.write(kept)
        for was, now in zip(self._sequences, connection.execute(SEQUENCES).fetchall(), strict=True):
            if was != now:
                schema, name, last, start = was
                statement = "select setval(format('%%I.%%I', %s::text, %s::text), %s, %s)"
                connection.execute(statement, (schema, name, start if last is None else last, last is not None))
        return True

    def _filled_tables(self, connection: psycopg.Connection) -> list[int]:
        parts = [
            sql.SQL("select {} where exists (select from {})").format(number, table)
            for number, table in enumerate(self._tables)
        ]
        return [number for (number,) in connection.execute(sql.SQL(" union all ").join(parts)).fetchall()]

    def _copy(self, connection: psycopg.Connection, number: int) -> bytes:
        with connection.cursor().copy(sql.SQL("copy {} to stdout").format(self._tables[number])) as copy:
            return b"".join(bytes(block) for block in copy)
