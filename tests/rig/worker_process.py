"""Does a pipeline's work in children that may be killed; run by `rig.worker`.

Starting Python with dlt and dbt costs seconds, a fork of a process that has imported them costs
milliseconds. This process imports, reads the dbt project, opens nothing, and forks once per job.

    one JSON line in: Job ──fork──▶ child works, is stopped or killed ──▶ one JSON line out: Report
"""

import faulthandler
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

import msgspec

from pos_pipeline.events.rabbitmq import publish_pending
from pos_pipeline.extract import SyncOutcome, sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.services import Services, open_services
from pos_pipeline.settings import Settings
from pos_pipeline.transform import run_transform
from pos_pipeline.transform.project import load_project
from rig.crash_points import CrashPoints
from rig.job import Job, Report, Step

STUCK_SECONDS = 180.0
STUCK = msgspec.json.encode(Report(error=f"still not done after {STUCK_SECONDS:.0f} s; its stacks are in the log"))


def serve() -> None:
    """Take jobs until the input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    with TemporaryDirectory() as home:
        load_project(Settings(pos_home=Path(home)))
    # A file and no pipe: the places of a first import are more than a pipe holds while nobody reads.
    with TemporaryFile() as results:
        child = 0
        for line in sys.stdin.buffer:
            job = msgspec.json.decode(line, type=Job | None)
            if job is None:
                os.kill(child, signal.SIGCONT)
            else:
                child = _start(job, results)
            _, status = os.waitpid(child, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                report = Report(stopped=True)
            elif os.WIFSIGNALED(status):
                report = Report(signal=os.WTERMSIG(status))
            else:
                results.seek(0)
                report = msgspec.json.decode(results.read() or STUCK, type=Report)
            answers.write(msgspec.json.encode(report) + b"\n")


def _start(job: Job, results: IO[bytes]) -> int:
    results.seek(0)
    results.truncate()
    if child := os.fork():
        return child
    # Never return: the parent's loop, its input and its exit handlers are not the child's.
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
    try:
        os.environ.update(job.environment)
        report = _do(job)
        results.write(msgspec.json.encode(report))
        results.flush()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test is told
        with suppress(BaseException):
            sys.excepthook(*sys.exc_info())
            results.write(msgspec.json.encode(Report(error=repr(sys.exc_info()[1]))))
            results.flush()
        os._exit(1)


def _do(job: Job) -> Report:
    points = CrashPoints(job.place, job.signal)
    points.put()
    report = Report(passed=points.passed)
    with open_services(Settings(_env_file=None, **job.settings)) as services:
        for step in job.steps:
            points.now_in = step.phase
            if step.kind == "transform":
                run_transform(services).raise_for_failure()
            elif step.kind == "publish":
                publish_pending(services, exchange=step.exchange)
            else:
                outcomes = _sync(services, step)
                report.statuses.extend(outcome.status for outcome in outcomes)
                report.errors.extend(repr(outcome.error) for outcome in outcomes if outcome.error)
    return report


def _sync(services: Services, step: Step) -> list[SyncOutcome]:
    if step.kind == "window":
        window = Window(step.start, step.end)
        return [sync_window(services, one, window) for one in step.connection_ids]
    return sync_live(services, step.connection_ids, streams=step.streams, now=step.now)


if __name__ == "__main__":
    serve()
