"""The embedded server: one per POS_HOME, whoever comes first, whatever dies."""

import os
import signal
from collections.abc import Callable
from subprocess import Popen

import psycopg
import pytest

from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.embedded import is_running, stop_embedded, warehouse_url
from pos_pipeline.warehouse.server_home import server_home

Ask = Callable[[str, str], object]
Process = Callable[[str], "Popen[str]"]

STARTED_AT = "select pg_postmaster_start_time()::text"


def starting(settings: Settings) -> str:
    """Code of a process that starts or joins the server and prints its URL."""
    return f"""
from pathlib import Path
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.embedded import warehouse_url
print(warehouse_url(Settings(pos_home=Path({str(settings.pos_home)!r}))), flush=True)
"""


def server_pid(settings: Settings) -> int:
    """Process id of the server's first process."""
    return int((server_home(settings.pos_home).data / "postmaster.pid").read_text().split()[0])


def test_first_use_starts_a_server(running: Settings, ask: Ask) -> None:
    """Without DATABASE_URL the warehouse is database `pos` of a real Postgres 18."""
    url = warehouse_url(running)

    assert ask(url, "select current_database()") == "pos"
    assert str(ask(url, "show server_version")).startswith("18.")
    assert is_running(running)


def test_only_its_own_socket_is_open(running: Settings, ask: Ask) -> None:
    """Nobody reaches the server over the network, nor another account through its socket folder."""
    assert ask(warehouse_url(running), "show listen_addresses") == ""
    assert server_home(running.pos_home).sockets.stat().st_mode & 0o077 == 0


def test_every_process_joins_the_same_server(running: Settings, ask: Ask, process: Process) -> None:
    """A second process of the same POS_HOME gets the server that runs."""
    other, _ = process(starting(running)).communicate(timeout=60)

    assert other.strip() == warehouse_url(running)
    assert ask(other.strip(), STARTED_AT) == ask(warehouse_url(running), STARTED_AT)


def test_processes_that_start_at_once_share_one_server(fresh: Settings, ask: Ask, process: Process) -> None:
    """Of several first processes one makes the server and the others join it; none fails."""
    together = [process(starting(fresh)) for _ in range(4)]
    urls = {each.communicate(timeout=120)[0].strip() for each in together}

    assert [each.returncode for each in together] == [0, 0, 0, 0]
    assert len(urls) == 1
    assert ask(urls.pop(), "select count(*) from pg_database where datname = 'pos'") == 1


def test_server_outlives_a_killed_starter(running: Settings, ask: Ask, process: Process) -> None:
    """A starter that is killed with -9 leaves the server to the others."""
    stop_embedded(running)
    starter = process(starting(running) + "input()")
    assert starter.stdout is not None
    url = starter.stdout.readline().strip()
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()

    assert ask(url, "select 1") == 1
    assert is_running(running)


def test_killed_server_is_started_again(running: Settings, ask: Ask) -> None:
    """A server that is killed with -9 loses nothing committed; the next use starts it again."""
    with psycopg.connect(warehouse_url(running), autocommit=True) as session:
        session.execute("create table kept (id int)")
        session.execute("insert into kept values (1)")
        os.kill(server_pid(running), signal.SIGKILL)
        url = warehouse_url(running)

    assert ask(url, "select count(*) from kept") == 1


def test_pid_of_another_program_is_not_the_server(running: Settings, ask: Ask) -> None:
    """A pid file whose pid went to another program, as after a reboot, does not keep the server down."""
    stop_embedded(running)
    server_home(running.pos_home).data.joinpath("postmaster.pid").write_text(f"{os.getpid()}\n")

    assert not is_running(running)
    assert ask(warehouse_url(running), "select 1") == 1


def test_lost_socket_is_made_again(running: Settings, ask: Ask) -> None:
    """A server whose socket somebody cleaned away is restarted with a new one."""
    (server_home(running.pos_home).sockets / ".s.PGSQL.5432").unlink()

    assert ask(warehouse_url(running), "select 1") == 1


def test_interrupted_first_start_is_done_over(fresh: Settings, ask: Ask) -> None:
    """Half of a data directory is never taken for a whole one."""
    half = server_home(fresh.pos_home).folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    assert ask(warehouse_url(fresh), "select 1") == 1
    assert not half.exists()


def test_stopping_ends_open_sessions_and_keeps_the_data(running: Settings, ask: Ask) -> None:
    """Stop works while somebody is connected, says what it did, and the data is there afterwards."""
    with psycopg.connect(warehouse_url(running), autocommit=True) as session:
        session.execute("create table if not exists stays (id int)")
        stopped = stop_embedded(running)
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")

    assert stopped
    assert not is_running(running)
    assert not stop_embedded(running)
    assert ask(warehouse_url(running), "select count(*) from stays") == 0
