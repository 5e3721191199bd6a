"""How long a sale takes from the till into `fct_transactions`, while sales come all the time.

    till ──rings──▶ cloud ──signed webhook──▶ gateway ──launchRun──▶ sync ──▶ marts ──▶ seen by a reader

Everything runs as `pos-pipeline dev` starts it, with history in the marts. The clock starts before the till
is asked to ring, and stops when a reader of the mart, who looks ten times a second, sees the sale.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import quantiles

import httpx
import psycopg

from benchmarks.report import Row, Verdict
from benchmarks.sandbox import Cloud, sandbox_cloud
from benchmarks.server import Server
from benchmarks.stack import DEV, Stack, open_stack
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.warehouse.database import Database

MERCHANT = "cafes"
WARM_UP_SALES = 30
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 120.0
BUDGET_SECONDS = 3.0
NEW_SALES = """
select count(*) from marts.fct_transactions where transaction_type = 'sale' and transaction_at >= %s
"""
IS_QUIET = """
select not exists (select from pos.sync_requests where status in ('pending', 'running'))
    and not exists (select from etl.loads where batch_id is null)
    and not exists (select from etl.batches where status = 'running')
    and exists (select from etl.batches)
"""


@dataclass(frozen=True)
class Waits:
    """Seconds from till to mart, a figure per sale."""

    seconds: list[float]

    @property
    def p95(self) -> float:
        """What 95 of 100 sales stay below."""
        return quantiles(self.seconds, n=20, method="inclusive")[-1]

    def __str__(self) -> str:
        middle = quantiles(self.seconds, n=2, method="inclusive")[0]
        return f"p50 {middle:.2f} s, p95 {self.p95:.2f} s, longest {max(self.seconds):.2f} s"


def rows(server: Server, *, days: int, seconds: int, per_second: int) -> Iterator[Row]:
    """One row for each transport between Dagster and its worker that is there."""
    broker = os.environ.get("RABBITMQ_URL", "")
    for name, url in (("embedded transport", ""), ("RabbitMQ", broker)) if broker else (("embedded transport", ""),):
        waits = _measure(server, url, days=days, seconds=seconds, per_second=per_second)
        yield Row(
            f"A sale at the till to fct_transactions, {per_second}/s for {seconds} s, {name}",
            str(waits),
            verdict=Verdict(waits.p95, BUDGET_SECONDS, "s at p95"),
            note=f"{len(waits.seconds)} sales",
        )


def _measure(server: Server, broker: str, *, days: int, seconds: int, per_second: int) -> Waits:
    with (
        sandbox_cloud(merchant=MERCHANT, days=days, sales_per_day=60) as cloud,
        server.database("live") as url,
        open_stack(DEV, url, cloud, RABBITMQ_URL=broker, HISTORICAL_IMPORT_DAYS=str(days)) as stack,
        psycopg.connect(url, autocommit=True) as reader,
    ):
        _link(stack, url, cloud)
        _wait_until_quiet(reader)
        _ring(cloud, reader, WARM_UP_SALES, 1)
        return Waits(_ring(cloud, reader, seconds * per_second, per_second))


def _link(stack: Stack, url: str, cloud: Cloud) -> None:
    """What a merchant does in the browser."""
    with closing(Database(url)) as database:
        tenant = create_tenant(database, "bench", "Bench")
    with stack.client(tenant.id) as client:
        page = client.get(f"oauth/{cloud.provider}/authorize").raise_for_status().json()["authorize_url"]
        address = httpx.URL(page).copy_set_param("merchant", cloud.merchant["id"])
        httpx.get(address, follow_redirects=True, timeout=60, trust_env=False).raise_for_status()
        accounts = client.get("accounts").raise_for_status().json()["items"]
        assert all(account["webhook_url"] for account in accounts), "webhooks were not registered"


def _wait_until_quiet(reader: psycopg.Connection) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while reader.execute(IS_QUIET).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the first import is not over after {PATIENCE_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def _ring(cloud: Cloud, reader: psycopg.Connection, sales: int, per_second: int) -> list[float]:
    """Ring up at an even pace and watch; the k-th sale waits until k new ones are seen.

    Sales become visible in the order they were rung, because a sync reads all there is.
    """
    [(since,)] = reader.execute("select now() - interval '1 hour'").fetchall()
    [(before,)] = reader.execute(NEW_SALES, (since,)).fetchall()
    rung: list[float] = []

    def ring() -> None:
        begun = time.monotonic()
        for number in range(sales):
            time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            rung.append(time.monotonic())
            cloud.sell(1)

    till = threading.Thread(target=ring)
    till.start()
    seen: list[float] = []
    deadline = time.monotonic() + sales / per_second + PATIENCE_SECONDS
    while len(seen) < sales:
        [(count,)] = reader.execute(NEW_SALES, (since,)).fetchall()
        seen += [time.monotonic()] * (count - before - len(seen))
        if time.monotonic() > deadline:
            raise TimeoutError(f"{sales} sales rung up, {len(seen)} seen")
        time.sleep(LOOK_SECONDS)
    till.join()
    return [at - since_rung for at, since_rung in zip(seen, rung, strict=True)]
