"""A thousand new orders through dbt, on a short and on a long past.

A short warehouse is filled from the simulated cloud. The long one is a copy of it in which every row of
raw, intermediate and marts tables is there many times over, under other tenants: ids are rewritten by
one rule everywhere, so that keys stay unique and rows still belong together. Then the till sells, both
are synced, and what is measured is `run_transform` alone, the two in turn.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from benchmarks.measure import Cost, describe, in_child, measured, middle, ratio
from benchmarks.multiply import multiply, settle
from benchmarks.report import Row, Verdict
from benchmarks.sandbox import Cloud, sandbox_cloud
from benchmarks.server import Server, open_bench_services
from pos_pipeline.accounts.connections import connections_of
from pos_pipeline.accounts.linking import link_with_credentials
from pos_pipeline.accounts.tenants import create_tenant, tenant_by_slug
from pos_pipeline.extract import sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.services import Services
from pos_pipeline.transform import run_transform

SLUG = "bench"
MERCHANT = "cafes"
DAYS = 90
SHOPS = 3.3
"""Shops of the merchant, each counted with its weight."""
NEW_SALES = 1_000
BUDGET = 1.3


def rows(server: Server, *, orders: int, times: int, rounds: int) -> Iterator[Row]:
    """Rows of the table; the short past has about `orders` orders, the long one `times` as many."""
    with ExitStack() as stack:
        per_day = round(orders / DAYS / SHOPS)
        cloud = stack.enter_context(sandbox_cloud(merchant=MERCHANT, days=DAYS, sales_per_day=per_day))
        short = stack.enter_context(server.database("short"))
        in_child(import_history, short, cloud)
        long = stack.enter_context(server.database("long", copy_of="short"))
        found = in_child(multiply, long, times)
        at_short, at_long = in_child(model_new_sales, server, short, long, cloud, rounds)
    few, many = middle(at_short), middle(at_long)
    yield Row(
        f"{NEW_SALES:,} new sales through dbt at {found:,} and at {found // times:,} transactions",
        f"long past: {describe(many)}",
        f"short past: {describe(few)}",
        Verdict(ratio([c.cpu for c in at_long], [c.cpu for c in at_short]), BUDGET, "x CPU of the short past"),
        note=f"wall {ratio([c.wall for c in at_long], [c.wall for c in at_short]):.2f} x",
    )


def import_history(url: str, cloud: Cloud) -> None:
    """Link the merchant and bring its past into the marts."""
    os.environ["SQUARE_BASE_URL"] = cloud.url
    with open_bench_services(url) as services:
        tenant = create_tenant(services.database, SLUG, "Bench")
        [connection] = link_with_credentials(services, "square", tenant.id, {"access_token": cloud.token})
        sync_live(services, [connection.id])
        past = Window(connection.live_since - timedelta(days=DAYS + 2), connection.live_since)
        assert sync_window(services, connection.id, past).status == "success"
        run_transform(services).raise_for_failure()
        settle(services.database)


def model_new_sales(server: Server, short: str, long: str, cloud: Cloud, rounds: int) -> tuple[list[Cost], list[Cost]]:
    """Costs of one transform a round, on both."""
    os.environ["SQUARE_BASE_URL"] = cloud.url
    at_short: list[Cost] = []
    at_long: list[Cost] = []
    with open_bench_services(short) as few, open_bench_services(long) as many:
        for number in range(rounds + 1):
            cloud.sell(NEW_SALES)
            pairs = [(few, at_short), (many, at_long)]
            for services, costs in pairs if number % 2 else reversed(pairs):
                costs.append(_model(server, services))
    return at_short[1:], at_long[1:]  # the first parses the project and fills caches


def _model(server: Server, services: Services) -> Cost:
    tenant = tenant_by_slug(services.database, SLUG)
    sync_live(services, [connection.id for connection in connections_of(services.database, tenant.id)])
    with measured(server) as cost:
        result = run_transform(services)
    result.raise_for_failure()
    assert result.loads_claimed == 1, result
    return cost
