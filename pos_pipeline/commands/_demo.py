"""The steps of the demo, each told on standard error with how long it took."""

# ruff: noqa: PLC0415 - `--help` does without the core

import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from rich.console import Console

from pos_pipeline.errors import InvalidRequest, NotFound, ProviderUnavailable

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.commands._reconcile import DayLine
    from pos_pipeline.commands._runs import Runner
    from pos_pipeline.services import Services
    from pos_pipeline.settings import Settings

CALLBACK = "http://127.0.0.1/callback"
"""Registered at the simulated clouds; nobody listens there, the demo reads the address itself."""
START_SECONDS = 60.0
TIMEOUT_SECONDS = 120.0


@contextmanager
def simulated_tills(settings: "Settings") -> Iterator[str]:
    """Address of the simulated clouds of this home: those that run, else our own for as long as this lasts.

    Leads this process to them.

    Raises:
        InvalidRequest: the environment names a real app or another server.
        ProviderUnavailable: they do not start.
    """
    from pos_pipeline.orchestration.simulated import configured, sandbox_environment

    if names := configured(os.environ):
        raise InvalidRequest(f"demo: it works on simulated tills only; unset {', '.join(names)}.")
    address = f"http://127.0.0.1:{settings.sandbox_port}"
    os.environ.update(sandbox_environment(settings))
    if _answers(address):
        yield address
        return
    command = ["-m", "pos_pipeline.sandbox", "--port", str(settings.sandbox_port)]
    command += ["--home", str(settings.pos_home / "sandbox"), "--days", str(settings.historical_import_days)]
    with _process(command) as clouds:
        with _told("Open simulated shops and their tills") as say:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(address):
                if clouds.poll() is not None or time.monotonic() > deadline:
                    raise ProviderUnavailable(
                        f"demo: the simulated clouds do not start on port {settings.sandbox_port}; set SANDBOX_PORT."
                    )
                time.sleep(0.05)
            say(address)
        yield address


