"""Tills that are linked by a code their merchant enters at the POS."""

from dataclasses import replace

import pytest
from fakes.coded_till import NOT_YET, CodedTill

from pos_pipeline.accounts.codes import collect, is_set_up
from pos_pipeline.accounts.connections import Connection, connections_of, load_connection, mark_failed
from pos_pipeline.accounts.consent import issue_state, message_on_code, waits_for_codes
from pos_pipeline.accounts.linking import authorize, complete, disconnect, link_with_credentials
from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.errors import InvalidRequest, NotFound, ProviderUnavailable, Unauthorised
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

ANYWHERE = "https://pos.example/"


@pytest.fixture
def pos() -> CodedTill:
    """A till without a consent page."""
    return CodedTill()


@pytest.fixture
def coded(services: Services, pos: CodedTill) -> Services:
    """Services that know it."""
    return replace(services, providers={"coded": pos})


@pytest.fixture
def other(database: Database) -> Tenant:
    """Somebody else."""
    return create_tenant(database, "la-competencia", "La Competencia")


def code_for(services: Services, tenant: Tenant) -> str:
    """A code a tenant asked for."""
    code = authorize(services, "coded", tenant.id, ANYWHERE).code
    assert code is not None
    return code


def link(services: Services, pos: CodedTill, tenant: Tenant, shop: str = "S1") -> Connection:
    """A shop linked by code."""
    pos.enter(code_for(services, tenant), shop)
    [connection] = collect(services, "coded")
    return connection


def states(database: Database) -> list[tuple[str, str]]:
    """Status of every connection and of its shop."""
    return database.fetch(
        "select c.status, a.status from pos.connections as c inner join pos.accounts as a on a.connection_id = c.id"
        " order by a.location_id"
    )


def test_merchant_is_given_a_code_and_a_page(coded: Services, tenant: Tenant, database: Database) -> None:
    """The code can be read out, is another one each time, and is stored as a hash."""
    invitation = authorize(coded, "coded", tenant.id, ANYWHERE)
    again = authorize(coded, "coded", tenant.id, ANYWHERE)

    assert invitation.code is not None
    assert len(invitation.code.replace("-", "")) == 16
    assert invitation.url == f"https://till.example/add?code={invitation.code}"
    assert invitation.code != again.code
    assert not [row for (row,) in database.fetch("select s::text from pos.oauth_states as s") if invitation.code in row]


def test_code_links_the_shop_to_whoever_asked_for_it(
    coded: Services, pos: CodedTill, tenant: Tenant, other: Tenant
) -> None:
    """Two tenants, two codes: each gets the shops that entered theirs."""
    mine, theirs = code_for(coded, tenant), code_for(coded, other)
    pos.enter(theirs, "S2")
    pos.enter(mine, "S1")

    linked = {connection.merchant_id: connection.tenant_id for connection in collect(coded, "coded")}

    assert linked == {"S1": tenant.id, "S2": other.id}
    assert [connection.status for connection in connections_of(coded.database)] == ["active", "active"]


@pytest.mark.parametrize("typed", [" {} ", "{}."])
def test_code_is_recognised_however_it_was_typed(coded: Services, pos: CodedTill, tenant: Tenant, typed: str) -> None:
    """Small letters, spaces and missing hyphens are how people type."""
    pos.enter(typed.format(code_for(coded, tenant).lower().replace("-", " ")), "S1")

    assert [connection.merchant_id for connection in collect(coded, "coded")] == ["S1"]


@pytest.mark.parametrize("code", ["", "ABCD-EFGH-JKLM-NPQR", "account 4711", "x" * 5000])
@pytest.mark.usefixtures("tenant")
def test_unknown_code_links_nothing(coded: Services, pos: CodedTill, code: str) -> None:
    """The fields at the POS are free text, and other people's numbers are in them."""
    pos.enter(code, "S1")

    assert collect(coded, "coded") == []
    assert connections_of(coded.database) == []


def test_expired_code_links_nothing(coded: Services, pos: CodedTill, tenant: Tenant, database: Database) -> None:
    """A code is good for a week."""
    pos.enter(code_for(coded, tenant), "S1")
    [(days,)] = database.fetch("select extract(epoch from expires_at - created_at) / 86400 from pos.oauth_states")
    database.fetch("update pos.oauth_states set expires_at = now() - interval '1 second' returning tenant_id")

    assert days == 7
    assert collect(coded, "coded") == []
    assert not waits_for_codes(database, "coded")


