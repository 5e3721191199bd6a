"""Syncing: plan, read many connections at once, load once per provider, commit once.

What can go wrong stays where it belongs: an error of one stream leaves that stream's watermark, an
error of one merchant leaves the others alone, a refused load leaves everything as it was, and a
record Postgres cannot store goes to quarantine while the rest is loaded at the second try.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from pos_pipeline.accounts.connections import Connection, load_connection, load_connections
from pos_pipeline.accounts.door import open_api
from pos_pipeline.accounts.shops import refresh_accounts
from pos_pipeline.errors import Busy, InvalidRequest, PipelineError, Unauthorised, WarehouseUnavailable
from pos_pipeline.extract.commit import record_connection, record_failure, record_load, status_of
from pos_pipeline.extract.flow import READERS, Flow
from pos_pipeline.extract.locks import own_connections, own_window
from pos_pipeline.extract.plan import Plan, plan_live, plan_windows
from pos_pipeline.extract.poison import without_poison
from pos_pipeline.extract.raw import Batch, Load, LoadFailed, load
from pos_pipeline.extract.reading import ConnectionReading, Emit, read_plan
from pos_pipeline.extract.slots import take_slot
from pos_pipeline.provider import Provider, Reject, Window
from pos_pipeline.services import Services
from pos_pipeline.sync_log import AccountSync, open_logs

WINDOW_READERS = 4
"""Requests one historical import has under way at once; its budget is the other bound."""


@dataclass(frozen=True)
class SyncOutcome:
    """What became of one connection."""

    connection_id: UUID
    tenant_id: UUID
    provider: str
    status: str
    """success, partial (some streams failed or some records were set aside), failed, or busy."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """New raw rows by stream."""
    rejected: int = 0
    requests_made: int = 0
    new_products: int = 0
    duration_seconds: float = 0.0
    load_id: str | None = None
    error: PipelineError | None = None


def sync_live(
    services: Services,
    connection_ids: Sequence[UUID],
    *,
    streams: Iterable[str] | None = None,
    run_id: str | None = None,
    now: datetime | None = None,
) -> list[SyncOutcome]:
    """Read what changed at these connections; outcomes in the order of the ids.

    One load per provider covers all its connections. A connection another process is syncing comes
    back `busy`: that process sees whatever this call would have seen.

    Args:
        services: Of this process.
        connection_ids: Which ones.
        streams: Read even when not due; all that are due when None.
        run_id: For the sync log.
        now: The present, UTC; the clock's unless the tills live in another time, as simulated ones may.

    Raises:
        NotFound: an id is unknown.
        InvalidRequest: a stream is unknown.
        WarehouseUnavailable: before anything was read.
    """
    connections = load_connections(services.database, connection_ids)
    outcomes: dict[UUID, SyncOutcome] = {}
    for name, group in groupby(sorted(connections, key=lambda c: c.provider), key=lambda c: c.provider):
        members = list(group)
        provider = services.providers[name]
        with own_connections(services.database, [c.id for c in members]) as owned:
            free_ids = {c.id for c in members if c.id in owned and c.status != "disconnected"}
            free = [c for c in members if c.id in free_ids]
            outcomes |= {c.id: _not_synced(c) for c in members if c.id not in free_ids}
            started = datetime.now(UTC)
            present = now or started
            plans = plan_live(services.database, provider, free, streams, now=present)
            logs = open_logs(services.database, [c.id for c in free], started_at=started, run_id=run_id)
            work = [_Work(c, [p for p in plans if p.connection is c], logs[c.id]) for c in free]
            run = _Run(services, provider, work, present, run_id, live=True)
            outcomes |= {o.connection_id: o for o in run.outcomes()}
    return [outcomes[connection.id] for connection in connections]


def sync_window(
    services: Services,
    connection_id: UUID,
    window: Window,
    *,
    streams: Iterable[str] | None = None,
    run_id: str | None = None,
    resume: bool = True,
) -> SyncOutcome:
    """Read everything that changed inside `window` (UTC, end exclusive) at one connection.

    Stateless: no watermark moves, so it may run beside live syncs and beside other windows, and may be
    repeated. With `resume`, parts an earlier run has committed are not read again.

    Raises:
        NotFound: the connection is unknown.
        InvalidRequest: the window is empty or reversed, or a stream is unknown.
    """
    connection = load_connection(services.database, connection_id)
    provider = services.providers[connection.provider]
    plans = plan_windows(services.database, provider, connection, window, streams, resume=resume)
    if connection.status == "disconnected":
        return _not_synced(connection)
    with own_window(services.database, connection_id, window) as is_ours:
        if not is_ours:
            return _not_synced(connection)
        now = datetime.now(UTC)
        logs = open_logs(services.database, [connection_id], started_at=now, window=window, run_id=run_id)
        run = _Run(services, provider, [_Work(connection, plans, logs[connection_id])], now, run_id, live=False)
        return run.outcomes()[0]


@dataclass
class _Work:
    connection: Connection
    plans: list[Plan]
    logs: list[AccountSync]
    reading: ConnectionReading = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget what an earlier try has read; requests already made stay counted."""
        made = self.reading.requests_made if hasattr(self, "reading") else 0
        self.reading = ConnectionReading(self.connection, requests_made=made)


