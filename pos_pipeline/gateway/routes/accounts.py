"""`/accounts`: linked shops. One grant may cover several of them; ending it ends all."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from pos_pipeline.accounts.hooks import WEBHOOK_STATUS, listen, register_webhooks, webhook_url
from pos_pipeline.accounts.linking import disconnect, link_with_credentials
from pos_pipeline.errors import NotFound
from pos_pipeline.gateway.context import PROBLEMS, Core
from pos_pipeline.gateway.identity import Admin, Identity, Reader, Writer
from pos_pipeline.gateway.invitations import Link, invite
from pos_pipeline.gateway.isolation import as_tenant, rows_of
from pos_pipeline.gateway.once import OnceRoute
from pos_pipeline.gateway.paging import Cursor, Limit, Page, page_of, position_of
from pos_pipeline.orchestration.requests import welcome
from pos_pipeline.services import Services

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=OnceRoute, responses=PROBLEMS)

COLUMNS = f"""
a.id,
a.pos_provider,
a.account_name,
a.location_id,
a.location_name,
a.timezone,
a.currency,
c.merchant_id,
a.sync_enabled,
a.sync_frequency_minutes,
a.last_sync_at,
a.last_successful_sync_at,
a.next_sync_at,
c.token_expires_at,
a.webhook_url,
{WEBHOOK_STATUS} as webhook_status,
c.webhook_message,
a.status,
a.error_message,
a.error_count,
a.last_error_at,
a.created_at,
a.updated_at,
a.connection_id
"""
SELECT = f"select {COLUMNS} from pos.accounts as a inner join pos.connections as c on a.connection_id = c.id"
LIST = f"""
{SELECT}
where
    (a.pos_provider = %(provider)s or %(provider)s::text is null)
    and (a.status = %(status)s or %(status)s::text is null)
    and ((a.created_at, a.id) > (%(created_at)s, %(id)s) or %(id)s::uuid is null)
order by a.created_at, a.id
limit %(limit)s
"""
CHANGE = """
update pos.accounts
set
    account_name = coalesce(%(account_name)s, account_name),
    sync_enabled = coalesce(%(sync_enabled)s, sync_enabled),
    sync_frequency_minutes = coalesce(%(sync_frequency_minutes)s, sync_frequency_minutes),
    next_sync_at = case
        when %(sync_enabled)s and not sync_enabled then now()
        when %(sync_frequency_minutes)s::integer is not null
            then least(next_sync_at, now() + make_interval(mins => %(sync_frequency_minutes)s))
        else next_sync_at
    end,
    updated_at = now()
where id = %(id)s
returning id
"""

AccountId = Annotated[UUID, Path(description="The account's id.", examples=["0b8f6a52-6f0e-4d59-9a3e-0c1d8f1f6f11"])]


class Account(BaseModel):
    """One linked shop."""

    id: UUID
    pos_provider: str = Field(examples=["square"])
    account_name: str = Field(examples=["Panadería Ejemplo · Centro"])
    location_id: str = Field(description="The POS's id of the shop.")
    location_name: str
    timezone: str = Field(examples=["Europe/Madrid"])
    currency: str = Field(examples=["EUR"])
    merchant_id: str = Field(description="The POS's id of the merchant.")
    connection_id: UUID = Field(description="The grant behind it; accounts with the same one are linked together.")
    sync_enabled: bool
    sync_frequency_minutes: int = Field(examples=[15])
    last_sync_at: datetime | None
    last_successful_sync_at: datetime | None
    next_sync_at: datetime
    token_expires_at: datetime | None
    webhook_url: str | None
    webhook_status: str = Field(
        description="listening: the POS tells what happens; silent: it did, and no more; none: found by the clock only",
        examples=["listening"],
    )
    webhook_message: str | None = Field(description="What is wrong with it, and what to do.")
    status: str = Field(description="active, disconnected or error", examples=["active"])
    error_message: str | None = Field(description="What is wrong and what to do, while status is error.")
    error_count: int = Field(description="Failures since the last success.")
    last_error_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NewAccounts(BaseModel):
    """Credentials that a merchant found in the POS's own pages, instead of a consent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"pos_provider": "square", "credentials": {"access_token": "EAAA…"}}]},
    )

    pos_provider: str
    credentials: dict[str, str] = Field(description="By the names the provider wants; `GET /oauth/…` is the other way.")


