"""A connection's API, put together."""

from dataclasses import replace

import pytest
from fakes.answers import Answers, answer
from fakes.rotating_till import RotatingTill
from structlog.testing import capture_logs

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.door import open_api
from pos_pipeline.errors import NotFound, Unauthorised
from pos_pipeline.http.client import new_client
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database


def test_expired_token_costs_one_refresh(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """A sync whose token has expired renews it, goes on, and is counted and budgeted per connection."""
    pos = Answers(answer(401, "{}"), answer(body='{"sales":[]}'))
    with new_client(pos) as client, open_api(rotating, connection, client=client) as api:
        assert api.get("/sales") == b'{"sales":[]}'

    assert api.requests_made == 2
    assert till.refreshes == 1
    assert [request.headers["authorization"] for request in pos.requests] == [
        "Bearer access-M1-0",
        "Bearer access-M1-1",
    ]
    assert database.fetch("select key from pos.rate_budgets") == [(f"rotating:{connection.id}",)]


def test_withdrawn_grant_ends_the_sync_and_nobody_elses(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """The connection is in error after the sync, and neither logs nor the error show a token."""
    till.live.clear()
    with (
        capture_logs() as logs,
        new_client(Answers(answer(401, "{}"))) as client,
        open_api(rotating, connection, client=client) as api,
        pytest.raises(Unauthorised) as raised,
    ):
        api.get("/sales")

    assert load_connection(database, connection.id).status == "error"
    assert "M1-0" not in f"{logs} {raised.value!r} {raised.value.__context__!r} {raised.value.__cause__!r} {api!r}"


def test_provider_that_is_not_installed_is_said(rotating: Services, connection: Connection) -> None:
    """A connection of a provider this installation does not have names what there is."""
    foreign = replace(connection, provider="toast")

    with pytest.raises(NotFound, match="there is no 'toast'; there are rotating"), open_api(rotating, foreign):
        pass
