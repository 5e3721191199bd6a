"""A warehouse made many times as large, under other tenants.

Every row of the raw, intermediate and marts tables is repeated with its uuids replaced by ones made from
them and the copy's number. The rule is the same everywhere, so keys stay unique and rows still belong
together. The JSON of copied raw rows is emptied: their loads are modelled, so nobody reads it again.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg import sql

from pos_pipeline.warehouse.database import Connection, Database

CONTROL = ("tenants", "connections", "accounts")
"""Tables of schema `pos`, in the order in which they refer to each other."""
SESSIONS = 2
_TABLES = """
select n.nspname, t.relname, jsonb_object_agg(c.attname, format_type(c.atttypid, c.atttypmod) order by c.attnum)
from pg_class as t
inner join pg_namespace as n on t.relnamespace = n.oid
inner join pg_attribute as c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped and c.attgenerated = ''
where t.relkind = 'r' and (n.nspname like 'raw\\_%%' or n.nspname in ('intermediate', 'marts', 'pos'))
group by n.nspname, t.oid, t.relname
order by pg_total_relation_size(t.oid) desc
"""
_KEYS = """
select conname, pg_get_constraintdef(oid) from pg_constraint
where conrelid = %s::regclass and contype in ('p', 'u')
"""
_INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index as i
where i.indrelid = %s::regclass and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
"""


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    columns: Mapping[str, str]
    """Types by column."""

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def copied(self, copies: int) -> sql.Composed:
        """The statement that repeats every row."""
        return sql.SQL(
            "insert into {table} ({columns}) select {chosen} from {base}, generate_series(1, {copies}) as copy"
        ).format(
            table=self.identifier,
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            chosen=sql.SQL(", ").join(self._chosen(name) for name in self.columns),
            base=self.identifier if self.schema == "pos" else sql.Identifier("base"),
            copies=copies,
        )

    def _chosen(self, column: str) -> sql.Composed:
        """What a copied row has in `column`."""
        rule = "{}"
        if self.columns[column] == "uuid":
            rule = "md5({}::text || copy)::uuid"
        elif column == "slug":
            rule = "{} || '-' || copy"
        elif self.schema.startswith("raw_") and self.columns[column] == "jsonb":
            return sql.SQL("'{{}}'::jsonb").format()
        return sql.SQL(rule).format(sql.Identifier(column))


def multiply(url: str, times: int) -> int:
    """Make `times` as many rows of everything; the number of transactions there are then."""
    database = Database(url)
    tables = [_Table(*row) for row in database.fetch(_TABLES)]
    by_name = {table.name: table for table in tables if table.schema == "pos"}
    with database.transaction() as transaction:
        for name in CONTROL:
            transaction.execute(by_name[name].copied(times - 1))
    modelled = [table for table in tables if table.schema != "pos" and "uuid" in table.columns.values()]
    with ThreadPoolExecutor(SESSIONS) as sessions:
        list(sessions.map(lambda table: _enlarge(database, table, times - 1), modelled))
    settle(database)
    found: int = database.fetch("select count(*) from marts.fct_transactions")[0][0]
    database.close()
    return found


def settle(database: Database) -> None:
    """What autovacuum would have done by the time a past is that long."""
    with database.session() as session:
        session.execute("vacuum (analyze)")


def _enlarge(database: Database, table: _Table, copies: int) -> None:
    """Written anew without its indexes, which are made again at the end: ten times as fast as row by row."""
    with database.transaction() as transaction:
        keys = _named(transaction, _KEYS, table)
        indexes = _named(transaction, _INDEXES, table)
        names = {"table": table.identifier}
        transaction.execute(sql.SQL("create temp table base on commit drop as table {table}").format(**names))
        for key in keys:
            drop = sql.SQL("alter table {table} drop constraint {key}").format(**names, key=sql.Identifier(key))
            transaction.execute(drop)
        for index in indexes:
            transaction.execute(sql.SQL("drop index {}").format(sql.SQL(index)))
        transaction.execute(sql.SQL("truncate {table}").format(**names))
        transaction.execute(sql.SQL("insert into {table} select * from base").format(**names))
        transaction.execute(table.copied(copies))
        for key, definition in keys.items():
            add = sql.SQL("alter table {table} add constraint {key} {definition}").format(
                **names, key=sql.Identifier(key), definition=sql.SQL(definition)
            )
            transaction.execute(add)
        for definition in indexes.values():
            transaction.execute(sql.SQL(definition))


def _named(transaction: Connection, query: str, table: _Table) -> dict[str, str]:
    return dict(transaction.execute(query, (table.identifier.as_string(transaction),)).fetchall())
