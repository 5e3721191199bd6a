"""500 deliveries a second for half a minute, and the gateway killed in the middle of it.

A sender does what a POS does: it signs, waits for the answer, and delivers again what was not acknowledged.
Every delivery that was answered with 2xx has to be in the inbox, those from before the kill as well.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from statistics import quantiles

import httpx

from benchmarks.measure import in_child
from benchmarks.report import Row, Verdict
from benchmarks.sandbox import Cloud, sandbox_cloud
from benchmarks.server import Server, open_bench_services
from benchmarks.stack import GATEWAY, open_stack
from pos_pipeline.accounts.linking import link_with_credentials
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.warehouse.database import Database

MERCHANT = "cafes"
KEY = "benchmark-signature-key"
TICK_SECONDS = 0.02
CONNECTIONS = 64
REST_SECONDS = 0.5
TIMEOUT_SECONDS = 10.0


@dataclass
class Sent:
    """What the sender saw."""

    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    """Attempts without a 2xx."""
    waits: list[float] = field(default_factory=list)
    """Seconds to each 2xx, of first attempts."""
    behind: float = 0.0
    """How late the last delivery was begun, in seconds: the sender's own limit."""


def rows(server: Server, *, seconds: int, per_second: int) -> Iterator[Row]:
    """One row undisturbed, one with a kill."""
    for kill in (False, True):
        with sandbox_cloud(merchant=MERCHANT, days=1, sales_per_day=1) as cloud, server.database("storm") as url:
            in_child(link, url, cloud)
            sent, stored = _storm(url, cloud, seconds=seconds, per_second=per_second, kill=kill)
            lost = len(sent.acknowledged - stored)
            cuts = quantiles(sent.waits, n=100, method="inclusive")
            yield Row(
                f"{per_second} webhooks a second for {seconds} s" + (", gateway killed half way" if kill else ""),
                f"{len(sent.acknowledged):,} acknowledged, {sent.refused:,} attempts failed; "
                f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms",
                verdict=Verdict(lost, 0, "acknowledged and not stored"),
                note=f"{len(stored):,} stored; sender {sent.behind:.1f} s late at the end",
            )


def link(url: str, cloud: Cloud) -> None:
    """Link the merchant, in a process that is led to the cloud."""
    os.environ.update(cloud.environment)
    with open_bench_services(url) as services:
        tenant = create_tenant(services.database, "bench", "Bench")
        link_with_credentials(services, cloud.provider, tenant.id, cloud.credentials)


def _storm(url: str, cloud: Cloud, *, seconds: int, per_second: int, kill: bool) -> tuple[Sent, set[str]]:
    with open_stack(GATEWAY, url, cloud, SQUARE_WEBHOOK_SIGNATURE_KEY=KEY) as stack:
        address = f"{stack.url}/webhooks/{cloud.provider}"

        def disturb() -> None:
            time.sleep(seconds / 2)
            stack.kill()
            stack.start()

        trouble = threading.Thread(target=disturb)
        if kill:
            trouble.start()
        sent = in_child(send, address, str(cloud.merchant["id"]), seconds * per_second, per_second)
        if kill:
            trouble.join()
    with closing(Database(url)) as database:
        stored = {str(event_id) for (event_id,) in database.fetch("select webhook_event_id from pos.webhooks")}
    return sent, stored


def send(address: str, merchant_id: str, count: int, per_second: int) -> Sent:
    """Deliver `count` events at an even pace, each until it is acknowledged."""
    return asyncio.run(_send(address, merchant_id, count, per_second))


async def _send(address: str, merchant_id: str, count: int, per_second: int) -> Sent:
    sent = Sent()
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        begun = time.monotonic()
        deliveries = []
        for number in range(count):
            due = begun + number / per_second
            if due - time.monotonic() > 0:
                await asyncio.sleep(max(TICK_SECONDS, due - time.monotonic()))
            deliveries.append(asyncio.create_task(_deliver(client, address, merchant_id, number, sent)))
        sent.behind = time.monotonic() - begun - count / per_second
        await asyncio.gather(*deliveries)
    return sent


async def _deliver(client: httpx.AsyncClient, address: str, merchant_id: str, number: int, sent: Sent) -> None:
    event_id = f"event-{number}"
    event = {"merchant_id": merchant_id, "type": "payment.created", "event_id": event_id, "data": {"type": "payment"}}
    body = json.dumps(event).encode()
    mac = base64.b64encode(hmac.new(KEY.encode(), address.encode() + body, hashlib.sha256).digest()).decode()
    headers = {"x-square-hmacsha256-signature": mac, "content-type": "application/json"}
    is_first = True
    while event_id not in sent.acknowledged:
        started = time.monotonic()
        try:
            is_taken = (await client.post(address, content=body, headers=headers)).is_success
        except httpx.HTTPError:
            is_taken = False
        if is_taken:
            sent.acknowledged.add(event_id)
            if is_first:
                sent.waits.append(time.monotonic() - started)
        else:
            sent.refused += 1
            is_first = False
            await asyncio.sleep(REST_SECONDS)
