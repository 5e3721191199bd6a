"""One query's rows as one Parquet file: streamed in blocks, written beside, and put in its place at once.

Postgres' CSV is parsed by Arrow block by block, so memory is a few blocks however many rows there are, and Python
touches no value. A file is replaced by a rename: whoever reads sees the old rows or the new ones.
"""

import io
import os
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from psycopg import sql

from pos_pipeline.exports.marts import arrow_type
from pos_pipeline.warehouse.database import Connection

FILE_NAME = "data.parquet"
UNFINISHED_SUFFIX = ".unfinished"
BLOCK_BYTES = 16 * 1024 * 1024
"""CSV that becomes one row group; also the most one row may measure."""


class _CopyReader(io.RawIOBase):
    """What `COPY … TO STDOUT` says, as a file to read from."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # narrower than any buffer
        """Fill `buffer` as far as there is anything; 0 is the end."""
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                self._rest = memoryview(self._copy.read())
                if not self._rest:
                    break
            taken = min(len(self._rest), len(buffer) - filled)
            buffer[filled : filled + taken] = self._rest[:taken]
            self._rest = self._rest[taken:]
            filled += taken
        return filled


def write_file(connection: Connection, query: sql.Composed, columns: Mapping[str, str], path: Path) -> int:
    """Put the rows of `query` into the file at `path`; how many. Without rows there is no file afterwards.

    `columns` are the query's, by name with their Postgres type. The session's time zone has to be UTC.

    Raises:
        Misconfigured: a column has a type that no file keeps.
    """
    schema = pa.schema([pa.field(name, arrow_type(name, kind)) for name, kind in columns.items()])
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + UNFINISHED_SUFFIX)
    rows = 0
    statement = sql.SQL("copy ({}) to stdout (format csv, header)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        batches = pa_csv.open_csv(
            _CopyReader(copy),
            read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=schema,
                # Postgres quotes an empty text and writes nothing at all for null.
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for batch in batches:
                rows += batch.num_rows
                writer.write_batch(batch)
    if not rows:
        beside.unlink()
        remove_file(path)
        return 0
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    beside.replace(path)
    return rows


def remove_file(path: Path) -> bool:
    """Remove a file and the folders of its partition that are empty then; whether it was there."""
    was_there = path.exists()
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if "=" not in folder.name or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()
    return was_there


def sweep(root: Path) -> int:
    """Remove what exports that were killed left half written; how many files."""
    left = list(root.rglob(f"*{UNFINISHED_SUFFIX}"))
    for path in left:
        remove_file(path)
    return len(left)
