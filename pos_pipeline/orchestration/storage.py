"""Dagster's Postgres storage over one pool per process.

dagster-postgres opens a connection per statement, which costs Postgres 0.16 to 0.33 CPU seconds a
run; with a pool a whole run costs less than that. Nothing else about the storage is changed.
"""

import os
from functools import cache
from typing import Any, Self

import sqlalchemy as sa
from dagster import _check as check
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config

POOL_SIZE = 2
MAX_OVERFLOW = 30
RECYCLE_SECONDS = 600


class PooledPostgresStorage(DagsterPostgresStorage):
    """Runs, events and schedules in one Postgres database; the tables are made at first use.

    Every instance of a process shares one engine, so opening an instance per run stays cheap.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        engine = process_engine(postgres_url, os.getpid())
        seen = engine.get_execution_options().get("has_tables", False)
        super().__init__(postgres_url, should_autocreate_tables and not seen, inst_data)
        engine.update_execution_options(has_tables=True)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # noqa: SLF001 - the pool is the whole point of this class

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Built by Dagster from `storage.custom` of dagster.yaml."""
        return cls(
            postgres_url=check.str_param(pg_url_from_config(config_value), "postgres_url"),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
        )


@cache
def process_engine(postgres_url: str, process_id: int) -> sa.Engine:  # noqa: ARG001 - a fork needs an engine of its own
    """The engine of this process, in autocommit as Dagster's storages expect."""
    return sa.create_engine(
        postgres_url,
        isolation_level="AUTOCOMMIT",
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
        connect_args={"application_name": "pos-dagster"},
    )
