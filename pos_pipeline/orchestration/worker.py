"""The warm worker: `celery -A pos_pipeline.orchestration.worker worker`.

The project is imported once, before the pool forks, so a run starts at once and its processes share
the memory of the imports. Importing this module is starting a worker: it reads the environment.
"""

import os
import signal
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus
from dagster._cli.api import _execute_run_command_body
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.config import TASK_EXECUTE_JOB_NAME

import pos_pipeline.definitions  # noqa: F401 - warms the processes that are forked from this one
from pos_pipeline.orchestration.broker import celery_app
from pos_pipeline.orchestration.instance import BROKER_VARIABLE, DAGSTER_URL_VARIABLE
from pos_pipeline.orchestration.lease import hold_lease
from pos_pipeline.settings import Settings, load_settings
from pos_pipeline.transform.project import load_project

load_project(load_settings(Settings))  # so that no process parses dbt's project for itself
app = celery_app(os.environ[BROKER_VARIABLE])


@app.task(name=TASK_EXECUTE_JOB_NAME)  # type: ignore[untyped-decorator]
def execute_job(execute_job_args_packed: Any) -> None:
    """Execute one run under its lease; a run that another process executes is left to it.

    Dagster ties SIGTERM to Celery's ignored SIGINT when a run ends, which would make this process
    deaf to Celery's own shutdown: both are put back.
    """
    arguments = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with hold_lease(os.environ[DAGSTER_URL_VARIABLE], arguments.run_id) as is_ours:
        if is_ours:
            with DagsterInstance.get() as instance:
                _execute(instance, arguments.run_id)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _execute(instance: DagsterInstance, run_id: str) -> None:
    """Execute a run, unless it was canceled while its message was on the way."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run)
        return
    _execute_run_command_body(
        run_id=run_id, instance=instance, write_stream_fn=lambda _: None, set_exit_code_on_failure=True
    )
