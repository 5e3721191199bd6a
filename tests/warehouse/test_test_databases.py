"""Tests' own databases: two sessions on one server do not touch each other's, and none is left behind."""

import time
from typing import Any


def databases_of(server: Any, token: str) -> list[str]:
    """Databases on the server that belong to the session with this token."""
    rows = server._connection.execute("select datname from pg_database where datname like %s", (f"%{token}%",))
    return [name for (name,) in rows.fetchall()]


def test_databases_of_a_living_session_stay(server: Any, empty_database_url: str) -> None:
    """A session that starts while another runs leaves the other's databases alone."""
    other = type(server)(empty_database_url)
    name = other.create()
    server.drop_leftovers()
    kept = databases_of(server, other.token)
    other.drop(name)
    other.close()

    assert kept == [name]


def test_databases_of_a_killed_session_go(server: Any, empty_database_url: str) -> None:
    """What a session that was killed left behind is dropped by the next one."""
    other = type(server)(empty_database_url)
    other.create()
    other.close()
    deadline = time.monotonic() + 10
    while databases_of(server, other.token) and time.monotonic() < deadline:
        server.drop_leftovers()

    assert databases_of(server, other.token) == []
