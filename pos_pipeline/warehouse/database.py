"""Connections to the warehouse.

One `Database` per process, built in `services`. Transactions come from a small pool;
a session lock needs a connection of its own, because the lock lives as long as it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from pos_pipeline.errors import WarehouseUnavailable

Connection = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT_SECONDS = 10.0


class Database:
    """A Postgres database by URL (`postgresql://…`). `repr` never shows the password."""

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.url = url
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            kwargs={"application_name": "pos-pipeline", "autocommit": True},  # `transaction` begins its own
            open=False,
        )

    def __repr__(self) -> str:
        return f"Database({self.place!r})"

    @property
    def place(self) -> str:
        """Host and database name, fit for a message."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or 'local socket'}{parts.path}"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A pooled connection in a transaction: commits at the end, rolls back on an error.

        Raises:
            WarehouseUnavailable: no connection within `CONNECT_TIMEOUT_SECONDS`, or it broke; nothing was committed
                unless it broke during the commit itself.
        """
        with self._pooled() as connection, connection.transaction():
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection of its own in autocommit: what session-level advisory locks need.

        They are given back before it is closed: the server notices a closed connection a moment later, and
        whoever came in that moment would be told that somebody is at work.
        """
        try:
            connection = psycopg.connect(
                self.url, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT_SECONDS), application_name="pos-pipeline"
            )
        except psycopg.OperationalError as error:
            raise self._unavailable(error) from None
        with connection:
            yield connection
            with suppress(psycopg.OperationalError):
                connection.execute("select pg_advisory_unlock_all()")

    def fetch(self, statement: str, parameters: Any = None) -> list[TupleRow]:
        """All rows of one statement, in a transaction of its own."""
        with self.transaction() as connection:
            return connection.execute(statement, parameters).fetchall()

    def fetch_at_once(self, statement: str, parameters: Any = None) -> list[TupleRow]:
        """All rows of one statement that the server commits whether or not this process lives to see its answer.

        In a transaction the rows it locks would stay locked while the process stands still between two statements:
        for rows that everybody needs.
        """
        with self._pooled() as connection:
            return connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Give the pool's connections back to the server."""
        self._pool.close()

    @contextmanager
    def _pooled(self) -> Iterator[Connection]:
        self._pool.open()
        try:
            connection = self._pool.getconn()
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise self._unavailable(error) from None
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise self._unavailable(error) from None
        finally:
            self._pool.putconn(connection)

    def _unavailable(self, error: Exception) -> WarehouseUnavailable:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return WarehouseUnavailable(
            f"warehouse: {self.place} does not answer ({reason}). Start it, or correct DATABASE_URL."
        )
