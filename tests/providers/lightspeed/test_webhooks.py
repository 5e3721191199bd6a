"""Lightspeed's deliveries: every way a signature can be wrong, what a form means, and how hooks are made and mended."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.door import open_api
from pos_pipeline.accounts.hooks import register_webhooks
from pos_pipeline.accounts.linking import link_with_credentials
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import InvalidRequest, Misconfigured, MissingScope, SignatureInvalid, UnexpectedPayload
from pos_pipeline.providers.lightspeed import PROVIDER
from pos_pipeline.providers.lightspeed.settings import LightspeedSettings
from pos_pipeline.providers.lightspeed.webhooks import LightspeedWebhooks
from pos_pipeline.sandbox import Sandbox
from pos_pipeline.services import Services
from pos_pipeline.webhooks import Delivery, WebhookEvent

SECRET = "canary-secret"
ROUTE = "https://pos.example/api/v1/pos/webhooks/lightspeed"
BODY = b"payload=%7B%22id%22%3A%22s1%22%2C%22version%22%3A8589934593%7D&domain_prefix=panaderia-sol&type=sale.update"
DIGEST = "7207b1139c34693699d08ee14e75a59fdb4cd98feed3c6b55e3a58e43fb13428"
"""`printf '%s' "$body" | openssl dgst -sha256 -hmac canary-secret`"""
SIGNATURE = f"signature={DIGEST},algorithm=HMAC-SHA256"
Link = Callable[..., Connection]


def sign(body: bytes, secret: str = SECRET) -> str:
    """The header of a body."""
    return f"signature={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()},algorithm=HMAC-SHA256"


def opened(body: bytes, signature: str | None, url: str = ROUTE) -> list[WebhookEvent]:
    """What a delivery announces."""
    headers = {} if signature is None else {"x-signature": signature}
    return list(LightspeedWebhooks().open(Delivery(url, headers, body), (SECRET,)))


def told(url: str = ROUTE, payload: Any = None, **fields: str) -> list[WebhookEvent]:
    """What a properly signed form announces."""
    form = {"payload": json.dumps(payload or {"id": "s1", "version": 7}), **fields}
    body = urlencode(form).encode()
    return opened(body, sign(body), url)


def test_the_vector() -> None:
    """A sale of a shop, in a version."""
    [event] = opened(BODY, SIGNATURE)

    assert (event.event_id, event.event_type) == ("sale.update:s1:8589934593", "sale.update")
    assert (event.merchant_id, event.streams) == ("panaderia-sol", ("sales",))
    assert event.facts == {"id": "s1", "version": "8589934593"}


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(f"algorithm=HMAC-SHA256, signature={DIGEST}", id="other order"),
        pytest.param(SIGNATURE.replace(DIGEST, DIGEST.upper()), id="capitals"),
        pytest.param(SIGNATURE.replace(DIGEST, base64.b64encode(bytes.fromhex(DIGEST)).decode()), id="base64"),
    ],
)
def test_spellings_of_a_signature(signature: str) -> None:
    """The documentation leaves open how the digest is written; the digest is what counts."""
    assert len(opened(BODY, signature)) == 1


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        pytest.param(BODY, None, id="missing"),
        pytest.param(BODY, "", id="empty"),
        pytest.param(BODY, DIGEST, id="bare digest"),
        pytest.param(BODY, f"signature={DIGEST}", id="no algorithm"),
        pytest.param(BODY, "algorithm=HMAC-SHA256", id="no digest"),
        pytest.param(BODY, SIGNATURE.replace("SHA256", "SHA1"), id="another algorithm"),
        pytest.param(BODY, SIGNATURE.replace("HMAC-SHA256", "none"), id="no algorithm at all"),
        pytest.param(BODY, f"{SIGNATURE}, {SIGNATURE}", id="twice"),
        pytest.param(BODY, f"signature={'0' * 64},{SIGNATURE}", id="two digests"),
        pytest.param(BODY, SIGNATURE.replace(DIGEST, "zz" * 32), id="not hex"),
        pytest.param(BODY, SIGNATURE.replace(DIGEST, "é" * 64), id="not ascii"),
        pytest.param(BODY, SIGNATURE.replace(DIGEST, DIGEST[:-2]), id="cut"),
        pytest.param(BODY, SIGNATURE.replace(DIGEST, ""), id="empty digest"),
        pytest.param(BODY, sign(BODY, "another"), id="another secret"),
        pytest.param(BODY, sign(BODY, ""), id="no secret"),
        pytest.param(BODY, sign(BODY + b"&"), id="another body's"),
        pytest.param(BODY.replace(b"%7B", b"%7b"), SIGNATURE, id="the same form, other bytes"),
        pytest.param(b"", sign(b""), id="empty body"),
        pytest.param(b"\xff\xfe", sign(b"\xff\xfe", "another"), id="not utf-8"),
    ],
)
def test_every_way_a_signature_can_be_wrong(body: bytes, signature: str | None) -> None:
    """Nothing is believed, and nothing of the body is repeated."""
    with pytest.raises(SignatureInvalid) as refused:
        opened(body, signature)

    assert "panaderia" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"payload",
        b"type=sale.update&domain_prefix=p",
        b"payload=canary&domain_prefix=p",
        b"payload=%5B%5D&domain_prefix=p",
        b"payload=%7B%7D&domain_prefix=p",
        b"payload=%7B%22id%22%3Anull%7D&domain_prefix=p",
        b"payload=%7B%22id%22%3A%22s1%22%7D",
        b'{"payload": {"id": "canary"}}',
    ],
)
def test_signed_and_not_as_documented(body: bytes) -> None:
    """A refusal that repeats none of it."""
    with pytest.raises(UnexpectedPayload) as refused:
        opened(body, sign(body))

    assert "canary" not in str(refused.value)


def test_without_a_secret_nothing_is_believed() -> None:
    """The app's secret is the key, and there is no other."""
    webhooks = LightspeedWebhooks()

    assert list(webhooks.keys(LightspeedSettings(client_secret=SecretStr(SECRET)))) == [SECRET]
    assert list(webhooks.keys(LightspeedSettings())) == []
    with pytest.raises(SignatureInvalid):
        webhooks.open(Delivery(ROUTE, {"x-signature": SIGNATURE}, BODY), ())


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("sale.update", ("sales",)),
        ("product.update", ("products",)),
        ("customer.update", ("customers",)),
        ("inventory.update", ()),
        ("register_closure.create", ()),
        ("something.new", ()),
    ],
)
def test_what_events_mean(kind: str, streams: tuple[str, ...]) -> None:
    """What is to be read."""
    [event] = told(type=kind, domain_prefix="p")

    assert (event.event_type, event.streams) == (kind, streams)
    assert set(streams) <= {stream.name for stream in PROVIDER.streams}


