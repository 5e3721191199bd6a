"""Totals of ended syncs: what counters are told from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from fakes.corner_till import CornerTill, sale

from pos_pipeline.errors import ProviderUnavailable
from pos_pipeline.extract import sync_live
from pos_pipeline.services import Services
from pos_pipeline.sync_log import Figures, close_log, open_logs
from pos_pipeline.warehouse import migrations

Link = Callable[..., UUID]

TOTALS = """
select
    transactions_processed, requests_made, timed_syncs, within_5_seconds, within_10_seconds, within_30_seconds,
    within_60_seconds, within_120_seconds, within_300_seconds, round(sync_seconds)::integer, unmapped_products
from pos.sync_totals
"""
ERRORS = "select error_type, errors from pos.sync_error_totals order by error_type"


def ended(services: Services, connection_id: UUID, seconds: int, figures: Figures, error: str | None = None) -> None:
    """A sync of a connection's shop that took so long."""
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    [account] = open_logs(services.database, [connection_id], started_at=started)[connection_id]
    refusal = ProviderUnavailable(error) if error else None
    with services.database.transaction() as transaction:
        close_log(transaction, account, "failed" if error else "success", figures, load_id=None, error=refusal)


def test_ended_syncs_add_up(corner: Services, link: Link) -> None:
    """Records, requests, errors and how many took at most so long; products as the last sync has counted them."""
    connection_id = link()
    for seconds in (1, 7, 8, 20, 45, 100, 200, 400):
        ended(corner, connection_id, seconds, Figures(fetched=seconds, requests_made=2))
    corner.database.fetch(
        "insert into pos.known_products (tenant_id, connection_id, pos_product_id)"
        " select tenant_id, id, 'P1' from pos.connections returning 1"
    )
    ended(corner, connection_id, 2, Figures(requests_made=1), error="corner: closed")

    assert corner.database.fetch(TOTALS) == [(781, 17, 9, 2, 4, 5, 6, 7, 8, 783, 1)]
    assert corner.database.fetch(ERRORS) == [("provider_unavailable", 1)]


def test_an_interrupted_sync_is_an_error_without_a_duration(corner: Services, link: Link) -> None:
    """Nobody knows how long it took; what is known of products stays known."""
    connection_id = link()
    ended(corner, connection_id, 1, Figures(fetched=5))
    for _ in range(2):
        open_logs(corner.database, [connection_id], started_at=datetime.now(UTC) - timedelta(hours=1))
    ended(corner, connection_id, 1, Figures(fetched=7))

    assert corner.database.fetch(TOTALS) == [(12, 0, 2, 2, 2, 2, 2, 2, 2, 2, 0)]
    assert corner.database.fetch(ERRORS) == [("interrupted", 2)]


def test_what_is_not_committed_does_not_count(corner: Services, link: Link) -> None:
    """Totals are written with the log: neither without the other."""
    connection_id = link()
    [account] = open_logs(corner.database, [connection_id], started_at=datetime.now(UTC))[connection_id]
    with corner.database.transaction() as transaction, transaction.transaction(force_rollback=True):
        close_log(transaction, account, "success", Figures(fetched=3), load_id=None, error=None)
    assert corner.database.fetch(TOTALS) == []

    for _ in range(2):
        with corner.database.transaction() as transaction:
            close_log(transaction, account, "success", Figures(fetched=3), load_id=None, error=None)
    assert [row[0] for row in corner.database.fetch(TOTALS)] == [3]


def test_totals_are_what_the_logs_say(corner: Services, till: CornerTill, link: Link) -> None:
    """Also after real syncs; and a database that has logs already begins with their sums."""
    till.sales = {"m1": [sale(1, minute=1), sale(2, minute=2)], "m2": [sale(3, minute=1, merchant="m2")]}
    connections = [link("m1"), link("m2")]
    sync_live(corner, connections)

    def close(_merchant: str, stream: str) -> None:
        if stream == "sales":
            raise ProviderUnavailable("corner: closed")

    till.fault = close
    sync_live(corner, connections)
    open_logs(corner.database, connections, started_at=datetime.now(UTC))
    open_logs(corner.database, connections, started_at=datetime.now(UTC))
    totals = corner.database.fetch("select * from pos.sync_totals order by pos_account_id")
    errors = corner.database.fetch("select * from pos.sync_error_totals order by pos_account_id, error_type")
    assert [(row[1], row[3]) for row in sorted(totals, key=lambda row: row[1])] == [(1, 2), (2, 2)]

    script = Path(str(migrations.__file__)).parent.joinpath("0006_totals.sql").read_text()
    with corner.database.transaction() as transaction:
        transaction.execute("drop table pos.sync_totals, pos.sync_error_totals")
        transaction.execute("alter table pos.rate_budgets drop column refusals")
        transaction.execute(script.encode())

    assert corner.database.fetch("select * from pos.sync_totals order by pos_account_id") == totals
    assert corner.database.fetch("select * from pos.sync_error_totals order by pos_account_id, error_type") == errors
