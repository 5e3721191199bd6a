"""One row per account and sync: what came, how long it took, what went wrong.

A row is opened before the first request and closed with the data, in the same transaction. A row
left open belongs to a process that died; whoever gets the lock next closes it. Closing a row adds it to
the totals of its account, from which counters are told without reading all rows there ever were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pos_pipeline.errors import PipelineError
from pos_pipeline.provider import Window
from pos_pipeline.warehouse.database import Connection, Database

Status = Literal["success", "partial", "failed"]

# After `closed (pos_account_id, error_type, transactions_processed, requests_made, seconds, unmapped_products)`.
# Accounts are always taken in this order, so that two transactions that share some never wait for each other.
ADD_UP = """
totalled as (
    insert into pos.sync_totals as t (
        pos_account_id, transactions_processed, requests_made, timed_syncs, within_5_seconds, within_10_seconds,
        within_30_seconds, within_60_seconds, within_120_seconds, within_300_seconds, sync_seconds, unmapped_products
    )
    select
        c.pos_account_id, sum(c.transactions_processed), sum(c.requests_made), count(c.seconds),
        count(*) filter (where c.seconds <= 5), count(*) filter (where c.seconds <= 10),
        count(*) filter (where c.seconds <= 30), count(*) filter (where c.seconds <= 60),
        count(*) filter (where c.seconds <= 120), count(*) filter (where c.seconds <= 300),
        coalesce(sum(c.seconds), 0), max(c.unmapped_products)
    from closed as c inner join pos.accounts as a on c.pos_account_id = a.id
    group by a.connection_id, a.location_id, c.pos_account_id
    order by a.connection_id, a.location_id
    on conflict (pos_account_id) do update
    set transactions_processed = t.transactions_processed + excluded.transactions_processed,
        requests_made = t.requests_made + excluded.requests_made,
        timed_syncs = t.timed_syncs + excluded.timed_syncs,
        within_5_seconds = t.within_5_seconds + excluded.within_5_seconds,
        within_10_seconds = t.within_10_seconds + excluded.within_10_seconds,
        within_30_seconds = t.within_30_seconds + excluded.within_30_seconds,
        within_60_seconds = t.within_60_seconds + excluded.within_60_seconds,
        within_120_seconds = t.within_120_seconds + excluded.within_120_seconds,
        within_300_seconds = t.within_300_seconds + excluded.within_300_seconds,
        sync_seconds = t.sync_seconds + excluded.sync_seconds,
        unmapped_products = coalesce(excluded.unmapped_products, t.unmapped_products)
),

errors_totalled as (
    insert into pos.sync_error_totals as t (pos_account_id, error_type, errors)
    select c.pos_account_id, c.error_type, count(*)
    from closed as c inner join pos.accounts as a on c.pos_account_id = a.id
    where c.error_type is not null
    group by a.connection_id, a.location_id, c.pos_account_id, c.error_type
    order by a.connection_id, a.location_id
    on conflict (pos_account_id, error_type) do update set errors = t.errors + excluded.errors
)
"""
# How long an interrupted sync took nobody knows: its log ends when it is found. No request of it is counted.
CLOSE_INTERRUPTED = f"""
with closed as (
    update pos.sync_logs as l
    set status = 'failed', sync_completed_at = statement_timestamp(), error_type = 'interrupted',
        error_message = 'the process ended in the middle; everything it had not committed is read again',
        sync_duration_seconds = extract(epoch from statement_timestamp() - sync_started_at)
    from pos.accounts as a
    where a.id = l.pos_account_id and a.connection_id = any(%s) and l.status = 'in_progress' and l.kind = %s
        and l.window_start is not distinct from %s and l.window_end is not distinct from %s
    returning l.pos_account_id, l.error_type, l.transactions_processed, l.requests_made,
        null::numeric as seconds, null::integer as unmapped_products
),
{ADD_UP}
select count(*) from closed
"""
CLOSE = f"""
with closed as (
    update pos.sync_logs
    set status = %(status)s, sync_completed_at = statement_timestamp(),
        sync_duration_seconds = extract(epoch from statement_timestamp() - sync_started_at),
        error_type = %(error_type)s, error_message = %(error_message)s,
        transactions_fetched = %(fetched)s, transactions_processed = %(fetched)s,
        transactions_failed = %(failed)s, new_products_discovered = %(new_products)s,
        requests_made = %(requests_made)s, load_id = %(load_id)s,
        unmapped_products_count = (
            select count(*) from pos.accounts as a
            inner join pos.known_products as k on a.connection_id = k.connection_id
            left join pos.product_mappings as m
                on a.id = m.pos_account_id and k.pos_product_id = m.pos_product_id
            where a.id = %(account_id)s and m.id is null
        )
    where id = %(log_id)s and status = 'in_progress'
    returning pos_account_id, error_type, transactions_processed, requests_made,
        sync_duration_seconds as seconds, unmapped_products_count as unmapped_products
),
{ADD_UP}
select seconds from closed
"""


@dataclass(frozen=True)
class AccountSync:
    """An account's open row."""

    log_id: UUID
    tenant_id: UUID
    account_id: UUID
    provider: str
    location_id: str
    location_name: str
    failures_before: int
    """Consecutive failures before this sync."""


