"""The supervisor: children that live as long as it does, and no longer."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.orchestration import dev
from pos_pipeline.orchestration.children import Child, Children
from pos_pipeline.orchestration.simulated import needs_sandbox, sandbox_environment
from pos_pipeline.settings import Settings

SUPERVISOR = """
import os, signal, sys, time
from pathlib import Path
from pos_pipeline.orchestration.children import Child, Children
signal.signal(signal.SIGINT, signal.SIG_IGN)
children = Children(os.environ, Path(sys.argv[1]))
child = Child("web", ["http.server", "0", "--bind", "127.0.0.1"], Path(sys.argv[1]) / "web.log")
children.start(child)
print(child.process_id, flush=True)
time.sleep(60)
"""


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold before that long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(process_id: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """No children yet; all are stopped at the end."""
    children = Children(os.environ, tmp_path)
    yield children
    children.stop()


def server(tmp_path: Path) -> Child:
    """A child that serves until told to end."""
    return Child("web", ["http.server", "0", "--bind", "127.0.0.1"], tmp_path / "web.log")


def test_child_that_died_is_started_again(children: Children, tmp_path: Path) -> None:
    """A death is reported once with its status, and after a pause another process is there."""
    child = server(tmp_path)
    children.start(child)
    first = child.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert within(10, lambda: not child.is_alive)

    assert children.look_after() == [(child, -signal.SIGKILL)]
    assert children.look_after() == []
    assert within(10, lambda: children.look_after() == [] and child.is_alive)
    assert child.process_id != first


def test_pause_grows_with_early_deaths(children: Children, tmp_path: Path) -> None:
    """A child that cannot start is not started in a busy loop."""
    child = Child("broken", ["no_such_module"], tmp_path / "broken.log")
    children.start(child)
    assert within(20, lambda: bool(children.look_after()))
    assert within(20, lambda: bool(children.look_after()))

    assert child.deaths == 2
    assert not child.may_start
    assert "No module named no_such_module" in child.log.read_text()


def test_stop_ends_every_child(tmp_path: Path) -> None:
    """After stopping nothing is left, also of a child that does not listen."""
    children = Children(os.environ, tmp_path)
    members = [server(tmp_path), server(tmp_path)]
    for child in members:
        children.start(child)
    ids = [child.process_id or 0 for child in members]
    children.stop()

    assert not any(is_running(process_id) for process_id in ids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path, number: int) -> None:
    """However the supervisor ends, its children end; there are no orphans to clean up at the next start."""
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:  # noqa: S603 - our own interpreter
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        assert within(20, lambda: "Serving" in (tmp_path / "web.log").read_text() or is_running(child))
        supervisor.send_signal(number)
        supervisor.wait()

    assert within(20, lambda: not is_running(child))


def test_second_start_on_the_same_home_is_refused(tmp_path: Path) -> None:
    """Two supervisors would fight over one daemon; the second is told who holds the home."""
    settings = Settings(pos_home=tmp_path)
    with dev._only_one(settings), pytest.raises(InvalidRequest, match=f"process {os.getpid()}"):
        dev.serve(settings, Console(quiet=True))


def test_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    """A port of somebody else is reported with the setting that changes it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(pos_home=tmp_path, dagster_port=port)

        with pytest.raises(InvalidRequest, match=f"port {port} .* DAGSTER_PORT"):
            dev.serve(settings, Console(quiet=True))


def test_ctrl_c_is_heard_even_if_the_shell_ignored_it() -> None:
    """A background job of a shell inherits an ignored SIGINT; the supervisor overrules that and restores it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    try:
        with dev._signals(stop):
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(5)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_sandbox_stands_in_only_when_nothing_is_set(tmp_path: Path) -> None:
    """With an app of ours or another server named, the simulated clouds stay away."""
    settings = Settings(pos_home=tmp_path, sandbox_port=8123)

    assert needs_sandbox({})
    assert not needs_sandbox({"SQUARE_APP_ID": "ours"})
    assert not needs_sandbox(sandbox_environment(settings))
    assert sandbox_environment(settings)["SQUARE_BASE_URL"] == "http://127.0.0.1:8123/square"


@pytest.mark.parametrize(("broker", "listens"), [(None, False), ("amqp://guest:guest@127.0.0.1/", True)])
def test_the_consumer_runs_where_there_is_a_broker(tmp_path: Path, broker: str | None, listens: bool) -> None:
    """Without one there is nothing to listen to, and a child that ends at once would be started for ever."""
    settings = Settings(pos_home=tmp_path, rabbitmq_url=SecretStr(broker) if broker else None)

    assert ("consumer" in dev._commands(settings, 1, tmp_path / "workspace.yaml")) is listens
