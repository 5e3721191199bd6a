"""Marts as Parquet files for analysts, and a way to ask them.

    marts.* ──one snapshot──▶ COPY ──▶ Arrow batches ──▶ <mart>/tenant_id=…/month=…/data.parquet ◀── DuckDB, Polars

`export_marts` writes only the months that changed since the files were written; `ask` opens the files with DuckDB and
needs no warehouse. What the figures mean is in `dbt_project/`, not here; who runs an export is in `assets/`.
"""

from pos_pipeline.exports.query import Answer, ask
from pos_pipeline.exports.run import ExportResult, MartExport, export_marts

__all__ = ["Answer", "ExportResult", "MartExport", "ask", "export_marts"]
