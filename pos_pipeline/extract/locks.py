"""Who may sync what: session-level advisory locks, the authority over all schedulers and people.

A live sync owns its connection. A historical window owns only itself, because windows move no
watermark: they run beside the live sync and beside each other. The locks fall with the session, so a
killed process holds nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from pos_pipeline.provider import Window
from pos_pipeline.warehouse.database import Connection, Database


@contextmanager
def own_connections(database: Database, connection_ids: Sequence[UUID]) -> Iterator[set[UUID]]:
    """Those of `connection_ids` nobody else is syncing, owned until the block ends. Never waits."""
    with database.session() as session:
        yield {one for one in connection_ids if _try(session, f"pos:live:{one}")}


@contextmanager
def own_window(database: Database, connection_id: UUID, window: Window) -> Iterator[bool]:
    """Whether this process alone now reads `window` of this connection."""
    with database.session() as session:
        yield _try(session, f"pos:window:{connection_id}:{window}")


def _try(session: Connection, name: str) -> bool:
    row = session.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return bool(row and row[0])
