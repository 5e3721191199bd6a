"""Linking a till, linking it again, and ending it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from fakes.rotating_till import CENTRE, HARBOUR, REDIRECT, RotatingTill, state_of
from psycopg.rows import dict_row

from pos_pipeline.accounts.connections import Connection, connections_of, load_connection, mark_failed
from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.accounts.linking import authorize, complete, disconnect, link_with_credentials, refresh_accounts
from pos_pipeline.accounts.shops import account_name
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.errors import (
    InvalidRequest,
    MissingScope,
    NotFound,
    PipelineError,
    ProviderUnavailable,
    Unauthorised,
)
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database


def accounts(database: Database) -> list[Mapping[str, Any]]:
    """Every account as a mapping, by location."""
    with database.transaction() as transaction, transaction.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from pos.accounts order by location_id").fetchall()


def start(services: Services, tenant: Tenant) -> str:
    """The state of a consent that was asked for."""
    return state_of(authorize(services, "rotating", tenant.id, REDIRECT).url)


def test_consent_makes_a_connection_and_an_account_per_shop(
    connection: Connection, tenant: Tenant, database: Database
) -> None:
    """The till is in service at once; a closed shop has an account too, since it has a past."""
    assert (connection.tenant_slug, connection.merchant_id, connection.status) == ("pan-y-sal", "M1", "active")
    assert connection.location_ids == ("L1", "L2")
    assert connections_of(database, tenant.id, "rotating") == [connection]
    assert [
        (row["account_name"], row["timezone"], row["currency"], row["status"], row["sync_enabled"])
        for row in accounts(database)
    ] == [
        ("Pan y Sal · Centro", "Europe/Madrid", "EUR", "active", True),
        ("Pan y Sal · Puerto", "Europe/Madrid", "EUR", "active", True),
    ]


def test_tokens_are_stored_sealed(rotating: Services, connection: Connection, database: Database) -> None:
    """No column of the warehouse holds a token in clear; the vault gives it back."""
    [row] = database.fetch("select access_token, refresh_token, c::text from pos.connections as c")
    with database.transaction() as transaction:
        grant = read_grant(transaction, rotating.vault, connection.id).grant

    assert grant is not None
    assert (grant.access_token, grant.refresh_token) == ("access-M1-0", "refresh-M1-0")
    assert not [column for column in row if "access-M1" in str(column) or "refresh-M1" in str(column)]


def test_state_is_stored_as_a_hash(rotating: Services, tenant: Tenant, database: Database) -> None:
    """Reading the table of states lets nobody finish a linking, and each state is new."""
    states = {start(rotating, tenant) for _ in range(3)}

    assert len(states) == 3
    assert all(len(state) >= 43 for state in states)
    for (row,) in database.fetch("select s::text from pos.oauth_states as s"):
        assert not [state for state in states if state in row]


def test_state_is_used_once(rotating: Services, tenant: Tenant) -> None:
    """A second answer with the same state is refused, also when the first one failed."""
    state = start(rotating, tenant)
    with pytest.raises(Unauthorised):
        complete(rotating, "rotating", {"state": state, "code": "used"})

    with pytest.raises(InvalidRequest, match="Start the linking again"):
        complete(rotating, "rotating", {"state": state, "code": "M1"})


def test_state_lives_ten_minutes(rotating: Services, tenant: Tenant, database: Database) -> None:
    """An answer that comes too late is refused."""
    state = start(rotating, tenant)
    [(minutes,)] = database.fetch("select extract(epoch from expires_at - created_at) / 60 from pos.oauth_states")
    database.fetch("update pos.oauth_states set expires_at = now() - interval '1 second' returning tenant_id")

    assert minutes <= 10
    with pytest.raises(InvalidRequest, match="older than 10 minutes"):
        complete(rotating, "rotating", {"state": state, "code": "M1"})


def test_state_of_nobody_is_refused(rotating: Services) -> None:
    """A state we did not issue links nothing."""
    with pytest.raises(InvalidRequest):
        complete(rotating, "rotating", {"state": "made-up", "code": "M1"})


def test_state_belongs_to_its_provider(rotating: Services, tenant: Tenant, till: RotatingTill) -> None:
    """The answer of one POS cannot be taken to another's callback."""
    both = replace(rotating, providers={"rotating": till, "other": RotatingTill(name="other")})

    with pytest.raises(InvalidRequest):
        complete(both, "other", {"state": start(both, tenant), "code": "M1"})


def test_linking_again_renews_the_grant_and_clears_the_error(
    rotating: Services, connection: Connection, tenant: Tenant, till: RotatingTill, database: Database
) -> None:
    """The same merchant keeps its connection, its accounts and the start of its live syncs."""
    with database.transaction() as transaction:
        mark_failed(transaction, connection.id, Unauthorised("rotating: withdrawn"))
    till.refreshes = 7
    again = complete(rotating, "rotating", {"state": start(rotating, tenant), "code": "M1"})

    assert again == connection
    assert [(row["status"], row["error_message"], row["error_count"]) for row in accounts(database)] == [
        ("active", None, 0)
    ] * 2
    with database.transaction() as transaction:
        grant = read_grant(transaction, rotating.vault, connection.id).grant
    assert grant is not None
    assert grant.access_token == "access-M1-7"


@pytest.mark.parametrize("fault", [MissingScope("rotating: refused", "SHOPS"), ProviderUnavailable("rotating: down")])
def test_linking_is_all_or_nothing(
    rotating: Services, tenant: Tenant, till: RotatingTill, database: Database, fault: PipelineError
) -> None:
    """When the shops cannot be read, nothing is stored and the reason is said."""
    till.fault = fault

    with pytest.raises(type(fault)):
        link_with_credentials(rotating, "rotating", tenant.id, {"token": "personal-M1"})
    assert connections_of(database, active_only=False) == []


