"""Where the warehouse is: the server of DATABASE_URL, or a real Postgres 18 under POS_HOME.

    settings ──▶ DATABASE_URL set? ── yes ──▶ checked: it answers, is new enough, lets us in
                        └──────────── no ───▶ the server of POS_HOME is started or joined

Dagster's storage is a database of its own on the same server. The embedded server belongs to nobody
in particular: it outlives the process that started it, every process of the same POS_HOME joins it,
and `stop_embedded` ends it. It listens on a Unix socket that only its own user opens. How it is run
is `postgres_server`'s business; this module knows URLs and databases.

Every URL given out names a user and a password, because dlt refuses one without; a server that asks
for none ignores it. An embedded URL names its socket folder in `?host=`: take it apart with
`psycopg.conninfo.conninfo_to_dict`, never by splitting it.
"""

from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql

from pos_pipeline.errors import Misconfigured, WarehouseUnavailable
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse import postgres_server

WAREHOUSE = "pos"
DAGSTER = "dagster"
OLDEST_SERVER = 15
CONNECT_TIMEOUT_SECONDS = 10
SCHEMES = ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2")


def warehouse_url(settings: Settings) -> str:
    """URL (`postgresql://…`) of the warehouse, on a server that answers.

    Raises:
        Misconfigured: DATABASE_URL is no Postgres URL, its database or login does not exist,
            the server is older than Postgres 15, or the login may not create schemas.
        WarehouseUnavailable: the server does not answer, or the embedded one does not start.
    """
    if settings.database_url is None:
        return _embedded_url(settings, WAREHOUSE)
    return _checked(settings.database_url.get_secret_value(), "DATABASE_URL")


def dagster_url(settings: Settings) -> str:
    """URL (`postgresql+psycopg2://…`) of Dagster's storage; its database is made when missing.

    It is DAGSTER_PG_URL if set, else `<warehouse>_dagster` beside the warehouse of DATABASE_URL,
    else `dagster` on the embedded server. The driver is named because Dagster brings only that one.

    Raises:
        Misconfigured, WarehouseUnavailable: as `warehouse_url`.
    """
    if settings.dagster_pg_url is not None:
        url = _checked(settings.dagster_pg_url.get_secret_value(), "DAGSTER_PG_URL")
    elif settings.database_url is None:
        url = _embedded_url(settings, DAGSTER)
    else:
        warehouse = warehouse_url(settings)
        name = f"{urlsplit(warehouse).path[1:]}_{DAGSTER}"
        _make_database(warehouse, name)
        url = _sibling(warehouse, name)
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def stop_embedded(settings: Settings) -> bool:
    """End the embedded server, open sessions included. False when it was not running."""
    return postgres_server.stop(settings.pos_home)


def remove_embedded(settings: Settings) -> None:
    """End the embedded server and delete its databases. There is no way back."""
    postgres_server.remove(settings.pos_home)


def is_running(settings: Settings) -> bool:
    """Whether the embedded server of these settings is alive."""
    return postgres_server.is_running(settings.pos_home)


def _embedded_url(settings: Settings, name: str) -> str:
    home = postgres_server.ensure_running(settings.pos_home)
    url = f"postgresql://postgres:x@embedded/{name}?host={quote(str(home.sockets))}"
    try:
        psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS).close()
    except psycopg.OperationalError:
        _make_database(_sibling(url, "postgres"), name)
    return url


def _checked(url: str, variable: str) -> str:
    """The URL with scheme, login, password and database spelled out, after a first visit."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise Misconfigured(
            f"{variable}: the scheme is {scheme[:20]!r} and should be 'postgresql'. "
            "Write postgresql://user:password@host:5432/database."
        )
    plain = f"postgresql://{rest}"
    try:
        with psycopg.connect(plain, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            _require_server(connection, variable)
            info = connection.info
            return _spelled_out(plain, info.user, info.password or "x", info.dbname)
    except psycopg.OperationalError as error:
        raise _explained(error, plain, variable) from None
    except psycopg.ProgrammingError:
        raise Misconfigured(
            f"{variable} is not a URL that Postgres understands. Write postgresql://user:password@host:5432/database."
        ) from None


def _require_server(connection: psycopg.Connection, variable: str) -> None:
    version = connection.info.server_version // 10_000
    name, user = connection.info.dbname, connection.info.user
    if version < OLDEST_SERVER:
        raise Misconfigured(
            f"{variable}: the server is Postgres {version} and {OLDEST_SERVER} is the oldest supported. Upgrade it."
        )
    may_start = connection.execute(
        "select to_regnamespace('pos') is not null or has_database_privilege(current_database(), 'create')"
    ).fetchone()
    if may_start != (True,):
        raise Misconfigured(
            f"{variable}: {user} may not create schemas in {name}. Run: grant create on database {name} to {user}"
        )


def _spelled_out(url: str, user: str, password: str, name: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or "embedded"
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{place}", path=f"/{quote(name, safe='')}"))


def _explained(error: psycopg.OperationalError, url: str, variable: str) -> Misconfigured | WarehouseUnavailable:
    """What a refused visit means. The server's own words carry no password."""
    try:
        parameters = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parameters = {}
    place = f"{parameters.get('host', 'localhost')}/{parameters.get('dbname', '')}"
    words = " ".join(str(error).split())
    refused = ("does not exist", "authentication failed", "no pg_hba.conf entry", "permission denied", "no password")
    if any(phrase in words for phrase in refused):
        return Misconfigured(f"{variable}: {place} refuses us ({words}). Correct the login or make the database.")
    return WarehouseUnavailable(f"{variable}: {place} does not answer ({words}). Start it, or correct {variable}.")


def _make_database(url: str, name: str) -> None:
    """Make database `name` on the server of `url` unless it is there; others may do so at the same time."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        return
    except errors.InsufficientPrivilege:
        raise Misconfigured(
            f"Dagster's storage: database {name} does not exist and this login may not make it. "
            "Make it, or set DAGSTER_PG_URL."
        ) from None


def _sibling(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))
