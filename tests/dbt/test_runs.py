"""Runs: what they claim, what they leave for the next one, and who may run."""

import os
import signal
import subprocess
import sys
import threading
from datetime import time

import pytest
from fakes.books import Books, Shop
from fakes.square_objects import line, order, payment, refund

from pos_pipeline.errors import Busy, InvalidRequest
from pos_pipeline.transform import TransformFailed, replay, run_transform
from pos_pipeline.transform.run import TRANSFORM_LOCK

SALE = (order("O", [line("a", 500)]), payment("P", "O", 500))


def totals(books: Books, shop: Shop) -> list[object]:
    """Total of every transaction of a shop."""
    return [total for (total,) in books.rows("marts.fct_transactions", shop, "total_amount")]


def batches(books: Books) -> list[str]:
    """Status of every batch, oldest first."""
    return [status for (status,) in books.database.fetch("select status from etl.batches order by batch_id")]


def test_nothing_new_calls_nothing(books: Books) -> None:
    """Without a new load there is no batch, no claim and no model."""
    result = run_transform(books.services)

    assert (result.batch_id, result.loads_claimed, result.models, result.succeeded) == (None, 0, (), True)


def test_run_claims_loads_and_runs_what_is_below_their_rows(books: Books, shop: Shop) -> None:
    """Payments and orders came: refunds, customers and the catalog have nothing to do."""
    load_id = books.load(shop, *SALE)
    result = books.run()

    claimed = books.database.fetch("select batch_id from etl.loads where load_id = %s", (load_id,))
    assert claimed == [(result.batch_id,)]
    ran = {model.name for model in result.models}
    assert {"int_square__payments", "int_square__orders", "fct_transactions", "fct_daily_volumes"} <= ran
    assert not ran & {"int_square__refunds", "int_square__customers", "dim_products"}
    assert {model.name: model.rows for model in result.models}["fct_transactions"] == 1
    assert batches(books)[-1] == "done"


def test_rows_whose_load_is_not_in_the_ledger_do_not_exist(books: Books, shop: Shop) -> None:
    """A load that was never committed is not read, not even by a full rebuild."""
    books.load(shop, payment("P1", None, 500))
    books.load(shop, payment("P2", None, 700), in_ledger=False)
    books.run(full_refresh=True)

    assert totals(books, shop) == [5]


def test_failed_model_is_made_good_by_the_next_run(books: Books, shop: Shop) -> None:
    """What is made from it waits; the next run brings both batches, though it has nothing new for them."""
    with books.database.transaction() as connection:
        connection.execute("alter table marts.fct_transactions rename column receipt_number to misplaced")
    books.load(shop, *SALE)
    failed = run_transform(books.services)
    with books.database.transaction() as connection:
        connection.execute("alter table marts.fct_transactions rename column misplaced to receipt_number")
    books.load(shop, refund("R", 100, payment_id="P", at=10))
    books.run()

    assert not failed.succeeded
    status = {model.name: model.status for model in failed.models}
    assert (status["int_square__transactions"], status["fct_transactions"]) == ("success", "error")
    assert status["fct_daily_volumes"] == "skipped"
    with pytest.raises(TransformFailed, match=r"fct_transactions: .*receipt_number"):
        failed.raise_for_failure()
    assert totals(books, shop) == [-1, 5]
    assert books.one("marts.fct_daily_volumes", shop)["total_amount"] == 4
    assert batches(books)[-2:] == ["done", "done"]


def test_failure_is_retried_without_new_loads(books: Books, shop: Shop) -> None:
    """The cause gone, an empty call is enough."""
    with books.database.transaction() as connection:
        connection.execute("alter table marts.fct_hourly_volumes rename column local_hour to misplaced")
    books.load(shop, *SALE)
    assert not run_transform(books.services).succeeded
    with books.database.transaction() as connection:
        connection.execute("alter table marts.fct_hourly_volumes rename column misplaced to local_hour")
    retried = books.run()

    assert [model.name for model in retried.models] == ["fct_hourly_volumes"]
    assert books.one("marts.fct_hourly_volumes", shop)["total_amount"] == 5


def test_message_of_a_failure_names_no_customer(books: Books, shop: Shop) -> None:
    """Postgres quotes the row it refuses; the error does not."""
    with books.database.transaction() as connection:
        connection.execute("alter table marts.fct_transactions add check (device_name <> 'Caja de Ana Secreta')")
    books.load(shop, payment("P", None, 500, device_details={"device_name": "Caja de Ana Secreta"}))
    failed = run_transform(books.services)

    assert failed.error is not None
    assert "fct_transactions" in str(failed.error)
    assert "Ana Secreta" not in str(failed.error)


def test_missing_relation_is_built_again_with_all_made_from_it(books: Books, shop: Shop) -> None:
    """Somebody dropped a mart: the next run brings it back whole."""
    books.model(shop, *SALE)
    with books.database.transaction() as connection:
        connection.execute("drop table marts.fct_transactions cascade")
    books.run()

    assert totals(books, shop) == [5]
    assert books.one("marts.pos_transactions", shop)["total_amount"] == 5
    assert books.one("marts.fct_daily_volumes", shop)["total_amount"] == 5


