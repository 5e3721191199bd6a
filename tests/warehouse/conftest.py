"""Embedded servers of a test's own, which no other test sees."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.embedded import remove_embedded, warehouse_url


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a POS_HOME in which nothing has been started yet."""
    settings = Settings(pos_home=tmp_path / "home")
    yield settings
    remove_embedded(settings)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a POS_HOME whose tests share one server; each leaves it running or startable."""
    settings = Settings(pos_home=tmp_path_factory.mktemp("embedded") / "home", database_url=None)
    yield settings
    remove_embedded(settings)


@pytest.fixture
def running(home: Settings) -> Settings:
    """Settings whose embedded server runs."""
    warehouse_url(home)
    return home


@pytest.fixture
def ask() -> Callable[[str, str], object]:
    """Asks a server one thing: `ask(url, "select 1")` is the first value of the answer."""

    def first_value(url: str, question: str) -> object:
        with psycopg.connect(url) as connection:
            row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]

    return first_value


@pytest.fixture
def process() -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Starts Python on some code in a process of its own, which is over when the test is."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> "subprocess.Popen[str]":
        started.append(
            subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        )
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.fixture
def server_user(empty_database_url: str) -> Iterator[tuple[str, str]]:
    """A login without rights: its name and its password as a URL writes it."""
    name = f"pos_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'p@ss:w/rd?%'")
        yield name, "p%40ss%3Aw%2Frd%3F%25"
        connection.execute(f"drop owned by {name}")
        connection.execute(f"drop role {name}")
