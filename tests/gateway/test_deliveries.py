"""A sale at a till of each simulated POS reaches the inbox over the gateway's own route, and makes its merchant due."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from rig.tills import Tills, open_tills

from pos_pipeline.accounts.connections import Connection, connections_of
from pos_pipeline.accounts.hooks import register_webhooks
from pos_pipeline.accounts.linking import authorize
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.gateway.serving import build_server, listen
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.http import client
from pos_pipeline.orchestration.inbox import Fate, store
from pos_pipeline.orchestration.silence import end_silence
from pos_pipeline.sandbox import CloudOptions
from pos_pipeline.sandbox.shop.merchants import CAFES, PANADERIA
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

PROVIDERS = ("lightspeed", "square", "toast")
NOWHERE = "http://127.0.0.1:1"
PATIENCE_SECONDS = 30
SALES = {"lightspeed": "sale.update", "square": "payment.created", "toast": "order_updated"}


@dataclass
class Street:
    """Tills of one POS that tell the running gateway what happens."""

    tills: Tills
    url: str
    """The route's own address."""

    @property
    def database(self) -> Database:
        """The warehouse."""
        return self.tills.services.database

    def link(self, merchant: str) -> list[Connection]:
        """The merchant consents; where the POS lets us, we subscribe, else Toast's support has done so."""
        connections = self.tills.link(merchant)
        for connection in connections:
            if self.tills.provider != "toast":
                register_webhooks(self.tills.services, connection.id, self.url)
        return connections

    def sell(self, merchant: str) -> None:
        """Ring up a sale."""
        self.tills.sandbox.advance(sales=1, merchant_id=merchant)

    def wait(self, is_done: Callable[[], Any]) -> None:
        """Deliveries are on their way in other threads: look until they are here."""
        pause, deadline = threading.Event(), PATIENCE_SECONDS / 0.02
        while not is_done():
            deadline -= 1
            assert deadline > 0, "no delivery came"
            pause.wait(0.02)

    def due(self, *reasons: str) -> list[str]:
        """Tenants that something was announced for; or that were asked about for one of these reasons."""
        rows = self.database.fetch(
            "select distinct t.slug from pos.sync_requests as r inner join pos.tenants as t on r.tenant_id = t.id"
            " where r.reason = any(%s)",
            ([*reasons] or ["webhook"],),
        )
        return [slug for (slug,) in rows]

    def inbox(self) -> list[tuple[Any, ...]]:
        """Merchant and type of every stored event."""
        return self.database.fetch(
            "select c.merchant_id, w.event_type from pos.webhooks as w"
            " inner join pos.connections as c on w.connection_id = c.id order by w.id"
        )


