"""dbt models as assets: one step that models everything that was loaded, and says so per model.

dbt's data tests are checks on the models, asked on a schedule and not after every load: they read
tables, and constraints in the tables already refuse what must never be.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.models import check_name
from pos_pipeline.services import Services
from pos_pipeline.transform import ModelRun, TestOutcome, TransformResult, run_tests, run_transform

LOCK_SECONDS = 600.0
"""How long a run waits for a transform of another process, such as the CLI's."""


def build_models(specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    """Every model in one step, because dbt orders them itself and one batch goes through all of them."""

    @dg.multi_asset(name="dbt_models", specs=specs)
    def dbt_models(
        context: dg.AssetExecutionContext, services: dg.ResourceParam[Services]
    ) -> Iterator[dg.MaterializeResult]:
        result = run_transform(services, wait_seconds=LOCK_SECONDS)
        context.log.info("batch %s claimed %s loads", result.batch_id, result.loads_claimed)
        runs = {run.name: run for run in result.models}
        for spec in specs:
            run = runs.get(spec.key.path[-1])
            if _is_up_to_date(run, result) and (run or not spec.skippable):
                yield dg.MaterializeResult(spec.key, metadata=_metadata(run, result))
        if result.error is not None:
            raise _failure(result)

    return dbt_models


def build_data_tests(specs: Sequence[dg.AssetCheckSpec]) -> dg.AssetChecksDefinition:
    """Dbt's tests over what was modelled in the last hour."""

    @dg.multi_asset_check(name="dbt_tests", specs=specs)
    def dbt_tests(services: dg.ResourceParam[Services]) -> Iterator[dg.AssetCheckResult]:
        outcomes = {check_name(outcome.name): outcome for outcome in run_tests(services)}
        for spec in specs:
            yield _answer(spec, outcomes.get(spec.name))

    return dbt_tests


def _is_up_to_date(run: ModelRun | None, result: TransformResult) -> bool:
    """Whether a model shows everything that was claimed: it ran, or there was nothing for it."""
    return run.status == "success" if run else result.succeeded


def _metadata(run: ModelRun | None, result: TransformResult) -> dict[str, int | float | str]:
    if run is None:
        return {"rows_written": 0, "note": "nothing new for it"}
    return {
        **({"rows_written": run.rows} if run.rows is not None else {}),
        "seconds": run.seconds,
        "batch_id": result.batch_id or 0,
        "loads_in_batch": result.loads_claimed,
    }


def _failure(result: TransformResult) -> dg.Failure:
    """What failed, and what waits for it. Not retried here: the next load, or a minute, tries again."""
    rows = [
        dg.TableRecord({"model": run.name, "status": run.status}) for run in result.models if run.status != "success"
    ]
    return dg.Failure(
        str(result.error), metadata={"models": dg.MetadataValue.table(rows)} if rows else None, allow_retries=False
    )


def _answer(spec: dg.AssetCheckSpec, outcome: TestOutcome | None) -> dg.AssetCheckResult:
    if outcome is None:
        return dg.AssetCheckResult(
            check_name=spec.name,
            asset_key=spec.asset_key,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description="dbt did not ask this: the project has changed since Dagster read it. Reload the code.",
        )
    return dg.AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity.WARN if outcome.severity == "WARN" else dg.AssetCheckSeverity.ERROR,
        description=outcome.message or None,
        metadata={"contradicting_rows": outcome.failures, "status": outcome.status},
    )
