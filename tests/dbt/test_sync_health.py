"""What fct_sync_health says of a shop's syncs."""

from decimal import Decimal

import pytest
from fakes.books import Books, Shop

LOG = (
    "insert into pos.sync_logs (tenant_id, pos_account_id, sync_started_at, sync_duration_seconds, status,"
    " transactions_processed) values (%s, %s, now() - %s::interval, %s, %s, %s)"
)


def log(books: Books, shop: Shop, ago: str, status: str, *, seconds: int, processed: int) -> None:
    """One sync of the shop, begun `ago`."""
    with books.database.transaction() as connection:
        connection.execute(LOG, (shop.tenant_id, shop.account_id, ago, seconds, status, processed))


def test_last_day_of_syncs_is_counted(shared_books: Books) -> None:
    """Of three finished syncs two went well; yesterday's and the running one do not count."""
    shop = shared_books.open_shop()
    log(shared_books, shop, "1 hour", "success", seconds=2, processed=10)
    log(shared_books, shop, "2 hours", "success", seconds=4, processed=20)
    log(shared_books, shop, "3 hours", "failed", seconds=9, processed=0)
    log(shared_books, shop, "1 minute", "in_progress", seconds=0, processed=0)
    log(shared_books, shop, "30 hours", "failed", seconds=99, processed=0)

    health = shared_books.one("marts.fct_sync_health", shop)
    assert (health["sync_count_24h"], health["failed_sync_count_24h"]) == (4, 1)
    assert health["success_rate_24h"] == Decimal("0.6667")
    assert (health["slowest_sync_seconds_24h"], health["transactions_processed_24h"]) == (9, 30)


@pytest.mark.parametrize(
    ("change", "late"),
    [
        ("last_successful_sync_at = now() - interval '29 minutes'", False),
        ("last_successful_sync_at = now() - interval '31 minutes'", True),
        ("last_successful_sync_at = now() - interval '31 minutes', sync_enabled = false", False),
        ("last_successful_sync_at = now() - interval '31 minutes', status = 'disconnected'", False),
        ("created_at = now() - interval '31 minutes'", True),
    ],
)
def test_shop_is_late_after_twice_its_frequency(shared_books: Books, change: str, late: bool) -> None:
    """Fifteen minutes are promised; after thirty without a success an active shop is late, a paused one is not."""
    shop = shared_books.open_shop()
    with shared_books.database.transaction() as connection:
        connection.execute(f"update pos.accounts set {change} where id = %s", (shop.account_id,))

    assert shared_books.one("marts.fct_sync_health", shop)["is_late"] is late
