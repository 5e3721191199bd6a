"""Grants as rows: reading them and saying that one has failed.

Tokens are not here: `credentials` opens them, `linking` writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from pos_pipeline.errors import NotFound, PipelineError
from pos_pipeline.provider import Source
from pos_pipeline.warehouse.database import Connection as Transaction
from pos_pipeline.warehouse.database import Database

SELECT = """
select
    c.id,
    c.tenant_id,
    t.slug,
    c.pos_provider,
    c.merchant_id,
    c.status,
    c.live_since,
    c.attributes,
    array(
        select a.location_id from pos.accounts as a
        where a.connection_id = c.id and a.sync_enabled
        order by a.location_id
    ),
    array(
        select a.location_id from pos.accounts as a
        where a.connection_id = c.id and not a.sync_enabled
        order by a.location_id
    )
from pos.connections as c
inner join pos.tenants as t on c.tenant_id = t.id
"""


@dataclass(frozen=True)
class Connection:
    """One merchant's grant to one tenant."""

    id: UUID
    tenant_id: UUID
    tenant_slug: str
    provider: str
    merchant_id: str
    status: str
    """active, disconnected or error."""
    live_since: datetime
    """UTC; live syncs begin here, history windows end here."""
    attributes: Mapping[str, str]
    """What the provider needs to reach this merchant; never a secret."""
    location_ids: tuple[str, ...]
    """Shops to read: closed ones too, since they have a past, but none whose sync is switched off."""
    switched_off: tuple[str, ...] = ()
    """Shops whose sync is switched off."""

    @property
    def source(self) -> Source:
        """What the provider reads from."""
        return Source(self.id, self.merchant_id, self.location_ids, self.attributes, frozenset(self.switched_off))


def load_connection(database: Database, connection_id: UUID) -> Connection:
    """The connection of this id, whatever its status.

    Raises:
        NotFound: there is none.
    """
    with database.transaction() as transaction:
        return read_connection(transaction, connection_id)


def load_connections(database: Database, connection_ids: Sequence[UUID]) -> list[Connection]:
    """The connections of these ids, whatever their status, each once and in the order given.

    Raises:
        NotFound: one is unknown.
    """
    rows = database.fetch(f"{SELECT} where c.id = any(%s)", (list(connection_ids),))
    found = {row[0]: _connection(row) for row in rows}
    if missing := [one for one in connection_ids if one not in found]:
        raise NotFound(f"connection: there is no {missing[0]}.")
    return [found[one] for one in dict.fromkeys(connection_ids)]


def read_connection(transaction: Transaction, connection_id: UUID) -> Connection:
    """The same as the caller's transaction sees it."""
    row = transaction.execute(f"{SELECT} where c.id = %s", (connection_id,)).fetchone()
    if row is None:
        raise NotFound(f"connection: there is no {connection_id}.")
    return _connection(row)


def connections_of(
    database: Database, tenant_id: UUID | None = None, provider: str | None = None, *, active_only: bool = True
) -> list[Connection]:
    """Connections of a tenant and a provider (of all where None), oldest first."""
    rows = database.fetch(
        f"""{SELECT}
        where (c.tenant_id = %(tenant_id)s or %(tenant_id)s::uuid is null)
            and (c.pos_provider = %(provider)s or %(provider)s::text is null)
            and (c.status = 'active' or not %(active_only)s)
        order by c.created_at, c.id""",
        {"tenant_id": tenant_id, "provider": provider, "active_only": active_only},
    )
    return [_connection(row) for row in rows]


def mark_failed(transaction: Transaction, connection_id: UUID, error: PipelineError) -> None:
    """Take a connection and its shops out of service until somebody acts; their rows say what to do.

    A disconnected connection stays disconnected. Failures are counted by whoever ran the sync.
    """
    message = f"{str(error).rstrip('.')}. {error.action_required}"
    marked = transaction.execute(
        """
        update pos.connections
        set status = 'error', error_type = %s, error_message = %s, updated_at = now()
        where id = %s and status <> 'disconnected'
        """,
        (error.code, message, connection_id),
    )
    if marked.rowcount:
        transaction.execute(
            """
            update pos.accounts
            set status = 'error', error_message = %s, last_error_at = now(), updated_at = now()
            where connection_id = %s
            """,
            (message, connection_id),
        )


def _connection(row: TupleRow) -> Connection:
    return Connection(*(*row[:-2], tuple(row[-2]), tuple(row[-1])))
