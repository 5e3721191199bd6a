"""The Postgres server the benchmarks use, and databases on it.

It is the one of DATABASE_URL, or an embedded one of the benchmarks' own under `.pos/bench`. Databases
are named after the benchmark; one that a killed run left behind is replaced by the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import PROJECT_ROOT, Settings, load_settings
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.embedded import stop_embedded, warehouse_url
from pos_pipeline.warehouse.migrate import upgrade

PREFIX = "pos_bench_"
HOME = PROJECT_ROOT / ".pos" / "bench"


@dataclass(frozen=True)
class Server:
    """A server by the URL of a database on it that is always there. Travels to child processes."""

    url: str
    postmaster_pid: int | None
    """None when the server runs where its CPU cannot be seen."""

    def settle(self) -> None:
        """Write out what is dirty, so that the next measurement does not pay for the last."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("checkpoint")

    def cpu_seconds(self) -> float:
        """CPU used so far by every process of the server, those that have ended included."""
        if self.postmaster_pid is None:
            return 0.0
        postmaster = psutil.Process(self.postmaster_pid)
        times = postmaster.cpu_times()
        seconds = times.user + times.system + times.children_user + times.children_system
        for process in postmaster.children():
            try:
                running = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            seconds += running.user + running.system
        return float(seconds)

    @property
    def version(self) -> str:
        """Such as `18.4`."""
        with psycopg.connect(self.url) as connection:
            return str(connection.info.parameter_status("server_version")).split()[0]

    @contextmanager
    def database(self, name: str, *, migrated: bool = True, copy_of: str = "") -> Iterator[str]:
        """URL of a fresh database, or of a copy of another one of ours; dropped when the block ends."""
        full, template = PREFIX + name, PREFIX + copy_of if copy_of else "template0"
        url = _sibling(self.url, full)
        self._run("drop database if exists {} with (force)", full)
        self._run("create database {} template {}", full, template)
        try:
            if migrated and not copy_of:
                database = Database(url)
                upgrade(database, load_providers().values())
                database.close()
            yield url
        finally:
            self._run("drop database if exists {} with (force)", full)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def open_server() -> Iterator[Server]:
    """The server for as long as the benchmarks run; an embedded one is stopped afterwards."""
    settings = bench_settings()
    url = warehouse_url(settings)
    try:
        yield Server(url, _postmaster_pid(url))
    finally:
        if settings.database_url is None:
            stop_embedded(settings)


@contextmanager
def open_bench_services(url: str) -> Iterator[Services]:
    """Services over the database of `url`, as a process of the pipeline has them."""
    settings = bench_settings(url)
    with Services(settings, Database(url), load_providers(), open_vault(settings)) as services:
        yield services


def bench_settings(database_url: str | None = None) -> Settings:
    """The environment's settings, but in a home of the benchmarks' own."""
    found = load_settings(Settings)
    given = {"database_url": database_url} if database_url else found.model_dump(include={"database_url"})
    return Settings(pos_home=HOME, **given)


def _postmaster_pid(url: str) -> int | None:
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        try:
            parent = psutil.Process(backend).parent()
        except psutil.NoSuchProcess:
            return None
    return parent.pid if parent and "postgres" in parent.name() else None


def _sibling(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
