"""Processes of one machine: started in groups of their own, started again when they die, stopped together.

Every child hangs on a lifeline, so nothing survives a supervisor that was killed. The supervisor must
handle SIGINT and SIGTERM itself before it starts a child: a signal that is ignored stays ignored in
children, and a child that ignores both can only be killed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0
"""A child that lived so long and dies is started again at once."""

STOP_SECONDS = 6.0


@dataclass
class Child:
    """One module run as a process; its output goes to `log`."""

    name: str
    arguments: Sequence[str]
    """Module and its arguments, as after `python -m`."""
    log: Path
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _not_before: float = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        """Of the process that runs or ran last."""
        return self._process.pid if self._process else None

    def start(self, environment: Mapping[str, str], folder: Path, lifeline: int) -> None:
        """Start the process in a group of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", "pos_pipeline.orchestration.lifeline", str(lifeline), *self.arguments],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lifeline],
                process_group=0,
            )
        self._started_at = time.monotonic()

    def bury(self) -> int:
        """Note a death and when to start again, later with each early death; the exit status."""
        assert self._process is not None  # noqa: S101 - only what ran can die
        self.signal(signal.SIGKILL)  # what it left behind in its group
        lived = time.monotonic() - self._started_at
        self.deaths = 1 if lived > SETTLED_SECONDS else self.deaths + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        self._not_before = time.monotonic() + (0.0 if lived > SETTLED_SECONDS else pause)
        status = self._process.returncode
        self._process = None
        return status

    @property
    def may_start(self) -> bool:
        """Whether the pause after its last death is over."""
        return self._process is None and time.monotonic() >= self._not_before

    def ask_to_end(self) -> None:
        """SIGTERM to the process alone, which ends its own children in order."""
        if self._process and self.is_alive:
            self._process.terminate()

    def signal(self, number: signal.Signals) -> None:
        """A signal to the whole group."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def reap(self) -> None:
        """Collect the exit status."""
        if self._process:
            self._process.wait()


@dataclass
class Children:
    """Several children and what they share."""

    environment: Mapping[str, str]
    folder: Path
    members: list[Child] = field(default_factory=list)
    _lifeline: tuple[int, int] = field(default_factory=os.pipe)

    def start(self, child: Child) -> None:
        """Start a child and look after it from now on."""
        self.members.append(child)
        child.start(self.environment, self.folder, self._lifeline[0])

    def look_after(self) -> list[tuple[Child, int]]:
        """Start again what may be; the children that died since the last look, with their exit status."""
        died = []
        for child in self.members:
            if child.process_id is not None and not child.is_alive:
                died.append((child, child.bury()))
            elif child.may_start:
                child.start(self.environment, self.folder, self._lifeline[0])
        return died

    def stop(self) -> None:
        """End all within `STOP_SECONDS`, last started first; what does not end by then is killed."""
        for child in reversed(self.members):
            child.ask_to_end()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_alive for child in self.members) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in self.members:
            child.signal(signal.SIGKILL)
            child.reap()
        for descriptor in self._lifeline:
            os.close(descriptor)
