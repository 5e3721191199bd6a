"""Marts as files: the same figures, only what changed, whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pyarrow.parquet as pq
import pytest
from fakes import lightspeed_objects, square_objects, toast_objects
from fakes.books import Books, Shop
from fakes.square_objects import Told, line, order, payment, refund, returns

from pos_pipeline.definitions import build_definitions
from pos_pipeline.errors import Busy, Misconfigured
from pos_pipeline.exports import ExportResult, MartExport, export_marts, parquet
from pos_pipeline.exports.marts import MARTS, PERSONAL_COLUMNS
from pos_pipeline.exports.run import EXPORT_LOCK
from pos_pipeline.services import Services

Ask = Callable[..., list[tuple[Any, ...]]]

MONTH = 30 * 24 * 60
"""Minutes from September into October."""
SALE = """
with batch as (insert into etl.batches (status) values ('done') returning batch_id),
day as (
    insert into etl.touched_days select %(tenant)s, %(day)s, batch_id from batch
    on conflict (tenant_id, business_date) do update set batch_id = excluded.batch_id
)
insert into marts.fct_transactions (
    id, tenant_id, pos_provider, pos_transaction_id, transaction_group, location_id, transaction_type, status,
    currency, payment_method, customer_name, customer_email, device_name, subtotal, tax_amount, discount_amount,
    service_charge_amount, tip_amount, total_amount, voided_amount, tendered_amount, tender_count, is_itemised,
    transaction_at, local_transaction_at, business_date, created_at, _batch_id
)
select
    gen_random_uuid(), %(tenant)s, 'square', gen_random_uuid()::text, n::text, 'L', 'sale', 'completed', 'EUR', 'cash',
    'Jane Doe', 'jane@example.com', %(device)s, 5, 0, 0, 0, 0, 5, 0, 5, 1, false, %(day)s, %(day)s, %(day)s::date,
    %(day)s, batch_id
from batch
cross join generate_series(1, %(count)s) as n
"""
GONE = """
with batch as (insert into etl.batches (status) values ('done') returning batch_id),
gone as (delete from marts.fct_transactions where tenant_id = %s returning tenant_id, business_date)
insert into etl.touched_days
select distinct gone.*, batch_id from gone cross join batch
on conflict (tenant_id, business_date) do update set batch_id = excluded.batch_id
"""


def ring_up(books: Books, shop: Shop, day: str, count: int = 1, device: str | None = None) -> None:
    """Sales of 5.00 of one day, written into the marts by hand where it does not matter how dbt makes them."""
    with books.database.transaction() as transaction:
        transaction.execute(SALE, {"tenant": shop.tenant_id, "day": day, "count": count, "device": device})


def of(result: ExportResult, name: str = "fct_transactions") -> MartExport:
    """What was done to one mart."""
    return next(one for one in result.marts if one.name == name)


def files(services: Services) -> dict[str, int]:
    """Every file with the inode it has: a new one when it is written again."""
    root = services.settings.exports_dir
    return {str(path.relative_to(root)): path.stat().st_ino for path in root.rglob("*.parquet*")}


def sold(name: str, cents: int, *, at: float = 0) -> tuple[Told, Told]:
    """A sale paid in cash."""
    return order(name, [line("a", cents)], at=at), payment(f"P{name}", name, cents, at=at)


def test_files_say_what_the_marts_say(books: Books, asked: Ask) -> None:
    """Sales, a refund and a void at three POS: every row of every mart, value by value and type by type."""
    square = books.open_shop()
    given_back = order("R1", at=30, **returns([line("a", 480)]))
    oat_milk = [{"uid": "m", "name": 'Oat "milk", 1/2', "base_price_money": square_objects.money(40), "quantity": "1"}]
    books.load(square, *sold("O1", 480), *sold("O2", 1000, at=MONTH), given_back)
    books.load(square, refund("F1", 480, payment_id="PO1", order_id="R1", at=30))
    books.load(square, order("O3", [line("a", 250, tax=23, modifiers=oat_milk)]), payment("P3", "O3", 250))
    books.load(square, square_objects.item("BREAD", [("BARRA", 480)]))
    toast = books.open_shop(toast_objects.PLACE, pos_provider="toast", timezone="America/New_York")
    books.load(toast, toast_objects.restaurant(), toast_objects.voided("B", "9.00"))
    books.load(toast, toast_objects.simple("A", "3.55", tax="0.31"))
    retail = books.open_shop(pos_provider="lightspeed")
    three = lightspeed_objects.line("a", "2.22", tax="0.46666", quantity="3")
    books.load(retail, *lightspeed_objects.retailer_objects(), lightspeed_objects.sale("S", [three]))
    books.run()

    result = export_marts(books.services)

    assert of(result).files_written == 4
    for mart in MARTS:
        with books.database.transaction() as transaction:
            transaction.execute("set local time zone 'UTC'")
            cursor = transaction.execute(f"select * from marts.{mart.name}")
            names = [column.name for column in cursor.description or ()]
            kept = [name for name in names if name not in PERSONAL_COLUMNS | {"_batch_id", "modifiers"}]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        wanted = [tuple(as_in_a_file(row[name]) for name in kept) for row in rows]
        found = asked(f"select {', '.join(kept)} from {mart.name}")
        assert sorted(map(str, found)) == sorted(map(str, wanted)), mart.name
        assert rows, mart.name
    [(modifiers,)] = asked("select modifiers from fct_transaction_items where modifiers <> '[]'")
    assert 'Oat \\"milk\\", 1/2' in modifiers


def as_in_a_file(value: Any) -> Any:
    """Ids are text; moments are told in UTC."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(ZoneInfo("UTC"))
    return value if value is None or isinstance(value, int | str | date) or hasattr(value, "quantize") else str(value)


