"""What comes in wrong is named, kept out of the figures, and heals; nothing stored is lost.

Each test spoils what one real sync meets, looks at what people are told, lets the world be good again
and holds the marts against the shops' own ledger. What depends on a provider's own reader is asked of every
provider; what the core does alone, of one.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest
from cryptography.fernet import Fernet
from psycopg import sql
from pydantic import SecretStr
from rig.books import assert_reconciled
from rig.meddler import SALES_PATHS, Exchange, Meddler, between
from rig.tills import ANCHOR, Tills, settings_for
from structlog.testing import capture_logs

from pos_pipeline.accounts.vault import Vault
from pos_pipeline.errors import ProviderUnavailable, TokenUnreadable, UnexpectedPayload, WarehouseUnavailable
from pos_pipeline.extract import SyncOutcome, sync_live
from pos_pipeline.http import caller
from pos_pipeline.http.body import MAX_BODY_BYTES
from pos_pipeline.http.retry import RetryPolicy
from pos_pipeline.providers import load_providers
from pos_pipeline.warehouse.database import Database

EVERY_PROVIDER = pytest.mark.parametrize("road", sorted(load_providers()), indirect=True)
NEW = f"{ANCHOR:%Y-%m-%dT%H:%M}"
"""What is rung up after the import is younger."""


@dataclass
class Road:
    """Two linked merchants, and somebody on the road between us and their cloud."""

    tills: Tills
    cloud: Meddler

    @property
    def sales_path(self) -> str:
        """How the path ends at which new sales are listed."""
        return SALES_PATHS[self.tills.provider]

    @property
    def sales_stream(self) -> str:
        """The stream that holds them."""
        streams = self.tills.services.providers[self.tills.provider].streams
        return next(stream.name for stream in streams if stream.counts_as_transactions)

    @property
    def database(self) -> Database:
        """The warehouse."""
        return self.tills.services.database

    def heal(self) -> None:
        """Let everything be good again, sync, and hold the marts against the truth."""
        self.cloud.meddle = lambda _: None
        assert {outcome.status for outcome in self.tills.sync()} == {"success"}
        self.tills.transform()
        assert_reconciled(self.database, self.tills.truth())
        assert self.database.fetch("select id from pos.sync_logs where status = 'in_progress'") == []


@pytest.fixture
def road(
    request: pytest.FixtureRequest, tills_of: Callable[..., Tills], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Road]:
    """History is imported, new sales wait; refusals are tried again without waiting."""
    monkeypatch.setattr(caller, "RetryPolicy", partial(RetryPolicy, sleep=lambda _: None))
    provider = getattr(request, "param", "square")
    tills = tills_of(provider)
    with between(tills.sandbox.base_url(provider)) as cloud:
        for name, value in settings_for(provider, cloud.url).items():
            monkeypatch.setenv(name, value)
        for merchant in ("panaderia", "cafes"):
            tills.link(merchant)
            tills.import_history(merchant)
        tills.sandbox.advance(sales=12)
        cloud.seen.clear()
        yield Road(tills, cloud)


def answering(path: str, body: bytes, **headers: str) -> Callable[[Exchange], None]:
    """Answers every request to a path that ends so with `body`."""

    def answer(exchange: Exchange) -> None:
        if exchange.path.partition("?")[0].endswith(path):
            exchange.body = body
            exchange.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return answer


def all_said(outcomes: list[SyncOutcome], kind: type[Exception], *words: str) -> None:
    """Every merchant's sync failed in part, for this reason, in these words."""
    assert {(outcome.status, type(outcome.error)) for outcome in outcomes} == {("partial", kind)}
    for outcome in outcomes:
        assert [word for word in words if word not in str(outcome.error)] == []


@EVERY_PROVIDER
def test_page_of_another_shape(road: Road) -> None:
    """The provider and the stream are named; the other streams are stored; the next sync makes it whole."""
    road.cloud.meddle = answering(road.sales_path, b'{"orders": {"unexpectedly": "an object"}, "data": "a text"}')

    outcomes = road.tills.sync()

    all_said(outcomes, UnexpectedPayload, f"{road.tills.provider}: ", road.sales_stream)
    assert all(outcome.rows.get(road.sales_stream, 0) == 0 < sum(outcome.rows.values()) for outcome in outcomes)
    [(message,)] = road.database.fetch("select distinct error_message from pos.accounts")
    assert "Report the message" in message
    road.heal()


@EVERY_PROVIDER
def test_page_that_never_ends(road: Road) -> None:
    """A body beyond the limit is given up and none of it is kept, however small it travels."""
    bomb = gzip.compress(b'{"orders": [' + b" " * MAX_BODY_BYTES + b"]}")
    road.cloud.meddle = answering(road.sales_path, bomb, content_encoding="gzip")

    outcomes = road.tills.sync()

    all_said(outcomes, UnexpectedPayload, road.sales_path, "the limit is 64.0 MiB", "Nothing of it was kept")
    road.heal()


