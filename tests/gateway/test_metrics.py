"""`/metrics`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.testclient import TestClient

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import Misconfigured, PipelineError, ProviderUnavailable, RateLimited
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services
from pos_pipeline.sync_log import Figures, close_log, open_logs
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import add_to_catalog, know_product, make_account, make_connection

Ask = Callable[..., TestClient]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
Scrape = Callable[[], Samples]

TOKEN = "a-token-of-more-than-thirty-two-bytes"
HERE = ("127.0.0.1", 50000)
ELSEWHERE = ("192.0.2.7", 50000)


@pytest.fixture
def scrape(app: FastAPI) -> Scrape:
    """Asks from this machine; every sample by name and labels."""

    def samples() -> Samples:
        answer = TestClient(app, base_url="http://127.0.0.1:8013", client=HERE).get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = list(text_string_to_metric_families(answer.text))
        return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}

    return samples


def sample(name: str, **labels: object) -> tuple[str, frozenset[tuple[str, str]]]:
    """The key of a sample."""
    return name, frozenset((label, str(value)) for label, value in labels.items())


def ended(
    database: Database, connection_id: UUID, seconds: int = 1, figures: Figures | None = None, error: object = None
) -> None:
    """A sync of every shop of a grant that took so long."""
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    for account in open_logs(database, [connection_id], started_at=started)[connection_id]:
        failure = error if isinstance(error, PipelineError) else None
        with database.transaction() as transaction:
            status = "failed" if failure else "success"
            close_log(transaction, account, status, figures or Figures(), load_id=None, error=failure)


def test_shops_by_state(scrape: Scrape, database: Database, bakery: Tenant, rival: Tenant) -> None:
    """Every tenant's, by POS and status."""
    connection_id = make_connection(database, bakery)
    for location in ("L1", "L2", "L3"):
        make_account(database, bakery, connection_id, location)
    make_account(database, rival, make_connection(database, rival, provider="toast"))
    database.fetch("update pos.accounts set status = 'error' where location_id = 'L3' returning id")

    found = {key: value for key, value in scrape().items() if key[0] == "pos_accounts_total"}
    assert found == {
        sample("pos_accounts_total", tenant_id=bakery.id, pos_provider="square", status="active"): 2,
        sample("pos_accounts_total", tenant_id=bakery.id, pos_provider="square", status="error"): 1,
        sample("pos_accounts_total", tenant_id=rival.id, pos_provider="toast", status="active"): 1,
    }


def test_what_syncs_have_done(scrape: Scrape, database: Database, bakery: Tenant) -> None:
    """Records, requests, durations and errors of all shops of a tenant's POS."""
    connections = [make_connection(database, bakery, merchant) for merchant in ("M1", "M2")]
    for connection_id, location in zip(connections, ("L1", "L2"), strict=True):
        make_account(database, bakery, connection_id, location)
    for seconds in (2, 7, 50, 500):
        ended(database, connections[0], seconds, Figures(fetched=10, requests_made=3))
    ended(database, connections[1], 20, Figures(fetched=1, requests_made=4))
    ended(database, connections[1], 2, error=ProviderUnavailable("square: down"))
    for connection_id in connections:
        ended(database, connection_id, 2, error=RateLimited("square: slow down"))

    samples, who = scrape(), {"tenant_id": bakery.id, "pos_provider": "square"}
    assert samples[sample("pos_transactions_synced_total", **who)] == 41
    assert samples[sample("pos_requests_total", pos_provider="square")] == 16
    assert samples[sample("pos_sync_errors_total", **who, error_type="provider_unavailable")] == 1
    assert samples[sample("pos_sync_errors_total", **who, error_type="rate_limited")] == 2
    buckets = {
        dict(key[1])["le"]: value for key, value in samples.items() if key[0] == "pos_sync_duration_seconds_bucket"
    }
    assert buckets == {
        "5.0": 4,
        "10.0": 5,
        "30.0": 6,
        "60.0": 7,
        "120.0": 7,
        "300.0": 7,
        "+Inf": 8,
    }
    assert samples[sample("pos_sync_duration_seconds_count", **who)] == 8
    assert round(samples[sample("pos_sync_duration_seconds_sum", **who)]) == 585


def test_counters_outlive_the_logs(scrape: Scrape, database: Database, bakery: Tenant) -> None:
    """A counter that went down would look like a restart; logs may be forgotten at any time."""
    connection_id = make_connection(database, bakery)
    make_account(database, bakery, connection_id)
    ended(database, connection_id, figures=Figures(fetched=5), error=ProviderUnavailable("square: down"))
    before = scrape()
    database.fetch("delete from pos.sync_logs returning id")

    assert scrape() == before
    ended(database, connection_id, figures=Figures(fetched=2))
    who = {"tenant_id": bakery.id, "pos_provider": "square"}
    assert scrape()[sample("pos_transactions_synced_total", **who)] == 7


def test_unmapped_products(ask: Ask, scrape: Scrape, database: Database, bakery: Tenant) -> None:
    """As the last sync counted them; a shop that was never synced is not there."""
    connection_id = make_connection(database, bakery)
    account_id = make_account(database, bakery, connection_id)
    new = make_account(database, bakery, make_connection(database, bakery, "M2"), "L2")
    for product in ("P1", "P2", "P3"):
        know_product(database, connection_id, product)
    wanted = {
        "pos_account_id": str(account_id),
        "pos_product_id": "P1",
        "bakery_product_id": str(add_to_catalog(database, bakery, "Croissant")),
    }
    assert ask(bakery).post("mappings", json=wanted).status_code == 201
    ended(database, connection_id)

    found = {key: value for key, value in scrape().items() if key[0] == "pos_unmapped_products_total"}
    assert found == {sample("pos_unmapped_products_total", tenant_id=bakery.id, pos_account_id=account_id): 2}
    assert new != account_id


