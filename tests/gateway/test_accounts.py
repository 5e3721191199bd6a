"""`/accounts`."""

import base64
from collections.abc import Callable

from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import make_account, make_connection

Ask = Callable[..., TestClient]


def test_accounts_are_listed_page_by_page(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Every own shop once, no foreign one, and no sealed token anywhere."""
    connection_id = make_connection(database, bakery)
    own = {str(make_account(database, bakery, connection_id, f"L{number}")) for number in range(5)}
    make_account(database, rival, make_connection(database, rival), "L0")

    client, seen, query = ask(bakery), [], {"limit": "2"}
    while True:
        answer = client.get("accounts", params=query)
        assert answer.status_code == 200
        assert "sealed" not in answer.text
        page = answer.json()
        assert len(page["items"]) <= 2
        seen += [account["id"] for account in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert len(seen) == 5
    assert set(seen) == own


def test_another_tenants_account_is_not_there(ask: Ask, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Neither to see nor to change nor to disconnect: it is as if it did not exist."""
    foreign = make_account(database, rival, make_connection(database, rival))
    client = ask(bakery)

    answers = [
        client.get(f"accounts/{foreign}"),
        client.put(f"accounts/{foreign}", json={"sync_enabled": False}),
        client.delete(f"accounts/{foreign}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["type"] for answer in answers} == {"urn:pos-pipeline:problem:not_found"}
    assert database.fetch("select status, sync_enabled from pos.accounts") == [("active", True)]


def test_changing_an_account(ask: Ask, database: Database, bakery: Tenant) -> None:
    """What is named changes, what is not stays; a shop synced more often is due sooner."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    database.fetch("update pos.accounts set next_sync_at = now() + interval '10 hours' returning id")

    answer = ask(bakery).put(f"accounts/{account_id}", json={"sync_frequency_minutes": 5, "account_name": "Corner"})

    assert answer.status_code == 200
    account = answer.json()
    assert (account["account_name"], account["sync_frequency_minutes"], account["sync_enabled"]) == ("Corner", 5, True)
    [(is_soon,)] = database.fetch("select next_sync_at < now() + interval '6 minutes' from pos.accounts")
    assert is_soon


def test_scopes(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Reading is not changing, and changing is not disconnecting."""
    account_id = make_account(database, bakery, make_connection(database, bakery))
    reader, writer = ask(bakery, "read"), ask(bakery, "write")

    assert reader.get(f"accounts/{account_id}").status_code == 200
    assert reader.put(f"accounts/{account_id}", json={}).status_code == 403
    assert writer.put(f"accounts/{account_id}", json={}).status_code == 200
    refused = writer.delete(f"accounts/{account_id}")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This needs the scope admin."
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_bad_cursor_is_told(ask: Ask, bakery: Tenant) -> None:
    """Somebody else's cursor, or a made-up one, is a refusal and not a server error."""
    number = base64.urlsafe_b64encode(b'["accounts", "2026-01-01", 5]').decode()
    for cursor in ("zzz", "W10", "WyIxIiwiMiJd", "%00", number):
        answer = ask(bakery).get("accounts", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:pos-pipeline:problem:invalid_cursor")


def test_a_cursor_of_another_list(ask: Ask, database: Database, bakery: Tenant) -> None:
    """Sorted alike or not, it is refused: it would skip rows in silence. So is one of another account's syncs."""
    shops = [make_account(database, bakery, make_connection(database, bakery, f"M{n}"), f"L{n}") for n in (1, 2)]
    for shop in shops:
        database.fetch(
            "insert into pos.sync_logs (tenant_id, pos_account_id, sync_started_at, status)"
            " select %s, %s, now() - make_interval(mins => n), 'success' from generate_series(1, 2) as n returning id",
            (bakery.id, shop),
        )
    client = ask(bakery)
    one = {"limit": 1}
    accounts = client.get("accounts", params=one).json()["next_cursor"]
    syncs = client.get(f"sync/{shops[0]}/history", params=one).json()["next_cursor"]

    for place, cursor in (
        ("mappings", accounts),
        (f"sync/{shops[0]}/history", accounts),
        ("accounts", syncs),
        (f"sync/{shops[1]}/history", syncs),
    ):
        answer = client.get(place, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:pos-pipeline:problem:invalid_cursor"), place


def test_linking_with_credentials_needs_the_right_names(ask: Ask, bakery: Tenant) -> None:
    """The refusal names what is expected and never repeats what came."""
    answer = ask(bakery).post("accounts", json={"pos_provider": "square", "credentials": {"password": "s3cr3t"}})

    assert answer.status_code == 400
    assert "access_token" in answer.json()["detail"]
    assert "s3cr3t" not in answer.text
