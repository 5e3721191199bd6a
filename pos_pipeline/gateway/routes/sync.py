"""`/sync`: ask for a sync, see what became of it. A grant's shops are synced together."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pos_pipeline.accounts.connections import Connection, load_connection
from pos_pipeline.errors import InvalidRequest
from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.correlation import request_id
from pos_pipeline.gateway.identity import Identity, Reader, Writer
from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.paging import Cursor, Limit, Page, page_of, position_of
from pos_pipeline.gateway.routes.accounts import Account, AccountId, find_account
from pos_pipeline.orchestration.requests import ask_live, ask_window, midnight
from pos_pipeline.provider import Window
from pos_pipeline.services import Services

router = APIRouter(prefix="/sync", tags=["sync"], route_class=OnceRoute, responses=PROBLEMS)

MAX_DAYS = 3650
REQUESTS = """
select
    id,
    kind,
    reason,
    status,
    window_start,
    window_end,
    attempts,
    requested_at,
    started_at,
    finished_at,
    error_message
from pos.sync_requests
where
    connection_id = %(connection_id)s
    and (status in ('pending', 'running') or requested_at > now() - interval '1 day')
order by requested_at desc, window_start desc nulls first
limit 200
"""
HISTORY = """
select
    id,
    kind,
    window_start,
    window_end,
    sync_started_at,
    sync_completed_at,
    sync_duration_seconds,
    status,
    error_type,
    error_message,
    transactions_fetched,
    transactions_processed,
    transactions_failed,
    new_products_discovered,
    unmapped_products_count,
    requests_made,
    run_id
from pos.sync_logs
where
    pos_account_id = %(account_id)s
    and ((sync_started_at, id) < (%(started_at)s, %(id)s) or %(id)s::uuid is null)
order by sync_started_at desc, id desc
limit %(limit)s
"""
ASKED_BY = "update pos.sync_requests set correlation_id = coalesce(correlation_id, %s) where id = any(%s)"


class SyncRequest(BaseModel):
    """Something asked for, and what became of it."""

    id: UUID
    kind: str = Field(description="live, or window for a part of the past", examples=["live"])
    reason: str = Field(
        description="Who asked: due, webhook, manual, backfill, sweep, message or link.", examples=["manual"]
    )
    status: str = Field(description="pending, running, done or failed", examples=["done"])
    window_start: datetime | None
    window_end: datetime | None
    attempts: int
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_message: str | None


class Asked(BaseModel):
    """What was asked for, as requests whose progress `GET /sync/{account_id}/status` shows."""

    request_ids: list[UUID] = Field(examples=[["0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11"]])
    window_start: datetime | None = None
    window_end: datetime | None = None


class Past(BaseModel):
    """Which part of the past: the last so many days, or days from and to, both included; UTC."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"examples": [{"days": 90}, {"from": "2026-01-01", "to": "2026-03-31"}]},
    )

    days: int | None = Field(None, ge=1, le=MAX_DAYS)
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    again: bool = Field(default=False, description="Also what an earlier import has read.")

    @model_validator(mode="after")
    def _one_way(self) -> "Past":
        if (self.days is None) == (self.first is None) or (self.last and not self.first):
            raise ValueError("give days, or from and perhaps to")
        if self.first and self.last and self.last < self.first:
            raise ValueError("it ends before it starts")
        return self

    def window(self, now: datetime) -> Window:
        """The window, which never reaches past `now`.

        Raises:
            InvalidRequest: it begins in the future, or too long ago.
        """
        first = self.first or (now - timedelta(days=self.days or 0)).date()
        if midnight(first) >= now or midnight(first) < now - timedelta(days=MAX_DAYS + 1):
            raise InvalidRequest(f"window: it begins on {first}; expected a day of the past {MAX_DAYS} days.")
        end = midnight(self.last + timedelta(days=1)) if self.last and self.last < date.max else now
        return Window(midnight(first), min(end, now))


class Progress(BaseModel):
    """How far imports have come: parts are months."""

    parts: int = Field(examples=[3])
    done: int = Field(examples=[2])
    failed: int = Field(examples=[0])


