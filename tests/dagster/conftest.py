"""Tenants at the corner till, and a Dagster instance of the test's own."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from dagster import DagsterInstance
from fakes.corner_shops import corner, link
from fakes.linked_till import LinkedTill

from pos_pipeline.orchestration.instance import prepare_instance
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings

__all__ = ["corner", "link"]


@pytest.fixture(scope="session")
def dagster_database(server: Any) -> Iterator[str]:
    """URL of one database for Dagster's storage: its tables take a second to make, so tests share it."""
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def settings(settings: Settings, dagster_database: str) -> Settings:
    """Settings whose Dagster storage is the tests' own."""
    return Settings(pos_home=settings.pos_home, database_url=settings.database_url, dagster_pg_url=dagster_database)


@pytest.fixture
def till() -> LinkedTill:
    """A till without sales."""
    return LinkedTill()


@pytest.fixture
def ask(corner: Services) -> Callable[..., UUID]:
    """Asks for a live sync of a connection, or for a window; the request's id."""

    def make(connection: UUID, window: tuple[object, object] | None = None, reason: str = "manual") -> UUID:
        [(request,)] = corner.database.fetch(
            "insert into pos.sync_requests (tenant_id, connection_id, kind, reason, window_start, window_end)"
            " select tenant_id, id, %s, %s, %s, %s from pos.connections where id = %s returning id",
            ("window" if window else "live", reason, *(window or (None, None)), connection),
        )
        return request

    return make


@pytest.fixture
def dagster(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """An instance over the repository's own dagster.yaml, empty; the variables it needs end with the test."""
    for name, value in prepare_instance(settings).items():
        monkeypatch.setenv(name, value)
    with DagsterInstance.get() as instance:
        yield instance
        instance.wipe()