def test_what_waits(scrape: Scrape, database: Database, bakery: Tenant) -> None:
    """Deliveries, events and tokens by the age of the oldest; what is done, sent or without end does not count."""
    connection_id = make_connection(database, bakery)
    make_connection(database, bakery, "T1", "toast")
    for number, (status, minutes) in enumerate([("pending", 3), ("pending", 1), ("processed", 60), ("failed", 60)]):
        database.fetch(
            "insert into pos.webhooks (tenant_id, connection_id, pos_provider, webhook_event_id, event_type,"
            " event_data, processing_status, received_at)"
            " select tenant_id, id, pos_provider, %s, 'order.updated', '{}', %s, now() - make_interval(mins => %s)"
            " from pos.connections where id = %s returning 1",
            (f"e{number}", status, minutes, connection_id),
        )
    for sent, minutes in (("now()", 90), ("null", 20), ("null", 10)):
        database.fetch(
            "insert into pos.outbox (tenant_id, routing_key, payload, published_at, created_at)"
            f" values (%s, 'pos.error', '{{}}', {sent}, now() - make_interval(mins => %s)) returning 1",
            (bakery.id, minutes),
        )
    for merchant, refresh, days in [("R1", b"sealed", 3), ("R2", b"sealed", 2), ("R3", None, 400)]:
        renewed = make_connection(database, bakery, merchant)
        database.fetch(
            "update pos.connections set refresh_token = %s, token_renewed_at = now() - make_interval(days => %s)"
            " where id = %s returning 1",
            (refresh, days, renewed),
        )
    database.fetch(
        "insert into pos.rate_budgets (key, tokens, refilled_at, refusals)"
        " values ('square:1', 1, now(), 2), ('square:2', 1, now(), 3), ('toast:1/menus', 1, now(), 5) returning 1"
    )

    samples, square, toast = scrape(), {"pos_provider": "square"}, {"pos_provider": "toast"}
    whole = {
        sample("pos_webhooks_pending", **square): 2,
        sample("pos_webhooks_pending", **toast): 0,
        sample("pos_webhook_lag_seconds", **toast): 0,
        sample("pos_outbox_depth"): 2,
        sample("pos_rate_limited_total", **square): 5,
        sample("pos_rate_limited_total", **toast): 5,
        sample("pos_requests_total", **toast): 0,
    }
    assert {key: samples[key] for key in whole} == whole
    # As old as the oldest that counts, not as old as those that do not.
    assert 3 * 60 <= samples[sample("pos_webhook_lag_seconds", **square)] < 60 * 60
    assert 20 * 60 <= samples[sample("pos_outbox_oldest_seconds")] < 90 * 60
    assert 3 * 86400 <= samples[sample("pos_token_age_seconds", **square)] < 400 * 86400
    assert sample("pos_token_age_seconds", **toast) not in samples


def test_an_empty_installation_has_metrics(scrape: Scrape) -> None:
    """Every family is described, and what waits is 0."""
    assert scrape() == {sample("pos_outbox_depth"): 0, sample("pos_outbox_oldest_seconds"): 0}


@pytest.mark.parametrize(
    ("client", "host", "headers"),
    [
        (ELSEWHERE, "127.0.0.1", {}),
        (ELSEWHERE, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        (HERE, "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        (HERE, "127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
        (HERE, "rebound.example", {}),
        (("somewhere", 1), "127.0.0.1", {}),
        (ELSEWHERE, "127.0.0.1", {"Authorization": "Bearer "}),
        (ELSEWHERE, "127.0.0.1", {"Authorization": "Bearer None"}),
        (ELSEWHERE, "127.0.0.1", {"Authorization": f"Bearer {TOKEN}"}),
    ],
)
def test_metrics_are_for_this_machine(
    app: FastAPI, client: tuple[str, int], host: str, headers: dict[str, str]
) -> None:
    """Not for others, nor for what comes through a proxy or a page here, while no token is set."""
    answer = TestClient(app, base_url=f"http://{host}:8013", client=client).get("/metrics", headers=headers)

    assert answer.status_code == 401
    assert "pos_" not in answer.text


def test_a_token_opens_metrics_from_elsewhere(services: Services, token_of: Callable[..., str], bakery: Tenant) -> None:
    """That one and no other; a tenant's token does not, whatever its scopes."""
    app = build_app(services, GatewaySettings(metrics_token=SecretStr(TOKEN)))
    client = TestClient(app, base_url="http://pos.example", client=ELSEWHERE)

    def answered(token: str) -> int:
        return client.get("/metrics", headers={"Authorization": f"Bearer {token}".encode()}).status_code

    assert answered(TOKEN) == 200
    assert [answered(token) for token in (TOKEN[:-1], f"{TOKEN}x", "é", token_of(bakery.id))] == [401] * 4
    assert client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_token_that_is_easily_guessed() -> None:
    """Told at the start, without the token."""
    with pytest.raises(Misconfigured, match="POS_METRICS_TOKEN is shorter") as refusal:
        GatewaySettings(metrics_token=SecretStr("short")).checked()
    assert "short" not in str(refusal.value).replace("shorter", "")
