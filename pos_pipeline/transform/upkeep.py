"""What Postgres has to know about raw tables so that new rows are found without reading old ones.

Both things happen by themselves at the next (auto)vacuum, which may be hours away or switched off. Until
then a look-up by load reads everything since the last one.
"""

from contextlib import suppress

from psycopg import sql
from psycopg.errors import LockNotAvailable

from pos_pipeline.transform.project import Project
from pos_pipeline.warehouse.database import Connection

MANY_ROWS = 20_000
"""New rows from which old statistics mislead."""

_BLOCK_RANGE_INDEXES = """
select i.indexrelid::regclass
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_am as a on a.oid = c.relam
where a.amname = 'brin' and i.indrelid = any(select to_regclass(name) from unnest(%s::text[]) as name)
"""
_WITHOUT_STATISTICS = """
select schemaname, relname
from pg_stat_user_tables
where
    schemaname || '.' || relname = any(%(tables)s) and pg_relation_size(relid) > 0 and (
        (select coalesce(sum(row_count), 0) from etl.loads where batch_id is null) >= %(many)s
        or not exists (
            select from pg_stats as s
            where s.schemaname = pg_stat_user_tables.schemaname and s.tablename = relname and s.attname = '_dlt_load_id'
        )
    )
"""


def prepare_new_rows(session: Connection, project: Project) -> None:
    """Summarise block-range indexes of raw tables, and sample loads where statistics are missing or outdated.

    Costs a few queries when nothing is new. A table another process is vacuuming is left to it. `session` is
    in autocommit.
    """
    tables = [f"raw_{provider}.{table}" for provider, names in project.raw_tables.items() for table in names]
    session.execute("set lock_timeout = '2s'")
    for (index,) in session.execute(_BLOCK_RANGE_INDEXES, (tables,)).fetchall():
        with suppress(LockNotAvailable):
            session.execute("select brin_summarize_new_values(%s)", (index,))
    for schema, table in session.execute(_WITHOUT_STATISTICS, {"tables": tables, "many": MANY_ROWS}).fetchall():
        with suppress(LockNotAvailable):
            session.execute(sql.SQL("analyze {} (_dlt_load_id)").format(sql.Identifier(schema, table)))
            session.execute("analyze etl.loads")