@dataclass
class _Run:
    """One load and its commit."""

    services: Services
    provider: Provider
    work: list[_Work]
    now: datetime
    run_id: str | None
    live: bool

    def outcomes(self) -> list[SyncOutcome]:
        if not self.work:
            return []
        started = time.monotonic()
        try:
            try:
                loaded = self._load(careful=False)
            except LoadFailed:
                loaded = self._load(careful=True)
            return self._commit(loaded, started)
        except PipelineError as error:
            self._fail(error)
            return [self._outcome(work, started, status="failed", error=error) for work in self.work]

    def _load(self, *, careful: bool) -> Load | None:
        tasks: list[Callable[[Emit], None]] = []
        rejected: dict[tuple[object, str], list[Reject]] = {}
        with ExitStack() as doors:
            for work in self.work:
                work.begin()
                tasks.extend(self._tasks(work, doors))
            slot = doors.enter_context(take_slot(self.services.settings.pos_home, self.provider.name))
            flow = doors.enter_context(Flow(tasks, READERS if self.live else WINDOW_READERS))
            batches: Iterator[Batch] = iter(flow)
            if careful:
                session = doors.enter_context(self.services.database.session())
                batches = without_poison(session, batches, rejected)
            loaded = load(self.services.database.url, self.provider.name, slot, batches)
        for work in self.work:
            for stream in work.reading.streams:
                stream.rejects.extend(rejected.pop((work.connection.id, stream.plan.stream.name), ()))
        return loaded

    def _tasks(self, work: _Work, doors: ExitStack) -> list[Callable[[Emit], None]]:
        """Live: one task reads a connection's streams in turn. Windows: every part is a task of its own."""
        try:
            api = doors.enter_context(open_api(self.services, work.connection, background=not self.live))
        except PipelineError as error:
            work.reading.error = error
            return []
        groups = [work.plans] if self.live else [[plan] for plan in work.plans]

        def read(plans: list[Plan], emit: Emit) -> None:
            for plan in plans:
                if work.reading.error is not None:
                    return
                try:
                    work.reading.streams.append(read_plan(api, self.provider, plan, emit))
                except Unauthorised as error:
                    work.reading.error = error

        doors.callback(lambda: _count_requests(work, api.requests_made))
        return [partial(read, plans) for plans in groups]

    def _commit(self, loaded: Load | None, started: float) -> list[SyncOutcome]:
        outcomes = []
        with self.services.database.transaction() as transaction:
            if loaded:
                record_load(transaction, self.provider.name, loaded, self.run_id)
            for work in self.work:
                new = record_connection(transaction, work.reading, work.logs, loaded, self.now, live=self.live)
                for stream in work.reading.streams:
                    if stream.locations is not None:
                        refresh_accounts(transaction, work.connection, stream.locations)
                error = next(iter(work.reading.errors), None)
                status = status_of(work.reading)
                outcomes.append(self._outcome(work, started, status=status, error=error, loaded=loaded, new=new))
        return outcomes

    def _fail(self, error: PipelineError) -> None:
        try:
            with self.services.database.transaction() as transaction:
                for work in self.work:
                    record_failure(
                        transaction,
                        work.logs,
                        error,
                        live=self.live,
                        requests_made=work.reading.requests_made,
                        at=self.now,
                    )
        except WarehouseUnavailable:
            pass  # the open logs are closed by whoever owns the connection next

    def _outcome(
        self,
        work: _Work,
        started: float,
        *,
        status: str,
        error: PipelineError | None,
        loaded: Load | None = None,
        new: int = 0,
    ) -> SyncOutcome:
        reading, rows = work.reading, dict.fromkeys((p.stream.name for p in work.plans), 0)
        for stream in reading.streams:
            rows[stream.plan.stream.name] += stream.rows
        return SyncOutcome(
            connection_id=work.connection.id,
            tenant_id=work.connection.tenant_id,
            provider=self.provider.name,
            status=status,
            rows=rows,
            rejected=sum(len(stream.rejects) for stream in reading.streams),
            requests_made=reading.requests_made,
            new_products=new,
            duration_seconds=time.monotonic() - started,
            load_id=loaded.load_id if loaded else None,
            error=error,
        )


def _count_requests(work: _Work, made: int) -> None:
    work.reading.requests_made += made


def _not_synced(connection: Connection) -> SyncOutcome:
    error: PipelineError
    if connection.status == "disconnected":
        status, error = (
            "failed",
            InvalidRequest(
                f"{connection.provider}: merchant {connection.merchant_id} is disconnected; link the till again."
            ),
        )
    else:
        status, error = (
            "busy",
            Busy(f"{connection.provider}: merchant {connection.merchant_id} is being synced by another process."),
        )
    return SyncOutcome(connection.id, connection.tenant_id, connection.provider, status, error=error)
