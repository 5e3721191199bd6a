"""The whole pipeline, or its gateway alone, as processes beside the benchmark, and a tenant's way in."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
from pydantic import SecretStr

from benchmarks.sandbox import Cloud
from pos_pipeline.gateway.local_key import issue_token, local_key
from pos_pipeline.gateway.settings import GatewaySettings

START_SECONDS = 120.0
TOKEN_SECONDS = 3600
DEV = ("-c", "from pos_pipeline.cli import main; main()", "dev", "--json")
GATEWAY = ("-m", "pos_pipeline.gateway")


@dataclass
class Stack:
    """Processes that serve one database. Its gateway listens on loopback."""

    command: Sequence[str]
    environment: Mapping[str, str]
    home: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """The gateway's routes."""
        return f"http://127.0.0.1:{self.port}/api/v1/pos"

    def start(self) -> None:
        """Start and wait until it is ready.

        Raises:
            TimeoutError: it is not ready within `START_SECONDS`.
        """
        with (self.home / "stack.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *self.command], env=dict(self.environment), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"{self.command}: not ready; see {self.home}/stack.log")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    def client(self, tenant_id: UUID) -> httpx.Client:
        """Requests of a tenant who may do everything."""
        key: SecretStr = local_key(self.home)
        token = issue_token(
            GatewaySettings(), key, tenant_id, subject="benchmark", scopes="admin", seconds=TOKEN_SECONDS
        )
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def open_stack(command: Sequence[str], url: str, cloud: Cloud, **settings: str) -> Iterator[Stack]:
    """Processes over the database of `url`, led to the cloud, in a home that is forgotten."""
    with TemporaryDirectory(prefix="pos-bench-") as home:
        port, dagster_port = _free_port(), _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **cloud.environment,
            "DATABASE_URL": url,
            "POS_HOME": home,
            "PORT": str(port),
            "DAGSTER_PORT": str(dagster_port),
            **settings,
        }
        stack = Stack(command, environment, Path(home), port)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
