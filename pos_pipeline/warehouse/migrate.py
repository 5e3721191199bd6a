"""Brings a database to the shape this version needs. Safe to run at every start and by many at once.

`pos` and `etl` come from Alembic versions. Raw tables come from the providers' declarations: made
here and not by dlt, because two first loads that both create a table make one of them fail.
"""

from collections.abc import Iterable
from pathlib import Path

from psycopg import sql

from pos_pipeline.provider import Provider
from pos_pipeline.warehouse.database import Connection, Database

MIGRATION_LOCK = 7_301_001

RAW_TABLE = """
create table if not exists {schema}.{table} (
    tenant_id uuid not null,
    connection_id uuid not null,
    location_id text,
    id text not null,
    version_at timestamptz not null,
    version_no bigint,
    payload jsonb not null,
    fetched_at timestamptz not null,
    _dlt_load_id text not null
)
"""
RAW_INDEX = (
    "create index if not exists {name} on {schema}.{table} using brin (_dlt_load_id) with (pages_per_range = 32)"
)


def raw_schema(provider: str) -> str:
    """Schema of a provider's raw tables."""
    return f"raw_{provider}"


def upgrade(database: Database, providers: Iterable[Provider]) -> None:
    """Apply missing versions, then make missing raw tables. One process at a time; others wait."""
    # Half a second and 20 MB that every sync would pay, only to know a schema's name.
    import sqlalchemy as sa  # noqa: PLC0415
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: _driver_connection(database.url), poolclass=sa.pool.NullPool
    )
    config = Config()
    # Alembic reads the value as a template, in which a checkout's `%` would begin a name
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with database.session() as lock:
        lock.execute("select pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        with database.transaction() as connection:
            for provider in providers:
                _make_raw_tables(connection, provider)


def _make_raw_tables(connection: Connection, provider: Provider) -> None:
    schema = sql.Identifier(raw_schema(provider.name))
    connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    for stream in provider.streams:
        names = {"schema": schema, "table": sql.Identifier(stream.name)}
        connection.execute(sql.SQL(RAW_TABLE).format(**names))
        connection.execute(sql.SQL(RAW_INDEX).format(name=sql.Identifier(f"{stream.name}_load"), **names))


def _driver_connection(url: str) -> Connection:
    import psycopg  # noqa: PLC0415 - the driver is only needed here

    return psycopg.connect(url)
