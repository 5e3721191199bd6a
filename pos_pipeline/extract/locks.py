"""Who may sync what: session-level advisory locks, the authority over all schedulers and people.

A live sync owns its connection. A historical window owns only itself, because windows move no
watermark: they run beside the live sync and beside each other. The locks fall with the session, so a
killed process holds nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from pos_pipeline.provider import Window
from pos_pipeline.warehouse.database import Database


@contextmanager
def own_connections(database: Database, connection_ids: Sequence[UUID]) -> Iterator[set[UUID]]:
    """Those of `connection_ids` nobody else is syncing, owned until the block ends. Never waits."""
    with database.session() as session:
        rows = session.execute(
            "select id from unnest(%s::uuid[]) as id"
            " where pg_try_advisory_lock(hashtextextended('pos:live:' || id, 0))",
            (list(connection_ids),),
        )
        yield {row[0] for row in rows}


@contextmanager
def own_window(database: Database, connection_id: UUID, window: Window) -> Iterator[bool]:
    """Whether this process alone now reads `window` of this connection."""
    with database.session() as session:
        name = f"pos:window:{connection_id}:{window}"
        row = session.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        yield bool(row and row[0])