@EVERY_PROVIDER
def test_proxys_page_instead_of_the_pos(road: Road) -> None:
    """HTML with status 200 is no answer of the POS: the sync says who may be answering instead."""
    road.cloud.meddle = answering(road.sales_path, b"<html>Please log in</html>", content_type="text/html")

    outcomes = road.tills.sync()

    all_said(outcomes, ProviderUnavailable, "26 bytes of text/html where JSON is expected", "between us and the POS")
    road.heal()


@EVERY_PROVIDER
def test_proxies_now_and_then(road: Road) -> None:
    """Every sixth answer is a proxy's page or breaks off in the middle: asked again, nobody is told."""
    road.tills.sandbox.faults(html=0.08, malformed=0.08, seed=5)

    outcomes = road.tills.sync()

    assert {outcome.status for outcome in outcomes} == {"success"}
    assert sum(outcome.requests_made for outcome in outcomes) > len({*road.cloud.seen})
    road.heal()


def test_unknown_currency(road: Road) -> None:
    """A sale in a currency we have no exponent for stays in raw, out of the facts, and is pointed at."""
    strange = one_in_strange_money(road.cloud)

    outcomes = road.tills.sync()
    road.tills.transform()

    assert [outcome.status for outcome in outcomes] == ["success", "success"]
    fetch, order = road.database.fetch, (strange["id"],)
    assert fetch("select payload #>> '{total_money,currency}' from raw_square.orders where id = %s", order) == [
        ("XTS",)
    ]
    assert fetch("select id from marts.fct_transactions where transaction_group = %s", order) == []
    [(severity, message)] = fetch(
        "select severity, message from marts.fct_data_quality where rule = 'unknown_currency'"
    )
    assert severity == "error"
    assert "XTS" in message
    assert "seeds/currencies.csv" in message
    [(facts,)] = fetch("select sum(total_amount) from marts.fct_transactions")
    everything = sum(day.net for day in road.tills.truth().values())
    assert facts == everything - Decimal(strange["total_money"]["amount"]) / 100


def one_in_strange_money(cloud: Meddler) -> dict[str, Any]:
    """Lets one new sale, order and payments, pass in a currency nobody knows; the order, once it has passed."""
    strange: dict[str, Any] = {}

    def spoil(exchange: Exchange) -> None:
        page = json.loads(exchange.body)
        for payment in page.get("payments", []):
            if payment["created_at"] > NEW and payment["status"] == "COMPLETED":
                strange.setdefault("id", payment["order_id"])
        for name, key in (("payments", "order_id"), ("orders", "id")):
            found = [one for one in page.get(name, []) if one[key] == strange.get("id")]
            if found:
                strange.update(found[0] if name == "orders" else {})
                spoiled = [json.loads(json.dumps(one).replace('"EUR"', '"XTS"')) for one in found]
                page[name] = [one for one in page[name] if one not in found] + spoiled
        exchange.body = json.dumps(page).encode()

    cloud.meddle = spoil
    return strange


def test_clock_that_is_off(road: Road) -> None:
    """Our clock an hour behind the POS's is said once and aloud; figures do not depend on it."""
    theirs = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    road.cloud.meddle = lambda exchange: exchange.headers.update(Date=theirs)

    with capture_logs() as logs:
        outcomes = road.tills.sync("panaderia")

    assert [outcome.status for outcome in outcomes] == ["success"]
    [warning] = [entry for entry in logs if entry["log_level"] == "warning"]
    assert "clock" in warning["event"]
    assert warning["skew_seconds"] == pytest.approx(3600, abs=60)
    road.heal()


def test_wrong_token_key(road: Road) -> None:
    """With a key that opens nothing the setting is named, nothing is asked of the POS, and nothing is lost."""
    stranger = replace(road.tills.services, vault=Vault([SecretStr(Fernet.generate_key().decode())]))

    outcomes = sync_live(stranger, road.tills.ids())

    assert [type(outcome.error) for outcome in outcomes] == [TokenUnreadable] * 2
    assert all("POS_TOKEN_KEYS" in outcome.error.action_required for outcome in outcomes if outcome.error)
    assert road.cloud.seen == []
    road.heal()


def test_database_that_goes_away(road: Road, server: Any) -> None:
    """Postgres leaves in the middle of a sync: it and the variable are named, and the next sync has everything."""
    name = road.database.place.rpartition("/")[2]
    patience, road.database._pool.timeout = road.database._pool.timeout, 0.2
    switch = sql.SQL("alter database {} allow_connections {}")
    end_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s"

    def leave(exchange: Exchange) -> None:
        if exchange.path == road.sales_path:
            server._connection.execute(switch.format(sql.Identifier(name), sql.SQL("false")))
            server._connection.execute(end_all, (name,))

    road.cloud.meddle = leave
    outcomes = road.tills.sync()
    server._connection.execute(switch.format(sql.Identifier(name), sql.SQL("true")))
    road.database._pool.timeout = patience

    assert [(outcome.status, type(outcome.error)) for outcome in outcomes] == [("failed", WarehouseUnavailable)] * 2
    assert all("DATABASE_URL" in str(outcome.error) and name in str(outcome.error) for outcome in outcomes)
    road.heal()