@pytest.fixture
def street(request: pytest.FixtureRequest, services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """The simulated POS named by the parameter, and a gateway on a free port that it delivers to."""
    provider, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    # The world's clock is ours here: what happens in it happens after the till was linked.
    anchor = datetime.now(UTC) + timedelta(minutes=5)
    calm = {"webhook_duplicate_share": 0.0, "webhook_disorder_share": 0.0, "webhook_minute_seconds": 0.05}
    cloud = CloudOptions(rate_limits=False, **(calm | options))
    world: dict[str, Any] = {"merchants": (PANADERIA, CAFES), "sales_per_day": 2.0, "anchor": anchor}
    with (
        open_tills(services, provider, monkeypatch, cloud_options=cloud, **world) as tills,
        listen(GatewaySettings(), 0) as socket,
    ):
        public = f"http://127.0.0.1:{socket.getsockname()[1]}"
        url = f"{public}/api/v1/pos/webhooks/{provider}"
        prepare(provider, tills, url, monkeypatch)
        server = build_server(services, GatewaySettings(public_url=public, dagster_url=NOWHERE))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        yield Street(tills, url)
        server.should_exit = True
        thread.join()
    client.shared_client().close()
    client._client_of.cache_clear()


def prepare(provider: str, tills: Tills, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person does once: Toast's support subscribes us."""
    if provider != "toast":
        return
    secrets = []
    for category in ("order_updated", "menus", "partner"):
        answer = httpx.post(
            f"{tills.sandbox.base_url(provider)}/toastweb/webhooks",
            json={"url": url, "category": category},
            trust_env=False,
        )
        secrets.append(answer.json()["secret"])
    monkeypatch.setenv("TOAST_WEBHOOK_SECRETS", ",".join(secrets))


@pytest.mark.parametrize("street", PROVIDERS, indirect=True)
def test_a_sale_makes_its_merchant_due(street: Street) -> None:
    """The right merchant's, and nobody else's; what is kept are ids."""
    for merchant in ("panaderia", "cafes"):
        street.link(merchant)
    assert street.due() == []

    street.sell("panaderia")
    street.wait(lambda: any(kind == SALES[street.tills.provider] for _, kind in street.inbox()))

    [panaderia] = street.tills.connections["panaderia"]
    assert street.due() == ["t-panaderia"]
    assert {merchant for merchant, _ in street.inbox()} == {panaderia.merchant_id}
    [(kept,)] = street.database.fetch("select string_agg(event_data::text, '') from pos.webhooks")
    assert "customer" not in kept


TWICE = {"webhook_duplicate_share": 0.6, "webhook_disorder_share": 0.6}


@pytest.mark.parametrize("street", [(provider, TWICE) for provider in PROVIDERS], indirect=True, ids=PROVIDERS)
def test_duplicates_and_disorder(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come more than once and in any order; each is stored once, and a sync reads what the till has."""
    fates: list[Fate] = []

    def remember(*arguments: Any) -> list[Fate]:
        fates.extend(found := store(*arguments))
        return found

    monkeypatch.setattr("pos_pipeline.gateway.intake.store", remember)
    street.link("panaderia")
    while Fate.DUPLICATE not in fates:
        told = [*fates]
        street.sell("panaderia")
        street.wait(lambda told=told: len(fates) > len(told))
    [outcome] = street.tills.sync()

    [(stored, different)] = street.database.fetch("select count(*), count(distinct webhook_event_id) from pos.webhooks")
    assert stored == different
    # Toast may also have told of the restaurant itself, whose first sync then answers for its sales.
    assert street.due("webhook", "link") == ["t-panaderia"]
    assert (outcome.status, sum(outcome.rows.values()) > 0) == ("success", True)


@pytest.mark.parametrize("street", ["square", "toast"], indirect=True)
def test_a_merchant_who_leaves(street: Street) -> None:
    """The POS tells; the merchant's shops are in error and say what to do, nobody else's are."""
    for merchant in ("panaderia", "cafes"):
        street.link(merchant)
    street.sell("cafes")

    street.tills.sandbox.revoke("panaderia")
    query = "select a.status, a.error_message from pos.accounts as a inner join pos.tenants as t on a.tenant_id = t.id"
    street.wait(lambda: street.database.fetch(f"{query} where t.slug = 't-panaderia' and a.status = 'error'"))

    [(_, message)] = street.database.fetch(f"{query} where t.slug = 't-panaderia'")
    assert "Link the till again" in message
    assert {status for status, _ in street.database.fetch(f"{query} where t.slug = 't-cafes'")} == {"active"}


@pytest.mark.parametrize("street", ["lightspeed"], indirect=True)
def test_a_pos_that_has_forgotten_us(street: Street) -> None:
    """Registered again by itself, it tells of the next sale, and the silence is over."""
    street.link("panaderia")
    cloud: Any = street.tills.sandbox.clouds["lightspeed"]
    cloud.hooks.forget("panaderia")
    street.database.fetch("update pos.connections set webhook_silent_since = now() - interval '5 hours' returning id")

    mended = end_silence(street.tills.services)
    street.sell("panaderia")
    street.wait(street.inbox)

    assert (mended.registered_again, mended.failed) == (1, 0)
    assert end_silence(street.tills.services).heard_again == 1


@pytest.mark.parametrize("street", ["toast"], indirect=True)
def test_a_code_that_was_entered(street: Street) -> None:
    """The POS tells of the restaurant, and it is linked without anybody looking."""
    services = street.tills.services
    tenant = create_tenant(street.database, "t-panaderia", "Panadería")
    invitation = authorize(services, "toast", tenant.id, "https://pos.example/callback")
    known = next(one for one in street.tills.sandbox.merchants("toast") if one["key"] == "panaderia")

    httpx.get(httpx.URL(invitation.url).copy_merge_params({"merchant": known["id"]}), trust_env=False)
    street.wait(lambda: connections_of(street.database, tenant.id))

    [connection] = connections_of(street.database, tenant.id)
    assert connection.merchant_id == known["locations"][0]["id"]
    street.wait(lambda: street.database.fetch("select id from pos.sync_requests where reason = 'link'"))
