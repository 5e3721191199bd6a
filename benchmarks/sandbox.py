"""The simulated cloud in a process of its own, and one merchant of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import psutil

ORDERS_PER_PAGE = 1000


@dataclass(frozen=True)
class Cloud:
    """Where a merchant's Square answers. Travels to child processes."""

    url: str
    """Base URL of the simulated Square."""
    control_url: str
    token: str
    location_ids: tuple[str, ...]
    process_id: int

    @property
    def cpu_seconds(self) -> float:
        """CPU its process has used."""
        times = psutil.Process(self.process_id).cpu_times()
        return float(times.user + times.system)

    def sell(self, sales: int) -> None:
        """Ring up exactly so many sales."""
        answer = httpx.post(f"{self.control_url}/advance", json={"sales": sales}, timeout=120, trust_env=False)
        answer.raise_for_status()

    def search(self, **body: Any) -> bytes:
        """One answer of SearchOrders."""
        answer = httpx.post(
            f"{self.url}/v2/orders/search",
            json={"location_ids": self.location_ids, "limit": ORDERS_PER_PAGE, **body},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=120,
            trust_env=False,
        )
        return answer.raise_for_status().content

    def warm_up(self) -> int:
        """Let it render every order once, so that nobody waits for it later; the number of orders."""
        count, cursor = 0, None
        while True:
            page = msgspec.json.decode(self.search(**({"cursor": cursor} if cursor else {})))
            count += len(page.get("orders", ()))
            cursor = page.get("cursor")
            if cursor is None:
                return count


@contextmanager
def sandbox_cloud(*, merchant: str, days: int, sales_per_day: int) -> Iterator[Cloud]:
    """A cloud of one merchant with a history; see the sandbox's own `--help` for what the words mean."""
    command = [sys.executable, "-m", "pos_pipeline.sandbox", "--port", "0", "--merchants", merchant]
    command += ["--days", str(days), "--sales-per-day", str(sales_per_day)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    try:
        assert process.stdout is not None
        ready = msgspec.json.decode(process.stdout.readline())
        url = ready["base_urls"]["square"]
        control = f"{url.removesuffix('/square')}/_sandbox"
        known = httpx.get(f"{control}/merchants", timeout=60, trust_env=False).raise_for_status().json()
        found = next(one for one in known["merchants"] if one["provider"] == "square")
        location_ids = tuple(location["id"] for location in found["locations"])
        yield Cloud(url, control, found["access_token"], location_ids, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