@dataclass(frozen=True)
class Figures:
    """What one account's sync brought; rows of the stream that counts as transactions."""

    fetched: int = 0
    failed: int = 0
    new_products: int = 0
    requests_made: int = 0


def open_logs(
    database: Database,
    connection_ids: Sequence[UUID],
    *,
    started_at: datetime,
    window: Window | None = None,
    run_id: str | None = None,
) -> dict[UUID, list[AccountSync]]:
    """A row in progress for every enabled account of these connections; closes what a dead process left.

    The caller owns the connections (or the window): nothing else can be in progress on them.
    """
    kind = "window" if window else "live"
    bounds = (window.start, window.end) if window else (None, None)
    with database.transaction() as transaction:
        transaction.execute(CLOSE_INTERRUPTED, (list(connection_ids), kind, *bounds))
        rows = transaction.execute(
            """
            with opened as (
                insert into pos.sync_logs
                    (tenant_id, pos_account_id, kind, window_start, window_end, sync_started_at, status, run_id)
                select tenant_id, id, %s, %s, %s, %s, 'in_progress', %s from pos.accounts
                where connection_id = any(%s) and sync_enabled
                returning id, pos_account_id
            )
            select
                a.connection_id, o.id, a.tenant_id, a.id, a.pos_provider, a.location_id, a.location_name, a.error_count
            from opened as o inner join pos.accounts as a on o.pos_account_id = a.id
            order by a.location_id
            """,
            (kind, *bounds, started_at, run_id, list(connection_ids)),
        ).fetchall()
    opened: dict[UUID, list[AccountSync]] = {one: [] for one in connection_ids}
    for connection_id, *account in rows:
        opened[connection_id].append(AccountSync(*account))
    return opened


def close_log(
    transaction: Connection,
    account: AccountSync,
    status: Status,
    figures: Figures,
    *,
    load_id: str | None,
    error: PipelineError | None,
) -> float | None:
    """Close one row in the caller's transaction; the sync's duration in seconds, None if it is closed already."""
    row = transaction.execute(
        CLOSE,
        {
            "status": status,
            "error_type": error.code if error else None,
            "error_message": str(error) if error else None,
            "fetched": figures.fetched,
            "failed": figures.failed,
            "new_products": figures.new_products,
            "requests_made": figures.requests_made,
            "load_id": load_id,
            "account_id": account.account_id,
            "log_id": account.log_id,
        },
    ).fetchone()
    return float(row[0]) if row else None


def mark_accounts(
    transaction: Connection, accounts: Sequence[AccountSync], error: PipelineError | None, *, needs_person: bool
) -> None:
    """Write the outcome of a live sync on its accounts and set when each is due again.

    After a failure the next try comes after 1, 2, 4 … minutes, never later than the account's own
    frequency; when a person has to act first, at the account's frequency.
    """
    transaction.execute(
        """
        update pos.accounts
        set last_sync_at = statement_timestamp(), updated_at = statement_timestamp(),
            last_successful_sync_at = case when %(failed)s then last_successful_sync_at else statement_timestamp() end,
            status = case
                when status = 'disconnected' then status
                when %(needs_person)s then 'error'
                when %(failed)s then status
                else 'active'
            end,
            error_message = %(message)s,
            error_count = case when %(failed)s then error_count + 1 else 0 end,
            last_error_at = case when %(failed)s then statement_timestamp() else last_error_at end,
            next_sync_at = statement_timestamp() + case
                when %(failed)s and not %(needs_person)s
                    then least(interval '1 minute' * power(2, least(error_count, 10)),
                        interval '1 minute' * sync_frequency_minutes)
                else interval '1 minute' * sync_frequency_minutes
            end
        where id = any(%(ids)s)
        """,
        {
            "failed": error is not None,
            "needs_person": needs_person,
            "message": f"{error} {error.action_required}" if error else None,
            "ids": [account.account_id for account in accounts],
        },
    )
