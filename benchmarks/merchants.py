"""Linked merchants as rows, without the consent they would have given."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pos_pipeline.services import Services


@dataclass(frozen=True)
class Merchant:
    """One tenant with one Square connection."""

    tenant_id: UUID
    connection_id: UUID
    slug: str
    location_ids: tuple[str, ...]


def merchants(count: int) -> Iterator[Merchant]:
    """Merchants with a shop each."""
    for number in range(1, count + 1):
        yield Merchant(UUID(int=number), UUID(int=1_000_000 + number), f"shop-{number}", (f"L{number:06}",))


def link(services: Services, merchant: Merchant) -> None:
    """Make tenant, connection and accounts; the token opens nothing."""
    live_since = datetime.now(UTC) - timedelta(hours=1)
    sealed = services.vault.seal("bench-token", tenant_id=merchant.tenant_id, connection_id=merchant.connection_id)
    with services.database.transaction() as transaction:
        transaction.execute(
            "insert into pos.tenants (id, slug, name) values (%s, %s, %s)",
            (merchant.tenant_id, merchant.slug, merchant.slug),
        )
        transaction.execute(
            "insert into pos.connections (id, tenant_id, pos_provider, merchant_id, access_token, live_since)"
            " values (%s, %s, 'square', %s, %s, %s)",
            (merchant.connection_id, merchant.tenant_id, merchant.slug, sealed, live_since),
        )
        for location_id in merchant.location_ids:
            transaction.execute(
                "insert into pos.accounts (tenant_id, connection_id, pos_provider, account_name, location_id,"
                " location_name, timezone, currency)"
                " values (%s, %s, 'square', %s, %s, %s, 'Europe/Madrid', 'EUR')",
                (merchant.tenant_id, merchant.connection_id, merchant.slug, location_id, merchant.slug),
            )
