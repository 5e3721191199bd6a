"""A worker process of a test: given jobs, killed at will, never the test's own process."""

import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from rig.job import Job, Place, Report

TESTS = Path(__file__).resolve().parent.parent


class Worker:
    """Starts warm once; every job runs in a fresh fork of it.

    Args:
        log: Where everything its children print goes.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rig.worker_process"],
                cwd=TESTS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
            )

    def run(self, job: Job) -> Report:
        """Do a job to its end, its death or its standstill.

        Raises:
            AssertionError: the work itself failed; the message is the error.
        """
        return self._ask(job)

    def kill(self, job: Job, place: Place) -> Report:
        """Do a job until `place`, and kill it there as `kill -9` does."""
        return self._ask(msgspec.structs.replace(job, place=place, signal=int(signal.SIGKILL)))

    def hold(self, job: Job, place: Place) -> Report:
        """Do a job until `place`, where it stands still until `go_on`."""
        return self._ask(msgspec.structs.replace(job, place=place, signal=int(signal.SIGSTOP)))

    def go_on(self) -> Report:
        """Let the held job come to its end."""
        return self._ask(None)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, job: Job | None) -> Report:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the worker is gone:\n{self.log.read_text()[-2000:]}"
        report = msgspec.json.decode(answer, type=Report)
        assert not report.error, f"{report.error}\n{self.log.read_text()[-8000:]}"
        return report
