"""DATABASE_URL: a server that serves is taken as it is; a fault is named, and never the password."""

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pos_pipeline.errors import Misconfigured, WarehouseUnavailable
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse import embedded
from pos_pipeline.warehouse.embedded import dagster_url, warehouse_url

Ask = Callable[[str, str], object]


def pointing_to(url: str, **others: str) -> Settings:
    """Settings with this DATABASE_URL."""
    return Settings(pos_home=Path("unused"), database_url=url, **others)


def replaced(url: str, **parts: str) -> str:
    """The URL with its scheme, netloc or path changed."""
    return urlunsplit(urlsplit(url)._replace(**parts))


def test_server_named_is_the_server_used(database_url: str, ask: Ask) -> None:
    """With DATABASE_URL set nothing is started and that database is the warehouse."""
    settings = pointing_to(database_url)

    assert ask(warehouse_url(settings), "select current_database()") == urlsplit(database_url).path[1:]
    assert not embedded.is_running(settings)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_the_scheme(database_url: str, scheme: str) -> None:
    """What SQLAlchemy, Heroku and libpq call the scheme is all the same server."""
    assert warehouse_url(pointing_to(replaced(database_url, scheme=scheme))).startswith("postgresql://")


def test_missing_password_is_filled_in(database_url: str) -> None:
    """A login without password gets one that a trusting server ignores, because dlt insists on one."""
    parts = urlsplit(database_url)
    bare = replaced(database_url, netloc=parts.netloc.replace(":x@", "@"))

    assert conninfo_to_dict(warehouse_url(pointing_to(bare)))["password"] == "x"


def test_awkward_password_survives(database_url: str, server_user: tuple[str, str]) -> None:
    """A password with the signs that separate the parts of a URL reaches the server as it is."""
    user, quoted = server_user
    place = urlsplit(database_url).netloc.rpartition("@")[2]
    with psycopg.connect(database_url) as connection:
        connection.execute(f'grant create on database "{connection.info.dbname}" to {user}')
    url = warehouse_url(pointing_to(replaced(database_url, netloc=f"{user}:{quoted}@{place}")))

    assert conninfo_to_dict(url)["password"] == "p@ss:w/rd?%"


@pytest.mark.parametrize("url", ["mysql://root:secret-word@127.0.0.1/shop", "127.0.0.1:5432/shop"])
def test_other_database_is_refused(url: str) -> None:
    """Only Postgres will do, and the message shows how to write it."""
    with pytest.raises(Misconfigured, match=r"DATABASE_URL: the scheme is .* should be 'postgresql'") as caught:
        warehouse_url(pointing_to(url))

    assert "secret-word" not in str(caught.value)


def test_address_that_is_no_url_is_refused() -> None:
    """A URL Postgres cannot read is a setting to correct, and is not repeated in the message."""
    with pytest.raises(Misconfigured, match="DATABASE_URL is not a URL") as caught:
        warehouse_url(pointing_to("postgresql://user:secret-word@host:port/shop?nonsense=1"))

    assert "secret-word" not in str(caught.value)


def test_server_that_is_down_may_come_back() -> None:
    """A refused connection is worth trying again; the message names the place."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(WarehouseUnavailable, match=r"DATABASE_URL: 127\.0\.0\.1/shop does not answer") as caught:
        warehouse_url(pointing_to(f"postgresql://user:secret-word@127.0.0.1:{port}/shop"))

    assert "secret-word" not in str(caught.value)


def test_database_that_does_not_exist(database_url: str) -> None:
    """A wrong name waits for somebody to correct it."""
    with pytest.raises(Misconfigured, match=r"absent refuses us .*does not exist"):
        warehouse_url(pointing_to(replaced(database_url, path="/absent")))


def test_server_that_is_too_old(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older Postgres than the SQL needs is refused before anything is written to it."""
    monkeypatch.setattr(embedded, "OLDEST_SERVER", 99)

    with pytest.raises(Misconfigured, match=r"the server is Postgres \d+ and 99 is the oldest supported"):
        warehouse_url(pointing_to(database_url))


def test_login_that_may_make_nothing(empty_database_url: str, server_user: tuple[str, str]) -> None:
    """A login that may not create schemas is told which grant it needs."""
    user, quoted = server_user
    place = urlsplit(empty_database_url).netloc.rpartition("@")[2]

    with pytest.raises(Misconfigured, match=f"{user} may not create schemas .*grant create on database .* to {user}"):
        warehouse_url(pointing_to(replaced(empty_database_url, netloc=f"{user}:{quoted}@{place}")))


def test_dagster_lives_beside_the_warehouse(database_url: str, ask: Ask) -> None:
    """Dagster's storage is made on the warehouse's server at the first call and found at the second."""
    settings = pointing_to(database_url)
    name = f"{urlsplit(database_url).path[1:]}_dagster"
    first, second = dagster_url(settings), dagster_url(settings)
    answer = ask(first.replace("+psycopg2", ""), "select current_database()")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}"')

    assert first == second
    assert first.startswith("postgresql+psycopg2://")
    assert answer == name


def test_dagster_elsewhere(database_url: str, empty_database_url: str) -> None:
    """DAGSTER_PG_URL is taken instead when it is set."""
    settings = pointing_to(database_url, dagster_pg_url=empty_database_url)

    assert urlsplit(dagster_url(settings)).path == urlsplit(empty_database_url).path
