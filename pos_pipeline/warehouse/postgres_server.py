"""Runs the embedded server of one home: starts it once for everybody, joins it, stops it.

A process that finds the server answering takes no lock. Else it takes the home's file lock, looks
again, and starts it; processes that come at the same time wait for the lock and then join. The
server is nobody's child, so it outlives whoever started it. What a kill -9 leaves behind (a pid file
without a process, or one whose pid is another program by now) is cleared before the start.
"""

import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from pos_pipeline.errors import WarehouseUnavailable
from pos_pipeline.warehouse.server_home import SOCKET_NAME, ServerHome, make_private, prepare, programs, server_home

START_TIMEOUT_SECONDS = 60.0
"""Long enough to replay the journal after a kill -9."""
SERVER_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # nothing replicates from here, and COPY into a new table then skips the journal
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "dynamic_shared_memory_type": "mmap",  # a container's /dev/shm is 64 MB, and a parallel join then fails
    "jit": "off",  # costs more than it saves on queries of this size
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def ensure_running(pos_home: Path) -> ServerHome:
    """Start the server of `pos_home`, or join it. About a second the first time, milliseconds after.

    Raises:
        Misconfigured: its folders cannot be made or belong to somebody else.
        WarehouseUnavailable: it does not start; the message quotes the server's log.
    """
    home = server_home(pos_home)
    if _is_answering(home):
        return home
    home = prepare(pos_home)
    with _lock(home):
        if not home.data.exists():
            _initialise(home)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _is_answering(home):
            if not _start(home) or time.monotonic() > deadline:
                raise WarehouseUnavailable(f"embedded server: {home.folder} does not start; {_last_words(home)}")
    return home


def stop(pos_home: Path) -> bool:
    """End the server of `pos_home`, open sessions included. False when it was not running."""
    home = server_home(pos_home)
    if _postmaster(home) is None:
        return False
    with _lock(home):
        if _postmaster(home) is None:
            return False
        finished = _run(home, "pg_ctl", "stop", "-D", str(home.data), "-m", "fast", "-w", "-t", "60")
    if finished.returncode != 0:
        raise WarehouseUnavailable(f"embedded server: {home.folder} does not stop; {_last_words(home)}")
    return True


def remove(pos_home: Path) -> None:
    """End the server of `pos_home` and delete everything it stored."""
    stop(pos_home)
    home = server_home(pos_home)
    for folder in (home.sockets, home.folder):
        if folder.exists():
            shutil.rmtree(folder)


def is_running(pos_home: Path) -> bool:
    """Whether a server process of `pos_home` is alive."""
    return _postmaster(server_home(pos_home)) is not None


def _is_answering(home: ServerHome) -> bool:
    if not home.sockets.exists():
        return False
    try:
        psycopg.connect(host=str(home.sockets), user="postgres", dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@contextlib.contextmanager
def _lock(home: ServerHome) -> Iterator[None]:
    with home.lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _initialise(home: ServerHome) -> None:
    """Make the data directory beside its place and rename it, so that half of one is never taken for whole."""
    unfinished = home.data.with_name("data.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    make_private(unfinished, home.owner)
    settings = [part for name, value in SERVER_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    finished = _run(
        home,
        "initdb",
        *("-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", *settings),
    )
    if finished.returncode != 0:
        shutil.rmtree(unfinished)
        raise WarehouseUnavailable(f"embedded server: cannot make {home.data}: {finished.stdout.strip()[-500:]}")
    unfinished.rename(home.data)


def _start(home: ServerHome) -> bool:
    """One attempt; False when another would fail alike.

    A server that is alive but not answering is given time, or ended if its socket is gone. Sessions of a
    killed server may outlive it for a moment, and until they end no other one starts.
    """
    if _postmaster(home) is not None:
        if not (home.sockets / SOCKET_NAME).exists():
            _run(home, "pg_ctl", "stop", "-D", str(home.data), "-m", "fast", "-w")
        time.sleep(0.1)
        return True
    for left in (home.data / "postmaster.pid", home.sockets / f"{SOCKET_NAME}.lock", home.sockets / SOCKET_NAME):
        left.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        home.log.replace(home.log.with_name("log.1"))
    home.log.touch()
    if os.geteuid() == 0:
        os.chown(home.log, *home.owner)
    place = f"-c listen_addresses='' -c unix_socket_permissions=0700 -k {shlex.quote(str(home.sockets))}"
    finished = _run(home, "pg_ctl", "start", "-D", str(home.data), "-l", str(home.log), "-w", "-t", "60", "-o", place)
    return finished.returncode == 0 or "pre-existing shared memory" in _last_words(home)


def _postmaster(home: ServerHome) -> psutil.Process | None:
    """The live server process of this data directory, whatever the pid file says."""
    try:
        pid = int((home.data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return process if str(home.data) in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def _run(home: ServerHome, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the server as its user. The output goes through a file: a server keeps a pipe open."""
    account: dict[str, object] = {}
    if home.owner[0] != os.geteuid():
        account = {"user": home.owner[0], "group": home.owner[1], "extra_groups": []}
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    with tempfile.TemporaryFile("w+") as output:
        command = [str(programs(home) / program), *arguments]
        finished = subprocess.run(  # noqa: S603 - a fixed program with arguments of our own
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**kept, "LC_ALL": "C"},
            check=False,
            **account,  # type: ignore[call-overload]
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, finished.returncode, output.read())


def _last_words(home: ServerHome) -> str:
    try:
        lines = [line for line in home.log.read_text().splitlines() if line.strip()]
    except OSError:
        lines = []
    return f"its log {home.log} ends: {' | '.join(lines[-3:]) or 'empty'}"
