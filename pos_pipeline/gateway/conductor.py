"""Starts runs at once for what a webhook or a person asked for, instead of at the sensors' next tick.

    asked ──wake──▶ claim ──launchRun──▶ a sync per tenant and POS ──▶ new loads ──launchRun──▶ marts

A tenant has one such sync at a time: what comes meanwhile waits and is asked once. Dagster being away loses
nothing: claims are given back, and the sensors, which look at the same tables, serve them when it returns.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import structlog

from pos_pipeline.accounts.codes import collect
from pos_pipeline.errors import PipelineError
from pos_pipeline.orchestration.requests import welcome
from pos_pipeline.services import Services

LOOK_SECONDS = 0.25
"""How often it looks while anything is under way; idle it sleeps until woken."""
REST_SECONDS = 2.0
AWAY_SECONDS = 2.0
"""Pause after Dagster did not take a run: the sensors, which look every five seconds, have it by then or soon."""
MOST_NAMED = 3
"""API requests a run names as its origin, when several asked for it."""
CLAIM = """
with free as (
    select r.id
    from pos.sync_requests as r
    inner join pos.connections as c on r.connection_id = c.id
    where
        r.kind = 'live' and r.reason in ('webhook', 'manual', 'message', 'link')
        and (r.status = 'pending' or (r.status = 'running' and r.started_at is null))
        and r.not_before <= now()
        and not exists (
            select from pos.sync_requests as o
            inner join pos.connections as b on o.connection_id = b.id
            where
                b.tenant_id = c.tenant_id and b.pos_provider = c.pos_provider
                and o.kind = 'live' and o.status = 'running' and o.started_at > now() - interval '2 minutes'
        )
    limit 200
    for update of r skip locked
)
update pos.sync_requests as r
set status = 'running', started_at = now(), attempts = r.attempts + 1
from free, pos.connections as c, pos.tenants as t
where r.id = free.id and c.id = r.connection_id and t.id = r.tenant_id
returning r.id, c.pos_provider, t.slug, r.correlation_id
"""
# Running without a start waits like pending, of which a connection has one at a time: another may have come meanwhile.
GIVE_BACK = """
update pos.sync_requests set started_at = null, attempts = attempts - 1
where id = any(%s) and status = 'running'
returning id
"""
LOADS = """
select
    exists (select from etl.loads where batch_id is null),
    exists (select from etl.batches where status = 'running' and claimed_at > now() - interval '10 minutes')
"""
UNDER_WAY = """
select exists (
    select from pos.sync_requests
    where kind = 'live' and status in ('pending', 'running') and requested_at > now() - interval '2 minutes'
)
"""
LAUNCH = """
mutation Launch($job: String!, $tags: [ExecutionTag!]!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "pos_pipeline", repositoryName: "__repository__", jobName: $job},
    executionMetadata: {tags: $tags}
  }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
  }
}
"""

log = structlog.get_logger(__name__)


class Dagster:
    """Dagster's GraphQL, as far as runs are started by it."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=5.0)

    def launch(self, job: str, tags: Mapping[str, str]) -> bool:
        """Whether a run of the job was started or queued."""
        variables: dict[str, Any] = {"job": job, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
        try:
            answer = self._client.post("/graphql", json={"query": LAUNCH, "variables": variables}).raise_for_status()
            kind = answer.json()["data"]["launchRun"]["__typename"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.info("Dagster does not answer; the sensors will serve it", job=job, error_type=type(error).__name__)
            return False
        if kind != "LaunchRunSuccess":
            log.warning("Dagster refuses a run", job=job, reason=kind)
        return bool(kind == "LaunchRunSuccess")

    def close(self) -> None:
        """Give back connections."""
        self._client.close()


class Conductor:
    """A thread that launches runs; `wake` says that something was asked for."""

    def __init__(self, services: Services, dagster: Dagster) -> None:
        self._services = services
        self._dagster = dagster
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._codes: set[str] = set()
        self._marts_asked_at = 0.0
        self._is_away = False
        self._thread = threading.Thread(target=self._work, name="conductor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is claimed was launched or given back."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._dagster.close()

    def wake(self) -> None:
        """Something was asked for."""
        self._woken.set()

    def look_for_codes(self, provider: str) -> None:
        """A merchant has entered a link code."""
        self._codes.add(provider)
        self._woken.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._woken.wait()
            self._woken.clear()
            rest = time.monotonic() + REST_SECONDS
            while not self._stop.is_set() and time.monotonic() < rest:
                try:
                    if self.step():
                        rest = time.monotonic() + REST_SECONDS
                except PipelineError as error:
                    log.warning("runs wait for the sensors", error_type=error.code)
                except Exception as error:  # noqa: BLE001 - nobody would begin again what ends here
                    log.warning("runs wait for the sensors", error_type=type(error).__name__)
                if self._is_away:
                    self._stop.wait(AWAY_SECONDS)
                self._woken.wait(LOOK_SECONDS)
                self._woken.clear()

    def step(self) -> bool:
        """Launch what can be launched; whether anything is under way."""
        while self._codes:
            provider = self._codes.pop()
            welcome(self._services, collect(self._services, provider))
        database = self._services.database
        claimed: dict[tuple[str, str], dict[object, str | None]] = {}
        for request_id, provider, slug, correlation_id in database.fetch(CLAIM):
            claimed.setdefault((provider, slug), {})[request_id] = correlation_id
        self._is_away = False
        for (provider, slug), asked in claimed.items():
            tags = {
                "dagster/partition": slug,
                "dagster/priority": "10",
                "pos/syncs": f"{provider}:{slug}",
                "pos/trigger": "asked",
            }
            if asked_by := sorted({one for one in asked.values() if one}):
                tags["pos/request_id"] = ",".join(asked_by[:MOST_NAMED])
            if not self._dagster.launch(f"{provider}_sync", tags):
                database.fetch(GIVE_BACK, (list(asked),))
                self._is_away = True
        [(has_loads, is_modelling)] = database.fetch(LOADS)
        if has_loads and not is_modelling and time.monotonic() - self._marts_asked_at > REST_SECONDS:
            self._dagster.launch("marts", {"dagster/priority": "10", "pos/trigger": "asked"})
            self._marts_asked_at = time.monotonic()
        if not has_loads:
            self._marts_asked_at = 0.0
        [(is_under_way,)] = database.fetch(UNDER_WAY)
        return bool(claimed or has_loads or is_modelling or is_under_way)
