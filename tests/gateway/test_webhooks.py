"""`/webhooks`: believed by signature, stored once, acted upon."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import ProviderUnavailable, SignatureInvalid, Unauthorised
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.orchestration.due import claim_due, settle_live
from pos_pipeline.orchestration.inbox import replay, store
from pos_pipeline.providers.square.settings import SquareSettings
from pos_pipeline.providers.square.webhooks import SquareWebhooks
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database
from pos_pipeline.webhooks import Delivery, WebhookEvent
from tests.gateway.shops import make_account, make_connection

Ask = Callable[..., TestClient]
KEY = "asdf-signature-key"
PUBLIC = "https://pos.example"
ADDRESS = f"{PUBLIC}/api/v1/pos/webhooks/square"


def event(number: int = 1, merchant: str = "M1", kind: str = "payment.created") -> bytes:
    """A delivery's body; the payment's note is a person's business."""
    return json.dumps(
        {
            "merchant_id": merchant,
            "location_id": "L1",
            "type": kind,
            "event_id": f"e{number}",
            "created_at": "2026-09-18T10:00:00Z",
            "data": {"type": "payment", "id": f"p{number}", "object": {"payment": {"note": "for Ana Canary"}}},
        }
    ).encode()


def signed(body: bytes, key: str = KEY, address: str = ADDRESS) -> str:
    """What Square's header holds."""
    return base64.b64encode(hmac.new(key.encode(), address.encode() + body, hashlib.sha256).digest()).decode()


@pytest.fixture
def post(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Deliver a body to a gateway that has the key."""
    monkeypatch.setenv("SQUARE_WEBHOOK_SIGNATURE_KEY", KEY)
    client = TestClient(build_app(services, GatewaySettings(public_url=PUBLIC)), raise_server_exceptions=False)

    def deliver(body: bytes, signature: str | None = None) -> Any:
        given = (signed(body) if signature is None else signature).encode("latin-1")
        headers = [(b"x-square-hmacsha256-signature", given)]
        return client.post("/api/v1/pos/webhooks/square", content=body, headers=headers)

    return deliver


def stored(database: Database) -> list[tuple[Any, ...]]:
    """What is in the inbox."""
    return database.fetch("select webhook_event_id, processing_status from pos.webhooks order by id")


@pytest.mark.parametrize(
    ("key", "url", "body", "signature"),
    [
        (
            "asdf1234",
            "https://example.com/webhook",
            '{"hello":"world"}',
            "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=",
        ),
        (
            "signature-key",
            "https://webhook.site/webhooks",
            '{"data":{"type":"webhooks","id":">id<"}}',
            "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=",
        ),
    ],
)
def test_squares_own_examples(key: str, url: str, body: str, signature: str) -> None:
    """The documented signature of the documented body is believed, that of another byte is not."""
    headers = {"x-square-hmacsha256-signature": signature}
    with pytest.raises(Exception, match="not an event"):
        SquareWebhooks().open(Delivery(url, headers, body.encode()), [key])
    for wrong in (Delivery(url + "/", headers, body.encode()), Delivery(url, headers, body.encode() + b" ")):
        with pytest.raises(SignatureInvalid):
            SquareWebhooks().open(wrong, [key])


def test_a_delivery_is_stored_and_its_sync_asked_for(
    post: Callable[..., Any], database: Database, bakery: Tenant
) -> None:
    """Ids are kept, the payload is not; the merchant is due at once."""
    connection_id = make_connection(database, bakery)

    answer = post(event())

    assert (answer.status_code, answer.json()) == (200, {"stored": 1, "duplicates": 0})
    [(tenant_id, connection, kind, data)] = database.fetch(
        "select tenant_id, connection_id, event_type, event_data from pos.webhooks"
    )
    assert (tenant_id, connection, kind) == (bakery.id, connection_id, "payment.created")
    assert data == {"object": "payment", "id": "p1", "location": "L1", "at": "2026-09-18T10:00:00Z"}
    [due] = claim_due(database, [])
    assert (due.provider, due.connection_ids, due.is_asked) == ("square", (connection_id,), True)


def test_the_same_event_again_changes_nothing(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """Answered as well as the first one."""
    make_connection(database, bakery)
    post(event())
    database.fetch("update pos.sync_requests set status = 'done' returning id")

    again = post(event())

    assert (again.status_code, again.json()) == (200, {"stored": 0, "duplicates": 1})
    assert len(stored(database)) == 1
    assert claim_due(database, []) == []


def test_a_merchant_of_two_tenants(post: Callable[..., Any], database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Each has a row of its own."""
    for tenant in (bakery, rival):
        make_connection(database, tenant)
    post(event())

    assert sorted(database.fetch("select tenant_id from pos.webhooks")) == sorted([(bakery.id,), (rival.id,)])


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "AAAA",
        "not base64!",
        "é",
        signed(event(), key="another"),
        signed(event(2)),
        signed(event(), address=ADDRESS + "/"),
        signed(event(), address="http://127.0.0.1:8013/api/v1/pos/webhooks/square"),
        signed(event()).lower(),
        signed(event())[:-2],
        signed(event()) + "=",
    ],
)
def test_every_way_a_signature_can_be_wrong(
    post: Callable[..., Any], database: Database, bakery: Tenant, signature: str
) -> None:
    """401, and nothing is stored."""
    make_connection(database, bakery)
    answer = post(event(), signature)

    assert (answer.status_code, answer.json()["type"]) == (401, "urn:pos-pipeline:problem:signature_invalid")
    assert stored(database) == []


