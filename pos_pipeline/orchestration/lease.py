"""Whether the process that executes a run is alive, and how to ask it to stop.

A process holds a Postgres advisory lock for as long as it executes a run. The server drops the lock
with the connection, so a process that was killed, or whose machine lost power, is known without a
timeout: the run is started and its lock is free. The same connection listens for a wish to cancel.
Transport, host and launcher do not matter, and runs of the CLI are covered too.

The URL must reach the server itself: a pooler that hands one session to many would lose the lock.
"""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

REPEAT_SECONDS = 2.0

IS_HELD = """
select exists (
    select from pg_locks
    where
        locktype = 'advisory'
        and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 0)
)
"""


@contextmanager
def hold_lease(dagster_url: str, run_id: str) -> Iterator[bool]:
    """Hold the lease of `run_id` while the body executes it.

    Yields False when another process holds it: the body must then leave the run alone. A wish to
    cancel, and the loss of the lease itself, become a SIGINT in this process, which Dagster turns
    into an interrupted run.
    """
    with connect(dagster_url) as connection:
        connection.execute(f'listen "{name(run_id)}"')  # before the lock: whoever sees the lock may speak at once
        row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name(run_id),)).fetchone()
        if not (row and row[0]):
            yield False
            return
        stop_reading, stop_writing = os.pipe()
        watcher = threading.Thread(target=_watch, args=(connection, stop_reading), name="lease", daemon=True)
        watcher.start()
        try:
            yield True
        finally:
            os.write(stop_writing, b".")
            watcher.join()
            os.close(stop_reading)
            os.close(stop_writing)


def is_held(dagster_url: str, run_id: str) -> bool:
    """Whether some process is executing `run_id` right now."""
    with connect(dagster_url) as connection:
        row = connection.execute(IS_HELD, (name(run_id),)).fetchone()
    return bool(row and row[0])


def ask_to_stop(dagster_url: str, run_id: str) -> None:
    """Ask the process that executes `run_id` to interrupt it. Nobody executing it is fine."""
    with connect(dagster_url) as connection:
        connection.execute("select pg_notify(%s, 'cancel')", (name(run_id),))


def connect(dagster_url: str) -> psycopg.Connection:
    """A connection of its own, in autocommit, from a URL that names SQLAlchemy's driver or none."""
    scheme, _, rest = dagster_url.partition("://")
    url = f"{scheme.partition('+')[0]}://{rest}"
    return psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="pos-run")


def name(run_id: str) -> str:
    """What the lock and the channel of a run are called."""
    return f"pos-run:{run_id}"


def _watch(connection: psycopg.Connection, stop: int) -> None:
    """Until told to stop: turn a notification, or the end of the connection, into interrupts.

    More than one, because an interrupt that comes before Dagster listens for it is lost.
    """
    ready, _, _ = select.select([connection.fileno(), stop], [], [])
    if stop in ready:
        return
    with suppress(psycopg.OperationalError):
        list(connection.notifies(timeout=0))
    while True:
        os.kill(os.getpid(), signal.SIGINT)
        if select.select([stop], [], [], REPEAT_SECONDS)[0]:
            return
