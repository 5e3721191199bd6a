"""Dagster's queue, which lets pass what somebody waits for.

    asked, a worker is free, nothing alike runs ──▶ launched by whoever submits it
    everything else ────────────────────────────▶ queued; the daemon looks once a second

A sale on its way into the marts is two runs, so the queue alone would cost it a second on average. Limits
are for order here, not for correctness: the locks of connections and the claims of loads are the authority.
"""

from dagster import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES

ASKED = ("pos/trigger", "asked")
ALIKE = ("pos/syncs", "pos/kind")
"""The first of these tags that a run has says what runs one at a time."""


class PromptRunCoordinator(QueuedRunCoordinator):
    """A `QueuedRunCoordinator` with a way past the queue."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Launch the run or queue it; the run as it is then."""
        run = context.dagster_run
        if run.status != DagsterRunStatus.NOT_STARTED or not self._may_pass(run):
            return super().submit_run(context)
        return self._instance.launch_run(run.run_id, context.workspace)

    def _may_pass(self, run: DagsterRun) -> bool:
        name, value = ASKED
        alike = next((tag for tag in ALIKE if tag in run.tags), None)
        if run.tags.get(name) != value or alike is None:
            return False
        queue = self._instance.get_concurrency_config().run_queue_config
        active = self._instance.get_runs(RunsFilter(statuses=ACTIVE_RUN_STATUSES))
        has_room = queue is not None and len(active) < (queue.max_concurrent_runs or 0)
        return has_room and all(one.tags.get(alike) != run.tags[alike] for one in active)
