"""Simulated merchants, linked as a merchant links them, and everything a test does to them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import UUID

import httpx
import pytest

from pos_pipeline.accounts.codes import collect
from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.linking import authorize, complete
from pos_pipeline.accounts.tenants import create_tenant, list_tenants
from pos_pipeline.extract import SyncOutcome, sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.cloud import discover_clouds
from pos_pipeline.sandbox.shop.clock import datetime_of
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


@dataclass
class Tills:
    """One provider's simulated merchants and the pipeline that reads them."""

    provider: str
    sandbox: Sandbox
    environment: dict[str, str]
    services: Services
    connections: dict[str, list[Connection]] = field(default_factory=dict)
    """Linked so far, by the merchant's key; more than one where the POS connects shops one by one."""

    def link(self, merchant: str, *, without_scope: str = "") -> list[Connection]:
        """The merchant's tenant consents in the browser, to all that is asked or to all but one scope."""
        slug, database = f"t-{merchant}", self.services.database
        known = {tenant.slug: tenant for tenant in list_tenants(database)}
        tenant = known[slug] if slug in known else create_tenant(database, slug, merchant)
        connections = self.consent(merchant, tenant.id, without_scope=without_scope)
        # The world's clock stood at the anchor: for it, that is when the till was linked.
        self.services.database.fetch(
            "update pos.connections set live_since = %s where id = any(%s) returning id",
            (self.history.end, [one.id for one in connections]),
        )
        self.connections[merchant] = connections
        return connections

    def consent(self, merchant: str, tenant_id: UUID, *, without_scope: str = "") -> list[Connection]:
        """The merchant's way through the browser, or to the page of the POS where our code is entered."""
        invitation = authorize(self.services, self.provider, tenant_id, CALLBACK)
        asked = urlsplit(invitation.url)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        scopes = self.services.providers[self.provider].scopes
        query["scope"] = " ".join(scope for scope in scopes if scope != without_scope)
        query["merchant"] = self.sandbox.clouds[self.provider].merchant_id(merchant)
        answer = httpx.get(urlunsplit(asked._replace(query=urlencode(query))), trust_env=False)
        if invitation.code is not None:
            return collect(self.services, self.provider, code=invitation.code)
        came = parse_qs(urlsplit(answer.headers["location"]).query)
        return [complete(self.services, self.provider, {name: values[0] for name, values in came.items()})]

    @property
    def present(self) -> datetime:
        """The world's present, a minute on: whatever has happened in it is past."""
        return datetime_of(self.sandbox.world.now) + timedelta(minutes=1)

    @property
    def history(self) -> Window:
        """Everything from before the link."""
        anchor = datetime_of(self.sandbox.world.options.anchor)
        return Window(anchor - timedelta(days=DAYS + 2), anchor)

    def ids(self, *merchants: str) -> list[UUID]:
        """Connections of these merchants, of all linked ones when none is named."""
        return [one.id for merchant in merchants or self.connections for one in self.connections[merchant]]

    def import_history(self, *merchants: str) -> list[SyncOutcome]:
        """Everything from before the link."""
        return [sync_window(self.services, one, self.history) for one in self.ids(*merchants)]

    def sync(self, *merchants: str) -> list[SyncOutcome]:
        """One live sync of these merchants, of all linked ones when none is named."""
        return sync_live(self.services, self.ids(*merchants), now=self.present)

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
        return Step("live", self.ids(), streams=list(streams) or None, now=self.present)

    def history_step(self) -> Step:
        """The import of all linked merchants, for a job."""
        return Step("window", self.ids(), self.history.start, self.history.end)


@contextmanager
def open_everywhere(services: Services, monkeypatch: pytest.MonkeyPatch, **world: Any) -> Iterator[dict[str, Tills]]:
    """The same merchants' tills at every provider, over one world; arguments as `open_tills` has."""
    others = sorted(services.providers.keys() - {"square"})
    with open_tills(services, "square", monkeypatch, **world) as first:
        found = {"square": first}
        for provider in others:
            environment = settings_for(provider, first.sandbox.base_url(provider))
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            found[provider] = Tills(provider, first.sandbox, environment, services)
        yield found


@contextmanager
def open_tills(
    services: Services,
    provider: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    merchants: Sequence[MerchantSpec] = (PANADERIA, CAFES),
    sales_per_day: float = 8.0,
    seed: int = 1,
    anchor: datetime = ANCHOR,
    cloud_options: CloudOptions | None = None,
) -> Iterator[Tills]:
    """A provider's cloud on loopback with a few days of history, and settings that lead there."""
    with running_sandbox(
        seed=seed,
        days=DAYS,
        sales_per_day=sales_per_day,
        merchants=merchants,
        anchor=anchor,
        cloud_options=cloud_options,
    ) as sandbox:
        environment = settings_for(provider, sandbox.base_url(provider))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Tills(provider, sandbox, environment, services)


def settings_for(provider: str, base_url: str) -> dict[str, str]:
    """The provider's variables for its simulated cloud at `base_url`, whose app they make us."""
    [kind] = [kind for kind in discover_clouds() if kind.name == provider]
    told = {name: value.replace("{base_url}", base_url) for name, value in kind.app_settings.items()}
    return {f"{provider}_BASE_URL".upper(): base_url, **told}


def count_rows(database: Database, table: str) -> int:
    """How many rows a table has."""
    [(rows,)] = database.fetch(f"select count(*) from {table}")
    return int(rows)


def _day(day: dict[str, Any]) -> Day:
    counts = (day["sales_count"], day["refunds_count"], day["voids_count"])
    amounts = (day[name] for name in ("gross", "refunded", "net", "tax", "tip", "discount", "service"))
    return Day(*counts, *(Decimal(amount) for amount in amounts))
