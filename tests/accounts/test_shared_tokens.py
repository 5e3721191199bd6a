"""One token for everybody who has the same credentials, and as few logins as possible."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from fakes.coded_till import APP_SECRET, CodedTill
from pydantic import SecretStr

from pos_pipeline.accounts.credentials import refresh_due, tokens_of
from pos_pipeline.accounts.linking import disconnect, link_with_credentials
from pos_pipeline.accounts.rotation import rotate_all, rotate_keys
from pos_pipeline.accounts.shared_tokens import NO_TENANT, SharedTokens
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import ProviderUnavailable, TokenUnreadable, Unauthorised
from pos_pipeline.provider import Grant
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

APP = Grant("", "")
OWN = Grant("S1", "", "own-canary-secret", attributes={"shop": "S1"})
USERS = 50

TokensOf = Callable[..., SharedTokens]


@pytest.fixture
def pos() -> CodedTill:
    """A till whose credentials share a token."""
    return CodedTill()


@pytest.fixture
def coded(services: Services, pos: CodedTill) -> Services:
    """Services that know it."""
    return replace(services, providers={"coded": pos})


@pytest.fixture
def shared(coded: Services, pos: CodedTill) -> TokensOf:
    """Tokens as a process that has just started sees them."""
    return lambda grant=APP: SharedTokens(coded.database, coded.vault, pos, lambda: grant)


def at_once(ask: Callable[[int], str]) -> set[str]:
    """What fifty get that ask at the same moment."""
    with ThreadPoolExecutor(USERS) as users:
        return set(users.map(ask, range(USERS)))


def age(database: Database, column: str, by: timedelta) -> None:
    """As if so much time had passed since then."""
    database.fetch(f"update pos.shared_tokens set {column} = {column} - %s returning id", (by,))


def test_fifty_users_make_one_login(shared: TokensOf, pos: CodedTill) -> None:
    """Whoever comes while somebody logs in waits for that token."""
    start = Barrier(USERS)

    def ask(_: int) -> str:
        tokens = shared()
        start.wait(timeout=30)
        return tokens.current().get_secret_value()

    assert at_once(ask) == {"shared-1"}
    assert pos.logins == [APP_SECRET]


def test_fifty_users_of_a_rejected_token_make_one_login(shared: TokensOf, pos: CodedTill) -> None:
    """A token that dies under everybody is replaced once, also for who notices later."""
    rejected, start = shared().current(), Barrier(USERS)

    def ask(_: int) -> str:
        tokens = shared()
        start.wait(timeout=30)
        return tokens.renew(rejected).get_secret_value()

    assert at_once(ask) == {"shared-2"}
    assert shared().renew(rejected).get_secret_value() == "shared-2"
    assert len(pos.logins) == 2


def test_token_is_asked_for_once_in_a_process(shared: TokensOf, coded: Services) -> None:
    """While it lives, a process does not even look into the table again."""
    tokens = shared()
    tokens.current()
    coded.database.fetch("delete from pos.shared_tokens returning id")

    assert tokens.current().get_secret_value() == "shared-1"


def test_other_credentials_have_another_token(shared: TokensOf, pos: CodedTill) -> None:
    """Each set of credentials logs in for itself."""
    assert shared(OWN).current() != shared(APP).current()
    assert pos.logins == [OWN.refresh_token, APP_SECRET]


@pytest.mark.parametrize(("left", "logins"), [(timedelta(seconds=50), 2), (timedelta(minutes=5), 1)])
def test_dying_token_is_replaced(shared: TokensOf, pos: CodedTill, left: timedelta, logins: int) -> None:
    """Within its last minute, and not before: until then another login brings the same token."""
    pos.lifetime = left
    shared().current()
    pos.lifetime = timedelta(days=1)

    shared().current()

    assert len(pos.logins) == logins


def test_process_notices_that_its_token_is_dying(shared: TokensOf, pos: CodedTill) -> None:
    """Also a token that is held in memory is replaced."""
    pos.lifetime = timedelta(seconds=50)
    tokens = shared()
    tokens.current()

    assert tokens.current().get_secret_value() == "shared-2"


def test_refused_credentials_rest_for_half_an_hour(shared: TokensOf, pos: CodedTill, database: Database) -> None:
    """One login tells it; everybody after that is told the same, until the credentials may have been mended."""
    pos.secrets.clear()
    for _ in range(3):
        with pytest.raises(Unauthorised, match="the secret is not accepted"):
            shared().current()
    assert len(pos.logins) == 1
    with pytest.raises(Unauthorised, match=r"not tried again before \d\d:\d\d UTC"):
        shared().current()

    pos.secrets.add(APP_SECRET)
    age(database, "refused_at", timedelta(minutes=31))

    assert shared().current().get_secret_value() == "shared-2"
    assert shared().current().get_secret_value() == "shared-2"
    assert database.fetch("select refused_at, refusal from pos.shared_tokens") == [(None, None)]


def test_other_credentials_are_tried_at_once(shared: TokensOf, pos: CodedTill) -> None:
    """The rest is that of the refused secret: who types in another one need not wait."""
    pos.secrets.discard("mistyped")
    with pytest.raises(Unauthorised):
        shared(replace(OWN, refresh_token="mistyped")).current()

    assert shared(OWN).current().get_secret_value() == "shared-2"


def test_outage_changes_nothing(shared: TokensOf, pos: CodedTill) -> None:
    """A POS that does not answer has refused nobody: the next one tries again, and the old token stays."""
    old = shared().current()
    pos.fault = ProviderUnavailable("coded: down")
    with pytest.raises(ProviderUnavailable):
        shared().renew(old)
    assert shared().current() == old

    pos.fault = None
    assert shared().renew(old).get_secret_value() == "shared-3"


def test_token_that_is_handed_out_and_rejected_is_a_refusal(shared: TokensOf, pos: CodedTill) -> None:
    """A login that brings the rejected token again helps nobody; it is not repeated for every request."""
    pos.gives_the_same_token = True
    rejected = shared().current()
    for _ in range(3):
        with pytest.raises(Unauthorised, match="rejects the token that it hands out"):
            shared().renew(rejected)

    assert len(pos.logins) == 2


def test_token_is_stored_sealed(shared: TokensOf, coded: Services, database: Database) -> None:
    """No column shows token or secret; the row is named by the credentials, and the seal is bound to the row."""
    shared().current()
    [(row_id, sealed, row)] = database.fetch("select id, access_token, s::text from pos.shared_tokens as s")

    assert "shared-1" not in row
    assert "canary" not in row
    assert row_id == uuid5(NAMESPACE_URL, f"pos:coded:{sum(APP_SECRET.encode())}")
    assert coded.vault.open(sealed, tenant_id=NO_TENANT, connection_id=row_id) == "shared-1"
    with pytest.raises(TokenUnreadable):
        coded.vault.open(sealed, tenant_id=NO_TENANT, connection_id=UUID(int=1))


def test_keys_are_rotated_here_too(shared: TokensOf, coded: Services, pos: CodedTill, database: Database) -> None:
    """After a rotation the token is under the new key and still the same."""
    shared().current()
    rotate_keys(coded)

    [(sealed,)] = database.fetch("select access_token from pos.shared_tokens")
    assert coded.vault.is_newest(sealed)
    assert shared().current().get_secret_value() == "shared-1"
    assert len(pos.logins) == 1
    assert rotate_all(coded) == 0


def test_connections_of_one_set_of_credentials_share_its_token(
    coded: Services, pos: CodedTill, tenant: Tenant, database: Database
) -> None:
    """Each connection finds the token by the secret in its own row, which no sweep tries to refresh."""
    shops = [
        link_with_credentials(coded, "coded", tenant.id, {"secret": "own-canary-secret", "shop": shop})[0]
        for shop in ("S1", "S2")
    ]
    assert {tokens_of(coded, pos, shop.id).current() for shop in shops} == {SecretStr("shared-1")}

    database.fetch("update pos.connections set token_renewed_at = now() - interval '8 days' returning id")
    assert refresh_due(coded).refreshed == ()
    assert pos.logins == ["own-canary-secret"]


def test_disconnected_shop_has_no_token(coded: Services, pos: CodedTill, tenant: Tenant) -> None:
    """The credentials still have one; this connection does not get it."""
    [shop] = link_with_credentials(coded, "coded", tenant.id, {"secret": "own-canary-secret", "shop": "S1"})
    disconnect(coded, shop.id)

    with pytest.raises(Unauthorised, match="is disconnected"):
        tokens_of(coded, pos, shop.id).current()
    assert pos.logins == []
