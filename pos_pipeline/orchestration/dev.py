"""Everything on one machine, until Ctrl-C: `pos-pipeline dev`.

    this process ─┬─ sandbox      the simulated POS clouds, when no real app is configured
                  ├─ gateway      REST, webhooks
                  ├─ consumer     what other services ask for, when RABBITMQ_URL is set
                  ├─ code         assets and sensors, one process for the two below
                  ├─ webserver    the UI
                  ├─ daemon       sensors, schedules, queue, monitoring
                  └─ worker       executes runs in warm processes

The embedded server is started first and stopped last, unless somebody else had it running.
"""

import fcntl
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from dagster import DagsterInstance
from rich.console import Console
from rich.table import Table

from pos_pipeline.errors import InvalidRequest, PipelineError
from pos_pipeline.orchestration.children import Child, Children
from pos_pipeline.orchestration.instance import limit_imports, prepare_instance
from pos_pipeline.orchestration.simulated import needs_sandbox, sandbox_environment
from pos_pipeline.providers import load_providers
from pos_pipeline.settings import PROJECT_ROOT, Settings
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.embedded import is_running, stop_embedded, warehouse_url
from pos_pipeline.warehouse.migrate import upgrade

WORKER_PROCESSES = 4
"""As many as dagster.yaml lets runs be under way."""

START_SECONDS = 60.0
LOOK_SECONDS = 0.5
LOOPBACK = "127.0.0.1"


def serve(settings: Settings, console: Console, stop: threading.Event | None = None) -> None:
    """Start everything, print where it is, look after it until SIGINT, SIGTERM or `stop`, and end it.

    Raises:
        InvalidRequest: this POS_HOME is served already, or a port is taken.
        Misconfigured, WarehouseUnavailable: the warehouse cannot be reached.
    """
    stop = stop or threading.Event()
    with _only_one(settings), _signals(stop):
        for name, port in (("DAGSTER_PORT", settings.dagster_port), ("PORT", settings.port)):
            _require_free(name, port)
        was_running = settings.database_url is not None or is_running(settings)
        try:
            environment = _environment(settings)
            children = Children(environment, PROJECT_ROOT)
            try:
                _start(settings, children, stop)
                console.print(_table(settings))
                _look_after(children, console, stop)
            finally:
                console.print("Stopping …")
                children.stop()
        finally:
            if not was_running:
                stop_embedded(settings)


def _environment(settings: Settings) -> dict[str, str]:
    """Warehouse upgraded, Dagster's home made; the variables every child gets."""
    url = warehouse_url(settings)
    database = Database(url)
    try:
        upgrade(database, load_providers().values())
    finally:
        database.close()
    environment = {**os.environ, **prepare_instance(settings)}
    with DagsterInstance.get() as dagster:
        limit_imports(dagster, load_providers())
    environment |= {"DATABASE_URL": url, "POS_HOME": str(settings.pos_home), "PYTHONUNBUFFERED": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode every start compiles everything again
    if needs_sandbox(environment):
        environment |= sandbox_environment(settings)
    return environment


def _start(settings: Settings, children: Children, stop: threading.Event) -> None:
    """Start the children in order; returns when the UI answers.

    Raises:
        PipelineError: something does not answer within `START_SECONDS`.
    """
    logs = settings.pos_home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    code_port = _free_port()
    workspace = settings.pos_home / "dagster" / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{host: {LOOPBACK}, port: {code_port}, location_name: pos_pipeline}}\n"
    )
    for name, arguments in _commands(settings, code_port, workspace).items():
        if name == "webserver":  # it and the daemon look for the code once, at their start
            _wait(lambda: _is_open(code_port), children, stop)
        log = logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.old"))
        children.start(Child(name, arguments, log))
    _wait(lambda: _answers(f"http://{LOOPBACK}:{settings.dagster_port}/server_info"), children, stop)


def _commands(settings: Settings, code_port: int, workspace: Path) -> dict[str, list[str]]:
    """Modules and arguments by child, in the order they are started."""
    sandbox = [
        "pos_pipeline.sandbox",
        "--port",
        str(settings.sandbox_port),
        "--home",
        str(settings.pos_home / "sandbox"),
    ]
    code = ["dagster", "api", "grpc", "--module-name", "pos_pipeline.definitions", "--lazy-load-user-code"]
    return {
        **({"sandbox": sandbox} if needs_sandbox(os.environ) else {}),
        "gateway": ["pos_pipeline.gateway"],
        **({"consumer": ["pos_pipeline.consumer"]} if settings.rabbitmq_url else {}),
        "code": [*code, "--host", LOOPBACK, "--port", str(code_port), "--location-name", "pos_pipeline"],
        "worker": [
            *("celery", "-A", "pos_pipeline.orchestration.worker", "worker", "--concurrency", str(WORKER_PROCESSES)),
            *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
        ],
        "webserver": ["dagster_webserver", "-w", str(workspace), "-h", LOOPBACK, "-p", str(settings.dagster_port)],
        "daemon": ["dagster._daemon", "run", "-w", str(workspace)],
    }


def _look_after(children: Children, console: Console, stop: threading.Event) -> None:
    while not stop.wait(LOOK_SECONDS):
        for child, status in children.look_after():
            console.print(f"{child.name} ended with {status} and is started again; see {child.log}")


def _wait(is_ready: Callable[[], bool], children: Children, stop: threading.Event) -> None:
    """Until ready, asked to stop, or too late."""
    deadline = time.monotonic() + START_SECONDS
    while not is_ready() and not stop.wait(0.1):
        dead = [child for child in children.members if not child.is_alive]
        if dead or time.monotonic() > deadline:
            culprit = (dead or children.members)[-1]
            raise PipelineError(f"dev: {culprit.name} does not start; the reason is at the end of {culprit.log}.")


def _table(settings: Settings) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("Dagster", f"http://{LOOPBACK}:{settings.dagster_port}")
    table.add_row("Gateway", f"http://{LOOPBACK}:{settings.port}/api/v1/pos/openapi.json")
    if needs_sandbox(os.environ):
        table.add_row("Sandbox", f"http://{LOOPBACK}:{settings.sandbox_port}")
    table.add_row("Warehouse", "DATABASE_URL" if settings.database_url else f"embedded, in {settings.pos_home}")
    table.add_row("Events", "RABBITMQ_URL" if settings.rabbitmq_url else "wait in the outbox: RABBITMQ_URL is not set")
    table.add_row("Logs", str(settings.pos_home / "logs"))
    table.add_row("Stop", "Ctrl-C")
    return table


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold this home for one supervisor; the kernel lets go when it dies.

    Raises:
        InvalidRequest: another one holds it.
    """
    settings.pos_home.mkdir(parents=True, exist_ok=True)
    path = settings.pos_home / "dev.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InvalidRequest(
                f"dev: {settings.pos_home} is served already (process {lock.read().strip() or '?'}). "
                "Stop that one with Ctrl-C, or set POS_HOME and DAGSTER_PORT for a second."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop`; a shell that ignores SIGINT for background jobs is overruled."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_free(variable: str, port: int) -> None:
    if _is_open(port):
        raise InvalidRequest(f"dev: port {port} is taken by another program. Stop it, or set {variable}.")


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 - our own http address
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False
