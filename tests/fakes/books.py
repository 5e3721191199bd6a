"""Books: a warehouse that is fed with objects of a POS and asked what its marts say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid4

import msgspec
from psycopg.rows import dict_row

from pos_pipeline.services import Services
from pos_pipeline.transform import TransformResult, run_transform

Row = dict[str, Any]

LOAD_IDS = count(1_780_000_000)
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Told(Protocol):
    """One version of one object, as a stream of a POS brings it; decimals are written as JSON numbers."""

    @property
    def stream(self) -> str:
        """Table of `raw_<provider>`."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """The object itself."""

    @property
    def id(self) -> str:
        """The POS's id of it."""

    @property
    def location_id(self) -> str | None:
        """Shop it belongs to; None for what the whole merchant has."""

    @property
    def version_at(self) -> datetime:
        """When this version came to be."""

    @property
    def version_no(self) -> int | None:
        """Number of the version, if the POS counts them."""


@dataclass(frozen=True)
class Shop:
    """One tenant with one till in `location_id`."""

    tenant_id: UUID
    connection_id: UUID
    account_id: UUID
    location_id: str
    pos_provider: str = "square"


class Books:
    """The warehouse as a test sees it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.database = services.database

    def open_shop(
        self,
        location_id: str = "CENTRO",
        *,
        pos_provider: str = "square",
        timezone: str = "Europe/Madrid",
        day_closes_at: str = "00:00",
    ) -> Shop:
        """A new tenant with one linked till."""
        tenant_id, connection_id, account_id = uuid4(), uuid4(), uuid4()
        with self.database.transaction() as connection:
            connection.execute(
                "insert into pos.tenants (id, slug, name) values (%s, %s, 'Panadería')", (tenant_id, f"t-{tenant_id}")
            )
            connection.execute(
                "insert into pos.connections (id, tenant_id, pos_provider, merchant_id) values (%s, %s, %s, 'M')",
                (connection_id, tenant_id, pos_provider),
            )
            connection.execute(
                "insert into pos.accounts (id, tenant_id, connection_id, pos_provider, account_name, location_id,"
                " location_name, timezone, currency, day_closes_at)"
                " values (%s, %s, %s, %s, 'Centro', %s, 'Calle Mayor', %s, 'EUR', %s)",
                (account_id, tenant_id, connection_id, pos_provider, location_id, timezone, day_closes_at),
            )
        return Shop(tenant_id, connection_id, account_id, location_id, pos_provider)

    def load(self, shop: Shop, *told: Told, in_ledger: bool = True) -> str:
        """One committed load with these versions; without the ledger row, one that never was."""
        load_id = f"{next(LOAD_IDS)}.5"
        with self.database.transaction() as connection:
            for each in told:
                connection.execute(
                    f"insert into raw_{shop.pos_provider}.{each.stream} (tenant_id, connection_id, location_id, id,"
                    " version_at, version_no, payload, fetched_at, _dlt_load_id)"
                    " values (%s, %s, %s, %s, %s, %s, %s, now(), %s)",
                    (
                        shop.tenant_id,
                        shop.connection_id,
                        each.location_id,
                        each.id,
                        each.version_at,
                        each.version_no,
                        ENCODER.encode(each.payload).decode(),
                        load_id,
                    ),
                )
            if in_ledger:
                connection.execute(
                    "insert into etl.loads (pos_provider, load_id, row_count) values (%s, %s, %s)",
                    (shop.pos_provider, load_id, len(told)),
                )
        return load_id

    def run(self, **options: Any) -> TransformResult:
        """One transform that has to succeed."""
        result = run_transform(self.services, **options)
        result.raise_for_failure()
        return result

    def model(self, shop: Shop, *told: Told) -> None:
        """Load and run."""
        self.load(shop, *told)
        self.run()

    def rows(self, table: str, shop: Shop | None = None, *columns: str) -> list[Any]:
        """Rows of a relation in a stable order: tuples of `columns`, or all columns by name."""
        selected = ", ".join(columns) or "*"
        where = "where tenant_id = %s" if shop else ""
        with self.database.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(f"select {selected} from {table} {where}", (shop.tenant_id,) if shop else ())
            found = [{name: _plain(value) for name, value in row.items()} for row in cursor.fetchall()]
        found.sort(key=lambda row: json.dumps(list(row.values()), default=str))
        return [tuple(row.values()) for row in found] if columns else found

    def one(self, table: str, shop: Shop) -> Row:
        """The only row a shop has in a relation."""
        (row,) = self.rows(table, shop)
        return dict(row)


def _plain(value: Any) -> Any:
    """Decimals without trailing zeros, so that 2.8500 reads 2.85."""
    return value.normalize() + 0 if isinstance(value, Decimal) else value
