"""Webhooks: how they are made, what they say, how they are signed, when they come again."""

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import httpx
import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.lightspeed.grants import CLIENT_SECRET
from pos_pipeline.sandbox.lightspeed.hooks import RETRY_MINUTES, TIMEOUT_SECONDS, is_final, sign
from pos_pipeline.sandbox.shop.merchants import CAFES, PANADERIA
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.consenting import connect
from tests.sandbox.lightspeed.reading import Object, Retailer, open_retailer

PATIENCE_SECONDS = 20
VECTOR = "signature=40f9ff5b82ac53184331072b1330e06f13ea1e0a4b9347c4ce98cdd00d72f567,algorithm=HMAC-SHA256"


class Received(NamedTuple):
    """One request a listener got."""

    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def sale(self) -> Object:
        """The payload."""
        payload: Object = json.loads(self.form["payload"], parse_float=Decimal)
        return payload


class Listener:
    """A webhook endpoint on loopback that answers what it is told and keeps what it gets."""

    def __init__(self) -> None:
        inbox: queue.Queue[Received] = queue.Queue()
        answers: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                inbox.put(Received({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(answers.pop(0) if answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep the test's output quiet."""

        self.inbox, self.answers = inbox, answers
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/lightspeed"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def take(self, count: int = 1) -> list[Received]:
        """The next so many requests."""
        return [self.inbox.get(timeout=PATIENCE_SECONDS) for _ in range(count)]

    def take_until(self, wanted: Callable[[list[Received]], bool]) -> list[Received]:
        """Requests up to the one that makes `wanted` true."""
        got: list[Received] = []
        while not wanted(got):
            got.extend(self.take())
        return got

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener of this test's own."""
    running = Listener()
    yield running
    running.close()


def make_sandbox(**options: Any) -> Any:
    """A tiny world whose retry minutes are twentieths of a second."""
    calm: dict[str, Any] = {"webhook_duplicate_share": 0, "webhook_disorder_share": 0, "rate_limits": False}
    cloud_options = CloudOptions(webhook_minute_seconds=0.05, **(calm | options))
    return running_sandbox(
        anchor=ANCHOR, days=4, sales_per_day=30, merchants=(CAFES, PANADERIA), cloud_options=cloud_options
    )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Deliveries in order, once."""
    with make_sandbox() as running:
        yield running


@pytest.fixture
def app(sandbox: Sandbox) -> Iterator[Retailer]:
    """The cafés through a token of our application."""
    tokens = connect(sandbox, sandbox.merchants("lightspeed")[0]["id"])
    with open_retailer(sandbox, "cafes", tokens["access_token"]) as retailer:
        yield retailer


def subscribe(retailer: Retailer, url: str, kind: str = "sale.update") -> Object:
    """A hook made in the old way."""
    answer = retailer.http.post("/api/webhooks", data={"data": json.dumps({"url": url, "active": True, "type": kind})})
    assert answer.status_code == 200, answer.text
    hook: Object = answer.json()
    return hook


def test_a_signature_is_the_hash_of_the_raw_body() -> None:
    """`printf 'payload=%%7B%%7D&type=sale.update' | openssl dgst -sha256 -hmac secret`."""
    assert sign("secret", b"payload=%7B%7D&type=sale.update") == VECTOR


def test_a_sale_is_announced(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """As a signed form that names the retailer, in a shape of its own, with the version the API shows."""
    subscribe(app, listener.url)
    sandbox.advance(sales=1, merchant_id=app.known["id"])
    [received] = listener.take()
    sale = app.read(f"sales/{received.sale['id']}")["data"]
    digest = hmac.new(CLIENT_SECRET.encode(), received.body, hashlib.sha256).hexdigest()

    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["x-signature"] == f"signature={digest},algorithm=HMAC-SHA256"
    assert {name: received.form[name] for name in ("type", "domain_prefix", "retailer_id", "environment")} == {
        "type": "sale.update",
        "domain_prefix": app.known["domain_prefix"],
        "retailer_id": app.known["id"],
        "environment": "prod",
    }
    for name in ("id", "version", "status", "register_id", "invoice_number", "user_id", "customer_id", "short_code"):
        assert received.sale[name] == sale[name]


def test_the_shape_is_the_first_api_s(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """Strings with five decimals, three kinds of dates, people inside, neither outlet nor adjustments."""
    subscribe(app, listener.url)
    sandbox.advance(sales=30, merchant_id=app.known["id"])
    got = listener.take(30)
    for told in (received.sale for received in got):
        sale = app.read(f"sales/{told['id']}")["data"]
        if sale["version"] != told["version"]:
            continue
        assert {"outlet_id", "adjustments", "line_items", "total_price"}.isdisjoint(told)
        assert told["sale_date"] == sale["sale_date"].replace("+00:00", "Z")
        assert told["created_at"] == sale["created_at"][:19].replace("T", " ")
        assert told["updated_at"] == sale["updated_at"]
        assert (told["customer"]["id"], told["user"]["id"]) == (sale["customer_id"], sale["user_id"])
        for ours, line in zip(told["register_sale_products"], sale["line_items"], strict=True):
            for name in ("price", "price_total", "tax", "tax_total", "discount"):
                assert ours[name] == f"{line[name]:.5f}"
            assert (ours["id"], ours["product_id"], ours["quantity"]) == (
                line["id"],
                line["product_id"],
                line["quantity"],
            )
        for ours, payment in zip(told["register_sale_payments"], sale["payments"], strict=True):
            assert (ours["id"], ours["amount"]) == (payment["id"], payment["amount"])
            assert str(ours["payment_type_id"]) == payment["payment_type_id"]
            assert ours["retailer_payment_type"]["name"] == payment["name"]
        assert abs(Decimal(told["totals"]["total_price"]) - sale["total_price"]) < Decimal("0.005")
        assert Decimal(told["totals"]["total_payment"]) == sum(p["amount"] for p in sale["payments"])


def test_changes_are_announced_again(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """A return with its sale, a late edit: the same ids with higher versions."""
    subscribe(app, listener.url)
    sandbox.advance(sales=40, merchant_id=app.known["id"])
    sandbox.advance(hours=72)
    versions: dict[str, list[int]] = {}

    def has_both(got: list[Received]) -> bool:
        if got:
            versions.setdefault(got[-1].sale["id"], []).append(got[-1].sale["version"])
        comes_back = any(line["quantity"] < 0 for r in got for line in r.sale["register_sale_products"])
        return comes_back and any(len(seen) > 1 for seen in versions.values())

    listener.take_until(has_both)
    assert all(seen == sorted(set(seen)) for seen in versions.values())


def test_personal_hooks_are_not_signed(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """There is no secret to sign with; and neither side sees the other's hooks."""
    with open_retailer(sandbox, "cafes") as personal:
        made = subscribe(personal, listener.url)
        theirs, ours = personal.http.get("/api/webhooks").json(), app.http.get("/api/webhooks").json()
    sandbox.advance(sales=1, merchant_id=app.known["id"])
    [received] = listener.take()

    assert "x-signature" not in received.headers
    assert (theirs, ours) == ([made], [])


def test_only_the_retailer_s_own_sales_are_heard(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """Of the type subscribed to."""
    subscribe(app, f"{listener.url}/stock", "inventory.update")
    subscribe(app, listener.url)
    sandbox.advance(sales=3, merchant_id="panaderia")
    sandbox.advance(sales=1, merchant_id="cafes")
    [received] = listener.take()

    assert app.get(f"sales/{received.sale['id']}").status_code == 200
    assert received.form["type"] == "sale.update"


def test_a_failing_listener_is_tried_again(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """The same bytes with the same signature, until they are accepted."""
    subscribe(app, listener.url)
    listener.answers[:] = [500, 503]
    sandbox.advance(sales=1, merchant_id=app.known["id"])
    first, second, third = listener.take(3)

    assert first.body == second.body == third.body
    assert first.headers["x-signature"] == third.headers["x-signature"]


@pytest.mark.parametrize("status", [302, 404, 410])
def test_a_refusing_listener_is_not(sandbox: Sandbox, app: Retailer, listener: Listener, status: int) -> None:
    """What was turned away is lost; the next event comes first."""
    subscribe(app, listener.url)
    listener.answers[:] = [status]
    sandbox.advance(sales=1, merchant_id=app.known["id"])
    [lost] = listener.take()
    sandbox.advance(sales=1, merchant_id=app.known["id"])
    [heard] = listener.take()

    assert lost.sale["id"] != heard.sale["id"]


def test_twenty_tries_in_two_days() -> None:
    """Five seconds each; neither silence nor 5xx is an answer."""
    assert (len(RETRY_MINUTES) + 1, sum(RETRY_MINUTES), TIMEOUT_SECONDS) == (20, 48 * 60, 5)
    assert [is_final(result) for result in (200, 302, 404, 500, "http_timeout")] == [True, True, True, False, False]


def test_duplicates_and_disorder_happen(listener: Listener) -> None:
    """Every event comes at least once, some twice, and not in the order of the versions."""
    options: dict[str, Any] = {"webhook_duplicate_share": 0.3, "webhook_disorder_share": 0.5}
    with make_sandbox(**options) as sandbox, open_retailer(sandbox, "cafes") as retailer:
        subscribe(retailer, listener.url)
        sandbox.advance(sales=30, merchant_id="cafes")
        got = listener.take_until(lambda got: len(got) > 30 and len({r.body for r in got}) >= 30)
    versions = [received.sale["version"] for received in got]

    assert len(versions) > len(set(versions))
    assert versions != sorted(versions)


def test_dropped_webhooks_never_arrive(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """With the fault on nothing is sent; what happens afterwards arrives first."""
    subscribe(app, listener.url)
    sandbox.faults(drop_webhooks=1)
    sandbox.advance(sales=3, merchant_id=app.known["id"])
    known = {sale["id"] for sale in app.all("sales", page_size=500)}
    sandbox.faults()
    sandbox.advance(sales=1, merchant_id=app.known["id"])

    assert listener.take()[0].sale["id"] not in known


def test_hooks_are_managed_in_the_old_way(app: Retailer, listener: Listener) -> None:
    """Forms in, plain objects out."""
    hook = subscribe(app, listener.url)
    form = {"data": json.dumps({"active": False})}
    changed = app.http.put(f"/api/webhooks/{hook['id']}", data=form).json()
    listed = app.http.get("/api/webhooks").json()
    deleted = app.http.delete(f"/api/webhooks/{hook['id']}")
    gone = app.http.delete(f"/api/webhooks/{hook['id']}")

    assert hook.keys() == {"id", "retailer_id", "user_id", "url", "active", "type"}
    assert changed == hook | {"active": False}
    assert listed == [changed]
    assert (deleted.json(), gone.status_code) == ({"status": "success"}, 404)


def test_hooks_are_managed_in_the_dated_way(app: Retailer, listener: Listener) -> None:
    """JSON in envelopes; the same hook twice is a conflict."""
    wanted = {"url": listener.url, "active": True, "type": "sale.update"}
    made = app.http.post("/api/2026-07/webhooks", json=wanted)
    again = app.http.post("/api/2026-07/webhooks", json=wanted)
    hook = made.json()["data"]
    path = f"/api/2026-07/webhooks/{hook['id']}"
    read, listed = app.http.get(path).json(), app.http.get("/api/2026-07/webhooks").json()
    changed = app.http.put(path, json={"active": False}).json()
    deleted = app.http.delete(path)

    assert (made.status_code, again.status_code, list(again.json())) == (201, 409, ["error"])
    assert hook == wanted | {"id": hook["id"], "retailer_id": app.known["id"]}
    assert (read, listed) == ({"data": hook}, {"data": [hook]})
    assert changed == {"data": hook | {"active": False}}
    assert (deleted.status_code, app.http.get(path).status_code) == (204, 404)


@pytest.mark.parametrize(
    "data", ["", "nonsense", "[]", '{"url": "here", "type": "sale.update"}', '{"url": "http://a/", "type": "sale"}']
)
def test_nonsense_is_refused(app: Retailer, data: str) -> None:
    """400, so that a typing error does not mean silence."""
    answer = app.http.post("/api/webhooks", data={"data": data})

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_revoked_application_hears_nothing(sandbox: Sandbox, app: Retailer, listener: Listener) -> None:
    """Its hooks are gone with its tokens."""
    subscribe(app, listener.url)
    sandbox.revoke("cafes")
    tokens = connect(sandbox, app.known["id"])
    hooks = httpx.get(
        f"{sandbox.base_url('lightspeed')}/{app.known['domain_prefix']}/api/webhooks",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )

    assert hooks.json() == []
