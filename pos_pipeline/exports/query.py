"""Questions to the Parquet files, answered by DuckDB in this process; the warehouse is not asked.

Every mart is a view under its own name. One `select` is taken at a time, and DuckDB may read nothing but the files, so
a question can neither change them nor reach anything else on this machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.exports.mark import read_mark
from pos_pipeline.exports.marts import MARTS, Mart
from pos_pipeline.exports.parquet import FILE_NAME

ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Answer:
    """Columns of an answer and its rows, which are read while they are asked for."""

    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows in order: decimals as `Decimal`, moments with their zone (UTC)."""
        for batch in self.batches:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


@contextmanager
def ask(folder: Path, question: str, tenant_id: UUID | None = None) -> Iterator[Answer]:
    """The answer to one `select` over the marts exported to `folder`; with `tenant_id`, over that tenant's rows alone.

    Raises:
        NotFound: nothing was exported to `folder` yet.
        InvalidRequest: it is no single `select`, or DuckDB refuses it; the message has DuckDB's words and the place.
    """
    marks = [(mart, mark) for mart in MARTS if (mark := read_mark(folder / mart.name)) is not None]
    if not marks:
        error = NotFound(f"query: {folder} holds no exported marts.")
        error.action_required = "Write them: pos-pipeline export. POS_EXPORTS_DIR names another place."
        raise error
    with duckdb.connect(":memory:") as connection, _explained():
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        connection.execute("set TimeZone = 'UTC'")
        _require_select(connection, question)
        for mart, mark in marks:
            connection.execute(_view(folder, mart, mark.columns, tenant_id))
        connection.execute(f"set allowed_directories = [{_quoted(f'{folder}/')}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        reader = _relation(connection, question).to_arrow_reader(ROWS_AT_ONCE)
        yield Answer(tuple(reader.schema.names), iter(reader))


def _relation(connection: duckdb.DuckDBPyConnection, question: str) -> Any:
    try:
        return connection.sql(question)
    except duckdb.Error:
        connection.execute(question)  # refuses it too, and says where
        raise


def _require_select(connection: duckdb.DuckDBPyConnection, question: str) -> None:
    statements = connection.extract_statements(question)
    kinds = [statement.type for statement in statements]
    if kinds != [duckdb.StatementType.SELECT]:
        came = ", ".join(kind.name.lower() for kind in kinds) or "nothing"
        raise InvalidRequest(f"query: expected one select, got {came}; the marts are read only.")


def _view(folder: Path, mart: Mart, columns: Any, tenant_id: UUID | None) -> str:
    """A view over the mart's files; an empty one, of the same columns, where there are none."""
    divided = ["tenant_id", "month"] if mart.by_month else ["tenant_id"]
    pattern = f"tenant_id={tenant_id or '*'}/{'month=*/' if mart.by_month else ''}{FILE_NAME}"
    if next((folder / mart.name).glob(pattern), None) is None:
        listed = [f'null::{_duckdb_type(kind)} as "{name}"' for name, kind in columns.items()]
        listed += [f"null::varchar as {name}" for name in divided]
        return f"create view {mart.name} as select {', '.join(listed)} where false"
    types = ", ".join(f"'{name}': varchar" for name in divided)
    # Two exports' columns lie beside each other while one of them is being written.
    return (
        f"create view {mart.name} as select * from read_parquet({_quoted(f'{folder / mart.name}/{pattern}')}, "
        f"hive_partitioning = true, hive_types = {{{types}}}, union_by_name = true)"
    )


def _duckdb_type(kind: str) -> str:
    return "varchar" if kind in {"uuid", "text", "jsonb"} else kind


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _explained() -> Iterator[None]:
    """What DuckDB refuses is the question's fault; it says where."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:  # the latter while rows are read
        raise InvalidRequest(f"query: {str(error).strip()}") from None