def test_what_the_form_leaves_out() -> None:
    """The shop is in our address, the type may be any; what is signed counts for more than the address."""
    address = LightspeedWebhooks().address(ROUTE, "panaderia-sol")
    [bare] = told(address)
    [signed] = told(address, domain_prefix="Cafes")

    assert address == f"{ROUTE}?merchant=panaderia-sol"
    assert (bare.merchant_id, bare.event_type, bare.streams) == ("panaderia-sol", "unknown", ("sales", "products"))
    assert signed.merchant_id == "cafes"


def test_an_object_without_a_version() -> None:
    """The same bytes are the same event, other bytes another one."""
    events = [told(payload={"id": "p1", "name": name}, type="product.update", domain_prefix="p")[0] for name in "aab"]
    ids = [event.event_id for event in events]

    assert ids[0] == ids[1] != ids[2]


def hooks_of(services: Services, connection: Connection) -> list[dict[str, Any]]:
    """Our app's hooks at the merchant, without what Lightspeed adds."""
    with open_api(services, connection) as api:
        listed = json.loads(api.get("/api/webhooks"))
    return [{name: hook[name] for name in ("id", "type", "url", "active")} for hook in listed]


def add_hook(services: Services, connection: Connection, kind: str, url: str, *, active: bool = True) -> None:
    """Somebody makes a hook."""
    with open_api(services, connection) as api:
        api.change("POST", "/api/webhooks", {"data": json.dumps({"url": url, "active": active, "type": kind})})


