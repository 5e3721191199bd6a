"""Does what one message asks for, once, in one transaction of the warehouse."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from pos_pipeline.accounts.connections import read_connection
from pos_pipeline.consumer.messages import AnyCommand, DailyTrigger, TransactionsRecorded, ValidationDiscrepancy
from pos_pipeline.consumer.poison import Poison
from pos_pipeline.consumer.windows import window_of
from pos_pipeline.events.deliveries import acknowledge
from pos_pipeline.orchestration.requests import ask_window
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Connection

NOBODY = UUID(int=0)
_PLAIN_ID = re.compile(r"[\w.:@/+-]{1,200}", re.ASCII)
_PLACE = re.compile(r"at `(\$[\w.\[\]]*)`$")

REMEMBER = """
insert into pos.messages (message_id, tenant_id, event_type, body_digest) values (%s, %s, %s, %s)
on conflict (message_id, tenant_id) do nothing
"""
KNOWN = "select body_digest from pos.messages where message_id = %s and tenant_id = %s"
TENANT = "select from pos.tenants where id = %s"
ACCOUNT = """
select connection_id, timezone, day_closes_at, status, sync_enabled
from pos.accounts
where
    tenant_id = %(tenant_id)s
    and (id = %(account_id)s or (pos_provider = %(provider)s and location_id = %(location_id)s))
"""
# In one order of accounts, as everything that writes several of them.
DUE = """
with chosen as (
    select a.id
    from pos.accounts as a
    inner join pos.connections as c on a.connection_id = c.id
    where
        a.sync_enabled and a.status <> 'disconnected' and c.status = 'active' and a.next_sync_at > now()
        and (a.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
    order by a.id
    for update of a
)
update pos.accounts as a set next_sync_at = now() from chosen where a.id = chosen.id
"""

_decoder = msgspec.json.Decoder(AnyCommand)


def decode(body: bytes) -> AnyCommand:
    """The message in `body`.

    Raises:
        Poison: `not_json`, or `wrong_schema` with the place of the fault.
    """
    try:
        command: AnyCommand = _decoder.decode(body)
    except msgspec.ValidationError as error:
        # msgspec quotes what came; only its place may be told.
        place = _PLACE.search(str(error))
        where = place[1] if place else "$"
        raise Poison("wrong_schema", f"no message of the contract: the fault is at {where}.") from None
    except RecursionError:
        raise Poison("wrong_schema", "no message of the contract: it is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Poison("not_json", "the body is not JSON in UTF-8.") from None
    return command


def act_upon(services: Services, body: bytes, message_id: str | None) -> Literal["done", "known"]:
    """Do what the message asks for and commit, or notice that this was done before.

    Raises:
        Poison: it cannot be acted upon; nothing was written.
        WarehouseUnavailable: nothing was committed; the message is to come again.
    """
    command = decode(body)
    digest = hashlib.sha256(body).digest()
    key = _key(message_id, command, digest)
    whose = command.tenant_id or NOBODY
    with services.database.transaction() as transaction:
        if command.tenant_id is not None and not transaction.execute(TENANT, (whose,)).fetchall():
            raise Poison("unknown_tenant", "there is no tenant of that id.")
        event_type = str(type(command).__struct_config__.tag)
        if not transaction.execute(REMEMBER, (key, whose, event_type, digest)).rowcount:
            [(known,)] = transaction.execute(KNOWN, (key, whose)).fetchall()
            if known != digest:
                raise Poison("reused_message_id", "another message of this id was acted upon before.")
            return "known"
        _act(transaction, command)
    return "done"


def _act(transaction: Connection, command: AnyCommand) -> None:
    match command:
        case ValidationDiscrepancy():
            _read_again(transaction, command)
        case DailyTrigger():
            transaction.execute(DUE, {"tenant_id": command.tenant_id})
        case TransactionsRecorded():
            for result in command.results:
                acknowledge(
                    transaction,
                    command.tenant_id,
                    result.id,
                    bytes.fromhex(result.content_hash),
                    sales_record_id=result.sales_record_id,
                    error=result.error,
                )


def _read_again(transaction: Connection, command: ValidationDiscrepancy) -> None:
    """Ask for the window as `POST /sync/{account_id}/historical` does, with what was read before."""
    parameters = {
        "tenant_id": command.tenant_id,
        "account_id": command.pos_account_id,
        "provider": command.pos_provider,
        "location_id": command.location_id,
    }
    account = transaction.execute(ACCOUNT, parameters).fetchone()
    if account is None:
        raise Poison("unknown_account", "the tenant has no such account.")
    connection_id, timezone, day_closes_at, status, sync_enabled = account
    if status == "disconnected" or not sync_enabled:
        raise Poison("account_is_off", "the account is disconnected or switched off.")
    window = window_of(command, timezone, day_closes_at, datetime.now(UTC))
    ask_window(transaction, read_connection(transaction, connection_id), window, "message")


def _key(message_id: str | None, command: AnyCommand, digest: bytes) -> str:
    """What recognises the message: the sender's id if it is one, else the body itself."""
    given = message_id or (str(command.event_id) if command.event_id else "")
    if not given:
        return digest.hex()
    return given if _PLAIN_ID.fullmatch(given) else hashlib.sha256(given.encode(errors="surrogatepass")).hexdigest()
