"""Who waits in Dagster's queue and who does not."""

from collections.abc import Callable
from typing import Any, cast

import dagster as dg
import pytest
from dagster import DagsterInstance
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

WORKERS = 4
"""What dagster.yaml lets run at once."""
ASKED = {"pos/trigger": "asked", "pos/syncs": "square:cafes", "pos/kind": "live"}
STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def submit(dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], bool]:
    """Submits a run with these tags; whether it was launched instead of queued."""
    ways: list[str] = []

    def launch(run_id: str, _: object) -> dg.DagsterRun:
        ways.append("launched")
        return cast("dg.DagsterRun", dagster.get_run_by_id(run_id))

    def queue(_: QueuedRunCoordinator, context: SubmitRunContext) -> dg.DagsterRun:
        ways.append("queued")
        return context.dagster_run

    monkeypatch.setattr(dagster, "launch_run", launch)
    monkeypatch.setattr(QueuedRunCoordinator, "submit_run", queue)

    def submit_one(tags: dict[str, str]) -> bool:
        run = dagster.run_storage.add_run(dg.DagsterRun("job", run_id="mine", tags=tags))
        dagster.run_coordinator.submit_run(SubmitRunContext(run, cast("Any", None)))
        [way] = ways
        return way == "launched"

    return submit_one


def begin(dagster: DagsterInstance, run_id: str, tags: dict[str, str]) -> None:
    """A run that occupies a worker."""
    dagster.run_storage.add_run(dg.DagsterRun("job", run_id=run_id, status=STARTED, tags=tags))


def test_what_somebody_waits_for_is_launched(
    dagster: DagsterInstance, submit: Callable[[dict[str, str]], bool]
) -> None:
    """Also beside the sync of another tenant and the marts."""
    begin(dagster, "other", {"pos/syncs": "square:panaderia", "pos/kind": "live"})
    begin(dagster, "marts", {"pos/kind": "marts"})

    assert submit(ASKED)


def test_marts_are_launched_beside_syncs(dagster: DagsterInstance, submit: Callable[[dict[str, str]], bool]) -> None:
    """They are alike by their kind."""
    begin(dagster, "sync", ASKED)

    assert submit({"pos/trigger": "asked", "pos/kind": "marts"})


@pytest.mark.parametrize(
    "tags",
    [{**ASKED, "pos/trigger": "due"}, {}, {"pos/trigger": "asked"}],
    ids=["by the clock", "by a person in the UI", "of no kind"],
)
def test_others_are_queued(tags: dict[str, str], submit: Callable[[dict[str, str]], bool]) -> None:
    """Nobody waits for them."""
    assert not submit(tags)


def test_one_at_a_time(dagster: DagsterInstance, submit: Callable[[dict[str, str]], bool]) -> None:
    """A second sync of the same tenant at the same POS waits its turn."""
    begin(dagster, "same", ASKED)

    assert not submit(ASKED)


def test_never_more_than_there_are_workers(dagster: DagsterInstance, submit: Callable[[dict[str, str]], bool]) -> None:
    """Else runs would wait where no priority counts."""
    for number in range(WORKERS):
        begin(dagster, f"run{number}", {"pos/syncs": f"square:t{number}"})

    assert not submit(ASKED)
