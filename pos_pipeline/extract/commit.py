"""The one transaction that makes a load exist.

Ledger, watermarks, finished windows, quarantine, new products, sync logs, account states and events are
written together: either all of it happened or none. A crash before it leaves rows nobody sees;
a crash after it leaves nothing to do.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.errors import Permanent, PipelineError, Unauthorised
from pos_pipeline.events.outbox import enqueue
from pos_pipeline.events.schema import SyncCompleted, SyncError
from pos_pipeline.extract.raw import Load
from pos_pipeline.extract.reading import ConnectionReading, StreamReading
from pos_pipeline.sync_log import AccountSync, Figures, Status, close_log, mark_accounts
from pos_pipeline.warehouse.database import Connection as Transaction


def record_load(transaction: Transaction, provider: str, load: Load, run_id: str | None) -> None:
    """Name the load in the ledger: from this commit on its rows exist."""
    transaction.execute(
        "insert into etl.loads (pos_provider, load_id, row_count, run_id) values (%s, %s, %s, %s)",
        (provider, load.load_id, load.row_count, run_id),
    )


def record_connection(
    transaction: Transaction,
    reading: ConnectionReading,
    accounts: Sequence[AccountSync],
    load: Load | None,
    now: datetime,
    *,
    live: bool,
) -> int:
    """Everything one connection's reading has changed; the number of products met for the first time."""
    load_id = load.load_id if load else None
    finished = [stream for stream in reading.streams if stream.error is None]
    (_move_watermarks if live else _finish_windows)(transaction, finished, load_id, now)
    for stream in reading.streams:
        if stream.rejects:
            _quarantine(transaction, reading.connection, stream)
    new_products = _know_products(transaction, reading)
    errors = reading.errors
    status = status_of(reading)
    error = errors[0] if errors else None
    for number, account in enumerate(accounts):
        figures = _figures(reading, account, new_products, is_first=number == 0)
        seconds = close_log(transaction, account, status, figures, load_id=load_id, error=error)
        _announce(transaction, account, status, figures, seconds or 0.0, load_id=load_id, error=error, at=now)
    if live:
        mark_accounts(transaction, accounts, error, needs_person=isinstance(error, Permanent))
    _mark_connection(transaction, reading)
    return new_products


def record_failure(
    transaction: Transaction,
    accounts: Sequence[AccountSync],
    error: PipelineError,
    *,
    live: bool,
    requests_made: int,
    at: datetime,
) -> None:
    """A sync that brought nothing: its logs are closed, its accounts marked, its error announced.

    Logs that are closed already are left alone: the connection may have broken after the commit.
    """
    closed = []
    for number, account in enumerate(accounts):
        figures = Figures(requests_made=requests_made if number == 0 else 0)
        seconds = close_log(transaction, account, "failed", figures, load_id=None, error=error)
        if seconds is not None:
            closed.append(account)
            _announce(transaction, account, "failed", figures, seconds, load_id=None, error=error, at=at)
    if live:
        mark_accounts(transaction, closed, error, needs_person=isinstance(error, Permanent))


def status_of(reading: ConnectionReading) -> Status:
    """Success when every stream was read whole, failed when none was, partial between."""
    if not reading.errors and not any(stream.rejects for stream in reading.streams):
        return "success"
    if reading.error is not None or (reading.streams and all(stream.error for stream in reading.streams)):
        return "failed"
    return "partial"


def _move_watermarks(
    transaction: Transaction, streams: Iterable[StreamReading], load_id: str | None, now: datetime
) -> None:
    transaction.cursor().executemany(
        """
        insert into etl.watermarks (connection_id, stream, position_at, position_no, recent, read_at, load_id)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (connection_id, stream) do update
        set position_at = excluded.position_at, position_no = excluded.position_no, recent = excluded.recent,
            read_at = excluded.read_at, load_id = coalesce(excluded.load_id, etl.watermarks.load_id)
        """,
        [
            (
                stream.plan.connection.id,
                stream.plan.stream.name,
                stream.position if isinstance(stream.position, datetime) else None,
                stream.position if isinstance(stream.position, int) else None,
                stream.recent,
                now,
                load_id if stream.rows else None,
            )
            for stream in streams
        ],
    )


