"""The simulated cloud in a process of its own, and one merchant of it."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import psutil

from pos_pipeline.orchestration.simulated import sandbox_environment
from pos_pipeline.providers import load_providers
from pos_pipeline.settings import Settings

ORDERS_PER_PAGE = 1000


@dataclass(frozen=True)
class Cloud:
    """Where a merchant's POS answers. Travels to child processes."""

    provider: str
    url: str
    """Base URL of the provider's cloud."""
    control_url: str
    merchant: Mapping[str, Any]
    """As the cloud shows it, with a way in that needs no consent."""
    process_id: int

    @property
    def token(self) -> str:
        """The merchant's personal access token, where the POS has such."""
        return str(self.merchant["access_token"])

    @property
    def location_ids(self) -> tuple[str, ...]:
        """The merchant's shops."""
        return tuple(location["id"] for location in self.merchant["locations"])

    @property
    def environment(self) -> dict[str, str]:
        """What leads the pipeline here."""
        return sandbox_environment(Settings(database_url=None, sandbox_port=urlsplit(self.url).port))

    @property
    def credentials(self) -> dict[str, str]:
        """What the merchant would type in."""
        found = {one.name: self.merchant[one.name] for one in load_providers()[self.provider].credentials}
        return {name: ",".join(value) if isinstance(value, list) else value for name, value in found.items()}

    @property
    def cpu_seconds(self) -> float:
        """CPU its process has used."""
        times = psutil.Process(self.process_id).cpu_times()
        return float(times.user + times.system)

    def sell(self, sales: int) -> None:
        """Ring up exactly so many sales."""
        answer = httpx.post(f"{self.control_url}/advance", json={"sales": sales}, timeout=120, trust_env=False)
        answer.raise_for_status()

    def wait_before_answers(self, milliseconds: int) -> None:
        """Be so far away from now on."""
        answer = httpx.post(f"{self.control_url}/faults", json={"latency_ms": milliseconds}, trust_env=False)
        answer.raise_for_status()

    def requests(self) -> Counter[str]:
        """Requests by `METHOD /path` since somebody last asked."""
        answer = httpx.delete(f"{self.control_url}/requests", timeout=60, trust_env=False).raise_for_status()
        return Counter(answer.json()[self.provider])

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
def sandbox_cloud(
    *, merchant: str, days: int, sales_per_day: int, provider: str = "square", limits: bool = True
) -> Iterator[Cloud]:
    """A cloud of one merchant with a history; see the sandbox's own `--help` for what the words mean."""
    command = [sys.executable, "-m", "pos_pipeline.sandbox", "--port", "0", "--merchants", merchant]
    command += ["--days", str(days), "--sales-per-day", str(sales_per_day)]
    command += [] if limits else ["--no-rate-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    try:
        assert process.stdout is not None
        ready = msgspec.json.decode(process.stdout.readline())
        url = ready["base_urls"][provider]
        control = f"{url.removesuffix(f'/{provider}')}/_sandbox"
        asked = {"provider": provider}
        known = httpx.get(f"{control}/merchants", params=asked, timeout=60, trust_env=False).raise_for_status()
        yield Cloud(provider, url, control, known.json()["merchants"][0], process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