def test_code_of_another_pos_links_nothing(coded: Services, pos: CodedTill, tenant: Tenant) -> None:
    """A code is bound to the POS it was asked for."""
    pos.enter(issue_state(coded.database, tenant.id, "elsewhere", ANYWHERE, as_code=True), "S1")

    assert collect(coded, "coded") == []


def test_one_code_serves_several_shops(coded: Services, pos: CodedTill, tenant: Tenant) -> None:
    """A chain enters it shop by shop, today and tomorrow; nothing is linked twice."""
    code = code_for(coded, tenant)
    pos.enter(code, "S1")
    first = collect(coded, "coded")
    pos.enter(code, "S2")
    second = collect(coded, "coded")

    assert [[connection.merchant_id for connection in linked] for linked in (first, second)] == [["S1"], ["S2"]]
    assert collect(coded, "coded") == []
    assert waits_for_codes(coded.database, "coded")


def test_one_code_can_be_asked_after(coded: Services, pos: CodedTill, tenant: Tenant, other: Tenant) -> None:
    """Whoever waits for one code neither links other shops nor judges who has left."""
    mine, theirs = code_for(coded, tenant), code_for(coded, other)
    pos.enter(theirs, "S2")
    pos.enter(mine, "S1")

    assert [connection.merchant_id for connection in collect(coded, "coded", code=mine.lower())] == ["S1"]
    pos.connected.clear()
    pos.closed["S1"] = NOT_YET
    collect(coded, "coded", code=mine)
    assert states(coded.database) == [("active", "active")]


def test_shop_that_is_not_open_yet_keeps_its_code(coded: Services, pos: CodedTill, tenant: Tenant) -> None:
    """Listed and still refused: the code says so, stays open, and is finished by itself later."""
    code = code_for(coded, tenant)
    pos.enter(code, "S1")
    pos.closed["S1"] = NOT_YET

    assert collect(coded, "coded") == []
    assert message_on_code(coded.database, code) == (
        "Coded Till lists the shop but does not let us read it yet; that takes up to half an hour."
    )
    assert connections_of(coded.database) == []

    pos.closed.clear()
    assert [connection.merchant_id for connection in collect(coded, "coded")] == ["S1"]
    assert message_on_code(coded.database, code) is None


def test_shop_that_fails_does_not_hold_up_the_others(coded: Services, pos: CodedTill, tenant: Tenant) -> None:
    """Its code says what happened and what to do; the other shops are linked."""
    code = code_for(coded, tenant)
    pos.enter(code, "S1")
    pos.enter(code_for(coded, tenant), "S2")
    pos.closed["S1"] = ProviderUnavailable("coded: answered 503.")

    assert [connection.merchant_id for connection in collect(coded, "coded")] == ["S2"]
    assert message_on_code(coded.database, code) == "coded: answered 503. None: it is retried by itself."


def test_shop_of_another_tenant_is_refused(coded: Services, pos: CodedTill, tenant: Tenant, other: Tenant) -> None:
    """Who types a code at a shop that somebody else has linked gets nothing, and the code says why."""
    link(coded, pos, tenant)
    code = code_for(coded, other)
    pos.connected.clear()
    pos.enter(code, "S1")

    assert collect(coded, "coded") == []
    assert message_on_code(coded.database, code) == (
        "Coded Till shop S1 is linked to another business; it has to be disconnected there first."
    )
    assert [connection.tenant_id for connection in connections_of(coded.database)] == [tenant.id]


def test_disconnected_shop_is_free_for_others(coded: Services, pos: CodedTill, tenant: Tenant, other: Tenant) -> None:
    """After the former tenant disconnected, the new one's code links it."""
    disconnect(coded, link(coded, pos, tenant).id)
    pos.enter(code_for(coded, other), "S1")

    assert [connection.tenant_id for connection in collect(coded, "coded")] == [other.id]


def test_merchant_who_left_is_in_error(coded: Services, pos: CodedTill, tenant: Tenant, database: Database) -> None:
    """Gone from the list and not to be read: out of service, with what to do."""
    connection = link(coded, pos, tenant)
    pos.connected.clear()
    pos.closed["S1"] = NOT_YET
    collect(coded, "coded")

    assert states(database) == [("error", "error")]
    [(message,)] = database.fetch("select error_message from pos.accounts")
    assert message == (
        "coded: merchant S1 has removed us at Coded Till. Link the till again: the merchant has to consent once more."
    )
    assert load_connection(database, connection.id).location_ids == ("S1",)


