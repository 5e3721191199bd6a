"""Re-seals what the vault holds with its newest key.

Row by row, each in its own transaction under the row's lock: syncs go on meanwhile, and an interrupted
rotation goes on where it stopped, since a row that the newest key opens is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from pos_pipeline.accounts.keys import KeyFile
from pos_pipeline.accounts.vault import Vault
from pos_pipeline.errors import TokenUnreadable
from pos_pipeline.warehouse.database import Database

if TYPE_CHECKING:
    from pos_pipeline.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed columns, and the column whose id they are bound to besides the tenant's."""

    name: str
    connection_column: str
    columns: tuple[str, ...]


SEALED = (
    SealedTable("pos.connections", "id", ("access_token", "refresh_token")),
    SealedTable("pos.accounts", "connection_id", ("webhook_signature_key",)),
    SealedTable("pos.shared_tokens", "id", ("access_token",)),
)


def rotate_keys(services: "Services") -> int:
    """Put a new key in front of the key file, unless the keys are settings, and re-seal everything with it.

    Old keys stay in the file: a process that runs through the rotation may still seal with them.

    Raises:
        TokenUnreadable: see `rotate_all`.
    """
    if not services.settings.pos_token_keys:
        KeyFile(services.settings.pos_home).add_key()
        services.vault.renew_keys()
    return rotate_all(services)


def rotate_all(services: "Services") -> int:
    """Number of rows re-sealed with the vault's newest key; 0 when all are already.

    Raises:
        TokenUnreadable: no key opens some rows, which are named; all others are re-sealed.
    """
    resealed = 0
    unreadable: list[str] = []
    for table in SEALED:
        for row_id in _rows_with_tokens(services.database, table):
            try:
                resealed += _reseal(services.database, services.vault, table, row_id)
            except TokenUnreadable:
                unreadable.append(f"{table.name} {row_id}")
    log.info("tokens re-sealed", rows=resealed, unreadable=len(unreadable))
    if unreadable:
        raise TokenUnreadable(
            f"vault: {resealed} rows were re-sealed, but no configured key opens {', '.join(unreadable)}. "
            "Put the missing key back and rotate again, or link those tills again."
        )
    return resealed


def _rows_with_tokens(database: Database, table: SealedTable) -> Sequence[UUID]:
    present = " or ".join(f"{column} is not null" for column in table.columns)
    return [row_id for (row_id,) in database.fetch(f"select id from {table.name} where {present} order by id")]


def _reseal(database: Database, vault: Vault, table: SealedTable, row_id: UUID) -> bool:
    columns = ", ".join(table.columns)
    with database.transaction() as transaction:
        row = transaction.execute(
            f"select tenant_id, {table.connection_column}, {columns} from {table.name} where id = %s for no key update",
            (row_id,),
        ).fetchone()
        if row is None:
            return False
        tenant_id, connection_id, *sealed = row
        if all(token is None or vault.is_newest(token) for token in sealed):
            return False
        binding = {"tenant_id": tenant_id, "connection_id": connection_id}
        renewed = [None if token is None else vault.seal(vault.open(token, **binding), **binding) for token in sealed]
        assignments = ", ".join(f"{column} = %s" for column in table.columns)
        transaction.execute(f"update {table.name} set {assignments} where id = %s", (*renewed, row_id))
    return True
