"""kill -9 while deliveries come in: whatever was acknowledged is stored, and its sync is asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database
from tests.gateway.shops import make_connection
from tests.gateway.test_webhooks import event, signed

KEY = "subscription-key-of-a-test"
SENDERS = 6
KILL_AFTER = 60
"""Acknowledged deliveries, at least."""
GATEWAY = "from pos_pipeline.cli import main; main()"


@pytest.fixture
def gateway(services: Services) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A gateway in a process of its own, and the address of its route."""
    assert services.settings.database_url is not None
    environment = {
        **os.environ,
        "DATABASE_URL": services.settings.database_url.get_secret_value(),
        "POS_HOME": str(services.settings.pos_home),
        "SQUARE_WEBHOOK_SIGNATURE_KEY": KEY,
    }
    command = [sys.executable, "-c", GATEWAY, "gateway", "--port", "0", "--json"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        while not said or said[-1].rstrip() != "}":
            line = process.stdout.readline()
            assert line, "the gateway does not start"
            said.append(line)
        yield process, f"{json.loads(''.join(said))['address']}/api/v1/pos/webhooks/square"
        process.kill()


def test_acknowledged_deliveries_survive_a_kill(
    gateway: tuple["subprocess.Popen[str]", str], database: Database, bakery: Tenant
) -> None:
    """Senders go on until they are refused; nothing they were promised is missing."""
    process, address = gateway
    make_connection(database, bakery)
    acknowledged: list[str] = []
    is_killed = Event()

    def send(sender: int) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            for number in range(10_000):
                body = event(sender * 10_000 + number)
                headers = {"x-square-hmacsha256-signature": signed(body, KEY, address)}
                try:
                    answer = client.post(address, content=body, headers=headers)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200, answer.text
                acknowledged.append(json.loads(body)["event_id"])
                if len(acknowledged) >= KILL_AFTER and not is_killed.is_set():
                    is_killed.set()
                    process.kill()

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, range(SENDERS)))

    stored = {event_id for (event_id,) in database.fetch("select webhook_event_id from pos.webhooks")}
    assert len(acknowledged) >= KILL_AFTER
    assert set(acknowledged) <= stored
    assert database.fetch(
        "select count(*) > 0, bool_or(status in ('done', 'failed')) from pos.sync_requests where reason = 'webhook'"
    ) == [(True, False)]
