"""dbt's data tests, as a list of answers."""

import json
from dataclasses import dataclass
from typing import Any

from pos_pipeline.services import Services
from pos_pipeline.transform import engine
from pos_pipeline.transform.failures import explain, without_values
from pos_pipeline.transform.project import load_project
from pos_pipeline.transform.run import THREADS

RECENT = "1 hour"
_SINCE = f"select coalesce(max(batch_id), 0) from etl.batches where claimed_at < now() - interval '{RECENT}'"


@dataclass(frozen=True)
class TestOutcome:
    """The answer of one data test."""

    __test__ = False

    name: str
    model: str
    """Model the test belongs to."""
    description: str
    """The claim it makes, one sentence."""
    status: str
    """pass, warn, fail or error."""
    failures: int
    """Rows that contradict it."""
    severity: str
    """ERROR or WARN: what a failure means."""
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing contradicts the claim."""
        return self.status == "pass"


def run_tests(services: Services, recent_only: bool = True) -> tuple[TestOutcome, ...]:
    """Outcome of every data test; rows of the last hour's batches, or with `recent_only=False` all rows.

    Reads only, so it may run beside a transform of another process; it then sees one state or the other.

    Raises:
        WarehouseUnavailable: Postgres does not answer.
        TransformFailed: dbt stopped before it got to the tests.
    """
    project = load_project(services.settings)
    since = services.database.fetch(_SINCE)[0][0] if recent_only else 0
    target = services.settings.pos_home / "dbt" / "test"
    target.mkdir(parents=True, exist_ok=True)
    outcome = engine.invoke(
        [
            "test",
            "--vars",
            json.dumps({"tests_since_batch": since}),
            "--threads",
            str(THREADS),
            "--no-write-json",
            "--exclude-resource-type",
            "unit_test",
        ],
        project_dir=services.settings.dbt_project_dir,
        target_dir=target,
        url=services.database.url,
        manifest=project.manifest,
    )
    if outcome.result is None:
        raise explain(outcome.exception, ())
    return tuple(_outcome(result) for result in outcome.result.results)


def _outcome(result: Any) -> TestOutcome:
    attached = result.node.attached_node or next(iter(result.node.depends_on_nodes), "")
    return TestOutcome(
        name=result.node.name,
        model=attached.rpartition(".")[2],
        description=result.node.description,
        status=str(result.status),
        failures=result.failures or 0,
        severity=str(result.node.config.severity).upper(),
        message=without_values(result.message or ""),
    )
