"""One export: wait until the models are settled, take a snapshot, write the months that changed.

All marts of an export are read from one snapshot, so their figures agree. Marks are written mart by mart and last: an
export that is killed begins again with the mart it was at.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from pos_pipeline.errors import Busy, Misconfigured
from pos_pipeline.exports.mark import Mark, read_mark, write_mark
from pos_pipeline.exports.marts import MARTS, Mart, exported_columns, require_known
from pos_pipeline.exports.parquet import FILE_NAME, remove_file, sweep, write_file
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection

EXPORT_LOCK = 7_301_004
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.2

Partition = tuple[str, str | None]
"""Tenant's id and month (`YYYY-MM`); no month where a mart is not divided by it."""

_STATE: LiteralString = """
select
    (select min(claimed_at at time zone 'UTC')::text from etl.batches),
    coalesce((select max(batch_id) from etl.batches), 0),
    not exists (select from etl.batches where status <> 'done')
"""
_FINGERPRINT = (
    "select max(fingerprint) from etl.models where starts_with(node, 'model.') and split_part(node, '.', 3) = %s"
)
# A day is touched when it gained or lost a transaction; a replayed model makes rows again on days that were not.
_TOUCHED_MONTHS: LiteralString = """
select distinct tenant_id::text, to_char(business_date, 'YYYY-MM')
from (
    select tenant_id, business_date from etl.touched_days where batch_id > %(seen)s
    union all
    select tenant_id, business_date from {mart} where _batch_id > %(seen)s
) as days
"""
_ALL_MONTHS: LiteralString = "select distinct tenant_id::text, to_char(business_date, 'YYYY-MM') from {mart}"
_TOUCHED_TENANTS: LiteralString = "select distinct tenant_id::text, null from {mart} where _batch_id > %(seen)s"


@dataclass(frozen=True)
class MartExport:
    """What was done to one mart's files."""

    name: str
    files_written: int
    files_removed: int
    rows: int
    is_complete: bool
    """Whether everything was written again, and not only what changed."""


@dataclass(frozen=True)
class ExportResult:
    """What one export did. `batch_id` is the batch the files now stand at; None when nothing could be exported."""

    folder: Path
    batch_id: int | None
    marts: tuple[MartExport, ...]
    note: str


def export_marts(services: Services, *, complete: bool = False, wait_seconds: float = WAIT_SECONDS) -> ExportResult:
    """Bring the Parquet files up to date with the marts; with `complete` write everything again.

    While models are being made it waits; when they stay unfinished for `wait_seconds`, because one has failed, the
    files stay as they are and the note says so.

    Raises:
        Busy: another process is exporting.
        Misconfigured: the folder holds another warehouse's files, or a setting names an unknown column.
        WarehouseUnavailable: Postgres does not answer.
    """
    settings = services.settings
    require_known(settings.export_personal_data)
    root = settings.exports_dir
    with _alone(services) as session:
        sweep(root)
        give_up_at = time.monotonic() + wait_seconds
        while True:
            with session.transaction():
                session.execute("set transaction isolation level repeatable read, read only")
                [(warehouse, batch_id, is_settled)] = session.execute(_STATE).fetchall()
                if is_settled:
                    return _Export(session, root, warehouse, batch_id).run(settings.export_personal_data, complete)
            if time.monotonic() >= give_up_at:
                return ExportResult(root, None, (), "the models are not up to date; nothing was exported")
            time.sleep(POLL_SECONDS)


class _Export:
    """The steps of one export, in its snapshot."""

    def __init__(self, snapshot: Connection, root: Path, warehouse: str | None, batch_id: int) -> None:
        self._snapshot = snapshot
        self._root = root
        self._warehouse = warehouse
        self._batch_id = batch_id

    def run(self, allowed: tuple[str, ...], complete: bool) -> ExportResult:
        self._snapshot.execute("set local time zone 'UTC'")
        self._snapshot.execute("set local datestyle to iso")
        done = []
        for mart in MARTS:
            columns = exported_columns(self._snapshot, mart, allowed)
            if columns and self._warehouse:
                done.append(self._export(mart, columns, complete))
        if not done:
            return ExportResult(self._root, None, (), "nothing is modelled yet")
        written = sum(one.files_written for one in done)
        return ExportResult(
            self._root, self._batch_id, tuple(done), f"{written} files written" if written else "nothing new"
        )

    def _export(self, mart: Mart, columns: dict[str, str], complete: bool) -> MartExport:
        folder = self._root / mart.name
        [(fingerprint,)] = self._snapshot.execute(_FINGERPRINT, (mart.name,)).fetchall()
        mark = Mark(self._warehouse or "", self._batch_id, fingerprint, columns)
        before = read_mark(folder)
        if before is not None and before.warehouse != mark.warehouse:
            error = Misconfigured(f"exports: {folder} holds files of another warehouse.")
            error.action_required = "Remove the folder, or name another one in POS_EXPORTS_DIR."
            raise error
        is_same = before is not None and (before.fingerprint, before.columns) == (fingerprint, columns)
        complete = complete or not is_same
        partitions = self._all(mart, folder) if complete else self._touched(mart, before.batch_id if before else 0)
        written = removed = rows = 0
        for tenant_id, month in sorted(partitions):
            path = partition_file(folder, tenant_id, month)
            was_there = path.exists()
            count = write_file(self._snapshot, mart.rows(columns, tenant_id, month), columns, path)
            rows += count
            written += count > 0
            removed += was_there and not count
        write_mark(folder, mark)
        return MartExport(mart.name, written, removed, rows, complete)

    def _touched(self, mart: Mart, seen: int) -> set[Partition]:
        return self._partitions(_TOUCHED_MONTHS if mart.by_month else _TOUCHED_TENANTS, mart, seen)

    def _all(self, mart: Mart, folder: Path) -> set[Partition]:
        """Partitions of the mart, and those of its files: what the mart has no longer has to go."""
        there = self._partitions(_ALL_MONTHS, mart) if mart.by_month else self._touched(mart, -1)
        for path in list(folder.glob(f"tenant_id=*/**/{FILE_NAME}")):
            names = dict(part.split("=", 1) for part in path.relative_to(folder).parent.parts)
            if set(names) == ({"tenant_id", "month"} if mart.by_month else {"tenant_id"}):
                there.add((names["tenant_id"], names.get("month")))
            else:
                remove_file(path)
        return there

    def _partitions(self, statement: LiteralString, mart: Mart, seen: int = 0) -> set[Partition]:
        query = sql.SQL(statement).format(mart=sql.Identifier("marts", mart.name))
        return {(tenant, month) for tenant, month in self._snapshot.execute(query, {"seen": seen}).fetchall()}


def partition_file(folder: Path, tenant_id: str, month: str | None) -> Path:
    """Where a partition's rows are, below the mart's folder."""
    tenant = folder / f"tenant_id={tenant_id}"
    return (tenant / f"month={month}" if month else tenant) / FILE_NAME


@contextmanager
def _alone(services: Services) -> Iterator[Connection]:
    """The only export of this warehouse; the lock goes with its session."""
    with services.database.session() as session:
        if not session.execute("select pg_try_advisory_lock(%s)", (EXPORT_LOCK,)).fetchall()[0][0]:
            raise Busy("exports: another process is exporting; it writes everything this call would have written.")
        yield session