def _finish_windows(
    transaction: Transaction, streams: Iterable[StreamReading], load_id: str | None, _: datetime
) -> None:
    transaction.cursor().executemany(
        """
        insert into etl.history_windows (connection_id, stream, window_start, window_end, rows_loaded, load_id)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (connection_id, stream, window_start, window_end) do update
        set rows_loaded = excluded.rows_loaded, load_id = excluded.load_id, finished_at = now()
        """,
        [
            (plan.connection.id, plan.stream.name, plan.window.start, plan.window.end, stream.rows, load_id)
            for stream in streams
            for plan in [stream.plan]
            if plan.window is not None
        ],
    )


def _mark_connection(transaction: Transaction, reading: ConnectionReading) -> None:
    """A refused grant takes the connection out of service, a reading that worked brings it back."""
    refused = reading.error if isinstance(reading.error, Unauthorised) else None
    if reading.error is not None and refused is None:
        return
    transaction.execute(
        """
        update pos.connections
        set status = %s, error_type = %s, error_message = %s, updated_at = clock_timestamp()
        where id = %s and status <> 'disconnected' and (status <> 'active' or %s)
        """,
        (
            "error" if refused else "active",
            refused.code if refused else None,
            f"{refused} {refused.action_required}" if refused else None,
            reading.connection.id,
            refused is not None,
        ),
    )


def _quarantine(transaction: Transaction, connection: Connection, stream: StreamReading) -> None:
    with transaction.cursor() as cursor:
        cursor.executemany(
            """
            insert into pos.quarantine
                (tenant_id, connection_id, pos_provider, stream, object_id, reason, payload, payload_digest)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (connection_id, stream, payload_digest) do nothing
            """,
            [
                (
                    connection.tenant_id,
                    connection.id,
                    connection.provider,
                    stream.plan.stream.name,
                    reject.id,
                    reject.reason,
                    reject.payload,
                    blake2b(reject.payload, digest_size=16).digest(),
                )
                for reject in stream.rejects
            ],
        )


def _know_products(transaction: Transaction, reading: ConnectionReading) -> int:
    met: Iterable[str] = set().union(*(stream.product_ids for stream in reading.streams if stream.error is None))
    if not met:
        return 0
    return transaction.execute(
        """
        insert into pos.known_products (tenant_id, connection_id, pos_product_id)
        select %s, %s, unnest(%s::text[])
        on conflict (connection_id, pos_product_id) do nothing
        """,
        (reading.connection.tenant_id, reading.connection.id, sorted(met)),
    ).rowcount


def _figures(reading: ConnectionReading, account: AccountSync, new_products: int, *, is_first: bool) -> Figures:
    """Figures of one account. Rejects and requests have no shop; the connection's first account carries them."""
    counted = [stream for stream in reading.streams if stream.plan.stream.counts_as_transactions]
    return Figures(
        fetched=sum(stream.rows_by_location[account.location_id] for stream in counted),
        failed=sum(len(stream.rejects) for stream in counted) if is_first else 0,
        new_products=new_products,
        requests_made=reading.requests_made if is_first else 0,
    )


def _announce(
    transaction: Transaction,
    account: AccountSync,
    status: Status,
    figures: Figures,
    seconds: float,
    *,
    load_id: str | None,
    error: PipelineError | None,
    at: datetime,
) -> None:
    """Events of one account: an error at once, a completion when the marts have the load."""
    if error is not None:
        event = SyncError.of(
            error,
            tenant_id=account.tenant_id,
            pos_account_id=account.account_id,
            pos_provider=account.provider,
            consecutive_failures=account.failures_before + 1,
            timestamp=at,
        )
        enqueue(transaction, event)
    if status != "failed":
        done = SyncCompleted(
            tenant_id=account.tenant_id,
            pos_account_id=account.account_id,
            pos_provider=account.provider,
            location_name=account.location_name,
            transactions_processed=figures.fetched,
            transactions_failed=figures.failed,
            new_products_discovered=figures.new_products,
            sync_duration_seconds=seconds,
            timestamp=at,
        )
        enqueue(transaction, done, provider=account.provider if load_id else None, load_id=load_id)