def test_only_the_month_that_changed_is_written(books: Books, shop: Shop) -> None:
    """A late sale touches its own month of its own tenant; nothing new touches nothing."""
    other = books.open_shop()
    for each in (shop, other):
        ring_up(books, each, "2026-08-31")
        ring_up(books, each, "2026-09-01")
    export_marts(books.services)
    before = files(books.services)
    ring_up(books, shop, "2026-09-30", 2)

    result, idle = export_marts(books.services), export_marts(books.services)

    changed = {name for name, inode in files(books.services).items() if before.get(name) != inode}
    assert changed == {f"fct_transactions/tenant_id={shop.tenant_id}/month=2026-09/data.parquet"}
    assert (of(result).rows, of(result).is_complete) == (3, False)
    assert (of(idle).files_written, idle.note) == (0, "nothing new")


def test_a_month_that_lost_its_last_sale_has_no_file(books: Books, shop: Shop) -> None:
    """Neither file nor folder is left of it, and the answer is empty and not an error."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    with books.database.transaction() as transaction:
        transaction.execute(GONE, (shop.tenant_id,))

    result = export_marts(books.services)

    assert of(result).files_removed == 1
    assert list((books.services.settings.exports_dir / "fct_transactions").glob("tenant_id=*")) == []


def test_a_killed_export_leaves_the_old_file(
    books: Books, shop: Shop, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are written but not in place yet: readers see the old month, and the next export makes good and sweeps."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    ring_up(books, shop, "2026-09-02")

    def kill(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(parquet.os, "fsync", kill)
        with pytest.raises(KeyboardInterrupt):
            export_marts(books.services)
    left = [name for name in files(books.services) if name.endswith(".unfinished")]
    seen = asked("select count(*) from fct_transactions")
    export_marts(books.services)

    assert (len(left), seen) == (1, [(1,)])
    assert asked("select count(*) from fct_transactions") == [(2,)]
    assert not any(name.endswith(".unfinished") for name in files(books.services))


def test_rows_are_written_block_by_block(books: Books, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of any size is held in memory a block at a time: no row group is larger than one."""
    monkeypatch.setattr(parquet, "BLOCK_BYTES", 4096)
    ring_up(books, shop, "2026-09-01", 200)

    export_marts(books.services)

    [path] = (books.services.settings.exports_dir / "fct_transactions").rglob("*.parquet")
    written = pq.ParquetFile(path).metadata
    assert written.num_rows == 200
    assert written.num_row_groups > 10
    assert max(written.row_group(n).num_rows for n in range(written.num_row_groups)) < 20