class Story:
    """What happens in the demo, in order; figures come from the tables, never from here."""

    def __init__(self, services: "Services", jobs: "Runner", address: str) -> None:
        self._services = services
        self._jobs = jobs
        self._address = address
        self._tenants: dict[str, list[Connection]] = {}

    def link(self) -> None:
        """A tenant for every owner, all their merchants' tills linked; what is linked stays."""
        from pos_pipeline.accounts.connections import connections_of
        from pos_pipeline.accounts.tenants import create_tenant, tenant_by_slug
        from pos_pipeline.providers import load_providers

        with _told("Link the tills") as say:
            known_pos = load_providers()
            for merchant in _ask(self._address, "GET", "/_sandbox/merchants")["merchants"]:
                if merchant["provider"] not in known_pos:
                    continue
                slug = _slug(merchant["owner"])
                try:
                    tenant = tenant_by_slug(self._services.database, slug)
                except NotFound:
                    tenant = create_tenant(self._services.database, slug, merchant["owner"])
                linked = connections_of(self._services.database, tenant.id, merchant["provider"])
                known = {location_id for one in linked for location_id in (*one.location_ids, *one.switched_off)}
                if not known & {location["id"] for location in merchant["locations"]}:
                    self._consent(merchant, tenant.id)
                self._tenants[slug] = connections_of(self._services.database, tenant.id)
            every = [one for linked in self._tenants.values() for one in linked]
            shops, tills = sum(len(one.location_ids) for one in every), len({one.provider for one in every})
            say(f"{len(self._tenants)} tenants, {shops} shops, {tills} kinds of till")

    def import_history(self) -> None:
        """Every month since the shops opened, as cells of the history assets."""
        now = datetime.now(UTC)
        day = now - timedelta(days=self._services.settings.historical_import_days)
        months = sorted({f"{day + timedelta(days=n):%Y-%m}-01" for n in range((now - day).days + 1)})
        with _told(f"Import {self._services.settings.historical_import_days} days of history") as say:
            for slug in self._tenants:
                for month in months:
                    self._jobs.run("history", partition_key=f"{month}|{slug}")
            say(f"{self._raw_rows():,} raw rows in {len(months) * len(self._tenants)} runs")

    def sync(self, title: str) -> None:
        """What changed since the last sync, a run per tenant and POS."""
        with _told(title) as say:
            before = self._raw_rows()
            for slug, connections in self._tenants.items():
                for provider in sorted({one.provider for one in connections}):
                    self._jobs.run(f"{provider}_sync", partition_key=slug)
            say(f"{self._raw_rows() - before:,} new raw rows")

    def model(self, title: str) -> None:
        """Raw rows to marts to events."""
        with _told(title) as say:
            self._jobs.model_and_publish()
            [(count,)] = self._services.database.fetch("select count(*) from marts.fct_transactions")
            say(f"{count:,} transactions")

    def let_time_pass(self, *, sales: int, hours: int) -> None:
        """The shops go on: sales are rung up, tips edited, goods returned, fees booked."""
        with _told("Let the shops go on selling") as say:
            rung = _ask(self._address, "POST", "/_sandbox/advance", {"sales": sales})
            later = _ask(self._address, "POST", "/_sandbox/advance", {"hours": hours})
            say(f"{rung['changed_sales']} sales rung up, {later['changed_sales']} new or edited in {hours} hours")

    def compare(self) -> "list[DayLine]":
        """Truth of the tills against the marts, by shop and business day."""
        from pos_pipeline.commands._reconcile import compare_days

        with _told("Compare the marts with the tills") as say:
            days = [
                line
                for connections in self._tenants.values()
                for connection in connections
                for line in compare_days(self._services, connection, None, None)
            ]
            say(f"{len(days):,} shop-days, {sum(not line.agrees for line in days)} differ")
        return days

    def events(self) -> dict[str, int]:
        """How many events were written and how many of them the broker has."""
        [(written, published)] = self._services.database.fetch("select count(*), count(published_at) from pos.outbox")
        return {"written": written, "published": published}

    def _consent(self, merchant: dict[str, Any], tenant_id: Any) -> None:
        """What a merchant does: follow the link and consent, or enter the code that came with it."""
        import httpx

        from pos_pipeline.accounts.codes import collect
        from pos_pipeline.accounts.linking import authorize, complete

        provider = merchant["provider"]
        invitation = authorize(self._services, provider, tenant_id, CALLBACK)
        url = httpx.URL(invitation.url).copy_set_param("merchant", merchant["id"])
        answer = httpx.get(url)
        if invitation.code is not None:
            collect(self._services, provider, code=invitation.code)
            return
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        complete(self._services, provider, {name: values[0] for name, values in query.items()})

    def _raw_rows(self) -> int:
        [(rows,)] = self._services.database.fetch("select coalesce(sum(row_count), 0)::bigint from etl.loads")
        return int(rows)


@contextmanager
def _told(title: str) -> Iterator[Any]:
    """Says what is going on, then what came of it and how long it took."""
    console, begun, outcome = Console(stderr=True, highlight=False), time.monotonic(), [""]
    with console.status(title):
        yield lambda text: outcome.__setitem__(0, text)
        seconds = time.monotonic() - begun
    console.print(f"✓ {title}: {outcome[0]} ({seconds:.1f} s)", markup=False, soft_wrap=True)


@contextmanager
def _process(arguments: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python process of its own, ended with the block."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _answers(address: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{address}/_sandbox/merchants", timeout=TIMEOUT_SECONDS).is_success
    except httpx.HTTPError:
        return False


def _ask(address: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.request(method, f"{address}{path}", json=body, timeout=TIMEOUT_SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        raise ProviderUnavailable(f"demo: the simulated clouds refuse {path} ({type(error).__name__}).") from None
    result: dict[str, Any] = answer.json()
    return result


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
