"""What is to be done, and what has been: loads, batches, marks and fingerprints in schema `etl`.

A *mark* is the batch through which something has been seen. Models write their own, in the transaction
that changes them. Sources get one here when a load with rows of theirs is claimed, under the name
`source:<schema>.<table>` in the same table: a model is behind when any source above it has a later mark.
Every function takes a connection; the caller holds the transform lock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from pos_pipeline.transform.project import Node, Project
from pos_pipeline.warehouse.database import Connection

ACCOUNTS = "pos.accounts"
SOURCE = "source:"

_CHANGED_ACCOUNTS = """
select exists (
    select tenant_id, pos_provider, location_id, id, connection_id, location_name, timezone, day_closes_at
    from pos.accounts
    except
    select tenant_id, pos_provider, location_id, pos_account_id, connection_id, location_name, timezone, day_closes_at
    from intermediate.int_accounts
)
"""


@dataclass(frozen=True)
class Plan:
    """What one run has to make."""

    rebuild: frozenset[str]
    """Ids of nodes whose relation is missing or was built from other SQL, and of all made from them."""
    behind: frozenset[str]
    """Ids of incremental models that have rows to read, without those to rebuild."""

    @property
    def is_empty(self) -> bool:
        """Whether the marts are up to date."""
        return not self.rebuild and not self.behind


def has_unclaimed_loads(connection: Connection) -> bool:
    """Whether a load waits for a batch."""
    return bool(_one(connection, "select exists (select from etl.loads where batch_id is null)"))


def note_changed_accounts(connection: Connection) -> bool:
    """Whether an account differs from what the models know of it."""
    if not _one(connection, "select to_regclass('intermediate.int_accounts') is not null"):
        return False
    return bool(_one(connection, _CHANGED_ACCOUNTS))


def open_batch(connection: Connection, project: Project, *, claim: bool) -> tuple[int, int]:
    """A new batch and how many loads it claimed; marks the sources that got rows.

    Batches a killed process left running are closed as failed: whoever holds the lock knows they are dead.
    """
    connection.execute("update etl.batches set status = 'failed', finished_at = now() where status = 'running'")
    batch_id = _one(connection, "insert into etl.batches default values returning batch_id")
    if note_changed_accounts(connection):
        _mark(connection, ACCOUNTS, batch_id)
    if not claim:
        return batch_id, 0
    loads: dict[str, list[str]] = {}
    claimed = connection.execute(
        "update etl.loads set batch_id = %s where batch_id is null returning pos_provider, load_id", (batch_id,)
    ).fetchall()
    for provider, load_id in claimed:
        loads.setdefault(provider, []).append(load_id)
    for provider, load_ids in loads.items():
        for table in project.raw_tables.get(provider, ()):
            if _has_rows(connection, f"raw_{provider}", table, load_ids):
                _mark(connection, f"raw_{provider}.{table}", batch_id)
    return batch_id, len(claimed)


def close_batch(connection: Connection, batch_id: int, *, succeeded: bool, is_complete: bool) -> None:
    """Settle a batch. When everything is up to date, earlier batches that failed are made good too."""
    connection.execute(
        "update etl.batches set status = %s, finished_at = clock_timestamp() where batch_id = %s",
        ("done" if succeeded else "failed", batch_id),
    )
    if succeeded and is_complete:
        connection.execute(
            "update etl.batches set status = 'done' where status = 'failed' and batch_id < %s", (batch_id,)
        )


def settle_batches(connection: Connection) -> None:
    """Settle what a process left that died after its last model: everything is up to date, events may go."""
    connection.execute("update etl.batches set status = 'done', finished_at = clock_timestamp() where status <> 'done'")


def marks(connection: Connection) -> dict[str, int]:
    """Every mark, of models by name and of sources by `source:<schema>.<table>`."""
    return dict(connection.execute("select model, batch_id from etl.model_progress").fetchall())


def plan(connection: Connection, project: Project, *, rebuild_all: bool = False) -> Plan:
    """Which nodes to make, from fingerprints, relations and marks as they are now."""
    built: dict[str, str] = dict(connection.execute("select node, fingerprint from etl.models").fetchall())
    present = set(
        connection.execute(
            "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = any(%s) and relkind in ('r', 'v')",
            (sorted({node.schema for node in project.nodes.values()}),),
        ).fetchall()
    )
    stale = {
        node.id
        for node in project.nodes.values()
        if rebuild_all or built.get(node.id) != node.fingerprint or (node.schema, node.name) not in present
    }
    rebuild = project.with_descendants(stale)
    seen = marks(connection)
    behind = {
        node.id
        for node in project.nodes.values()
        if node.kind == "incremental" and node.id not in rebuild and _is_behind(node, seen)
    }
    return Plan(frozenset(rebuild), frozenset(behind))


def record_built(connection: Connection, nodes: Iterable[Node]) -> None:
    """Remember what these nodes' relations were built from."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into etl.models (node, fingerprint) values (%s, %s) on conflict (node) do update"
            " set fingerprint = excluded.fingerprint, built_at = clock_timestamp()",
            [(node.id, node.fingerprint) for node in nodes],
        )


def forget_progress(connection: Connection, models: Iterable[str]) -> None:
    """Let these models read everything again in the next run."""
    connection.execute("delete from etl.model_progress where model = any(%s)", (list(models),))


def _is_behind(node: Node, seen: Mapping[str, int]) -> bool:
    own = seen.get(node.name)
    return own is None or any(seen.get(SOURCE + source, 0) > own for source in node.sources)


def _has_rows(connection: Connection, schema: str, table: str, load_ids: list[str]) -> bool:
    statement = sql.SQL("select exists (select from {} where _dlt_load_id = any(%s))").format(
        sql.Identifier(schema, table)
    )
    return bool(connection.execute(statement, (load_ids,)).fetchall()[0][0])


def _mark(connection: Connection, source: str, batch_id: int) -> None:
    connection.execute(
        "insert into etl.model_progress (model, batch_id) values (%s, %s)"
        " on conflict (model) do update set batch_id = excluded.batch_id, updated_at = clock_timestamp()",
        (SOURCE + source, batch_id),
    )


def _one(connection: Connection, statement: str) -> Any:
    return connection.execute(statement).fetchall()[0][0]
