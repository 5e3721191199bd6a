"""What one sync will read: which streams of a connection, from where, knowing what is stored already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.errors import InvalidRequest
from pos_pipeline.provider import Position, Provider, Reading, Source, Stream, Window
from pos_pipeline.warehouse.database import Database

DIGEST_BYTES = 8


@dataclass(frozen=True)
class Plan:
    """One stream of one connection: a live reading (`since`) or a historical one (`window`)."""

    connection: Connection
    stream: Stream
    since: Position | None = None
    window: Window | None = None
    position: Position | None = None
    """The stored position; it never moves back."""
    stored: frozenset[bytes] = frozenset()
    """Digests of payloads known to be stored, to be left out when they come again."""
    now: datetime | None = None
    """The present, for a live reading."""

    @property
    def source(self) -> Source:
        """What is read from, at the present of this plan."""
        source = self.connection.source
        return source if self.now is None else replace(source, now=self.now)


@dataclass(frozen=True)
class _Mark:
    position: Position | None
    recent: frozenset[bytes]
    read_at: datetime


def plan_live(
    database: Database,
    provider: Provider,
    connections: Sequence[Connection],
    streams: Iterable[str] | None,
    *,
    now: datetime,
) -> list[Plan]:
    """Plans for everything due, in the provider's order.

    Named `streams` are read even when not due, and so is what a webhook says has changed: a new menu an hour late
    is what it was sent against.

    Raises:
        InvalidRequest: a stream is named that the provider does not have.
    """
    chosen = choose(provider, streams)
    ids = [connection.id for connection in connections]
    marks, announced = _marks(database, ids), _announced(database, ids)
    plans = []
    for connection in connections:
        for stream in chosen:
            mark = marks.get((connection.id, stream.name))
            is_fresh = mark and stream.refresh_after and mark.read_at + stream.refresh_after > now
            if is_fresh and streams is None and (connection.id, stream.name) not in announced:
                continue
            plans.append(_live(connection, stream, mark, now))
    return plans


def plan_windows(
    database: Database,
    provider: Provider,
    connection: Connection,
    window: Window,
    streams: Iterable[str] | None,
    *,
    resume: bool,
) -> list[Plan]:
    """Plans for the sub-windows of `window`; with `resume`, without those already committed.

    Raises:
        InvalidRequest: the window is empty or reversed, has no time zone, or a stream is unknown.
    """
    if window.start.tzinfo is None or window.end.tzinfo is None:
        raise InvalidRequest(f"window {window}: both ends need a time zone.")
    if window.end <= window.start:
        raise InvalidRequest(f"window {window}: it ends before it starts; give the earlier time first.")
    done = _done(database, connection.id) if resume else set()
    return [
        Plan(connection, stream, window=part)
        for stream in choose(provider, streams)
        if stream.reading is Reading.WINDOWED
        for part in split(window, provider.max_window)
        if (stream.name, part.start, part.end) not in done
    ]


def split(window: Window, longest: timedelta) -> list[Window]:
    """`window` in pieces on a fixed grid, so that overlapping imports share their inner pieces."""
    pieces, start = [], window.start.astimezone(UTC)
    end = window.end.astimezone(UTC)
    while start < end:
        grid = datetime.fromtimestamp((start.timestamp() // longest.total_seconds() + 1) * longest.total_seconds(), UTC)
        pieces.append(Window(start, min(grid, end)))
        start = grid
    return pieces


def choose(provider: Provider, names: Iterable[str] | None) -> list[Stream]:
    """The provider's streams of these names, all when None, in the provider's order.

    Raises:
        InvalidRequest: the provider has no stream of a name.
    """
    wanted = None if names is None else set(names)
    known = {stream.name for stream in provider.streams}
    if wanted is not None and (unknown := wanted - known):
        raise InvalidRequest(f"{provider.name}: no stream {sorted(unknown)}; it has {sorted(known)}.")
    return [stream for stream in provider.streams if wanted is None or stream.name in wanted]


def _live(connection: Connection, stream: Stream, mark: _Mark | None, now: datetime) -> Plan:
    position = mark.position if mark else None
    start: Position | None = position
    if start is None and stream.reading is Reading.WINDOWED:
        start = connection.live_since
    return Plan(
        connection,
        stream,
        since=None if start is None or stream.reading is Reading.SNAPSHOT else behind(start, stream.overlap),
        position=position,
        stored=mark.recent if mark else frozenset(),
        now=now,
    )


def behind(position: Position, overlap: timedelta | int) -> Position:
    """`position` moved back by `overlap`, both in the stream's own measure."""
    if isinstance(position, datetime):
        return position - (overlap if isinstance(overlap, timedelta) else timedelta(seconds=overlap))
    return max(0, position - (overlap if isinstance(overlap, int) else 0))


def _marks(database: Database, connection_ids: list[UUID]) -> dict[tuple[UUID, str], _Mark]:
    rows = database.fetch(
        "select connection_id, stream, position_at, position_no, recent, read_at from etl.watermarks"
        " where connection_id = any(%s)",
        (connection_ids,),
    )
    return {
        (connection_id, stream): _Mark(position_at or position_no, _digests(bytes(recent)), read_at)
        for connection_id, stream, position_at, position_no, recent, read_at in rows
    }


def _announced(database: Database, connection_ids: list[UUID]) -> set[tuple[UUID, str]]:
    """Streams that webhooks nobody has answered yet say something about."""
    rows = database.fetch(
        "select distinct w.connection_id, s.stream from pos.webhooks as w cross join unnest(w.streams) as s (stream)"
        " where w.connection_id = any(%s) and w.processing_status = 'pending'",
        (connection_ids,),
    )
    return {(connection_id, stream) for connection_id, stream in rows}


def _digests(packed: bytes) -> frozenset[bytes]:
    return frozenset(packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES))


def _done(database: Database, connection_id: UUID) -> set[tuple[str, datetime, datetime]]:
    rows = database.fetch(
        "select stream, window_start, window_end from etl.history_windows where connection_id = %s", (connection_id,)
    )
    return {(stream, start, end) for stream, start, end in rows}