def test_registering_twice_changes_nothing(services: Services, sandbox: Sandbox, link: Link) -> None:
    """A hook for each type, which the second time are found and kept."""
    connection = link()
    sandbox.requests(reset=True)
    first = register_webhooks(services, connection.id, ROUTE)
    made = hooks_of(services, connection)
    again = register_webhooks(services, connection.id, ROUTE)

    address = f"{ROUTE}?merchant={connection.merchant_id}"
    assert [(hook["type"], hook["url"], hook["active"]) for hook in made] == [
        ("sale.update", address, True),
        ("product.update", address, True),
    ]
    assert hooks_of(services, connection) == made
    assert first == again
    assert sandbox.requests()["lightspeed"]["POST /api/webhooks"] == 2


def test_hooks_are_mended(services: Services, link: Link) -> None:
    """Paused, doubled, with another query or for the address before: each ends as the one right hook."""
    connection = link("panaderia")
    elsewhere = "https://staging.example/api/v1/pos/webhooks/lightspeed"
    register_webhooks(services, connection.id, "https://old.example/hook")
    old = {hook["type"]: hook["id"] for hook in hooks_of(services, connection)}
    add_hook(services, connection, "sale.update", f"{ROUTE}?merchant=before")
    add_hook(services, connection, "product.update", f"{ROUTE}?merchant={connection.merchant_id}", active=False)
    add_hook(services, connection, "sale.update", elsewhere)
    add_hook(services, connection, "customer.update", f"{ROUTE}?merchant=before")

    register_webhooks(services, connection.id, ROUTE)

    address = f"{ROUTE}?merchant={connection.merchant_id}"
    hooks = hooks_of(services, connection)
    assert sorted((hook["type"], hook["url"], hook["active"]) for hook in hooks) == [
        ("customer.update", f"{ROUTE}?merchant=before", True),
        ("product.update", address, True),
        ("sale.update", address, True),
        ("sale.update", elsewhere, True),
    ]
    assert old["sale.update"] in {hook["id"] for hook in hooks}
    assert services.database.fetch("select distinct webhook_url from pos.accounts") == [(address,)]


def test_a_merchant_who_withholds_the_scope(services: Services, link: Link) -> None:
    """Linked all the same; registering names what is missing."""
    connection = link(without_scope="webhooks")

    with pytest.raises(MissingScope) as refused:
        register_webhooks(services, connection.id, ROUTE)
    assert refused.value.scope == "webhooks"


def test_personal_tokens_have_no_signed_hooks(services: Services, sandbox: Sandbox, tenant: Tenant) -> None:
    """None is made, since its deliveries could not be believed; the refusal says what to do."""
    known = next(one for one in sandbox.merchants("lightspeed") if one["key"] == "cafes")
    typed = {name: known[name] for name in ("domain_prefix", "access_token")}
    [connection] = link_with_credentials(services, "lightspeed", tenant.id, typed)

    with pytest.raises(InvalidRequest, match="Link it by OAuth"):
        register_webhooks(services, connection.id, ROUTE)
    assert hooks_of(services, connection) == []


def test_a_secret_that_is_not_set(services: Services, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be believed is not subscribed to."""
    connection = link()
    monkeypatch.delenv("LIGHTSPEED_CLIENT_SECRET")

    with pytest.raises(Misconfigured, match="LIGHTSPEED_CLIENT_SECRET"):
        register_webhooks(services, connection.id, ROUTE)
