"""A second sync with nothing new: how many requests, and how long for many tenants at once.

    200 tenants x 1 shop ──sync_live──▶ a cloud that answers `{}`

The cloud runs in a process of its own and does as little as it can, so that the time is ours. The
first sync, which reads everything once, is not counted.
"""

import os
from collections import Counter
from collections.abc import Iterator

from benchmarks.measure import Cost, describe, in_child, measured, middle
from benchmarks.merchants import Merchant, link, merchants
from benchmarks.quiet_cloud import QuietCloud, quiet_cloud
from benchmarks.report import Row, Verdict
from benchmarks.server import Server, open_bench_services
from pos_pipeline.extract import sync_live

TENANTS = 200
WALL_BUDGET_SECONDS = 2.0
REQUESTS_BUDGET = 1


def rows(server: Server, *, rounds: int) -> Iterator[Row]:
    """Rows of the table."""
    with server.database("quiet") as url, quiet_cloud() as cloud:
        costs, requests, cloud_seconds = in_child(sync_again, server, url, cloud, TENANTS, rounds)
    most = max(requests.values()) / TENANTS
    yield Row(
        "Second sync with nothing new: requests per stream",
        ", ".join(f"{path} {count / TENANTS:g}" for path, count in sorted(requests.items())),
        verdict=Verdict(most, REQUESTS_BUDGET, "per stream and shop"),
    )
    cost = middle(costs)
    yield Row(
        f"Second sync of {TENANTS} tenants with nothing new",
        describe(cost),
        f"of it {cloud_seconds:.2f} s CPU of the cloud that answers {sum(requests.values())} requests",
        Verdict(cost.wall, WALL_BUDGET_SECONDS, "s wall"),
        note=f"{TENANTS / cost.wall:,.0f} tenants/s",
    )


def sync_again(
    server: Server, url: str, cloud: QuietCloud, count: int, rounds: int
) -> tuple[list[Cost], Counter[str], float]:
    """Costs of `rounds` quiet syncs, the requests of one by path, and the cloud's CPU seconds in one."""
    os.environ["SQUARE_BASE_URL"] = cloud.url
    with open_bench_services(url) as services:
        linked: list[Merchant] = list(merchants(count))
        for merchant in linked:
            link(services, merchant)
        ids = [merchant.connection_id for merchant in linked]
        sync_live(services, ids)
        costs = []
        for _ in range(rounds):
            cloud.requests()
            before = cloud.cpu_seconds
            with measured(server) as cost:
                outcomes = sync_live(services, ids)
            cloud_seconds = cloud.cpu_seconds - before
            assert {outcome.status for outcome in outcomes} == {"success"}
            costs.append(cost)
        return costs, cloud.requests(), cloud_seconds