def test_model_built_from_other_sql_is_built_again(books: Books, shop: Shop) -> None:
    """A fingerprint that is not the project's means the rows may mean something else."""
    books.model(shop, *SALE)
    with books.database.transaction() as connection:
        connection.execute("update etl.models set fingerprint = 'of yesterday' where node like '%.fct_daily_volumes'")
        connection.execute("update marts.fct_daily_volumes set total_amount = 99")
    books.run()

    assert books.one("marts.fct_daily_volumes", shop)["total_amount"] == 5


def test_replay_makes_rows_again_in_place(books: Books, shop: Shop) -> None:
    """A row that went wrong is corrected, and what is made from it too."""
    books.model(shop, *SALE)
    with books.database.transaction() as connection:
        connection.execute("update marts.fct_transactions set total_amount = 99")
    result = replay(books.services, ["fct_transactions"])

    assert result.succeeded
    assert totals(books, shop) == [5]
    assert books.one("marts.fct_daily_volumes", shop)["total_amount"] == 5


def test_selected_models_claim_nothing(books: Books, shop: Shop) -> None:
    """A run of chosen models leaves new loads to a whole one."""
    books.load(shop, *SALE)
    result = books.run(select=["fct_daily_volumes"])

    assert (result.loads_claimed, [model.name for model in result.models]) == (0, ["fct_daily_volumes"])
    assert books.database.fetch("select count(*) from etl.loads where batch_id is null") == [(1,)]


def test_unknown_model_is_refused(books: Books) -> None:
    """A name that is not a model's is the caller's mistake."""
    with pytest.raises(InvalidRequest, match="no model fct_transaction;"):
        run_transform(books.services, select=["fct_transaction"])


def test_changed_account_is_noticed_without_new_loads(books: Books, shop: Shop) -> None:
    """A corrected time zone moves the shop's sales to another business day, and empties the old one."""
    books.model(shop, payment("P", None, 500, at=10 * 60))
    (before,) = books.rows("marts.fct_daily_volumes", shop, "business_date")
    with books.database.transaction() as connection:
        connection.execute("update pos.accounts set timezone = 'Asia/Tokyo' where id = %s", (shop.account_id,))
    books.run()

    (after,) = books.rows("marts.fct_daily_volumes", shop, "business_date")
    assert (str(before[0]), str(after[0])) == ("2026-09-18", "2026-09-19")


def test_closing_hour_keeps_the_night_with_the_evening(books: Books) -> None:
    """A bar that closes at four: half past one belongs to the day before."""
    bar = books.open_shop(day_closes_at="04:00")
    books.model(bar, payment("P", None, 500, at=16 * 60 + 30))

    sale = books.one("marts.fct_transactions", bar)
    assert (sale["local_transaction_at"].time(), str(sale["business_date"])) == (time(1, 30), "2026-09-18")


def test_void_empties_the_day_it_was_sold_on(books: Books, shop: Shop) -> None:
    """An only sale that is canceled later leaves no product row and a day without money."""
    books.model(shop, order("O", [line("a", 500)]))
    books.model(shop, order("O", [line("a", 500)], state="CANCELED", version=2, changed=9))

    assert books.rows("marts.fct_daily_product_sales", shop) == []
    assert books.one("marts.fct_daily_volumes", shop)["void_count"] == 1


def test_concurrent_callers_take_turns(books: Books, shop: Shop) -> None:
    """Of callers at the same moment one works; all succeed and nothing is counted twice."""
    books.load(shop, *SALE)
    results = []
    callers = [threading.Thread(target=lambda: results.append(run_transform(books.services))) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert [result.succeeded for result in results] == [True, True, True]
    assert sorted(result.loads_claimed for result in results) == [0, 0, 1]
    assert totals(books, shop) == [5]


def test_other_process_at_work_is_busy(books: Books) -> None:
    """Waiting has an end, and the error says who is in the way."""
    with books.database.session() as other:
        other.execute("select pg_advisory_lock(%s)", (TRANSFORM_LOCK,))
        with pytest.raises(Busy, match="another process has been transforming"):
            run_transform(books.services, wait_seconds=0.1)


@pytest.mark.parametrize("statements", [3, 18])
def test_killed_process_leaves_nothing_half_done(books: Books, shop: Shop, statements: int) -> None:
    """Killed at a statement in the middle: the next run, in another process, ends with exact marts."""
    books.model(shop, *SALE)
    books.load(shop, payment("P2", None, 700), refund("R", 500, payment_id="P", at=5))
    home = books.services.settings.pos_home
    killed = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", DIES_AT, books.database.url, str(home), str(statements)],
        check=False,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    books.run()

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert totals(books, shop) == [-5, 5, 7]
    assert books.one("marts.fct_daily_volumes", shop)["total_amount"] == 7
    assert set(batches(books)) == {"done"}


DIES_AT = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from dbt.adapters.sql.connections import SQLConnectionManager
from pos_pipeline.settings import Settings
from pos_pipeline.transform import run_transform
from pos_pipeline.warehouse.database import Database

left = int(sys.argv[3])
query = SQLConnectionManager.add_query

def count_down(self, sql, *args, **options):
    global left
    left -= "insert into" in sql
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return query(self, sql, *args, **options)

SQLConnectionManager.add_query = count_down
settings = Settings(pos_home=Path(sys.argv[2]), database_url=sys.argv[1])
run_transform(SimpleNamespace(settings=settings, database=Database(sys.argv[1])))
"""