class AccountChange(BaseModel):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"sync_frequency_minutes": 5}]})

    account_name: str | None = Field(None, min_length=1, max_length=200)
    sync_enabled: bool | None = None
    sync_frequency_minutes: int | None = Field(None, ge=1, le=1440)


@router.get("", summary="List accounts")
def list_accounts(
    caller: Reader,
    core: Core,
    *,
    pos_provider: Annotated[str | None, Query(description="Of this POS only.")] = None,
    status: Annotated[str | None, Query(description="active, disconnected or error", max_length=20)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Account]:
    """The tenant's linked shops, oldest first."""
    after = position_of(cursor, datetime.fromisoformat, UUID, of="accounts") or [None, None]
    parameters = {
        "provider": pos_provider,
        "status": status,
        "created_at": after[0],
        "id": after[1],
        "limit": limit + 1,
    }
    rows = rows_of(core.database, caller.tenant_id, LIST, parameters)
    return page_of(
        [Account(**row) for row in rows], limit, lambda row: (row.created_at.isoformat(), row.id), of="accounts"
    )


@router.post("", status_code=201, summary="Link shops with credentials")
def link_accounts(caller: Admin, core: Core, request: Request, wanted: NewAccounts) -> list[Account]:
    """Link every shop behind credentials a merchant typed in. To ask consent, see `/oauth/{provider}/authorize`."""
    connections = link_with_credentials(core, wanted.pos_provider, caller.tenant_id, wanted.credentials)
    welcome(core, connections)
    for connection in connections:
        listen(core, connection, request.app.state.public_url)
    return [account for connection in connections for account in accounts_of(core, caller, connection.id)]


@router.get("/{account_id}", summary="Show an account")
def show_account(caller: Reader, core: Core, account_id: AccountId) -> Account:
    """One linked shop."""
    return find_account(core, caller, account_id)


@router.put("/{account_id}", summary="Change an account")
def change_account(caller: Writer, core: Core, account_id: AccountId, change: AccountChange) -> Account:
    """Name it, switch its sync on or off, set how often it is synced."""
    with as_tenant(core.database, caller.tenant_id) as transaction:
        found = transaction.execute(CHANGE, {"id": account_id, **change.model_dump()}).fetchone()
    if found is None:
        raise no_account(account_id)
    return find_account(core, caller, account_id)


@router.delete("/{account_id}", summary="Disconnect the grant behind an account")
def disconnect_account(caller: Admin, core: Core, account_id: AccountId) -> list[Account]:
    """Withdraw the merchant's grant at the POS and forget its tokens, for every shop it covers; those are answered.

    Sales and accounts stay. To stop reading one shop only, set its `sync_enabled` to false.
    """
    account = find_account(core, caller, account_id)
    disconnect(core, account.connection_id)
    return accounts_of(core, caller, account.connection_id)


@router.post("/{account_id}/reconnect", summary="Ask the merchant's consent again")
def reconnect(caller: Admin, core: Core, request: Request, account_id: AccountId) -> Link:
    """What the merchant is to do so that an account in error, or a disconnected one, is read again.

    Its history and its place in it stay as they are.
    """
    account = find_account(core, caller, account_id)
    return invite(core, request, caller, account.pos_provider)


@router.post("/{account_id}/webhooks/register", summary="Have the POS tell us what happens")
def register(caller: Admin, core: Core, request: Request, account_id: AccountId) -> list[Account]:
    """Subscribe this gateway to the POS's events for every shop of the account's grant; those are answered."""
    account = find_account(core, caller, account_id)
    register_webhooks(core, account.connection_id, webhook_url(request.app.state.public_url, account.pos_provider))
    return accounts_of(core, caller, account.connection_id)


def find_account(core: Services, caller: Identity, account_id: UUID) -> Account:
    """The account, if it is the caller's.

    Raises:
        NotFound: it is not, or there is none.
    """
    rows = rows_of(core.database, caller.tenant_id, f"{SELECT} where a.id = %s", (account_id,))
    if not rows:
        raise no_account(account_id)
    return Account(**rows[0])


def accounts_of(core: Services, caller: Identity, connection_id: UUID) -> list[Account]:
    """All shops of one grant."""
    query = f"{SELECT} where a.connection_id = %s order by a.location_name, a.id"
    return [Account(**row) for row in rows_of(core.database, caller.tenant_id, query, (connection_id,))]


def no_account(account_id: UUID) -> Any:
    """What is said of an account that is not the caller's."""
    return NotFound(f"account: there is no {account_id}.")
