"""Simulated merchants, linked as a merchant links them, and everything a test does to them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import UUID

import httpx
import pytest

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.linking import authorize, complete
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.extract import SyncOutcome, sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.providers import load_providers
from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES, PANADERIA, MerchantSpec
from pos_pipeline.services import Services
from pos_pipeline.transform import run_transform
from pos_pipeline.warehouse.database import Database
from rig.books import Day, Ledger
from rig.job import Job, Step

ANCHOR = datetime(2026, 9, 18, 15, 0, tzinfo=UTC)
"""When the tests' worlds begin to be lived in; fixed, so that every run sees the same sales."""
DAYS = 3
CALLBACK = "http://127.0.0.1:1/callback"
APPLICATION = {"app_id": "CLIENT_ID", "client_id": "CLIENT_ID", "app_secret": "CLIENT_SECRET"}
APPLICATION["client_secret"] = APPLICATION["app_secret"]


@dataclass
class Tills:
    """One provider's simulated merchants and the pipeline that reads them."""

    provider: str
    sandbox: Sandbox
    environment: dict[str, str]
    services: Services
    connections: dict[str, Connection] = field(default_factory=dict)
    """Linked so far, by the merchant's key."""

    def link(self, merchant: str, *, without_scope: str = "") -> Connection:
        """A tenant of its own consents in the browser, to all that is asked or to all but one scope."""
        tenant = create_tenant(self.services.database, f"t-{merchant}", merchant)
        connection = self.consent(merchant, tenant.id, without_scope=without_scope)
        # The world's clock stands at the anchor: for it, that is when the till was linked.
        self.services.database.fetch(
            "update pos.connections set live_since = %s where id = %s returning id", (ANCHOR, connection.id)
        )
        self.connections[merchant] = connection
        return connection

    def consent(self, merchant: str, tenant_id: UUID, *, without_scope: str = "") -> Connection:
        """The merchant's way through the browser."""
        asked = urlsplit(authorize(self.services, self.provider, tenant_id, CALLBACK))
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        query["scope"] = " ".join(scope for scope in query["scope"].split() if scope != without_scope)
        query["merchant"] = self.sandbox.clouds[self.provider].merchant_id(merchant)
        answer = httpx.get(urlunsplit(asked._replace(query=urlencode(query))), trust_env=False)
        came = parse_qs(urlsplit(answer.headers["location"]).query)
        return complete(self.services, self.provider, came["state"][0], came["code"][0])

    def import_history(self, merchant: str) -> SyncOutcome:
        """Everything from before the link."""
        return sync_window(self.services, self.connections[merchant].id, HISTORY)

    def sync(self, *merchants: str) -> list[SyncOutcome]:
        """One live sync of these merchants, of all linked ones when none is named."""
        return sync_live(self.services, [self.connections[one].id for one in merchants or self.connections])

    def transform(self) -> None:
        """Bring the marts up to date."""
        run_transform(self.services).raise_for_failure()

    def truth(self, *merchants: str) -> Ledger:
        """What the shops' own ledger says, of these merchants or of all linked ones."""
        return {
            (day["location_id"], day["business_date"]): _day(day)
            for one in merchants or self.connections
            for day in self.sandbox.truth(one, self.provider)
        }

    def job(self, *steps: Step) -> Job:
        """The same work for another process."""
        ours = self.services.settings
        settings = {"pos_home": str(ours.pos_home), "database_url": self.services.database.url}
        if ours.rabbitmq_url is not None:
            settings["rabbitmq_url"] = ours.rabbitmq_url.get_secret_value()
        return Job(settings, self.environment, list(steps))

    def live_step(self, *streams: str) -> Step:
        """A live sync of all linked merchants, for a job."""
        return Step("live", [one.id for one in self.connections.values()], streams=list(streams) or None)

    def history_step(self) -> Step:
        """The import of all linked merchants, for a job."""
        return Step("window", [one.id for one in self.connections.values()], HISTORY.start, HISTORY.end)


HISTORY = Window(ANCHOR - timedelta(days=DAYS + 2), ANCHOR)


@contextmanager
def open_tills(
    services: Services,
    provider: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    merchants: Sequence[MerchantSpec] = (PANADERIA, CAFES),
    sales_per_day: float = 8.0,
    seed: int = 1,
    cloud_options: CloudOptions | None = None,
) -> Iterator[Tills]:
    """A provider's cloud on loopback with a few days of history, and settings that lead there."""
    with running_sandbox(
        seed=seed,
        days=DAYS,
        sales_per_day=sales_per_day,
        merchants=merchants,
        anchor=ANCHOR,
        cloud_options=cloud_options,
    ) as sandbox:
        environment = settings_for(provider, sandbox.base_url(provider))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Tills(provider, sandbox, environment, services)


def settings_for(provider: str, base_url: str) -> dict[str, str]:
    """The provider's variables for its simulated cloud at `base_url`."""
    grants: Any = import_module(f"pos_pipeline.sandbox.{provider}.grants")
    names = load_providers()[provider].settings_type.model_fields
    known = {name: getattr(grants, APPLICATION[name]) for name in names if name in APPLICATION}
    return {f"{provider}_{name}".upper(): value for name, value in (known | {"base_url": base_url}).items()}


def count_rows(database: Database, table: str) -> int:
    """How many rows a table has."""
    [(rows,)] = database.fetch(f"select count(*) from {table}")
    return int(rows)


def _day(day: dict[str, Any]) -> Day:
    counts = (day["sales_count"], day["refunds_count"], day["voids_count"])
    amounts = (day[name] for name in ("gross", "refunded", "net", "tax", "tip", "discount", "service"))
    return Day(*counts, *(Decimal(amount) for amount in amounts))