@pytest.mark.parametrize("probe", [None, ProviderUnavailable("coded: answered 503.")])
def test_short_list_puts_nobody_out_of_service(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database, probe: ProviderUnavailable | None
) -> None:
    """A shop that can still be read, or does not answer just then, has not left."""
    link(coded, pos, tenant)
    pos.connected.clear()
    if probe:
        pos.closed["S1"] = probe
    collect(coded, "coded")

    assert states(database) == [("active", "active")]


def test_merchant_who_comes_back_is_in_service_again(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database
) -> None:
    """Listed and readable again, whatever code stands there: due at once, with its history as it was."""
    connection = link(coded, pos, tenant)
    [away] = pos.connected
    pos.connected.clear()
    pos.closed["S1"] = NOT_YET
    collect(coded, "coded")

    pos.connected.append(replace(away, code="something else"))
    collect(coded, "coded")
    assert states(database) == [("error", "error")]

    pos.closed.clear()
    collect(coded, "coded")
    assert states(database) == [("active", "active")]
    [(is_due, message)] = database.fetch("select next_sync_at <= now(), error_message from pos.accounts")
    assert (is_due, message) == (True, None)
    assert load_connection(database, connection.id).live_since == connection.live_since


def test_new_code_revives_a_shop_in_error(coded: Services, pos: CodedTill, tenant: Tenant, database: Database) -> None:
    """Linking again heals, and the connection is the same one."""
    connection = link(coded, pos, tenant)
    with database.transaction() as transaction:
        mark_failed(transaction, connection.id, Unauthorised("coded: gone."))
    pos.connected.clear()
    pos.enter(code_for(coded, tenant), "S1")

    assert [again.id for again in collect(coded, "coded")] == [connection.id]
    assert states(database) == [("active", "active")]


def test_shop_with_credentials_of_its_own_is_on_no_list(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database
) -> None:
    """Only who was linked by a code can leave the list."""
    link_with_credentials(coded, "coded", tenant.id, {"secret": "own-canary-secret", "shop": "S1"})
    pos.closed["S1"] = NOT_YET
    collect(coded, "coded")

    assert states(database) == [("active", "active")]


def test_disconnected_shop_stays_so(coded: Services, pos: CodedTill, tenant: Tenant, database: Database) -> None:
    """The old code still stands at the POS and links nothing; the list neither revives nor blames the shop."""
    disconnect(coded, link(coded, pos, tenant).id)
    assert collect(coded, "coded") == []
    pos.connected.clear()
    pos.closed["S1"] = NOT_YET
    collect(coded, "coded")

    assert states(database) == [("disconnected", "disconnected")]


def test_disconnected_shop_is_linked_by_a_code_asked_for_since(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database
) -> None:
    """Whoever wants it back asks for another code and enters that."""
    connection = link(coded, pos, tenant)
    disconnect(coded, connection.id)
    pos.enter(code_for(coded, tenant), "S1")

    assert [again.id for again in collect(coded, "coded")] == [connection.id]
    assert states(database) == [("active", "active")]


def test_list_that_cannot_be_read_changes_nothing(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database
) -> None:
    """An outage or refused credentials are said to whoever asked; the shops stay as they are."""
    link(coded, pos, tenant)
    pos.closed["S1"] = NOT_YET
    pos.fault = Unauthorised("coded: the secret is not accepted.")

    with pytest.raises(Unauthorised):
        collect(coded, "coded")
    assert states(database) == [("active", "active")]


def test_nobody_comes_back_from_such_a_pos(coded: Services, tenant: Tenant) -> None:
    """An answer in a browser cannot finish a code, and codes cannot be collected where there are none."""
    with pytest.raises(InvalidRequest, match="linked by a code"):
        complete(coded, "coded", {"state": code_for(coded, tenant), "code": "x"})
    with pytest.raises(InvalidRequest, match="not linked by codes"):
        collect(replace(coded, providers={"coded": CodedTill(links_by_code=False)}), "coded")
    with pytest.raises(NotFound, match="there is no 'elsewhere'"):
        collect(coded, "elsewhere")


def test_app_that_is_not_set_up_is_known(coded: Services, pos: CodedTill) -> None:
    """Where there is no app, nobody is asked after codes."""
    assert is_set_up(coded, pos)
    pos.is_set_up = False
    assert not is_set_up(coded, pos)