def test_without_a_signature(post: Callable[..., Any], services: Services, database: Database, bakery: Tenant) -> None:
    """Nor without the header, nor with an empty body that is signed."""
    make_connection(database, bakery)
    client = TestClient(build_app(services, GatewaySettings(public_url=PUBLIC)))

    assert client.post("/api/v1/pos/webhooks/square", content=event()).status_code == 401
    assert post(b"").status_code == 401
    assert stored(database) == []


def test_what_is_signed_and_no_event(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """A refusal that repeats none of it."""
    make_connection(database, bakery)
    for body in (b"[]", b"{}", b'{"merchant_id": 5}', b"\xff\xfe", b'"canary"'):
        answer = post(body)
        assert answer.status_code == 502, body
        assert "canary" not in answer.text


def test_a_merchant_nobody_has_linked(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """404 and stored nowhere; the same for one that is disconnected."""
    make_connection(database, bakery)
    assert post(event(merchant="M2")).status_code == 404
    database.fetch("update pos.connections set status = 'disconnected' returning id")
    assert post(event()).status_code == 404
    assert stored(database) == []


def test_a_body_that_is_too_large(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """Refused before it is read whole, whether it says its length or not."""
    make_connection(database, bakery)
    large = b"x" * (5 * 1024 * 1024 + 1)

    assert post(large).status_code == 413
    assert stored(database) == []


def test_our_store_is_down(services: Services, bakery: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and never a 4xx, after which several POS would not deliver again."""
    monkeypatch.setenv("SQUARE_WEBHOOK_SIGNATURE_KEY", KEY)
    monkeypatch.setattr("pos_pipeline.warehouse.database.CONNECT_TIMEOUT_SECONDS", 0.2)
    away = Services(
        services.settings, Database("postgresql://postgres@127.0.0.1:1/none"), services.providers, services.vault
    )
    client = TestClient(build_app(away, GatewaySettings(public_url=PUBLIC)), raise_server_exceptions=False)

    answer = client.post(
        "/api/v1/pos/webhooks/square", content=event(), headers={"x-square-hmacsha256-signature": signed(event())}
    )

    assert bakery
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    away.database.close()


def test_a_withdrawn_authorization(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """The shops are in error at once and say what to do."""
    make_account(database, bakery, make_connection(database, bakery))

    post(event(kind="oauth.authorization.revoked"))

    [(status, message)] = database.fetch("select status, error_message from pos.accounts")
    assert status == "error"
    assert "Link the till again" in message
    assert stored(database) == [("e1", "processed")]


def test_a_withdrawal_from_before_the_merchant_came_back(
    post: Callable[..., Any], database: Database, bakery: Tenant
) -> None:
    """Told again hours later, it says nothing about the new grant."""
    make_account(database, bakery, make_connection(database, bakery))
    database.fetch("update pos.connections set token_renewed_at = '2026-09-18T10:00:01Z' returning id")

    post(event(kind="oauth.authorization.revoked"))

    assert database.fetch("select status from pos.accounts") == [("active",)]
    assert stored(database) == [("e1", "processed")]


def test_a_departure_that_concerns_one_kind_of_grant(database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Who has removed our integration may still be read by credentials of its own."""
    ours, own = (make_connection(database, tenant, provider="toast") for tenant in (bakery, rival))
    database.fetch('update pos.connections set attributes = \'{"client_id": "c"}\' where id = %s returning id', (own,))

    store(database, "toast", [WebhookEvent("e1", "partner_removed", "M1", is_departure=True, spares="client_id")])

    states = dict(database.fetch("select id, status from pos.connections"))
    assert (states[ours], states[own]) == ("error", "active")


def test_two_signatures_are_none(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows which of them would count, even if one is right."""
    monkeypatch.setenv("SQUARE_WEBHOOK_SIGNATURE_KEY", KEY)
    client = TestClient(build_app(services, GatewaySettings(public_url=PUBLIC)))
    headers = [("x-square-hmacsha256-signature", "AAAA"), ("x-square-hmacsha256-signature", signed(event()))]

    assert client.post("/api/v1/pos/webhooks/square", content=event(), headers=headers).status_code == 401


def test_switched_off(services: Services, database: Database, bakery: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENABLE_WEBHOOKS=false takes none; a POS that is not there neither."""
    monkeypatch.setenv("SQUARE_WEBHOOK_SIGNATURE_KEY", KEY)
    make_connection(database, bakery)
    off = Services(
        services.settings.model_copy(update={"enable_webhooks": False}), database, services.providers, services.vault
    )
    app: FastAPI = build_app(off, GatewaySettings(public_url=PUBLIC))
    client = TestClient(app)

    for provider in ("square", "abacus"):
        answer = client.post(
            f"/api/v1/pos/webhooks/{provider}",
            content=event(),
            headers={"x-square-hmacsha256-signature": signed(event())},
        )
        assert answer.status_code == 404
    assert stored(database) == []


def test_a_key_the_pos_gave_us(services: Services, database: Database, bakery: Tenant) -> None:
    """Sealed beside the account when we subscribed; it is good from then on, also in a gateway that ran before."""
    client = TestClient(build_app(services, GatewaySettings(public_url=PUBLIC)))
    connection_id = make_connection(database, bakery)
    headers = {"x-square-hmacsha256-signature": signed(event(), key="given")}
    client.app.state.keyrings.clear()  # type: ignore[attr-defined]
    make_account(database, bakery, connection_id)
    sealed = services.vault.seal("given", tenant_id=bakery.id, connection_id=connection_id)
    database.fetch("update pos.accounts set webhook_signature_key = %s returning id", (sealed,))

    assert client.post("/api/v1/pos/webhooks/square", content=event(), headers=headers).status_code == 200


def test_a_sync_answers_what_came_before_it(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """What came while it ran waits for the next one."""
    connection_id = make_connection(database, bakery)
    post(event(1))
    [(between,)] = database.fetch("select clock_timestamp()")
    post(event(2))

    settle_live(database, connection_id, between, None, 3)

    assert stored(database) == [("e1", "processed"), ("e2", "pending")]
    assert database.fetch("select status from pos.sync_requests where kind = 'live'") == [("pending",)]


def test_dead_letters_can_be_taken_up_again(post: Callable[..., Any], database: Database, bakery: Tenant) -> None:
    """After the last try a delivery is failed, with its reason; taken up again it is due again."""
    connection_id = make_connection(database, bakery)
    post(event())
    states = []
    for _ in range(4):
        database.fetch("update pos.sync_requests set not_before = now() where status <> 'done' returning id")
        if claim_due(database, []):
            later = datetime.now(UTC) + timedelta(seconds=1)
            settle_live(database, connection_id, later, ProviderUnavailable("square: is down"), 2)
        states += [state for _, state in stored(database)]

    assert states == ["pending", "pending", "failed", "failed"]
    [(message, retries)] = database.fetch("select error_message, retry_count from pos.webhooks")
    assert (message, retries) == ("square: is down", 3)
    assert replay(database) == 1
    assert stored(database) == [("e1", "pending")]
    assert len(claim_due(database, [])) == 1
    settle_live(database, connection_id, datetime.now(UTC) + timedelta(seconds=1), Unauthorised("square: gone"), 2)
    assert stored(database) == [("e1", "failed")]


def test_settings_without_a_key() -> None:
    """No key in the settings is no key."""
    assert SquareWebhooks().keys(SquareSettings()) == ()
