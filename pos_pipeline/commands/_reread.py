"""Reads a POS again and looks for what the warehouse lacks, object by object.

Every object a window shows must be in committed raw rows, in that version or a later one. What dbt
makes of complete rows is held by dbt's own tests.
"""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from pos_pipeline.accounts.connections import Connection
    from pos_pipeline.provider import Record, Stream, Window
    from pos_pipeline.services import Services

CHUNK = 5_000
EXAMPLES = 5


@dataclass(frozen=True)
class StreamLine:
    """One stream of one connection: what the POS shows again, and what of it the warehouse lacks."""

    tenant: str
    pos_provider: str
    connection_id: UUID
    stream: str
    window: str
    objects: int
    missing: int
    """Not in committed rows, or only in an older version."""
    examples: tuple[str, ...]
    """Ids of some that are missing."""

    @property
    def agrees(self) -> bool:
        """Nothing is missing."""
        return self.missing == 0


def compare_objects(services: "Services", connection: "Connection", window: "Window") -> Iterator[StreamLine]:
    """Re-reads `window` (UTC, by change time) and looks for what the warehouse lacks, stream by stream.

    What changed after the stream's last reading is not expected yet and is left out.

    Raises:
        Unauthorised, MissingScope, RateLimited, ProviderUnavailable: the POS does not let us read.
    """
    from pos_pipeline.accounts.door import open_api
    from pos_pipeline.extract.plan import split
    from pos_pipeline.provider import Reading, Window

    provider = services.providers[connection.provider]
    read_at: dict[str, datetime] = dict(
        services.database.fetch("select stream, read_at from etl.watermarks where connection_id = %s", (connection.id,))
    )
    with open_api(services, connection, background=True) as api:
        for stream in provider.streams:
            if stream.reading is not Reading.WINDOWED or stream.name not in read_at:
                continue
            end = min(window.end, read_at[stream.name])
            if end <= window.start:
                continue
            seen = (
                record
                for part in split(Window(window.start, end), provider.max_window)
                for page in provider.read(api, connection.source, stream.name, window=part)
                for record in page.records
            )
            yield _compare_stream(services, connection, stream, Window(window.start, end), seen)


def _compare_stream(
    services: "Services", connection: "Connection", stream: "Stream", window: "Window", seen: "Iterator[Record]"
) -> StreamLine:
    objects = missing = 0
    examples: list[str] = []
    chunk: dict[str, datetime] = {}

    def settle() -> None:
        nonlocal missing
        absent = _absent(services, connection, stream, chunk)
        missing += len(absent)
        examples.extend(absent[: EXAMPLES - len(examples)])
        chunk.clear()

    for record in seen:
        objects += record.id not in chunk
        chunk[record.id] = max(record.version_at, chunk.get(record.id, record.version_at))
        if len(chunk) >= CHUNK:
            settle()
    settle()
    return StreamLine(
        connection.tenant_slug,
        connection.provider,
        connection.id,
        stream.name,
        str(window),
        objects,
        missing,
        tuple(examples),
    )


def _absent(
    services: "Services", connection: "Connection", stream: "Stream", versions: dict[str, datetime]
) -> list[str]:
    """Ids whose version, or a later one, is not in committed rows."""
    from pos_pipeline.warehouse.migrate import raw_schema

    if not versions:
        return []
    rows = services.database.fetch(
        f"""
        with expected as (select * from unnest(%(ids)s::text[], %(versions)s::timestamptz[]) as e (id, version_at)),
        stored as (
            select r.id, max(r.version_at) as version_at
            from {raw_schema(connection.provider)}.{stream.name} as r
            inner join etl.loads as l on l.pos_provider = %(provider)s and l.load_id = r._dlt_load_id
            where r.connection_id = %(connection_id)s and r.version_at >= %(oldest)s
            group by r.id
        )
        select e.id from expected as e
        left join stored as s on e.id = s.id
        where s.version_at is null or s.version_at < e.version_at
        order by e.id
        """,
        {
            "ids": list(versions),
            "versions": list(versions.values()),
            "provider": connection.provider,
            "connection_id": connection.id,
            "oldest": min(versions.values()),
        },
    )
    return [object_id for (object_id,) in rows]
