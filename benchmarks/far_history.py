"""One shop's history from a POS that is 100 ms away, at every provider, and what it takes to read it.

    sync_window, 4 windows at a time ──┐                         ┌── one at a time
    sync_live beside it ───────────────┴─▶ cloud, 100 ms away ◀──┴── sync_live alone

The rate is our own: the simulated clouds count no requests here, so that every round begins alike.
How many requests a sale costs, and how many bytes it is, is measured by the same imports.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from statistics import median
from uuid import UUID

from benchmarks.measure import in_child, ratio
from benchmarks.report import Row, Table
from benchmarks.sandbox import Cloud, sandbox_cloud
from benchmarks.server import Server, open_bench_services
from pos_pipeline.accounts.connections import load_connection
from pos_pipeline.accounts.linking import link_with_credentials
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.extract import sync_live, sync_window
from pos_pipeline.provider import Budget, Provider, Reading, Window
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services

MERCHANT = "panaderia"
LATENCY_MS = 100
SALES_BETWEEN_SYNCS = 2
SYNCS_ALONE = 8
TITLES = ("POS", "Requests for 1,000 sales of the past", "Of them", "JSON of a sale", "In raw tables")


@dataclass(frozen=True)
class Import:
    """One import of the whole past."""

    wall: float
    requests: int


@dataclass(frozen=True)
class Taken:
    """What it took to read the past of one shop."""

    sales: int
    requests: Counter[str]
    json_bytes: int
    """Of everything the windows brought, sales and what belongs to them."""
    stored_bytes: int
    """The same on Postgres's disk, compressed, with its index."""
    budgets: Sequence[Budget]


def rows(server: Server, *, days: int, sales_per_day: int, rounds: int) -> Iterator[Row | Table]:
    """Two rows for each provider, then the table of what a sale takes."""
    taken: dict[str, Taken] = {}
    for provider in load_providers().values():
        with sandbox_cloud(
            merchant=MERCHANT, days=days, sales_per_day=sales_per_day, provider=provider.name, limits=False
        ) as cloud:
            with server.database("far") as url:
                taken[provider.name] = in_child(take, url, cloud, days)
            cloud.wait_before_answers(LATENCY_MS)
            yield from _compare(server, provider, cloud, days=days, taken=taken[provider.name], rounds=rounds)
    yield Table("What a sale takes", TITLES, [_cells(name, one) for name, one in taken.items()])


def _compare(
    server: Server, provider: Provider, cloud: Cloud, *, days: int, taken: Taken, rounds: int
) -> Iterator[Row]:
    together: list[Import] = []
    apart: list[Import] = []
    beside: list[float] = []
    alone: list[float] = []
    for _ in range(rounds):
        with server.database("far") as url:
            one, waits, waits_alone = in_child(import_beside_live, url, cloud, days)
        together.append(one)
        beside += waits
        alone += waits_alone
        with server.database("far") as url:
            apart.append(in_child(import_alone, url, cloud, days, readers=1))
    wall = median(one.wall for one in together)
    made = median(one.requests for one in together)
    yield Row(
        f"{days} days of a shop at {provider.title}, {taken.sales:,} sales, {LATENCY_MS} ms away",
        f"4 windows at a time: {wall:.1f} s wall, {made:.0f} requests, {made / wall:.1f}/s",
        f"one at a time: {median(one.wall for one in apart):.1f} s wall",
        note=f"{ratio([one.wall for one in apart], [one.wall for one in together]):.1f} x as fast; budget "
        + ", ".join(f"{one.per_second:.1f}/s {one.path_prefix}".strip() for one in taken.budgets),
    )
    yield Row(
        f"A live sync of that shop at {provider.title}",
        f"while the import runs: {_waits(beside)}",
        f"alone: {_waits(alone)}",
        note=f"{median(beside) / median(alone):.2f} x",
    )