def test_personal_token_links_without_a_browser(rotating: Services, tenant: Tenant, database: Database) -> None:
    """White space around a pasted token does not matter; there is no refresh token and no expiry."""
    [connection] = link_with_credentials(rotating, "rotating", tenant.id, {"token": "  personal-M3\n"})

    assert connection.merchant_id == "M3"
    assert database.fetch("select refresh_token, token_expires_at from pos.connections") == [(None, None)]


def test_wrong_requests_are_refused(rotating: Services, tenant: Tenant) -> None:
    """Each mistake of a caller has its own message, before anything is asked of the POS."""
    with pytest.raises(NotFound, match="there is no 'toast'; there are rotating"):
        authorize(rotating, "toast", tenant.id, REDIRECT)
    with pytest.raises(NotFound, match="tenant"):
        authorize(rotating, "rotating", uuid4(), REDIRECT)
    with pytest.raises(NotFound, match="tenant"):
        link_with_credentials(rotating, "rotating", uuid4(), {"token": "personal-M1"})
    with pytest.raises(InvalidRequest, match="redirect address 'javascript:alert"):
        authorize(rotating, "rotating", tenant.id, "javascript:alert(1)")
    with pytest.raises(InvalidRequest, match="expected token; missing, empty or unknown: token"):
        link_with_credentials(rotating, "rotating", tenant.id, {"token": " "})
    with pytest.raises(NotFound, match="connection"):
        disconnect(rotating, uuid4())


def test_disconnecting_revokes_and_keeps_the_past(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """The POS is told, tokens are gone, accounts stay as `disconnected`; linking again brings them back."""
    disconnect(rotating, connection.id)

    assert till.revoked == ["M1"]
    assert database.fetch("select access_token, refresh_token, status from pos.connections") == [
        (None, None, "disconnected")
    ]
    assert [row["status"] for row in accounts(database)] == ["disconnected"] * 2
    assert connections_of(database) == []

    disconnect(rotating, connection.id)
    assert till.revoked == ["M1"]


def test_disconnecting_waits_for_the_pos(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """While the POS does not answer nothing is forgotten: the grant could not be withdrawn later."""
    till.fault = ProviderUnavailable("rotating: down")

    with pytest.raises(ProviderUnavailable):
        disconnect(rotating, connection.id)
    assert load_connection(database, connection.id).status == "active"


def test_disconnecting_leaves_other_tenants_their_grant(
    rotating: Services, connection: Connection, till: RotatingTill, database: Database
) -> None:
    """A merchant that two tenants read is withdrawn only when the last of them leaves."""
    neighbour = create_tenant(database, "neighbour", "Neighbour")
    theirs = complete(rotating, "rotating", {"state": start(rotating, neighbour), "code": "M1"})

    disconnect(rotating, connection.id)
    assert till.revoked == []

    disconnect(rotating, theirs.id)
    assert till.revoked == ["M1"]


def test_new_shop_appears_and_names_follow(connection: Connection, database: Database) -> None:
    """A shop that opens gets an account, a renamed one its new name, one that vanishes stays."""
    database.fetch("update pos.accounts set sync_frequency_minutes = 5 returning id")
    kiosk = replace(CENTRE, location_id="L3", name="Quiosco", timezone="Atlantic/Canary")
    with database.transaction() as transaction:
        refresh_accounts(transaction, connection, [replace(CENTRE, name="Centro Nuevo"), kiosk])

    assert [
        (row["account_name"], row["location_name"], row["timezone"], row["sync_frequency_minutes"])
        for row in accounts(database)
    ] == [
        ("Pan y Sal · Centro Nuevo", "Centro Nuevo", "Europe/Madrid", 5),
        ("Pan y Sal · Puerto", "Puerto", "Europe/Madrid", 5),
        ("Pan y Sal · Quiosco", "Quiosco", "Atlantic/Canary", 5),
    ]


@pytest.mark.parametrize(
    ("merchant", "shop", "name"),
    [
        ("Pan y Sal", "Centro", "Pan y Sal · Centro"),
        ("Pan y Sal", "Pan y sal Centro", "Pan y sal Centro"),
        ("", "Centro", "Centro"),
    ],
)
def test_account_name_says_business_and_shop(merchant: str, shop: str, name: str) -> None:
    """Each is said once, and a business we do not know not at all."""
    assert account_name(merchant, shop) == name


def test_name_given_by_hand_is_kept(connection: Connection, database: Database) -> None:
    """Somebody who renamed an account finds that name again after the shop was renamed at the POS."""
    database.fetch("update pos.accounts set account_name = 'La de siempre' where location_id = 'L1' returning id")
    with database.transaction() as transaction:
        refresh_accounts(transaction, connection, [replace(CENTRE, name="Centro Nuevo")])

    assert [(row["account_name"], row["location_name"]) for row in accounts(database)] == [
        ("La de siempre", "Centro Nuevo"),
        ("Pan y Sal · Puerto", "Puerto"),
    ]


def test_unchanged_shops_are_not_touched(connection: Connection, database: Database) -> None:
    """`updated_at` tells a change; reading the same shops again is none."""
    before = accounts(database)
    with database.transaction() as transaction:
        refresh_accounts(transaction, connection, [CENTRE, HARBOUR])

    assert accounts(database) == before


def test_shop_switched_off_is_not_read(connection: Connection, database: Database) -> None:
    """A shop whose sync is switched off is not among those to read."""
    database.fetch("update pos.accounts set sync_enabled = false where location_id = 'L1' returning id")

    assert load_connection(database, connection.id).location_ids == ("L2",)
    assert load_connection(database, connection.id).source.location_ids == ("L2",)
