"""Parquet files of the marts, for analysts and forecasts; behind the marts and never in a sale's way into them."""

from collections.abc import Iterable

import dagster as dg

from assets.keys import EXPORTS_KEY, OWNERS
from pos_pipeline.exports import export_marts
from pos_pipeline.services import Services


def build_exports(marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """The exporting step, a job of its own."""

    @dg.asset(
        key=EXPORTS_KEY,
        description=(
            "Marts as Parquet files, `<mart>/tenant_id=…/month=…/data.parquet` below POS_EXPORTS_DIR: the months that "
            "changed since the last export, each file replaced at once. People are left out but for the columns "
            "EXPORT_PERSONAL_DATA names. Ask them with `pos-pipeline query`, DuckDB or Polars."
        ),
        deps=marts,
        group_name="exports",
        kinds={"parquet", "postgres"},
        owners=OWNERS,
        retry_policy=dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL),
    )
    def exported_marts(services: dg.ResourceParam[Services]) -> dg.MaterializeResult:
        result = export_marts(services)
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(str(result.folder)),
                "files_written": sum(one.files_written for one in result.marts),
                "files_removed": sum(one.files_removed for one in result.marts),
                "rows_written": sum(one.rows for one in result.marts),
                "note": result.note,
            }
        )

    return exported_marts
