"""What every test may ask for: a database of its own, settings, services, a broker.

The server is the one of DATABASE_URL, or the embedded one under `.pos/test`. Migrations run once per
session, into a template; a test's database is a copy of it and is dropped when the test ends. A second
template has every mart as well.
Heavy packages are imported inside the fixtures: a unit test pays for nothing it does not use.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from rig.databases import Shelf

from pos_pipeline.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from pos_pipeline.services import Services
    from pos_pipeline.warehouse.database import Database

pytest_plugins = ["rig.fixtures", "rig.sharing"]

DATABASE_PREFIX = "pos_test_"
PROJECT_PREFIXES = ("POS_", "SQUARE_", "TOAST_", "LIGHTSPEED_", "DAGSTER_", "DBT_", "DLT_", "CELERY_")


@pytest.fixture(scope="session")
def environment() -> Mapping[str, str]:
    """The environment as the session found it; a test sees it without the project's variables."""
    return dict(os.environ)


@pytest.fixture(autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test depends on how the machine is configured, nor on what another test exported."""
    names = {name.upper() for name in Settings.model_fields}
    before = dict(os.environ)
    for variable in before:
        if variable in names or variable.startswith(PROJECT_PREFIXES):
            del os.environ[variable]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def server(environment: Mapping[str, str]) -> Iterator["Server"]:
    """The Postgres server of this session."""
    from pos_pipeline.warehouse.embedded import stop_embedded, warehouse_url

    home = Settings(pos_home=PROJECT_ROOT / ".pos" / "test", database_url=None, dagster_pg_url=None)
    embedded = not environment.get("DATABASE_URL")
    server = Server(warehouse_url(home) if embedded else environment["DATABASE_URL"])
    if embedded:
        server.favour_speed()
    server.drop_leftovers()
    yield server
    server.close()
    if embedded and not server.has_other_sessions():
        stop_embedded(home)


@pytest.fixture(scope="session")
def template(server: "Server") -> Iterator[str]:
    """Name of a migrated database that tests' databases are copied from."""
    from pos_pipeline.providers import load_providers
    from pos_pipeline.warehouse.database import Database
    from pos_pipeline.warehouse.migrate import upgrade

    name = server.create()
    database = Database(server.url_of(name))
    upgrade(database, load_providers().values())
    database.close()
    yield name
    server.drop(name)


@pytest.fixture(scope="session")
def dbt_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose home keeps the parsed project for the whole session."""
    return Settings(pos_home=tmp_path_factory.mktemp("dbt"), database_url=None)


@pytest.fixture(scope="session")
def built(server: "Server", template: str, dbt_settings: Settings) -> Iterator[str]:
    """Name of a database in which every model has been built from nothing."""
    from pos_pipeline.accounts.vault import open_vault
    from pos_pipeline.providers import load_providers
    from pos_pipeline.services import Services
    from pos_pipeline.transform import run_transform
    from pos_pipeline.warehouse.database import Database

    name = server.create(template)
    services = Services(dbt_settings, Database(server.url_of(name)), load_providers(), open_vault(dbt_settings))
    run_transform(services).raise_for_failure()
    services.close()
    yield name
    server.drop(name)


@pytest.fixture(scope="session")
def built_databases(server: "Server", built: str) -> Iterator[Shelf]:
    """The same with empty marts."""
    databases = Shelf(server, built)
    yield databases
    databases.close()


@pytest.fixture
def empty_database_url(server: "Server") -> Iterator[str]:
    """URL of a fresh database in which nothing has been made yet."""
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture(scope="session")
def databases(server: "Server", template: str) -> Iterator[Shelf]:
    """Migrated databases that tests hand on."""
    databases = Shelf(server, template)
    yield databases
    databases.close()


@pytest.fixture
def database_url(server: "Server", databases: Shelf) -> Iterator[str]:
    """URL of a fresh, migrated database; every driver takes it (it carries a password)."""
    name = databases.take()
    yield server.url_of(name)
    databases.give_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator["Database"]:
    """A fresh, migrated database."""
    from pos_pipeline.warehouse.database import Database

    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings over this test's folder and database; everything else has its default."""
    return Settings(pos_home=tmp_path / "home", database_url=database_url)


@pytest.fixture
def services(settings: Settings, database: "Database") -> "Services":
    """Services over this test's settings and database."""
    from pos_pipeline.accounts.vault import open_vault
    from pos_pipeline.providers import load_providers
    from pos_pipeline.services import Services

    return Services(settings=settings, database=database, providers=load_providers(), vault=open_vault(settings))


@pytest.fixture(scope="session")
def rabbitmq_url(environment: Mapping[str, str]) -> str:
    """A broker that answers. `make test` sees to one; RABBITMQ_URL names another."""
    import pika

    url = environment.get("RABBITMQ_URL") or "amqp://guest:guest@127.0.0.1:5672/%2F"
    pika.BlockingConnection(pika.URLParameters(url)).close()
    return url


class Server:
    """One Postgres server: makes and drops this session's databases.

    Their names carry the session's token, and so does a connection held for the session's whole life:
    a database whose token no connection carries was left behind by a session that was killed.
    """

    def __init__(self, url: str) -> None:
        self.token = uuid.uuid4().hex[:12]
        self._url = urlsplit(url)
        self._connection = psycopg.connect(
            url, autocommit=True, connect_timeout=10, application_name=DATABASE_PREFIX + self.token
        )

    def url_of(self, name: str) -> str:
        """URL of database `name` on this server, with a password even if the server asks for none."""
        place = self._url.netloc
        if self._url.username and self._url.password is None:
            place = place.replace("@", ":x@", 1)
        return urlunsplit(self._url._replace(netloc=place, path=f"/{name}"))

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of `template`; returns its name."""
        name = f"{DATABASE_PREFIX}{self.token}_{uuid.uuid4().hex[:12]}"
        self._run("create database {} template {}", name, template)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, ending what is still connected to it."""
        self._run("drop database if exists {} with (force)", name)

    def drop_leftovers(self) -> None:
        """Drop the databases of sessions that are gone."""
        rows = self._connection.execute(
            """
            select d.datname from pg_database as d
            where starts_with(d.datname, %(prefix)s) and pg_has_role(d.datdba, 'usage') and not exists (
                select from pg_stat_activity as a where a.application_name = %(prefix)s || split_part(d.datname, '_', 3)
            )
            """,
            {"prefix": DATABASE_PREFIX},
        )
        for (name,) in rows.fetchall():
            self.drop(name)

    def has_other_sessions(self) -> bool:
        """Whether another test session is using this server."""
        with psycopg.connect(urlunsplit(self._url), autocommit=True) as connection:
            row = connection.execute(
                "select from pg_stat_activity where starts_with(application_name, %s) limit 1", (DATABASE_PREFIX,)
            ).fetchone()
        return row is not None

    def favour_speed(self) -> None:
        """Give up durability: nothing on the tests' own server outlives the session."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run("alter system set {} = off", setting)
        self._connection.execute("select pg_reload_conf()")

    def close(self) -> None:
        """Let go of the session's connection; its databases are dropped by then."""
        self._connection.close()

    def _run(self, statement: str, *names: str) -> Any:
        return self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
