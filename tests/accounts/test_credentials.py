"""Keeping tokens alive, with a POS whose refresh tokens are single use."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from fakes.rotating_till import CENTRE, REDIRECT, RotatingTill, state_of

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.accounts.credentials import TokenSource, refresh_due
from pos_pipeline.accounts.linking import authorize, complete, disconnect, link_with_credentials
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import NotFound, ProviderUnavailable, Unauthorised
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database


@pytest.fixture
def source_of(rotating: Services, till: RotatingTill) -> Callable[[Connection], TokenSource]:
    """A connection's tokens as a new process sees them."""
    return lambda connection: TokenSource(rotating.database, rotating.vault, till, connection.id)


def account_states(database: Database) -> list[tuple[str, str | None]]:
    """Status and message of every account, by location."""
    return database.fetch("select status, error_message from pos.accounts order by location_id")


def test_fifty_refreshers_make_one_call(
    source_of: Callable[[Connection], TokenSource], connection: Connection, till: RotatingTill
) -> None:
    """Fifty workers whose token is rejected at the same time all go on with the one new token."""
    start = Barrier(50)

    def renew(_: int) -> str:
        source = source_of(connection)
        rejected = source.current()
        start.wait(timeout=30)
        return source.renew(rejected).get_secret_value()

    with ThreadPoolExecutor(50) as workers:
        renewed = set(workers.map(renew, range(50)))

    assert till.refreshes == 1
    assert renewed == {till.live["M1"].access_token}


def test_new_pair_is_stored_before_use(
    source_of: Callable[[Connection], TokenSource], connection: Connection, till: RotatingTill
) -> None:
    """A process that dies right after a refresh leaves a pair the next one can refresh again."""
    first = source_of(connection)
    first.renew(first.current())
    second = source_of(connection)
    renewed = second.renew(second.current())

    assert till.refreshes == 2
    assert renewed.get_secret_value() == "access-M1-2"


def test_refusal_takes_the_till_out_of_service(
    source_of: Callable[[Connection], TokenSource], connection: Connection, till: RotatingTill, database: Database
) -> None:
    """A withdrawn grant is an error on the connection and its shops that says what to do."""
    source = source_of(connection)
    till.live.clear()

    with pytest.raises(Unauthorised):
        source.renew(source.current())
    assert load_connection(database, connection.id).status == "error"
    assert database.fetch("select error_type from pos.connections") == [("authentication_failed",)]
    for status, message in account_states(database):
        assert (status, message) == (
            "error",
            "rotating: the refresh token is dead. Link the till again: the merchant has to consent once more.",
        )


def test_outage_while_refreshing_changes_nothing(
    source_of: Callable[[Connection], TokenSource], connection: Connection, till: RotatingTill, database: Database
) -> None:
    """A POS that does not answer is not a withdrawn grant."""
    source = source_of(connection)
    till.fault = ProviderUnavailable("rotating: down")

    with pytest.raises(ProviderUnavailable):
        source.renew(source.current())
    assert load_connection(database, connection.id).status == "active"

    till.fault = None
    assert source.renew(source.current()).get_secret_value() == "access-M1-1"


def test_personal_token_cannot_be_renewed(
    rotating: Services, source_of: Callable[[Connection], TokenSource], tenant: Tenant, database: Database
) -> None:
    """A rejected personal access token is final; the merchant has to give another."""
    source = source_of(link_with_credentials(rotating, "rotating", tenant.id, {"token": "personal-M2"})[0])

    with pytest.raises(Unauthorised, match="token of merchant M2 is rejected and cannot be refreshed"):
        source.renew(source.current())
    assert [status for status, _ in account_states(database)] == ["error", "error"]


def test_disconnected_till_has_no_token(
    rotating: Services, source_of: Callable[[Connection], TokenSource], connection: Connection, database: Database
) -> None:
    """A sync that runs on while the till is disconnected ends, and the till stays disconnected."""
    source = source_of(connection)
    token = source.current()
    disconnect(rotating, connection.id)

    with pytest.raises(Unauthorised, match="is disconnected"):
        source.renew(token)
    with pytest.raises(Unauthorised, match="is disconnected"):
        source_of(connection).current()
    assert [status for status, _ in account_states(database)] == ["disconnected", "disconnected"]


def test_webhooks_land_while_a_refresh_is_under_way(
    rotating: Services, source_of: Callable[[Connection], TokenSource], connection: Connection, till: RotatingTill
) -> None:
    """The row lock held across the call to the POS does not stop rows that refer to the connection."""
    source = source_of(connection)

    def insert_webhook() -> None:
        with rotating.database.transaction() as transaction:
            transaction.execute("set local lock_timeout = '2s'")
            transaction.execute(
                """
                insert into pos.webhooks
                    (tenant_id, connection_id, pos_provider, webhook_event_id, event_type, event_data)
                values (%s, %s, 'rotating', 'e1', 'sale', '{}')
                """,
                (connection.tenant_id, connection.id),
            )

    till.before_refresh = insert_webhook
    source.renew(source.current())

    assert rotating.database.fetch("select webhook_event_id from pos.webhooks") == [("e1",)]


def age_tokens(database: Database, days: int) -> None:
    """As if every token had been renewed so long ago."""
    database.fetch(
        "update pos.connections set token_renewed_at = now() - make_interval(days => %s) returning id", (days,)
    )


def test_sweep_refreshes_what_is_due(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """Tokens older than a week are refreshed once; younger ones and personal tokens are left alone."""
    assert refresh_due(rotating).refreshed == ()

    age_tokens(database, 8)
    assert refresh_due(rotating).refreshed == (connection.id,)
    assert refresh_due(rotating).refreshed == ()
    assert till.refreshes == 1


def test_sweep_spreads_what_was_linked_together(rotating: Services, connection: Connection, database: Database) -> None:
    """Up to a day before the week is over, by as many minutes of that day as its id says."""
    early = timedelta(minutes=connection.id.int % 1440)
    age = "update pos.connections set token_renewed_at = now() - %s returning id"

    database.fetch(age, (timedelta(days=7, minutes=-1) - early,))
    assert refresh_due(rotating).refreshed == ()

    database.fetch(age, (timedelta(days=7, minutes=1) - early,))
    assert refresh_due(rotating).refreshed == (connection.id,)


def test_sweep_goes_on_after_a_refusal(
    rotating: Services, tenant: Tenant, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """One merchant's refusal is reported and stops no other; with time left on its token it stays in service."""
    url = authorize(rotating, "rotating", tenant.id, REDIRECT).url
    till.shops = (replace(CENTRE, location_id="L9"),)
    other = complete(rotating, "rotating", {"state": state_of(url), "code": "M2"})
    del till.live["M1"]
    age_tokens(database, 8)
    report = refresh_due(rotating)

    assert report.refreshed == (other.id,)
    assert {id_: error.code for id_, error in report.failures.items()} == {connection.id: "authentication_failed"}
    assert load_connection(database, connection.id).status == "active"


def test_sweep_gives_up_an_expired_grant(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """A refusal for a token that has expired as well takes the till out of service."""
    till.live.clear()
    age_tokens(database, 40)
    database.fetch("update pos.connections set token_expires_at = now() - %s returning id", (timedelta(days=1),))
    refresh_due(rotating)

    assert load_connection(database, connection.id).status == "error"


def test_unknown_connection_is_said(rotating: Services, till: RotatingTill) -> None:
    """A connection that does not exist is not an authorization problem."""
    with pytest.raises(NotFound):
        TokenSource(rotating.database, rotating.vault, till, uuid4()).current()
