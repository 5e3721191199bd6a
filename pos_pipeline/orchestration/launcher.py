"""Hands a run to a warm worker and knows what became of it.

dagster-celery's launcher with three things made right. `terminate` says that the run is being
canceled before it asks, else a canceled run counts as failed and is retried. `resume` is not
offered: its task refuses its own arguments. Health is asked of the run's lease, not of Celery's
result backend, which reports a redelivered duplicate as success and a dead worker as started.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster import DagsterRun, DagsterRunStatus, StringSource
from dagster import _check as check
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher

from pos_pipeline.orchestration.broker import QUEUE, celery_settings
from pos_pipeline.orchestration.lease import ask_to_stop, is_held


class PosCeleryRunLauncher(CeleryRunLauncher):
    """Runs as Celery tasks, over RabbitMQ or a table; a worker is `pos_pipeline.orchestration.worker`."""

    def __init__(self, broker: str, dagster_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.dagster_url = dagster_url
        super().__init__(
            default_queue=QUEUE,
            broker=broker,
            backend="disabled://",
            config_source=celery_settings(broker),
            inst_data=inst_data,
        )

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What dagster.yaml says about it."""
        return {"broker": StringSource, "dagster_url": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Built by Dagster from `run_launcher` of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_resume_run(self) -> bool:
        """Never: a run that lost its worker is failed and launched again by `run_retries`."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Cancel a run. One that no worker has begun is canceled on the spot.

        False when there is nothing to cancel: no such run, or it is over.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if run.status != DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        if is_held(self.dagster_url, run_id):
            ask_to_stop(self.dagster_url, run_id)
        else:
            self._instance.report_run_canceled(run, "Canceled: no worker was executing it.")
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while a process holds the run's lease, SUCCESS once the run is over, else FAILED.

        Asked only about started runs. A worker takes the lease before it reports the start and gives
        it back after it reports the end, so started without a lease means that its worker is gone.
        """
        if is_held(self.dagster_url, run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if check.not_none(self._instance.get_run_by_id(run.run_id)).is_finished:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        return CheckRunHealthResult(WorkerStatus.FAILED, "The process that executed the run is gone.")

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str:  # noqa: ARG002
        """A sentence for the run's event log when it is failed from outside."""
        held = is_held(self.dagster_url, run.run_id)
        return f"A process {'still holds' if held else 'no longer holds'} the lease of this run."
