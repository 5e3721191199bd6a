"""Records into raw tables, by dlt: append-only, exact bytes, one load for many connections.

    (connection, stream, records) ──▶ Arrow tables of ≥ 1,000 rows ──▶ dlt csv ──▶ COPY raw_<provider>.<stream>

dlt's own state is not used. A load counts only once the ledger names it (`commit`), and then
its watermarks move in the same transaction; so dlt needs nothing restored and nothing merged, and a
load that a crash leaves behind is invisible. Settings are given in code because dlt would otherwise
look for files in whatever folder the process was started from.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import dlt
import pyarrow as pa
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.pipeline.exceptions import PipelineStepFailed

from pos_pipeline.errors import PipelineError, Retryable
from pos_pipeline.extract.slots import Slot
from pos_pipeline.provider import Record
from pos_pipeline.warehouse.migrate import raw_schema

ROWS_PER_TABLE = 1_000
"""dlt spends about a millisecond per table it is handed, whatever its size; a larger one is only more memory."""
ROWS_PER_FILE = 100_000
"""A long import is cut into files, so that two workers can copy at once."""

_COLUMNS: Any = {
    "tenant_id": {"data_type": "text", "nullable": False},
    "connection_id": {"data_type": "text", "nullable": False},
    "location_id": {"data_type": "text"},
    "id": {"data_type": "text", "nullable": False},
    "version_at": {"data_type": "timestamp", "nullable": False},
    "version_no": {"data_type": "bigint"},
    "payload": {"data_type": "json", "nullable": False},
    "fetched_at": {"data_type": "timestamp", "nullable": False},
}
_INSTANT = pa.timestamp("us", tz="UTC")
_CONFIG: dict[str, Any] = {
    "runtime": {"dlthub_telemetry": False},
    # gzip of files that live for a second costs more than everything else together
    # and a buffer of several tables is memory twice over, since it is also the size read back
    "data_writer": {"disable_compression": True, "file_max_items": ROWS_PER_FILE, "buffer_max_items": ROWS_PER_TABLE},
    "normalize": {"workers": 1, "parquet_normalizer": {"add_dlt_load_id": True}},
    "load": {"workers": 2, "delete_completed_jobs": True, "raise_on_max_retries": 2},
    "restore_from_destination": False,
}


@dataclass(frozen=True)
class Batch:
    """Some records of one stream of one connection."""

    tenant_id: UUID
    connection_id: UUID
    stream: str
    records: list[Record]


@dataclass(frozen=True)
class Load:
    """A committed dlt package; its rows exist once the ledger names it."""

    load_id: str
    row_count: int


class LoadFailed(Retryable):
    """The package could not be loaded; it was thrown away and nothing of it counts."""

    code = "load_failed"


def load(database_url: str, provider: str, slot: Slot, batches: Iterable[Batch]) -> Load | None:
    """Load everything `batches` brings in one package; None when it brings nothing.

    Raises:
        LoadFailed: Postgres refused a row or went away. What `batches` itself raises passes through.
    """
    arriving = iter(batches)
    first = next(arriving, None)
    if first is None:
        return None
    _configure()
    pipeline = dlt.pipeline(
        f"pos_{slot.name}",
        pipelines_dir=str(slot.folder),
        destination=dlt.destinations.postgres(_credentials(database_url)),
        dataset_name=raw_schema(provider),
    )
    if pipeline.has_pending_data:
        # Not dlt's own abort: it asks the database, and refuses for ever a package that a killed process had completed.
        pipeline.drop()
    counted = _Counted(chain([first], arriving))
    resource = dlt.resource(_tables(counted), name="pages", max_table_nesting=0)
    source = dlt.source(lambda: resource, name=provider)()
    try:
        info = pipeline.run(source, loader_file_format="csv")
    except PipelineStepFailed as error:
        pipeline.drop()
        if error.step == "extract" and isinstance(root := _root(error), PipelineError):
            raise root from None
        raise LoadFailed(f"{provider}: the {error.step} step of load {slot.name} failed ({_reason(error)})") from None
    finally:
        home = Path(pipeline.working_dir)
        shutil.rmtree(home / "load" / "loaded", ignore_errors=True)
        (home / "trace.pickle").unlink(missing_ok=True)  # quotes refused rows too
    return Load(info.loads_ids[0], counted.rows)


class _Counted:
    """Passes batches on and knows how many rows there were."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            self.rows += len(batch.records)
            yield batch


def _tables(batches: Iterable[Batch]) -> Iterator[Any]:
    """Arrow tables, small batches of all connections put together per stream."""
    waiting: dict[str, list[Batch]] = {}
    for batch in batches:
        held = waiting.setdefault(batch.stream, [])
        held.append(batch)
        if sum(len(some.records) for some in held) >= ROWS_PER_TABLE:
            yield _table(batch.stream, waiting.pop(batch.stream))
    for stream, held in waiting.items():
        yield _table(stream, held)


def _table(stream: str, batches: list[Batch]) -> Any:
    records = [record for batch in batches for record in batch.records]
    fetched_at = datetime.now(UTC)
    table = pa.table(
        {
            "tenant_id": [tenant for b in batches for tenant in [str(b.tenant_id)] * len(b.records)],
            "connection_id": [connection for b in batches for connection in [str(b.connection_id)] * len(b.records)],
            "location_id": [record.location_id or None for record in records],
            "id": [record.id for record in records],
            "version_at": pa.array([record.version_at for record in records], _INSTANT),
            "version_no": pa.array([record.version_no for record in records], pa.int64()),
            "payload": pa.array([record.payload for record in records], pa.binary()).cast(pa.string()),
            "fetched_at": pa.array([fetched_at] * len(records), _INSTANT),
        }
    )
    hints = dlt.mark.make_hints(table_name=stream, write_disposition="append", columns=_COLUMNS)
    return dlt.mark.with_hints(table, hints, create_table_variant=True)


@cache
def _configure() -> None:
    """Put our settings before every place dlt would look, once per process."""
    ours = CustomLoaderDocProvider("pos_pipeline", lambda: _CONFIG, supports_secrets=False)
    Container()[PluggableRunContext].providers.providers.insert(0, ours)
    # dlt logs the row that Postgres refused, and with it a customer; LoadFailed says what may be said. A filter,
    # because whoever configures logging later, as Dagster does, enables disabled loggers again.
    logging.getLogger("dlt").addFilter(lambda _: False)


def _credentials(url: str) -> str:
    """A URL dlt accepts: it refuses one without a password, also where Postgres asks for none."""
    parts = urlsplit(url)
    if parts.password:
        return url
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or 'postgres'}:unused@{place}"))


def _root(error: BaseException) -> BaseException:
    """What our own generator raised, below dlt's wrapping."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """The kind of failure, without the row that Postgres likes to quote."""
    root = _root(error)
    return f"{type(root).__name__}: {str(root).splitlines()[0][:160]}" if str(root) else type(root).__name__