def take(url: str, cloud: Cloud, days: int) -> Taken:
    """Requests and bytes of one import. It also lets the cloud render everything once."""
    os.environ.update(cloud.environment)
    with open_bench_services(url) as services:
        connection_id = _link(services, cloud)
        cloud.requests()
        _import(services, connection_id, days)
        requests = cloud.requests()
        streams = [one for one in services.providers[cloud.provider].streams if one.reading is Reading.WINDOWED]
        [sales] = [one.name for one in streams if one.counts_as_transactions]
        fetch, schema = services.database.fetch, f"raw_{cloud.provider}"
        [(count,)] = fetch(f"select count(distinct id) from {schema}.{sales}")
        json_bytes = stored_bytes = 0
        for stream in streams:
            table = f"{schema}.{stream.name}"
            [(text, disk)] = fetch(
                f"select coalesce(sum(octet_length(payload::text)), 0)::bigint, pg_total_relation_size('{table}')"
                f" from {table}"
            )
            json_bytes += text
            stored_bytes += disk
        attributes = load_connection(services.database, connection_id).attributes
        budgets = services.providers[cloud.provider].budgets(attributes)
    return Taken(count, requests, json_bytes, stored_bytes, budgets)


def import_alone(url: str, cloud: Cloud, days: int, *, readers: int) -> Import:
    """An import with so many windows at a time."""
    os.environ.update(cloud.environment)
    import_module("pos_pipeline.extract.sync").WINDOW_READERS = readers  # type: ignore[attr-defined]
    with open_bench_services(url) as services:
        return _import(services, _link(services, cloud), days)


def import_beside_live(url: str, cloud: Cloud, days: int) -> tuple[Import, list[float], list[float]]:
    """An import, and how long live syncs took while it ran and before, each after a few new sales."""
    os.environ.update(cloud.environment)
    with open_bench_services(url) as services:
        connection_id = _link(services, cloud)
        sync_live(services, [connection_id])
        alone = [_live(services, cloud, connection_id) for _ in range(SYNCS_ALONE)]
        done: list[Import] = []
        importing = threading.Thread(target=lambda: done.append(_import(services, connection_id, days)))
        beside: list[float] = []
        importing.start()
        while importing.is_alive():
            seconds = _live(services, cloud, connection_id)
            if importing.is_alive() or not beside:
                beside.append(seconds)
        importing.join()
        [imported] = done
    return imported, beside, alone


def _link(services: Services, cloud: Cloud) -> UUID:
    tenant = create_tenant(services.database, "bench", "Bench")
    [connection] = link_with_credentials(services, cloud.provider, tenant.id, cloud.credentials)
    return connection.id


def _import(services: Services, connection_id: UUID, days: int) -> Import:
    end = load_connection(services.database, connection_id).live_since
    started = time.perf_counter()
    outcome = sync_window(services, connection_id, Window(end - timedelta(days=days + 2), end))
    assert outcome.status == "success", outcome.error
    return Import(time.perf_counter() - started, outcome.requests_made)


def _live(services: Services, cloud: Cloud, connection_id: UUID) -> float:
    cloud.sell(SALES_BETWEEN_SYNCS)
    started = time.perf_counter()
    [outcome] = sync_live(services, [connection_id])
    assert outcome.status == "success", outcome.error
    return time.perf_counter() - started


def _waits(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f} s, longest of {len(seconds)} {max(seconds):.2f} s"


def _cells(provider: str, taken: Taken) -> tuple[str, ...]:
    def of_thousand(requests: int) -> str:
        return f"{requests * 1000 / taken.sales:.1f}"

    by_path = ", ".join(f"{path} {of_thousand(count)}" for path, count in taken.requests.most_common())
    return (
        load_providers()[provider].title,
        of_thousand(taken.requests.total()),
        by_path,
        f"{taken.json_bytes / taken.sales / 1000:.1f} kB",
        f"{taken.stored_bytes / taken.sales / 1000:.1f} kB",
    )