class SyncStatus(BaseModel):
    """An account now."""

    account: Account
    in_progress: bool
    history: Progress = Field(description="Parts of the past asked for within a day, or still waiting.")
    requests: list[SyncRequest] = Field(description="What was asked for, newest first.")


class SyncLog(BaseModel):
    """One sync that was."""

    id: UUID
    kind: str
    window_start: datetime | None
    window_end: datetime | None
    sync_started_at: datetime
    sync_completed_at: datetime | None
    sync_duration_seconds: float | None
    status: str = Field(description="in_progress, success, partial or failed", examples=["success"])
    error_type: str | None
    error_message: str | None
    transactions_fetched: int
    transactions_processed: int
    transactions_failed: int
    new_products_discovered: int
    unmapped_products_count: int
    requests_made: int
    run_id: str | None = Field(description="The Dagster run.")


@router.post("/{account_id}", status_code=202, summary="Sync now")
def sync_now(caller: Writer, core: Core, request: Request, account_id: AccountId) -> Asked:
    """Ask for what changed since the last sync, ahead of what is merely due. Asking twice is asking once."""
    connection = _connection(core, caller, account_id)
    with core.database.transaction() as transaction:
        asked = Asked(request_ids=[ask_live(transaction, connection, "manual")])
        transaction.execute(ASKED_BY, (request_id(), asked.request_ids))
    request.app.state.conductor.wake()
    return asked


@router.post("/{account_id}/historical", status_code=202, summary="Import a part of the past")
def import_history(caller: Writer, core: Core, account_id: AccountId, past: Past) -> Asked:
    """Ask for everything that changed within days of the past, month by month; what was read before is skipped."""
    connection = _connection(core, caller, account_id)
    window = past.window(datetime.now(UTC))
    with core.database.transaction() as transaction:
        requests = ask_window(transaction, connection, window, "manual" if past.again else "backfill")
        transaction.execute(ASKED_BY, (request_id(), requests))
    return Asked(request_ids=requests, window_start=window.start, window_end=window.end)


@router.get("/{account_id}/status", summary="What is going on")
def sync_status(caller: Reader, core: Core, account_id: AccountId) -> SyncStatus:
    """The account, whether it is being synced, and what was asked for."""
    account = find_account(core, caller, account_id)
    parameters = {"account_id": account_id, "connection_id": account.connection_id}
    open_logs = (
        "select count(*) as n from pos.sync_logs where pos_account_id = %(account_id)s and status = 'in_progress'"
    )
    [running] = rows_of(core.database, caller.tenant_id, open_logs, parameters)
    requests = [SyncRequest(**row) for row in rows_of(core.database, caller.tenant_id, REQUESTS, parameters)]
    parts = [request.status for request in requests if request.kind == "window" and request.reason != "sweep"]
    return SyncStatus(
        account=account,
        in_progress=running["n"] > 0,
        history=Progress(parts=len(parts), done=parts.count("done"), failed=parts.count("failed")),
        requests=requests,
    )


@router.get("/{account_id}/history", summary="Past syncs")
def sync_history(
    caller: Reader, core: Core, account_id: AccountId, *, limit: Limit = 50, cursor: Cursor = None
) -> Page[SyncLog]:
    """The account's syncs, newest first."""
    find_account(core, caller, account_id)
    after = position_of(cursor, datetime.fromisoformat, UUID, of=f"syncs of {account_id}") or [None, None]
    parameters = {"account_id": account_id, "started_at": after[0], "id": after[1], "limit": limit + 1}
    logs = [SyncLog(**row) for row in rows_of(core.database, caller.tenant_id, HISTORY, parameters)]
    return page_of(logs, limit, lambda log: (log.sync_started_at.isoformat(), log.id), of=f"syncs of {account_id}")


def _connection(core: Services, caller: Identity, account_id: UUID) -> Connection:
    """The connection of the caller's account.

    Raises:
        NotFound: the account is not the caller's.
        InvalidRequest: it is disconnected or switched off.
    """
    account = find_account(core, caller, account_id)
    if account.status == "disconnected":
        raise InvalidRequest(f"account {account_id} is disconnected; link the till again.")
    if not account.sync_enabled:
        raise InvalidRequest(f"account {account_id} is switched off; set sync_enabled first.")
    return load_connection(core.database, account.connection_id)
