"""From HTTP to marts, beside default dlt `rest_api` that stops at raw.

    ours    orders, payments, refunds, catalog, customers … ▶ raw ▶ dbt, first build of every mart
    theirs  orders alone ▶ dlt.sources.rest_api with its defaults ▶ nested tables

Both read the same simulated cloud, which runs in a process of its own on the same two cores and has
rendered its orders before; both begin with an empty database. Imports and parsing of the dbt project
belong to the start of a process and are not counted.
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from benchmarks.measure import Cost, describe, in_child, measured, middle, ratio
from benchmarks.report import Row, Verdict
from benchmarks.sandbox import ORDERS_PER_PAGE, Cloud, sandbox_cloud
from benchmarks.server import Server, open_bench_services
from pos_pipeline.accounts.linking import link_with_credentials
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.extract import sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.transform import run_transform
from pos_pipeline.transform.project import load_project

MERCHANT = "cafes"
DAYS = 60
SALES_PER_DAY = {20_000: 98, 4_000: 20}
"""Per location, so that about so many orders are there."""


def rows(server: Server, *, orders: int, rounds: int) -> Iterator[Row]:
    """Rows of the table."""
    ours, raw, theirs = [], [], []
    with sandbox_cloud(merchant=MERCHANT, days=DAYS, sales_per_day=SALES_PER_DAY[orders]) as cloud:
        count = cloud.warm_up()
        served = [cloud.cpu_seconds]
        for _ in range(rounds):
            with server.database("marts") as url:
                to_raw, in_all = in_child(import_and_model, server, url, cloud)
            raw.append(to_raw)
            ours.append(in_all)
            served.append(cloud.cpu_seconds)
            with server.database("marts", migrated=False) as url:
                theirs.append(in_child(read_orders_by_rest_api, server, url, cloud, count))
            served.append(cloud.cpu_seconds)
    spans = [after - before for before, after in pairwise(served)]
    yield Row(
        f"HTTP to marts: {count:,} orders with lines, tenders, refunds, catalog and customers",
        f"{describe(middle(ours))}; of it {middle(raw).wall:.1f} s wall to raw",
        f"default dlt rest_api, orders to raw only: {describe(middle(theirs))}",
        Verdict(ratio([c.wall for c in ours], [c.wall for c in theirs]), 1, "x its wall"),
        note=f"serving by the cloud, in both: {min(spans[::2]):.1f} s CPU for ours, {min(spans[1::2]):.1f} s for its",
    )


def import_and_model(server: Server, url: str, cloud: Cloud) -> tuple[Cost, Cost]:
    """Our cost up to committed raw rows, and the whole."""
    os.environ["SQUARE_BASE_URL"] = cloud.url
    with open_bench_services(url) as services:
        load_project(services.settings)
        tenant = create_tenant(services.database, "bench", "Bench")
        [connection] = link_with_credentials(services, "square", tenant.id, {"access_token": cloud.token})
        history = Window(connection.live_since - timedelta(days=DAYS + 2), connection.live_since)
        with measured(server) as whole:
            with measured(server) as raw:
                outcomes = [*sync_live(services, [connection.id]), sync_window(services, connection.id, history)]
            run_transform(services).raise_for_failure()
        assert [outcome.status for outcome in outcomes] == ["success", "success"], outcomes
        found = services.database.fetch("select count(*) > 0 from marts.fct_transaction_items")
        assert found == [(True,)]
    return raw, whole


def read_orders_by_rest_api(server: Server, url: str, cloud: Cloud, expected: int) -> Cost:
    """The cost of dlt's own REST source for orders alone."""
    import dlt  # noqa: PLC0415 - its import belongs to the process, not to the measured work
    from dlt.sources.rest_api import rest_api_source  # noqa: PLC0415

    os.environ["NO_PROXY"] = "127.0.0.1"
    config: Any = {
        "client": {"base_url": cloud.url, "auth": {"type": "bearer", "token": cloud.token}},
        "resources": [
            {
                "name": "orders",
                "primary_key": "id",
                "endpoint": {
                    "path": "v2/orders/search",
                    "method": "POST",
                    "json": {"location_ids": list(cloud.location_ids), "limit": ORDERS_PER_PAGE},
                    "data_selector": "orders",
                    "paginator": {"type": "cursor", "cursor_path": "cursor", "cursor_body_path": "cursor"},
                },
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=folder, destination=dlt.destinations.postgres(url), dataset_name="nested"
        )
        with measured(server) as cost:
            pipeline.run(rest_api_source(config))
        with pipeline.sql_client() as client, client.execute_query("select count(*) from orders") as found:
            assert found.fetchone() == (expected,)
    return cost