@pytest.mark.parametrize("text", [None, "", "NULL", 'a "b", c', "two\r\nlines", "ñ €"], ids=ascii)
def test_any_text_comes_back(books: Books, shop: Shop, asked: Ask, text: str | None) -> None:
    """Nothing, an empty text, and whatever separates values in a CSV, are all different things."""
    ring_up(books, shop, "2026-09-01", device=text)

    export_marts(books.services)

    assert asked("select device_name from fct_transactions") == [(text,)]


def test_people_stay_in_the_warehouse(books: Books, shop: Shop, asked: Ask) -> None:
    """Without a setting no file has a personal column; those it names, and no others, come with the next export."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    before = {row[0] for row in asked("describe fct_transactions")}
    services = replace(
        books.services, settings=books.services.settings.model_copy(update={"export_personal_data": ("customer_name",)})
    )

    result = export_marts(services)

    after = {row[0] for row in asked("describe fct_transactions")}
    assert before & PERSONAL_COLUMNS == set()
    assert after & PERSONAL_COLUMNS == {"customer_name"}
    assert of(result).is_complete


def test_every_personal_column_of_the_marts_is_known(books: Books) -> None:
    """A column that sounds like a person and is not in the list would leave the warehouse unnoticed."""
    rows = books.database.fetch(
        "select distinct column_name from information_schema.columns"
        " where table_schema = 'marts' and table_name = any(%s)"
        " and column_name ~ 'customer|cashier|last_four|email|phone|staff|employee|address'",
        ([mart.name for mart in MARTS],),
    )

    assert {name for (name,) in rows} == PERSONAL_COLUMNS


def test_a_mistyped_column_is_refused(books: Books) -> None:
    """An allow-list with a typo would look like a promise kept."""
    settings = books.services.settings.model_copy(update={"export_personal_data": ("customer_nme",)})

    with pytest.raises(Misconfigured, match="customer_nme is no personal column"):
        export_marts(replace(books.services, settings=settings))


def test_a_mart_built_from_other_sql_is_written_again(books: Books, shop: Shop) -> None:
    """Its rows may mean something else although no day was touched."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    books.database.fetch(
        "update etl.models set fingerprint = 'other' where node like '%%.fct_transactions' returning 1"
    )

    result = export_marts(books.services)

    assert (of(result).is_complete, of(result).files_written) == (True, 1)
    assert not of(result, "fct_daily_volumes").is_complete


def test_half_made_models_are_not_exported(books: Books, shop: Shop) -> None:
    """While a batch is unfinished the marts disagree with one another; the files stay as they are."""
    ring_up(books, shop, "2026-09-01")
    books.database.fetch("insert into etl.batches (status) values ('failed') returning 1")

    result = export_marts(books.services, wait_seconds=0)

    assert (result.batch_id, result.marts) == (None, ())
    assert files(books.services) == {}


def test_one_export_at_a_time(books: Books) -> None:
    """A second one says so at once and disturbs nothing."""
    with books.database.session() as other:
        other.execute("select pg_advisory_lock(%s)", (EXPORT_LOCK,))

        with pytest.raises(Busy, match="another process is exporting"):
            export_marts(books.services)


def test_files_of_another_warehouse_are_left_alone(books: Books, shop: Shop) -> None:
    """Two warehouses over one folder would undo each other's months."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    books.database.fetch("update etl.batches set claimed_at = claimed_at - interval '1 day' returning 1")

    with pytest.raises(Misconfigured, match="files of another warehouse") as refused:
        export_marts(books.services)

    assert "POS_EXPORTS_DIR" in refused.value.action_required


def test_a_lost_folder_is_filled_again(books: Books, shop: Shop, tmp_path: Path) -> None:
    """What was exported is known by the files themselves, so another place is filled from the beginning."""
    ring_up(books, shop, "2026-09-01")
    export_marts(books.services)
    books.services.settings.exports_dir.rename(tmp_path / "elsewhere")

    assert of(export_marts(books.services)).files_written == 1


def test_the_asset_exports(books: Books, shop: Shop) -> None:
    """The job is one step of its own, and its mark says what was written."""
    ring_up(books, shop, "2026-09-01")
    job: dg.JobDefinition = build_definitions(books.services).resolve_job_def("exports")

    result = job.execute_in_process()
    [mark] = result.get_asset_materialization_events()

    assert mark.asset_key.path == ["exports", "exported_marts"]
    assert mark.materialization.metadata["files_written"].value == 1
    assert "/" not in str(mark.materialization.metadata["note"].value)
