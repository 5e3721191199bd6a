"""Places at which a process can be stopped, put around our code and its libraries from outside.

    extract    plan and locks, every request before and after, every page, every table handed to dlt
    load       dlt's normalise and jobs, COPY before and after its commit, its bookkeeping, the ledger
    transform  the claim, every statement and commit of dbt
    publish    every statement, every message before and after its confirm

Each place counts. The product knows nothing of this: a worker that is to die wraps the functions first.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import psycopg
from dbt.adapters.sql.connections import SQLConnectionManager
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.impl.postgres.postgres import PostgresCsvCopyJob
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
from dlt.pipeline.pipeline import Pipeline
from pika.adapters.blocking_connection import BlockingChannel

from pos_pipeline.extract import raw, reading
from pos_pipeline.http import HttpApi
from rig.job import Place

PHASES = ("extract", "load", "transform", "publish")


@dataclass
class CrashPoints:
    """Counts the places a run passes; at the one asked for, the process gets a signal."""

    place: Place
    """Where a stop is asked for."""
    signal: int
    now_in: str = "extract"
    passed: dict[str, list[str]] = field(default_factory=lambda: {phase: [] for phase in PHASES})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, name: str) -> None:
        """Pass one place, or end here."""
        with self._lock:
            names = self.passed[self.now_in]
            names.append(name)
            if self.now_in != self.place.phase or self.place.name not in {"", name}:
                return
            if self.place.count == (names.count(name) if self.place.name else len(names)):
                os.kill(os.getpid(), self.signal)

    def put(self) -> None:
        """Wrap everything. Only for a process that is thrown away."""
        around, before = self._around, self._before
        around(HttpApi, "answer", "request")
        around(HttpApi, "post", "request")
        around(reading.StreamReading, "take", "page")
        around(raw, "_table", "table")
        before(Pipeline, "normalize", self._begin_load)
        around(Pipeline, "normalize", "normalise")
        around(PackageStorage, "start_job", "job start")
        around(PostgresCsvCopyJob, "run", "copy")
        around(PackageStorage, "complete_job", "job end")
        around(PackageStorage, "complete_loading_package", "package end")
        Psycopg2SqlClient.execute_query = self._inside(Psycopg2SqlClient.execute_query, "dlt statement")
        around(psycopg.Cursor, "execute", "statement")
        around(psycopg.Transaction, "__exit__", "commit")
        around(SQLConnectionManager, "add_query", "dbt statement")
        around(SQLConnectionManager, "commit", "dbt commit")
        around(BlockingChannel, "basic_publish", "message")

    def _begin_load(self) -> None:
        self.now_in = "load"

    def _around(self, owner: Any, name: str, label: str) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.reach(f"before {label}")
            result = original(*args, **kwargs)
            self.reach(f"after {label}")
            return result

        setattr(owner, name, wrapped)

    def _before(self, owner: Any, name: str, act: Callable[[], None]) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            act()
            return original(*args, **kwargs)

        setattr(owner, name, wrapped)

    def _inside(self, original: Callable[..., AbstractContextManager[Any]], label: str) -> Any:
        @contextmanager
        def wrapped(*args: Any, **kwargs: Any) -> Iterator[Any]:
            self.reach(f"before {label}")
            with original(*args, **kwargs) as result:
                self.reach(f"after {label}")
                yield result

        return wrapped
